"""Keep what a named grader gives: alone, and before the scores are locked."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.identity.permissions import Actor
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import score_rules
from marketplace.rfq.evaluation.graders import rules
from marketplace.rfq.evaluation.graders.models import GraderScore
from marketplace.rfq.evaluation.graders.rules import Grader
from marketplace.rfq.evaluation.score_rules import GivenScore


def give(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    graders: Sequence[Grader],
    given: Sequence[GivenScore],
) -> None:
    """Give or change one's own scores. The caller holds the RFQ, opened and not locked.

    The history tells how many, not which: others would read them there before the lock. All of them
    go into it with the lock.
    """
    grader = rules.find(graders, actor.person)
    rules.check_may_score(grader)
    criteria = {
        each.id: each
        for each in bid_queries.terms(session, rfq_id).judged
        if grader.judges(each.id)
    }
    bids = {bid.id for bid in bid_queries.readable_bids(session, rfq_id)}
    score_rules.check(given, criteria, bids)
    now = clock.now()
    statement = insert(GraderScore).values(
        [
            {
                "bid_id": each.bid_id,
                "criterion_id": each.criterion_id,
                "person_id": actor.person,
                "score": each.score,
                "comment": each.comment,
                "scored_at": now,
            }
            for each in given
        ]
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["bid_id", "criterion_id", "person_id"],
            set_={
                "score": statement.excluded.score,
                "comment": statement.excluded.comment,
                "scored_at": statement.excluded.scored_at,
            },
            where=(GraderScore.score != statement.excluded.score)
            | (GraderScore.comment != statement.excluded.comment),
        )
    )
    audit.record(session, actor, "rfq.grader_scored", ("rfq", rfq_id), {"scores": len(given)})
    session.flush()
