"""Reads of scenarios: for the buyer whose RFQ it is, and for the worker."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.scenarios.models import AwardScenario


def visible_to(actor: Actor) -> Select[AwardScenario]:
    """The scenarios of the actor's organisation; the system sees all."""
    found = select(AwardScenario)
    return found if actor.is_system else found.where(AwardScenario.buyer_id == actor.org_id)


def get(
    session: Session, actor: Actor, rfq_id: UUID, scenario_id: UUID, *, lock: bool = False
) -> AwardScenario:
    """The scenario of this RFQ, or NotFound."""
    query = visible_to(actor).where(AwardScenario.id == scenario_id, AwardScenario.rfq_id == rfq_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such scenario."))
    return found


def find(
    session: Session, actor: Actor, scenario_id: UUID, *, lock: bool = False
) -> AwardScenario | None:
    """The scenario, or None when it has been deleted in the meantime."""
    query = visible_to(actor).where(AwardScenario.id == scenario_id)
    return session.scalar(query.with_for_update() if lock else query)


def search(
    session: Session, actor: Actor, rfq_id: UUID, *, cursor: str | None = None, limit: int = 50
) -> Page[AwardScenario]:
    """The scenarios of an RFQ, oldest first, as they stand side by side."""
    return paginate(
        session,
        visible_to(actor).where(AwardScenario.rfq_id == rfq_id),
        order=(AwardScenario.created_at.asc(), AwardScenario.id.asc()),
        cursor=cursor,
        limit=limit,
    )


def count(session: Session, actor: Actor, rfq_id: UUID) -> int:
    """How many the RFQ has."""
    own = visible_to(actor).where(AwardScenario.rfq_id == rfq_id).subquery()
    return session.scalar(select(func.count()).select_from(own)) or 0
