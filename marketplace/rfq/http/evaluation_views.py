"""The evaluation as a partner's program gets it: everything that the portal shows, as data."""

from typing import Any
from uuid import UUID

from marketplace.core.money import Money, Quantity
from marketplace.core.shares import written
from marketplace.core.text import Figure, Text, _
from marketplace.rfq.asking.models import Rfq, money_of
from marketplace.rfq.awards.models import Award, AwardLine
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import reversals, sensitivity
from marketplace.rfq.evaluation.graders.rules import Mean
from marketplace.rfq.evaluation.models import BidScore
from marketplace.rfq.evaluation.pregrading import Pregrade
from marketplace.rfq.evaluation.ranking import Cell, LotRanking, Points, Price, Rank
from marketplace.rfq.evaluation.sensitivity import CriterionTurns, SectionTurns, Sensitivity
from marketplace.rfq.http import cost_views, formula_words
from marketplace.rfq.services.evaluation import Evaluation, ExcludedOffer
from marketplace.rfq.terms.asked import AskedLine
from marketplace.web.shown import Shown

TIE_RULE = _("Equal points: the bid whose last version was submitted earlier comes first.")


def whole(evaluation: Evaluation) -> dict[str, Any]:
    """Bids, matrix and rankings."""
    currency = evaluation.terms.currency
    return {
        "rfq_id": evaluation.rfq.id,
        "state": str(evaluation.rfq.state),
        "currency": currency,
        "rates": list(evaluation.terms.rates),
        "missing_scores": evaluation.missing_scores,
        "graders": [
            {
                "person_id": each.grader.person_id,
                "name": each.grader.name,
                "interest": each.grader.interest,
                "scores_given": each.given,
                "scores_wanted": each.wanted,
                "is_done": each.is_done,
            }
            for each in evaluation.grading
        ],
        "prices_shown": evaluation.prices_shown,
        "quality": quality(evaluation.rfq),
        "tie_rule": str(TIE_RULE),
        "bids": [_bid(evaluation, offer) for offer in evaluation.offers],
        "lines": [_line(evaluation, line) for line in evaluation.terms.lines],
        "bundles": [
            {
                "bid_id": bid_id,
                "number": number,
                "name": offer.bundle.name,
                "line_ids": sorted(offer.line_ids),
                "single": Money(offer.single, evaluation.conversions[bid_id].currency),
                "total": Money(offer.total, evaluation.conversions[bid_id].currency),
                "converted_total": evaluation.conversions[bid_id].shown_beside(offer.total),
            }
            for bid_id, offers in evaluation.bundles.items()
            for number, offer in enumerate(offers, start=1)
        ],
        "lots": [_lot(evaluation, lot) for lot in evaluation.lots],
        "pregrades": [_pregrade(each) for each in evaluation.pregrades.values()],
        "excluded": [_excluded(evaluation, each) for each in evaluation.excluded],
    }


def _pregrade(each: Pregrade) -> dict[str, Any]:
    return {
        "bid_id": each.bid_id,
        "criterion_id": each.criterion.id,
        "grade": each.shown,
        "proposed_score": each.proposed_score,
        "is_below_target": each.is_below_target,
        "is_knocked_out": each.is_knocked_out,
    }


def quality(rfq: Rfq) -> dict[str, Any]:
    """Whether the scores are locked, and since when prices have been seen."""
    return {
        "blind_scoring": rfq.blind_scoring,
        "locked_at": rfq.quality_locked_at,
        "locked_by": rfq.quality_locked_by,
        "lock_reason": rfq.quality_lock_reason,
        "prices_seen_at": rfq.prices_seen_at,
    }


def _excluded(evaluation: Evaluation, each: ExcludedOffer) -> dict[str, Any]:
    ruling = each.ruling
    return {
        "bid_id": ruling.bid_id,
        "supplier_id": ruling.supplier_id,
        "supplier_name": evaluation.supplier_name(ruling.supplier_id),
        "alternative": each.offer.alternative,
        "name": each.offer.name,
        "ground": ruling.ground,
        "criterion_id": ruling.criterion_id,
        "reason": ruling.reason,
        "excluded_by": ruling.excluded_by,
        "excluded_at": ruling.excluded_at,
    }


def formula(points: Points) -> Text:
    """How the points came about, in words and figures."""
    values = {
        "weight": Figure(written(points.criterion.weight)),
        "reference": Figure(points.reference),
        "points": Figure(points.points),
    }
    if points.value is None:
        return _("Not scored yet: 0 of %(weight)s points.", **values)
    values["value"] = Figure(points.value)
    if points.criterion.is_price:
        return formula_words.worked(points, values)
    if points.mean is not None:
        return _(
            "%(weight)s × mean score %(mean)s (%(value)s) ÷ %(reference)s = %(points)s",
            mean=str(points.mean),
            **values,
        )
    return _("%(weight)s × score %(value)s ÷ %(reference)s = %(points)s", **values)


def award(decided: Award) -> Shown:
    """The award with its lines as money and quantities."""
    standing = decided.standing
    return Shown(
        decided,
        (),
        lines=[_award_line(line) for line in decided.lines],
        state=standing.state,
        standstill_until=standing.standstill_until,
        concluded_at=standing.concluded_at,
        auction=_auction(decided),
    )


def _auction(decided: Award) -> list[dict[str, Any]]:
    """Of an event of kind auction: whether each lot of the decision follows its auction."""
    return [
        {
            "lot_id": UUID(lot["lot_id"]),
            "held": kept["held"],
            "followed": kept["followed"],
            "winner_bid_id": UUID(kept["places"][0]["bid_id"]) if kept["places"] else None,
        }
        for lot in decided.evidence["lots"]
        if (kept := lot.get("auction"))
    ]


def _award_line(line: AwardLine) -> Shown:
    return Shown(
        line,
        (),
        quantity=Quantity(line.quantity, line.unit),
        unit_price=Money(line.unit_price, line.currency),
        total=Money(line.total, line.currency),
    )


def _bid(evaluation: Evaluation, offer: BidOffer) -> dict[str, Any]:
    shown, conversion = evaluation.prices_shown, evaluation.conversions[offer.bid_id]
    total = evaluation.total_of(offer)
    return {
        "bid_id": offer.bid_id,
        "supplier_id": offer.supplier_id,
        "supplier_name": evaluation.supplier_name(offer.supplier_id),
        "alternative": offer.alternative,
        "name": offer.name,
        "submitted_at": offer.submitted_at,
        "currency": conversion.currency if shown else None,
        "total": Money(total, conversion.currency) if shown else None,
        "converted_total": conversion.shown_beside(total) if shown else None,
        "missing_lines": evaluation.missing_of(offer) if shown else None,
        "unconfirmed_lines": list(offer.unconfirmed) if shown else None,
        "delivery_days": offer.delivery_days,
        "note": offer.note,
        "minimum_order": money_of(offer.minimum_order, conversion.currency),
    }


def _line(evaluation: Evaluation, line: AskedLine) -> dict[str, Any]:
    return {
        "line_id": line.id,
        "lot_id": line.lot_id,
        "number": line.number,
        "description": line.description,
        "quantity": Quantity(line.quantity, line.unit),
        "bids": [_cell(cell, line) for cell in evaluation.cells[line.id]],
    }


def _offered(price: Price, line: AskedLine) -> Quantity:
    return Quantity(line.quantity if price.part is None else price.part, line.unit)


def _cell(cell: Cell, line: AskedLine) -> dict[str, Any]:
    price = cell.price
    return {
        "bid_id": cell.bid_id,
        "unit_price": Money(price.unit_price, price.conversion.currency) if price else None,
        "converted_unit_price": price.conversion.shown_beside(price.unit_price) if price else None,
        "total": Money(price.total, price.conversion.currency) if price else None,
        "converted_total": price.conversion.shown_beside(price.total) if price else None,
        "quantity": _offered(price, line) if price else None,
        "is_partial": price is not None and price.part is not None,
        "breaks": price.breaks if price else (),
        "opened_unit_price": Money(price.opened_unit_price, price.conversion.currency)
        if price and price.opened_unit_price is not None
        else None,
        "note": price.note if price else "",
        "is_best": cell.is_best,
        "is_worst": cell.is_worst,
        "is_tied": cell.is_tied,
        "above_best_percent": cell.above_best,
    }


def _lot(evaluation: Evaluation, lot: LotRanking) -> dict[str, Any]:
    asked = next(asked for asked in evaluation.terms.lots if asked.id == lot.lot_id)
    return {
        "lot_id": lot.lot_id,
        "number": asked.number,
        "title": asked.title,
        "turnout": evaluation.turnouts.get(lot.lot_id),
        "is_final": lot.is_scored,
        "ranks": [_rank(evaluation, rank) for rank in lot.ranks],
        "sensitivity": _sensitivity(sensitivity.of(lot)),
        "weights": [_weight(each) for each in sensitivity.of_each(lot)],
        "sections": [
            {"name": each.name, "weight": each.weight, **_moves(each)}
            for each in sensitivity.of_sections(lot)
        ],
        "reversals": [
            {
                "without_bid_id": found.without.bid_id,
                "ahead_bid_id": found.ahead.bid_id,
                "behind_bid_id": found.behind.bid_id,
            }
            for found in reversals.of(lot)
        ],
    }


def _weight(found: CriterionTurns) -> dict[str, Any]:
    return {
        "criterion_id": found.criterion.id,
        "name": found.criterion.name,
        "weight": written(found.criterion.weight),
        **_moves(found),
    }


def _moves(found: CriterionTurns | SectionTurns) -> dict[str, Any]:
    """Who would stand first, below and above which weight."""
    turns = {"below": found.below, "above": found.above}
    return {
        side: turn
        and {
            "weight": turn.weight,
            "bid_id": turn.rank.bid_id,
            "supplier_id": turn.rank.supplier_id,
        }
        for side, turn in turns.items()
    }


def _sensitivity(found: Sensitivity | None) -> dict[str, Any] | None:
    if found is None:
        return None
    turns = {"below": found.below, "above": found.above}
    return {
        "price_weight": found.price_weight,
        **{
            side: turn
            and {
                "price_weight": turn.price_weight,
                "bid_id": turn.rank.bid_id,
                "supplier_id": turn.rank.supplier_id,
            }
            for side, turn in turns.items()
        },
    }


def _rank(evaluation: Evaluation, rank: Rank) -> dict[str, Any]:
    offer = evaluation.offer_by_id[rank.bid_id]
    return {
        "place": rank.place,
        "bid_id": rank.bid_id,
        "supplier_id": rank.supplier_id,
        "supplier_name": evaluation.supplier_name(rank.supplier_id),
        "alternative": offer.alternative,
        "name": offer.name,
        "submitted_at": rank.submitted_at,
        "total": Money(rank.total, rank.conversion.currency),
        "converted_total": rank.conversion.shown_beside(rank.total),
        "exact_total": str(rank.compared),
        "points": rank.total_points,
        "tied": rank.tied,
        "missing_lines": list(rank.missing),
        "partial_lines": list(rank.partial),
        "unconfirmed_lines": list(rank.unconfirmed),
        "costs": cost_views.of_rank(rank, evaluation.terms.currency),
        "explanation": [
            _points(part, evaluation.scores.get((rank.bid_id, part.criterion.id)))
            for part in rank.points
        ],
    }


def _points(part: Points, given: BidScore | Mean | None) -> dict[str, Any]:
    return {
        "criterion_id": part.criterion.id,
        "name": part.criterion.name,
        "weight": written(part.criterion.weight),
        "exact_weight": str(part.criterion.weight),
        "section": part.criterion.section,
        "importance": part.criterion.importance,
        "value": part.value,
        "reference": part.reference,
        "points": part.points,
        "exact": str(part.exact),
        "scored_by": given.scored_by if isinstance(given, BidScore) else None,
        "spread": _spread(given) if isinstance(given, Mean) else None,
        "formula": str(formula(part)),
        "comment": part.comment,
    }


def _spread(mean: Mean) -> dict[str, Any]:
    return {
        "mean": str(mean.score),
        "lowest": mean.lowest,
        "highest": mean.highest,
        "standard_deviation": mean.standard_deviation,
        "scores": mean.given,
    }
