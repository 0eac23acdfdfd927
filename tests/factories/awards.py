"""Awards in every stage, made by the use cases themselves."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core import clock
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.services import awarding
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.factories.bids import Sourcing

PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]


def bids_of(sourcing: Sourcing) -> list[UUID]:
    """Bid ids in the order of the suppliers who bid."""
    bids = {
        bid.supplier_id: bid.id
        for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    }
    bidders = [supplier.organisation_id for supplier in sourcing.suppliers]
    return [bids[bidder] for bidder in bidders if bidder in bids]


def decide(sourcing: Sourcing, *winners: int, reason: str = "", **over: Any) -> AwardStanding:
    """Give each lot to the supplier of this number, in the order of the lots."""
    bids = bids_of(sourcing)
    choices = [
        Choice(bids[winner], lot_id=lot.id)
        for winner, lot in zip(winners, sourcing.lots, strict=True)
    ]
    decided = awarding.award(
        sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, reason, **over
    )
    return award_queries.standing(sourcing.session, sourcing.rfq.id, decided.id)


def after(standing: AwardStanding) -> Any:
    """A clock just after the end of the standstill."""
    assert standing.standstill_until is not None
    return clock.frozen(standing.standstill_until + timedelta(seconds=31))
