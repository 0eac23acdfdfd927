"""Quality before price: scores are locked once, and prices that were hidden are seen after that."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.graders import queries as grader_queries


@requires(Permission.RFQ_EVALUATE)
def lock_quality(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    reason: str = "",
    *,
    expected: int | None = None,
) -> Rfq:
    """Fix all scores. Hidden prices may be seen from now on.

    reason: why scores that are missing stay out; they count nothing then.
    """
    rfq = _evaluable(session, actor, rfq_id, expected)
    quality_rules.check_unlocked(rfq)
    missing = evaluation_queries.missing_scores(session, rfq_id)
    given = reason.strip()
    quality_rules.check_lockable(missing, given)
    rfq.quality_locked_at, rfq.quality_locked_by = clock.now(), actor.person
    rfq.quality_lock_reason = given if missing else None
    audit.record(
        session,
        actor,
        "rfq.quality_locked",
        ("rfq", rfq_id),
        {"missing_scores": missing, "reason": rfq.quality_lock_reason} | _graded(session, rfq_id),
    )
    session.flush()
    return rfq


def _graded(session: Session, rfq_id: UUID) -> dict[str, Any]:
    """What each grader gave, told by the history from the lock on."""
    given = grader_queries.scores(session, rfq_id)
    if not given:
        return {}
    return {
        "graders": [
            {
                "person_id": str(each.person_id),
                "bid_id": str(each.bid_id),
                "criterion_id": str(each.criterion_id),
                "score": str(each.score),
            }
            for each in given
        ]
    }


@requires(Permission.RFQ_EVALUATE)
def unlock_quality(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, *, expected: int | None = None
) -> Rfq:
    """Let scores change again; under blind scoring only while nobody has seen a price."""
    rfq = _evaluable(session, actor, rfq_id, expected)
    quality_rules.check_may_unlock(rfq)
    rfq.quality_locked_at = rfq.quality_locked_by = rfq.quality_lock_reason = None
    audit.record(
        session, actor, "rfq.quality_unlocked", ("rfq", rfq_id), {"reason": reason.strip()}
    )
    session.flush()
    return rfq


def _evaluable(session: Session, actor: Actor, rfq_id: UUID, expected: int | None) -> Rfq:
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state, "evaluate")
    return rfq
