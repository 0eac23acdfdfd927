"""Looking over the whole: the history of documents, and the queue of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from marketplace.core import audit, jobs
from marketplace.core.audit import AuditEvent, BrokenLink
from marketplace.core.errors import NotFound
from marketplace.core.jobs import Job, JobState
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires


@dataclass(frozen=True)
class Proof:
    """What checking a chain of changes showed; ``sound`` when nothing is missing or altered."""

    subject_kind: str
    subject_id: UUID
    entries: int
    last_hash: str
    broken: Sequence[BrokenLink]

    @property
    def sound(self) -> bool:
        return not self.broken


def visible_to(actor: Actor) -> Select[AuditEvent]:
    """What the actor's organisation did, or what was done to its documents."""
    return select(AuditEvent).where(_involves(actor))


def _involves(actor: Actor) -> ColumnElement[bool]:
    if actor.org_kind is OrgKind.OPERATOR:
        return true()
    return or_(AuditEvent.org_id == actor.org_id, AuditEvent.owner_id == actor.org_id)


@requires(Permission.AUDIT_READ)
def search_history(
    session: Session,
    actor: Actor,
    *,
    subject_kind: str | None = None,
    subject_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditEvent]:
    """Changes of all documents, newest first."""
    query = visible_to(actor)
    if subject_kind:
        query = query.where(AuditEvent.subject_kind == subject_kind)
    if subject_id:
        query = query.where(AuditEvent.subject_id == subject_id)
    if action:
        query = query.where(AuditEvent.action.startswith(action, autoescape=True))
    if since:
        query = query.where(AuditEvent.at >= since)
    newest = (AuditEvent.at.desc(), AuditEvent.id.desc())
    return paginate(session, query, order=newest, cursor=cursor, limit=limit)


@requires(Permission.AUDIT_READ)
def history(
    session: Session, actor: Actor, subject_kind: str, subject_id: UUID
) -> Sequence[AuditEvent]:
    """Every change of one document, oldest first; NotFound when the actor may see none."""
    query = visible_to(actor).where(
        AuditEvent.subject_kind == subject_kind, AuditEvent.subject_id == subject_id
    )
    found = session.scalars(query.order_by(AuditEvent.seq)).all()
    if not found:
        raise NotFound(_("There is no history of such a document."))
    return found


@requires(Permission.AUDIT_READ)
def verify(session: Session, actor: Actor, subject_kind: str, subject_id: UUID) -> Proof:
    """Check the chain of one document's changes."""
    entries = history(session, actor, subject_kind, subject_id)
    return Proof(
        subject_kind=subject_kind,
        subject_id=subject_id,
        entries=len(entries),
        last_hash=entries[-1].hash.hex(),
        broken=audit.verify(session, subject_kind, subject_id),
    )


@requires(Permission.AUDIT_READ)
def subject_kinds(session: Session, actor: Actor) -> Sequence[str]:
    """The kinds of documents that have a history, for a filter."""
    kinds = select(AuditEvent.subject_kind).where(_involves(actor)).distinct()
    return sorted(session.scalars(kinds))


@requires(Permission.JOB_READ)
def search_jobs(
    session: Session,
    _actor: Actor,
    *,
    state: JobState | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Job]:
    """Jobs, newest first."""
    query = select(Job)
    if state is not None:
        query = query.where(Job.state == state)
    newest = (Job.created_at.desc(), Job.id.desc())
    return paginate(session, query, order=newest, cursor=cursor, limit=limit)


@requires(Permission.JOB_READ)
def job_counts(session: Session, _actor: Actor) -> dict[JobState, int]:
    """How many jobs stand in each state."""
    rows = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
    counted = {row[0]: row[1] for row in rows}
    return {state: counted.get(state, 0) for state in JobState}


@requires(Permission.JOB_READ)
def get_job(session: Session, _actor: Actor, job_id: UUID) -> Job:
    """One job, or NotFound."""
    found = session.get(Job, job_id)
    if found is None:
        raise NotFound(_("There is no such job."))
    return found


@requires(Permission.JOB_MANAGE)
def retry_job(session: Session, actor: Actor, job_id: UUID) -> Job:
    """Give a failed job all its attempts again."""
    job = jobs.retry(session, job_id)
    audit.record(session, actor, "job.retried", ("job", job.id), {"name": job.name})
    session.flush()
    return job
