"""All bids of one supplier: those for an RFQ, the main one and alternatives, or everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.pages import Page, paginate
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.offer_models import BidOffer


@dataclass(frozen=True)
class Listed:
    """One of them. ``name`` is known once the bids are opened: before that it is sealed."""

    bid: Bid
    name: str


def listed(session: Session, actor: Actor, rfq_id: UUID) -> list[Listed]:
    """The supplier's own, the main one first. The caller has found the RFQ."""
    rows = session.execute(
        select(Bid, BidOffer.name)
        .outerjoin(BidOffer, BidOffer.bid_id == Bid.id)
        .where(Bid.rfq_id == rfq_id, Bid.supplier_id == actor.organisation_id)
        .order_by(Bid.alternative)
    )
    return [Listed(bid, name or "") for bid, name in rows]


def next_alternative(found: Sequence[Listed], highest: int) -> int | None:
    """The number of the next alternative; None when all have been begun."""
    taken = {each.bid.alternative for each in found}
    return next((number for number in range(1, highest + 1) if number not in taken), None)


def everywhere(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[Bid]:
    """All bids of the supplier for whatever RFQ, newest first."""
    return paginate(
        session,
        select(Bid).where(Bid.supplier_id == actor.organisation_id),
        order=(Bid.created_at.desc(), Bid.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def rfqs_of(session: Session, bids: Sequence[Bid]) -> dict[UUID, Rfq]:
    """The RFQs that these bids answer, by id."""
    wanted = {bid.rfq_id for bid in bids}
    return {rfq.id: rfq for rfq in session.scalars(select(Rfq).where(Rfq.id.in_(wanted)))}
