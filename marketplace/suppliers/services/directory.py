"""Reads of suppliers that need a permission."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.suppliers import queries, rules
from marketplace.suppliers.kpi_models import Scorecard
from marketplace.suppliers.models import Decision, DueDiligenceRun, Supplier


@requires(Permission.SUPPLIER_READ)
def search(
    session: Session,
    actor: Actor,
    narrowed: queries.Filter,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[queries.Entry]:
    """A page of the directory by name."""
    return queries.search(session, actor, narrowed, cursor=cursor, limit=limit)


@requires(Permission.SUPPLIER_READ)
def get(session: Session, actor: Actor, supplier_id: UUID) -> Supplier:
    """One supplier, or NotFound."""
    return queries.get(session, actor, supplier_id)


@requires(Permission.SUPPLIER_READ)
def file(session: Session, actor: Actor, supplier_id: UUID) -> queries.SupplierFile:
    """The supplier with its papers."""
    return queries.file(session, actor, supplier_id)


@requires(Permission.SUPPLIER_READ)
def scorecards(session: Session, actor: Actor, supplier_id: UUID) -> Sequence[Scorecard]:
    """The newest version of every period."""
    return queries.scorecards(session, actor, supplier_id)


@requires(Permission.SUPPLIER_READ)
def decisions(session: Session, actor: Actor, supplier_id: UUID) -> Sequence[Decision]:
    """What was decided about the supplier."""
    queries.get(session, actor, supplier_id)
    return queries.decisions(session, supplier_id)


@requires(Permission.SUPPLIER_REVIEW)
def runs(session: Session, actor: Actor, supplier_id: UUID) -> Sequence[DueDiligenceRun]:
    """Rounds of checks with their evidence: for reviewers."""
    return queries.runs(session, actor, supplier_id)


@requires(Permission.SUPPLIER_REVIEW)
def risk(session: Session, actor: Actor, supplier_id: UUID) -> rules.Risk:
    """The risk that the last finished checks give."""
    queries.get(session, actor, supplier_id)
    found = queries.latest_checks(session, supplier_id)
    return rules.risk_of([(check.kind, check.outcome) for check in found])
