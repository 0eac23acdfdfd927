"""Reads of what bids cost beside their price."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import total_costs
from marketplace.rfq.evaluation.cost_models import BidCost
from marketplace.rfq.evaluation.total_costs import Cost
from marketplace.rfq.terms.asked import Terms


def costs(
    session: Session, rfq_id: UUID, terms: Terms, offers: Iterable[BidOffer]
) -> dict[UUID, tuple[Cost, ...]]:
    """By bid, all its costs. The caller has checked that the bids are opened.

    What buyers entered is read only where costs are asked for.
    """
    entered: dict[UUID, dict[UUID, tuple[Decimal, str]]] = {}
    for row in _entered(session, rfq_id) if terms.costs.terms else ():
        entered.setdefault(row.bid_id, {})[row.term_id] = (row.amount, row.reason)
    return {
        offer.bid_id: total_costs.costs(
            terms.costs.terms,
            {UUID(answer["criterion_id"]): answer["text"] for answer in offer.answers},
            entered.get(offer.bid_id, {}),
        )
        for offer in offers
    }


def _entered(session: Session, rfq_id: UUID) -> Iterable[BidCost]:
    return session.scalars(
        select(BidCost).where(BidCost.rfq_id == rfq_id),
        execution_options={"populate_existing": True},
    )
