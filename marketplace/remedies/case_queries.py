"""Reads of debriefs and challenges: one's own file, or all about one's own awards."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import OPEN_CHALLENGES, CaseKind
from marketplace.rfq.awards.models import Award


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Both parties see a case, and nobody else."""
    return (AwardCase.buyer_id == actor.org_id) | (AwardCase.supplier_id == actor.org_id)


def cases(
    session: Session, actor: Actor, rfq_id: UUID, *, whole: bool = True
) -> Sequence[AwardCase]:
    """All of the RFQ that the actor may see, newest first. whole: with their entries."""
    query = (
        select(AwardCase)
        .where(AwardCase.rfq_id == rfq_id, visible_to(actor))
        .order_by(AwardCase.opened_at.desc(), AwardCase.id)
    )
    return session.scalars(query.options(selectinload(AwardCase.entries)) if whole else query).all()


def get(session: Session, actor: Actor, case_id: UUID, *, lock: bool = False) -> AwardCase:
    """One case with its entries, or NotFound."""
    query = select(AwardCase).where(AwardCase.id == case_id)
    if not actor.is_system:
        query = query.where(visible_to(actor))
    found = session.scalar(
        (query.with_for_update() if lock else query).options(selectinload(AwardCase.entries)),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotFound(_("There is no such case."))
    return found


def live(session: Session, award_id: UUID, supplier_id: UUID, kind: CaseKind) -> AwardCase | None:
    """The supplier's case of this kind that has not ended."""
    return session.scalar(
        select(AwardCase)
        .where(
            AwardCase.award_id == award_id,
            AwardCase.supplier_id == supplier_id,
            AwardCase.kind == kind,
            AwardCase.closed_at.is_(None),
        )
        .with_for_update()
    )


def open_challenges(session: Session, award_ids: Collection[UUID]) -> Sequence[AwardCase]:
    """What holds these awards back, oldest first. For their buyer or the system."""
    return session.scalars(
        select(AwardCase)
        .where(AwardCase.award_id.in_(award_ids), is_open_challenge())
        .order_by(AwardCase.opened_at, AwardCase.id)
    ).all()


def is_open_challenge() -> ColumnElement[bool]:
    return AwardCase.state.in_(OPEN_CHALLENGES)


def deciders(session: Session, award_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who took these decisions, for their buyer."""
    rows = session.execute(select(Award.id, Award.decided_by).where(Award.id.in_(set(award_ids))))
    return {row.id: row.decided_by for row in rows}
