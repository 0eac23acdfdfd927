"""The second opening, where prices are sealed apart: once quality is locked, for whoever is left.

The price envelopes of excluded bids are never opened; the minutes name them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.clock import instant
from marketplace.core.errors import Conflict
from marketplace.core.text import _
from marketplace.events.rfq import PricesOpened
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.opening import closings, unsealing
from marketplace.rfq.opening.models import BidPriceKey, RfqOpening, RfqPriceOpening
from marketplace.rfq.opening.unsealed import (
    OpenedBid,
    Unreadable,
    WholeBid,
    keep_unreadable,
    open_one,
    sorted_out,
)
from marketplace.rfq.opening.unsealing import Opener
from marketplace.rfq.proofs.papers import sha256
from marketplace.rfq.sealing.envelopes import PRICE, ServiceKeys, canonical
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.states import EnvelopeRule


class NoPriceEnvelope(Conflict):
    code = "no_price_envelope"


class PricesOpenAlready(Conflict):
    code = "prices_open"


@dataclass(frozen=True)
class _Found:
    """What became of every bid in the second opening."""

    opened: Sequence[OpenedBid]
    unreadable: Sequence[Unreadable]
    left: Sequence[tuple[WholeBid, BidExclusion]]


def openable(session: Session, actor: Actor, rfq_id: UUID) -> tuple[Rfq, RfqSeal]:
    """The actor's RFQ, locked, with its seal, when its prices can be opened now.

    Raises QualityNotLocked until the scores are fixed.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    bid_queries.check_opened(rfq)
    rfq.flow.next(rfq.state, "open_prices")
    if rfq.envelopes is not EnvelopeRule.TWO:
        raise NoPriceEnvelope(_("The prices of this event have no envelope of their own."))
    if rfq.prices_opened_at is not None:
        raise PricesOpenAlready(_("The prices have been opened."))
    if rfq.quality_locked_at is None:
        raise quality_rules.QualityNotLocked(
            _("Prices are opened once the scores of the quality are locked.")
        )
    return rfq, bid_queries.seal(session, rfq_id)


def open_prices(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq: Rfq,
    private_key: X25519PrivateKey,
    openers: Sequence[Opener] = (),
) -> RfqPriceOpening:
    """Open the prices of every bid that is not excluded, and write the minutes.

    Raises SealMismatch, which names the bid, when what lies there is no longer what the receipts
    say.
    """
    seal = bid_queries.seal(session, rfq.id)
    rfq.prices_opened_at = clock.now()
    excluded = evaluation_queries.exclusions(session, rfq.id)
    chain = closings.whole_chain(session, keys, rfq.id)
    everybody = unsealing.whole_bids(session, seal, chain, (BidState.OPENED, BidState.UNREADABLE))
    # what could not be read at the first opening is out; its prices are not looked at
    bids = [each for each in everybody if each.bid.state is BidState.OPENED]
    opened, unreadable = sorted_out(
        [each for each in bids if each.bid.id not in excluded],
        lambda each: open_one(rfq, private_key, each, each.sealed.main, PRICE),
    )
    _write(session, Terms.from_json(seal.terms), opened)
    keep_unreadable(session, actor, unreadable)
    left = [(each, excluded[each.bid.id]) for each in bids if each.bid.id in excluded]
    found = _Found(opened, unreadable, left)
    minutes = _minutes(session, keys, actor, rfq, found, openers)
    session.add(minutes)
    facts = {
        "bids": len(opened),
        "unreadable": len(unreadable),
        "left_sealed": len(left),
        "openers": [str(each.person_id) for each in openers],
    }
    audit.record(session, actor, "rfq.prices_opened", ("rfq", rfq.id), facts)
    outbox.record(
        session,
        PricesOpened(rfq_id=rfq.id, buyer_id=rfq.buyer_id, opened_at=rfq.prices_opened_at),
        audience=[rfq.buyer_id],
    )
    session.flush()
    return minutes


def _write(session: Session, terms: Terms, opened: Sequence[OpenedBid]) -> None:
    unsealing.write_prices(session, terms, opened)
    session.add_all(
        BidPriceKey(
            bid_id=each.bid.id,
            rfq_id=each.bid.rfq_id,
            buyer_id=each.bid.buyer_id,
            supplier_id=each.bid.supplier_id,
            data_key=each.data_key,
        )
        for each in opened
    )


def _minutes(
    session: Session,
    keys: ServiceKeys,
    actor: Actor,
    rfq: Rfq,
    found: _Found,
    openers: Sequence[Opener],
) -> RfqPriceOpening:
    now = clock.now()
    first = session.get_one(RfqOpening, rfq.id)
    statement = canonical(
        {
            "kind": "rfq-price-opening",
            "rfq_id": str(rfq.id),
            "buyer_id": str(rfq.buyer_id),
            "opened_by": str(actor.person),
            "openers": [each.to_json() for each in openers],
            "opened_at": instant(now),
            "bids_due_at": instant(bid_rules.deadline_of(rfq)),
            "fingerprint": bid_queries.seal(session, rfq.id).fingerprint,
            "opening": sha256(first.statement.encode()),
            "bids": [
                {
                    **_named(each.bid, each.receipt, each.digest),
                    "unconfirmed": list(each.unconfirmed),
                }
                for each in found.opened
            ],
            "unreadable": [
                {
                    **_named(each.whole.bid, each.whole.receipt, each.digest),
                    **unsealing.why(each),
                }
                for each in found.unreadable
            ],
            "left_sealed": [
                {
                    **_named(each.bid, each.receipt, each.sealed.digests(each.binding)[PRICE]),
                    "ground": str(exclusion.ground),
                }
                for each, exclusion in found.left
            ],
        }
    )
    return RfqPriceOpening(
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        opened_by=actor.person,
        opened_at=now,
        bid_count=len(found.opened),
        statement=statement.decode(),
        signature=keys.sign(statement),
    )


def _named(bid: Bid, receipt: BidAttempt, digest: str) -> dict[str, Any]:
    """Which bid it is, with the digest of its price envelope alone."""
    return {**unsealing.named(bid, receipt), "digest": digest}
