"""Rounds of checks: asked for by people and changes, carried out as jobs."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.audit import AuditEvent
from marketplace.core.ids import uuid7
from marketplace.events.suppliers import (
    DueDiligenceCompleted,
    DueDiligenceRequested,
    SupplierBlocked,
)
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM, Actor
from marketplace.suppliers import checks, queries, rules, screening
from marketplace.suppliers.models import (
    ClearedHit,
    Decision,
    DueDiligenceCheck,
    DueDiligenceRun,
    SanctionsList,
    SanctionsName,
    Supplier,
)
from marketplace.suppliers.states import (
    SUPPLIER_FLOW,
    Outcome,
    RunState,
    SupplierState,
    Trigger,
)

BLOCKED_BY_CHECK = "A check of due diligence blocks this supplier."


def ask(session: Session, actor: Actor, supplier_id: UUID, trigger: Trigger) -> UUID:
    """The waiting run of the supplier, made and announced if there is none."""
    run_id: UUID | None = session.scalar(
        insert(DueDiligenceRun)
        .values(
            id=uuid7(),
            supplier_id=supplier_id,
            trigger=trigger,
            state=RunState.WAITING,
            requested_by=actor.person_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(
            index_elements=["supplier_id"], index_where=text("state = 'waiting'")
        )
        .returning(DueDiligenceRun.id)
    )
    if run_id is None:
        waiting = select(DueDiligenceRun).where(
            DueDiligenceRun.supplier_id == supplier_id, DueDiligenceRun.state == RunState.WAITING
        )
        return session.scalars(waiting).one().id
    outbox.record(
        session,
        DueDiligenceRequested(supplier_id=supplier_id, run_id=run_id, trigger=str(trigger)),
    )
    return run_id


def carry_out(session: Session, run_id: UUID) -> DueDiligenceRun | None:
    """Make all checks of a waiting run and keep them; None when it was done before."""
    run = session.scalar(
        select(DueDiligenceRun).where(DueDiligenceRun.id == run_id).with_for_update()
    )
    if run is None or run.state is RunState.DONE:
        return None
    supplier = queries.get(session, SYSTEM, run.supplier_id, lock=True)
    now = clock.now()
    findings = findings_of(session, supplier, loaded_lists(session))
    session.add_all(
        DueDiligenceCheck(
            run_id=run.id,
            supplier_id=supplier.id,
            position=position,
            kind=finding.kind,
            finding=finding.finding,
            outcome=finding.outcome,
            source=finding.source,
            source_version=finding.source_version,
            source_date=finding.source_date,
            query=finding.query,
            evidence=finding.evidence,
            digest=finding.digest,
            checked_at=now,
        )
        for position, finding in enumerate(findings, start=1)
    )
    run.state = RunState.DONE
    run.outcome = rules.overall(finding.outcome for finding in findings)
    run.completed_at = now
    _conclude(session, supplier, run)
    return run


def findings_of(
    session: Session, supplier: Supplier, lists: Sequence[checks.LoadedList]
) -> list[checks.Finding]:
    """All checks of one supplier as it stands now."""
    today = checks.checked_day(clock.now())
    identity = identity_of(session, supplier)
    accounts = queries.bank_accounts(session, supplier.id)
    filings = queries.filings(session, supplier.id)
    certificates = queries.certificates(session, supplier.id)
    return [
        *checks.identity_findings(identity),
        checks.bank_finding(queries.newest_account(accounts), identity.country),
        *checks.sanctions_findings(identity, lists, cleared_hits(session, supplier.id), today),
        checks.financial_finding(filings[0] if filings else None, today),
        *checks.certificate_findings(certificates, identity.country, today),
    ]


def identity_of(session: Session, supplier: Supplier) -> checks.Identity:
    """Who the supplier says it is, from the directory and its file."""
    organisation = identity_queries.organisation(session, supplier.id)
    return checks.Identity(
        name=organisation.name,
        country=organisation.country,
        owners=tuple(supplier.owners),
        numbers={name: getattr(organisation, name) for name in checks.NUMBER_NAMES},
    )


def loaded_lists(session: Session) -> list[checks.LoadedList]:
    """The lists in force with their names."""
    heads = session.scalars(
        select(SanctionsList).where(SanctionsList.in_force).order_by(SanctionsList.source)
    ).all()
    return [checks.LoadedList(head, _index(session, head.id)) for head in heads]


def cleared_hits(session: Session, supplier_id: UUID) -> set[tuple[str, str, str]]:
    """Hits that a person judged to be somebody else: (source, reference, name asked for)."""
    rows = session.execute(
        select(ClearedHit.source, ClearedHit.reference, ClearedHit.asked).where(
            ClearedHit.supplier_id == supplier_id
        )
    )
    return {(source, reference, asked) for source, reference, asked in rows}


def rescreen_all(session: Session, actor: Actor, trigger: Trigger) -> int:
    """Ask for a new run of every supplier; returns how many there are."""
    ids = session.scalars(select(Supplier.id).order_by(Supplier.id)).all()
    for supplier_id in ids:
        ask(session, actor, supplier_id, trigger)
    return len(ids)


def rescreen_changed(session: Session, actor: Actor) -> int:
    """Ask for a run of each supplier whose directory entry changed since its last check."""
    changed = session.scalars(_changed_since_screening()).all()
    for supplier_id in changed:
        ask(session, actor, supplier_id, Trigger.CHANGE)
    return len(changed)


def _changed_since_screening() -> Select[UUID]:
    """Suppliers whose organisation was edited after their last run."""
    edited = exists().where(
        AuditEvent.subject_kind == "organisation",
        AuditEvent.subject_id == Supplier.id,
        AuditEvent.action == "organisation.updated",
        AuditEvent.at > Supplier.screened_at,
    )
    return select(Supplier.id).where(edited).order_by(Supplier.id)


def _index(session: Session, list_id: UUID) -> screening.NameIndex:
    rows: Iterable[screening.Entry] = session.execute(
        select(
            SanctionsName.list_id,
            SanctionsName.reference,
            SanctionsName.name,
            SanctionsName.normalised,
            SanctionsName.country,
            SanctionsName.identifiers,
        ).where(SanctionsName.list_id == list_id)
    ).all()
    return screening.NameIndex(list(rows))


def _conclude(session: Session, supplier: Supplier, run: DueDiligenceRun) -> None:
    """Put the outcome on the file; a blocking one blocks at once, whoever qualified before."""
    supplier.outcome = run.outcome
    supplier.screened_at = run.completed_at
    blocks = run.outcome is Outcome.BLOCK and supplier.state is not SupplierState.BLOCKED
    action = "block" if blocks else "screen"
    if SUPPLIER_FLOW.may(supplier.state, action):
        _move(session, supplier, run, action)
    audit.record(
        session,
        SYSTEM,
        "supplier.due_diligence_completed",
        ("supplier", supplier.id),
        {"run_id": str(run.id), "outcome": str(run.outcome)},
        owner_id=supplier.id,
    )
    outbox.record(
        session,
        DueDiligenceCompleted(supplier_id=supplier.id, run_id=run.id, outcome=str(run.outcome)),
    )


def _move(session: Session, supplier: Supplier, run: DueDiligenceRun, action: str) -> None:
    before = supplier.state
    supplier.state = SUPPLIER_FLOW.next(before, action)
    if action != "block":
        return
    supplier.decided_at = run.completed_at
    session.add(
        Decision(
            supplier_id=supplier.id,
            run_id=run.id,
            action=action,
            from_state=str(before),
            to_state=str(supplier.state),
            reason=BLOCKED_BY_CHECK,
        )
    )
    outbox.record(
        session,
        SupplierBlocked(supplier_id=supplier.id, decided_at=clock.now()),
        audience=[supplier.id],
    )
