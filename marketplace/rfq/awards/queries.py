"""Reads of awards: how each stands, and what it gives to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.awards.models import Award, AwardLine, AwardStanding
from marketplace.rfq.awards.states import AwardState


@dataclass(frozen=True)
class AwardedLine:
    """A line that a supplier has won, with all that an order needs."""

    rfq_line_id: UUID
    supplier_id: UUID
    number: int
    item_id: UUID | None
    category_code: str | None
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    total: Decimal
    currency: str
    delivery_place: str | None
    delivery_on: date | None


@dataclass(frozen=True)
class AwardRecord:
    """An award as other packages read it."""

    award_id: UUID
    rfq_id: UUID
    rfq_number: str
    rfq_title: str
    buyer_id: UUID
    payment_terms_days: int | None
    decided_by: UUID
    decided_at: datetime
    lines: tuple[AwardedLine, ...]


def award_of(session: Session, rfq_id: UUID) -> Award | None:
    """The newest award of the RFQ that stands, for its buyer."""
    return next(iter(awards_of(session, rfq_id)), None)


def awards_of(session: Session, rfq_id: UUID) -> Sequence[Award]:
    """The awards of the RFQ that stand, newest first, for its buyer."""
    return session.scalars(
        select(Award)
        .join(Award.standing)
        .where(Award.rfq_id == rfq_id, AwardStanding.state != AwardState.WITHDRAWN)
        .order_by(Award.decided_at.desc(), Award.id.desc())
        .options(selectinload(Award.lines), contains_eager(Award.standing))
    ).all()


def standings(session: Session, rfq_id: UUID) -> Sequence[AwardStanding]:
    """How each award of the RFQ stands, newest first. The caller has found the RFQ."""
    return session.scalars(
        select(AwardStanding)
        .where(AwardStanding.rfq_id == rfq_id)
        .order_by(AwardStanding.decided_at.desc(), AwardStanding.award_id)
    ).all()


def standing(
    session: Session, rfq_id: UUID, award_id: UUID, *, lock: bool = False
) -> AwardStanding:
    """How one award of this RFQ stands, or NotFound."""
    query = select(AwardStanding).where(
        AwardStanding.rfq_id == rfq_id, AwardStanding.award_id == award_id
    )
    found = session.scalar(
        query.with_for_update() if lock else query, execution_options={"populate_existing": True}
    )
    if found is None:
        raise NotFound(_("There is no such award."))
    return found


def won_lines(session: Session, actor: Actor, bid_id: UUID) -> Sequence[AwardLine]:
    """The lines that the supplier's own bid has won."""
    return session.scalars(
        select(AwardLine)
        .join(AwardStanding, AwardStanding.award_id == AwardLine.award_id)
        .where(
            AwardLine.bid_id == bid_id,
            AwardLine.supplier_id == actor.organisation_id,
            AwardStanding.state != AwardState.WITHDRAWN,
        )
        .order_by(AwardLine.number)
    ).all()


def award(session: Session, award_id: UUID) -> AwardRecord:
    """The award for those who turn it into orders, or NotFound."""
    found = session.execute(
        select(Award, Rfq).join(Rfq, Rfq.id == Award.rfq_id).where(Award.id == award_id)
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such award."))
    decided, rfq = found
    lines = session.execute(
        select(AwardLine, RfqLine)
        .join(RfqLine, RfqLine.id == AwardLine.rfq_line_id)
        .where(AwardLine.award_id == award_id)
        .order_by(AwardLine.number)
    )
    return AwardRecord(
        award_id=decided.id,
        rfq_id=rfq.id,
        rfq_number=rfq.number,
        rfq_title=rfq.title,
        buyer_id=decided.buyer_id,
        payment_terms_days=rfq.payment_terms_days,
        decided_by=decided.decided_by,
        decided_at=decided.decided_at,
        lines=tuple(_awarded_line(won, asked) for won, asked in lines),
    )


def _awarded_line(won: AwardLine, asked: RfqLine) -> AwardedLine:
    return AwardedLine(
        rfq_line_id=won.rfq_line_id,
        supplier_id=won.supplier_id,
        number=won.number,
        item_id=asked.item_id,
        category_code=asked.category_code,
        description=won.description,
        quantity=won.quantity,
        unit=won.unit,
        unit_price=won.unit_price,
        total=won.total,
        currency=won.currency,
        delivery_place=asked.delivery_place,
        delivery_on=asked.delivery_on,
    )
