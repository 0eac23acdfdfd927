"""Opened answers side by side: what each respondent says to each question, and their grades."""

from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.shares import shown, written
from marketplace.rfq.bids import information_rules
from marketplace.rfq.bids.information_rules import Grade
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.http import bid_views
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.asked import Criterion


def grades(evaluation: Evaluation) -> dict[UUID, Grade]:
    """The grade of each bid in the race, as far as it has been scored."""
    return {
        offer.bid_id: information_rules.grade(
            evaluation.terms.judged,
            {
                criterion_id: given.score
                for (bid_id, criterion_id), given in evaluation.scores.items()
                if bid_id == offer.bid_id
            },
        )
        for offer in evaluation.offers
    }


def scores(evaluation: Evaluation) -> dict[tuple[UUID, UUID], Decimal]:
    """By bid and criterion, for people: a mean of graders is exact, and shown rounded."""
    return {place: shown(Fraction(given.score)) for place, given in evaluation.scores.items()}


def answer_of(offer: BidOffer, criterion: Criterion) -> str | None:
    """What the respondent said, as it was sealed; None without an answer."""
    return next(
        (each["text"] for each in offer.answers if each["criterion_id"] == str(criterion.id)), None
    )


def whole(evaluation: Evaluation) -> dict[str, Any]:
    """All answers, as data."""
    graded, given = grades(evaluation), scores(evaluation)
    return {
        "respondents": [
            {
                "bid_id": offer.bid_id,
                "supplier_id": offer.supplier_id,
                "supplier_name": evaluation.supplier_name(offer.supplier_id),
                "submitted_at": offer.submitted_at,
                "note": offer.note,
                "documents": bid_views.documents_of(offer),
                "grade": graded[offer.bid_id].points,
                "missing_scores": graded[offer.bid_id].missing,
            }
            for offer in evaluation.offers
        ],
        "questions": [_question(evaluation, each, given) for each in evaluation.terms.judged],
    }


def _question(
    evaluation: Evaluation, criterion: Criterion, given: dict[tuple[UUID, UUID], Decimal]
) -> dict[str, Any]:
    return {
        "criterion_id": criterion.id,
        "name": criterion.name,
        "section": criterion.section,
        "weight": written(criterion.weight),
        "max_score": criterion.max_score,
        "answers": [
            {
                "bid_id": offer.bid_id,
                "text": answer_of(offer, criterion),
                "score": given.get((offer.bid_id, criterion.id)),
            }
            for offer in evaluation.offers
        ],
    }
