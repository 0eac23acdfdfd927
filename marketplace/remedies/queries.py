"""Reads of what follows an award."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, union
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.states import LetterKind
from marketplace.rfq.asking.models import RfqLine
from marketplace.rfq.awards.models import Award
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine


def award(session: Session, award_id: UUID) -> Award:
    """The decision with its lines and standing, for the system."""
    return session.scalars(
        select(Award)
        .where(Award.id == award_id)
        .options(selectinload(Award.lines), joinedload(Award.standing))
    ).one()


def lots_bid_for(session: Session, rfq_id: UUID) -> frozenset[tuple[UUID, UUID]]:
    """Which supplier named or priced something of which lot, for the system.

    Of bids that were excluded before their prices were opened only the named lots are known.
    """
    priced = (
        select(BidOffer.supplier_id, RfqLine.lot_id)
        .join(BidLine, BidLine.bid_id == BidOffer.bid_id)
        .join(RfqLine, RfqLine.id == BidLine.rfq_line_id)
        .where(BidOffer.rfq_id == rfq_id)
    )
    named = select(BidOffer.supplier_id, func.unnest(BidOffer.lot_ids).label("lot_id")).where(
        BidOffer.rfq_id == rfq_id
    )
    rows = session.execute(union(priced, named))
    return frozenset((row.supplier_id, row.lot_id) for row in rows)


def letters(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[AwardLetter]:
    """The supplier's own letters, or all of the buyer's, newest first. The RFQ has been found."""
    return session.scalars(
        select(AwardLetter)
        .where(AwardLetter.rfq_id == rfq_id, _is_of(actor))
        .order_by(AwardLetter.decided_at.desc(), AwardLetter.id)
    ).all()


def letter(session: Session, actor: Actor, rfq_id: UUID, letter_id: UUID) -> AwardLetter:
    """One letter, or NotFound: others' letters do not exist."""
    found = session.scalar(
        select(AwardLetter).where(
            AwardLetter.id == letter_id, AwardLetter.rfq_id == rfq_id, _is_of(actor)
        )
    )
    if found is None:
        raise NotFound(_("There is no such letter."))
    return found


def letters_about(session: Session, award_id: UUID) -> Sequence[AwardLetter]:
    """All letters about one award, for the system."""
    return session.scalars(
        select(AwardLetter)
        .where(AwardLetter.award_id == award_id)
        .order_by(AwardLetter.supplier_id)
    ).all()


def own_letter(session: Session, actor: Actor, rfq_id: UUID, award_id: UUID) -> AwardLetter:
    """The supplier's letter about this award, or NotFound: only bidders have one."""
    found = session.scalar(
        select(AwardLetter).where(
            AwardLetter.award_id == award_id,
            AwardLetter.rfq_id == rfq_id,
            AwardLetter.supplier_id == actor.organisation_id,
        )
    )
    if found is None:
        raise NotFound(_("There is no such letter."))
    return found


def losers(session: Session, award_id: UUID) -> Sequence[UUID]:
    """Who got nothing by this award, for its buyer."""
    return session.scalars(
        select(AwardLetter.supplier_id).where(
            AwardLetter.award_id == award_id, AwardLetter.kind == LetterKind.LOST
        )
    ).all()


def has_letters(session: Session, award_id: UUID) -> bool:
    """Whether the letters of this award are written."""
    return (
        session.scalar(select(AwardLetter.id).where(AwardLetter.award_id == award_id).limit(1))
        is not None
    )


def _is_of(actor: Actor) -> ColumnElement[bool]:
    return (AwardLetter.buyer_id == actor.org_id) | (AwardLetter.supplier_id == actor.org_id)
