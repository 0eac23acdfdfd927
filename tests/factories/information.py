"""Requests for information, published and opened."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.services import evaluation
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind
from tests.factories.bids import Sourcing, make_sourcing

QUESTIONS = [
    CriterionDraft("Coverage", CriterionKind.QUALITY, Decimal(70), 10),
    CriterionDraft("Lead time", CriterionKind.DELIVERY, Decimal(30), 100),
]


def an_rfi(session: Session, **overrides: Any) -> Sourcing:
    values: dict[str, Any] = {"kind": RfqKind.RFI, "criteria": QUESTIONS}
    return make_sourcing(session, **(values | overrides))


def answered(session: Session, **overrides: Any) -> Sourcing:
    """Opened: the first supplier says something to both questions, the second to one."""
    sourcing = an_rfi(session, **overrides)
    coverage, lead_time = sourcing.criteria
    said = (Answer(coverage.id, "All of France"), Answer(lead_time.id, "Two weeks"))
    sourcing.submit(0, answers=said, note="See our site", before=timedelta(hours=2))
    sourcing.submit(1, answers=(Answer(coverage.id, "Paris"),), before=timedelta(hours=1))
    sourcing.open()
    return sourcing


def bid_ids(sourcing: Sourcing) -> list[UUID]:
    bids = bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    found = {bid.supplier_id: bid.id for bid in bids}
    return [found[each.organisation_id] for each in sourcing.suppliers]


def grade(sourcing: Sourcing, *scores: tuple[int, int, str]) -> None:
    """By the numbers of supplier and question."""
    bids = bid_ids(sourcing)
    evaluation.score(
        sourcing.session,
        sourcing.buyer,
        sourcing.rfq.id,
        [
            GivenScore(bids[s], sourcing.criteria[q].id, Decimal(score), "")
            for s, q, score in scores
        ],
    )
