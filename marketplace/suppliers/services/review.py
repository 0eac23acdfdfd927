"""What reviewers do: have a supplier checked, decide, verify papers."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.ids import uuid7
from marketplace.core.outbox import Event
from marketplace.core.text import _
from marketplace.events.suppliers import (
    SupplierBlocked,
    SupplierQualified,
    SupplierRejected,
    SupplierUnblocked,
)
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.suppliers import queries, rules, runs, screening
from marketplace.suppliers.models import (
    Certificate,
    ClearedHit,
    Decision,
    DueDiligenceCheck,
    DueDiligenceRun,
    Supplier,
)
from marketplace.suppliers.states import (
    DECISIONS,
    SUPPLIER_FLOW,
    CheckKind,
    SupplierState,
    Trigger,
    Verdict,
)

# Whoever takes these decisions has looked at the hits and judged them to be somebody else.
CLEARING = frozenset({"qualify", "unblock"})
PAST = {
    "qualify": "qualified",
    "reject": "rejected",
    "review": "reopened",
    "block": "blocked",
    "unblock": "unblocked",
}


@requires(Permission.SUPPLIER_SCREEN)
def request_run(session: Session, actor: Actor, supplier_id: UUID) -> DueDiligenceRun:
    """Have the supplier checked now. A run that is already waiting is the answer."""
    supplier = queries.get(session, actor, supplier_id)
    run_id = runs.ask(session, actor, supplier.id, Trigger.ON_DEMAND)
    audit.record(
        session,
        actor,
        "supplier.due_diligence_requested",
        ("supplier", supplier.id),
        {"run_id": str(run_id)},
        owner_id=supplier.id,
    )
    asked = select(DueDiligenceRun).where(DueDiligenceRun.id == run_id)
    return session.scalars(asked.options(queries.WITH_CHECKS)).unique().one()


@requires(Permission.SUPPLIER_REVIEW)
def decide(
    session: Session,
    actor: Actor,
    supplier_id: UUID,
    *,
    action: str,
    reason: str,
    expected_version: int | None = None,
) -> Supplier:
    """Qualify, reject, block, unblock or put back under review, with a reason.

    Qualifying needs a finished run that does not block; it and lifting a block mark the hits of
    that run as judged, so that the same names do not block again.
    """
    supplier = queries.get(session, actor, supplier_id, lock=True)
    check_version(supplier, expected_version)
    _check_decision(action, reason)
    before = supplier.state
    after = SUPPLIER_FLOW.next(before, action)
    checks = queries.latest_checks(session, supplier.id)
    if action == "qualify":
        rules.check_may_qualify(supplier.outcome if supplier.screened_at else None)
    _apply(supplier, after)
    decision = Decision(
        supplier_id=supplier.id,
        run_id=checks[0].run_id if checks else None,
        action=action,
        from_state=str(before),
        to_state=str(after),
        reason=reason.strip(),
        decided_by=actor.person_id,
        decided_for=actor.org_id,
    )
    session.add(decision)
    session.flush()
    if action in CLEARING:
        _clear_hits(session, supplier.id, decision.id, checks)
    if action == "unblock":
        runs.ask(session, actor, supplier.id, Trigger.CHANGE)
    _announce(session, actor, supplier, decision)
    return supplier


@requires(Permission.SUPPLIER_REVIEW)
def judge_certificate(
    session: Session,
    actor: Actor,
    supplier_id: UUID,
    certificate_id: UUID,
    *,
    verdict: Verdict,
    reason: str = "",
) -> Certificate:
    """Verify or refuse a certificate; refusing needs a reason."""
    certificate = queries.certificate(session, actor, supplier_id, certificate_id)
    if verdict is Verdict.REJECTED and not reason.strip():
        refuse_all([FieldError("/reason", "required", _("Say what is wrong with it."))])
    certificate.verdict = verdict
    certificate.verdict_by = actor.person_id
    certificate.verdict_at = clock.now()
    certificate.verdict_reason = reason.strip()
    audit.record(
        session,
        actor,
        f"supplier.certificate_{verdict}",
        ("supplier", supplier_id),
        {"certificate_id": str(certificate.id), "kind": str(certificate.kind)},
        owner_id=supplier_id,
    )
    session.flush()
    return certificate


def _check_decision(action: str, reason: str) -> None:
    errors = []
    if action not in DECISIONS:
        errors.append(
            FieldError(
                "/action",
                "not_a_choice",
                _("Choose one of: %(choices)s.", choices=", ".join(DECISIONS)),
            )
        )
    if not reason.strip():
        errors.append(FieldError("/reason", "required", _("Give the reason: it stays on file.")))
    refuse_all(errors)


def _apply(supplier: Supplier, after: SupplierState) -> None:
    now = clock.now()
    supplier.state = after
    supplier.decided_at = now
    qualified = after is SupplierState.QUALIFIED
    supplier.next_review_on = (now + rules.REVIEW_EVERY).date() if qualified else None


def _clear_hits(
    session: Session,
    supplier_id: UUID,
    decision_id: UUID,
    checks: Iterable[DueDiligenceCheck],
) -> None:
    rows = {
        (check.source, hit["reference"], screening.normalised(hit["asked"]))
        for check in checks
        if check.kind is CheckKind.SANCTIONS
        for hit in check.evidence.get("hits", ())
    }
    if not rows:
        return
    session.execute(
        insert(ClearedHit)
        .values(
            [
                {
                    "id": uuid7(),
                    "supplier_id": supplier_id,
                    "source": source,
                    "reference": reference,
                    "asked": asked,
                    "decision_id": decision_id,
                    "created_at": clock.now(),
                }
                for source, reference, asked in sorted(rows)
            ]
        )
        .on_conflict_do_nothing()
    )


def _announce(session: Session, actor: Actor, supplier: Supplier, decision: Decision) -> None:
    audit.record(
        session,
        actor,
        f"supplier.{PAST[decision.action]}",
        ("supplier", supplier.id),
        {"from": decision.from_state, "to": decision.to_state},
        owner_id=supplier.id,
    )
    at = decision.created_at
    events: dict[str, Event] = {
        "qualify": SupplierQualified(supplier_id=supplier.id, decided_at=at),
        "reject": SupplierRejected(supplier_id=supplier.id, decided_at=at),
        "block": SupplierBlocked(supplier_id=supplier.id, decided_at=at),
        "unblock": SupplierUnblocked(supplier_id=supplier.id, decided_at=at),
    }
    if decision.action in events:
        outbox.record(session, events[decision.action], audience=[supplier.id])
