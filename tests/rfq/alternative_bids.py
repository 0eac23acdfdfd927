"""Bids of several numbers for tests of alternatives."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from marketplace.identity.models import Organisation
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.services import bidding
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import CriterionKind
from tests.factories.bids import KEYS, make_sourcing

PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]
ALLOWED = (OfferKind.ALTERNATIVES, OfferKind.MINIMUM_ORDER)


def make_allowing(session):
    """An RFQ that takes two alternatives of each of the suppliers A and B."""
    made = make_sourcing(session, allows=ALLOWED, criteria=PRICE_ALONE)
    for name, actor in zip("AB", made.suppliers, strict=True):
        session.get_one(Organisation, actor.org_id).name = name
    return made


def submit(sourcing, supplier, alternative, *prices, name=None, minutes=0, early=False, **over):
    """A bid of this number; alternatives are called by their number unless they have a name."""
    called = f"Variant {alternative}" if name is None and alternative else name or ""
    return bidding.submit(
        sourcing.session,
        sourcing.suppliers[supplier],
        KEYS,
        sourcing.rfq.id,
        sourcing.due_at - timedelta(days=6 if early else 1) + timedelta(minutes=minutes),
        replace(sourcing.content(*prices, name=called), **over),
        alternative=alternative,
    )


def kept(session):
    """State and number of versions of every bid, by its alternative."""
    rows = session.execute(select(Bid.alternative, Bid.state, Bid.number))
    return {alternative: (state, number) for alternative, state, number in rows}
