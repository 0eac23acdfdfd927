"""The solver's problem, made from the evaluation of an RFQ."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.text import _
from marketplace.rfq.award_rules import Choice
from marketplace.rfq.bid_content import AskedLine
from marketplace.rfq.bid_models import BidOffer
from marketplace.rfq.ranking import as_written
from marketplace.rfq.rates import Conversion
from marketplace.scenarios.model import Constraint, Kind, Objective, Option, Problem
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.reading import Basis
from marketplace.scenarios.rules import ScenarioOutdated, lots_in

_CUT = Context(prec=40, rounding=ROUND_FLOOR)


@dataclass(frozen=True)
class Question:
    """A problem with its rules, and which lines and bid stand behind each option.

    given: what the bids themselves demand; nobody can loosen it.
    """

    problem: Problem
    rules: tuple[Constraint, ...]
    offered: tuple[tuple[tuple[UUID, ...], UUID], ...]
    given: tuple[Constraint, ...] = ()

    @property
    def digest(self) -> str:
        """Names everything that the answer depends on."""
        problem = self.problem
        content: dict[str, Any] = {
            "objective": problem.objective,
            "offers": [
                [
                    "+".join(map(str, lines)),
                    str(bid),
                    option.supplier,
                    str(option.cost),
                    str(option.points),
                ]
                for (lines, bid), option in zip(self.offered, problem.options, strict=True)
            ],
            "lots": {lot: sorted(items) for lot, items in problem.lots.items()},
            "scores": {supplier: str(score) for supplier, score in problem.scores.items()},
            "rules": [_plain(rule) for rule in self.rules],
        }
        if self.given:
            content["given"] = [_plain(rule) for rule in self.given]
        written = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()


def question_of(
    compared: Basis, objective: Objective, constraints: Sequence[dict[str, Any]]
) -> Question:
    """What to solve.

    Costs are what they are worth in the currency of the RFQ, exactly. Left out are lots that have
    ended, lines that nobody offers and suppliers who are blocked: none of them can be awarded.
    """
    points = _points(compared) if objective is Objective.POINTS else None
    offered: list[tuple[tuple[UUID, ...], UUID]] = []
    options: list[Option] = []
    bundles, terms = compared.bundles, compared.undecided
    eligible = _taking_part(compared, constraints)
    for offer in sorted(eligible, key=lambda each: (each.submitted_at, each.bid_id)):
        # a part of a line covers no whole one: parts are awarded by hand
        conversion = compared.conversions[offer.bid_id]
        prices = {
            line.rfq_line_id: _cost(line.total, conversion)
            for line in offer.lines
            if line.quantity is None
        }
        for asked in terms.lines:
            merit = _merit(points, asked, offer.bid_id)
            if asked.id not in prices or merit is None:
                continue
            offered.append(((asked.id,), offer.bid_id))
            options.append(
                Option(str(offer.supplier_id), frozenset({str(asked.id)}), prices[asked.id], merit)
            )
        for bundle in bundles.get(offer.bid_id, ()):
            own = [line for line in terms.lines if line.id in bundle.line_ids]
            if len(own) < len(bundle.line_ids):
                continue
            merits = [_merit(points, line, offer.bid_id) for line in own]
            if None in merits:
                continue
            offered.append((tuple(line.id for line in own), offer.bid_id))
            items = frozenset(str(line.id) for line in own)
            merit = sum((each for each in merits if each is not None), Fraction(0))
            cost = _cost(bundle.total, conversion)
            options.append(Option(str(offer.supplier_id), items, cost, merit))
    covered = {line for lines, _bid in offered for line in lines}
    lines = [line for line in terms.lines if line.id in covered]
    lots = {
        str(lot.id): frozenset(str(line.id) for line in lines if line.lot_id == lot.id)
        for lot in terms.lots
    }
    problem = Problem(
        items=tuple(str(line.id) for line in lines),
        options=tuple(options),
        lots=lots,
        scores=_scores(compared, eligible),
        objective=objective,
    )
    return Question(
        problem,
        tuple(rule_of(each) for each in constraints),
        tuple(offered),
        tuple(_minimums(compared, eligible)),
    )


def _cost(amount: Decimal, conversion: Conversion) -> Decimal | Fraction:
    """In the currency of the RFQ; what is in it already stays as it is written."""
    return conversion.exact(amount) if conversion.is_needed else amount


def _taking_part(compared: Basis, constraints: Sequence[dict[str, Any]]) -> list[BidOffer]:
    """The bids that may win. A supplier is one for the solver, with all of their bids.

    Of several bids of one supplier those below a floor of the score stay out where another is above
    it. Where one of them has a minimum order, which holds for that bid alone, or another currency,
    of which an order has one, only the bid that prices most lines takes part, then the cheapest.
    """
    floors = [rule.limit for rule in map(rule_of, constraints) if rule.kind is Kind.SCORE_FLOOR]
    by_supplier: dict[UUID, list[BidOffer]] = {}
    for offer in compared.offers:
        if offer.supplier_id not in compared.blocked:
            by_supplier.setdefault(offer.supplier_id, []).append(offer)
    found = []
    for own in by_supplier.values():
        good = [each for each in own if score_of(compared, each) >= max(floors, default=0)]
        taking = good or own
        if any(each.minimum_order is not None for each in taking) or _differ(compared, taking):
            taking = [min(taking, key=lambda each: (-len(each.lines), _worth(compared, each)))]
        found.extend(taking)
    return found


def _differ(compared: Basis, offers: Sequence[BidOffer]) -> bool:
    """Whether they are in several currencies."""
    return len({compared.conversions[each.bid_id].currency for each in offers}) > 1


def _worth(compared: Basis, offer: BidOffer) -> Fraction:
    """All that it prices, in the currency of the RFQ."""
    return compared.conversions[offer.bid_id].exact(compared.total_of(offer))


def _scores(compared: Basis, eligible: Sequence[BidOffer]) -> dict[str, Fraction]:
    """By supplier; of several bids the lowest, so that whichever wins is at least as good."""
    found: dict[str, Fraction] = {}
    for offer in (*eligible, *compared.offers):
        supplier, score = str(offer.supplier_id), score_of(compared, offer)
        if offer in eligible:
            found[supplier] = min(found.get(supplier, score), score)
        else:
            found.setdefault(supplier, score)
    return found


def _merit(
    points: Mapping[tuple[UUID, UUID], Fraction] | None, line: AskedLine, bid_id: UUID
) -> Fraction | None:
    """What a line adds to the points; None for a bid without a place in its lot."""
    return Fraction(0) if points is None else points.get((line.lot_id, bid_id))


def _minimums(compared: Basis, offers: Iterable[BidOffer]) -> Iterator[Constraint]:
    """The least orders that bids take, in the currency of the RFQ.

    A converted one is cut after so many digits that no amount of its own currency fits between:
    what comes to the minimum keeps it, and nothing less does.
    """
    for offer in offers:
        if offer.minimum_order is not None:
            conversion = compared.conversions[offer.bid_id]
            least = offer.minimum_order
            if conversion.is_needed:
                worth = conversion.exact(least)
                least = _CUT.divide(Decimal(worth.numerator), Decimal(worth.denominator))
            yield Constraint(Kind.MIN_ORDER_VALUE, least, suppliers=(str(offer.supplier_id),))


def is_current(found: AwardScenario, compared: Basis) -> bool:
    """Whether the scenario answers the bids and scores as they are now."""
    now = question_of(compared, found.objective, found.constraints)
    return found.inputs_digest == now.digest


def check_current(found: AwardScenario, compared: Basis) -> None:
    """Raise ScenarioOutdated unless the answer holds for what is to be decided now."""
    if not is_current(found, compared):
        raise ScenarioOutdated(
            _(
                "Scores or blocked suppliers have changed since this was solved."
                " Solve it again first."
            )
        )


def choices_of(found: AwardScenario) -> list[Choice]:
    """The award by line of a solved scenario."""
    return [Choice(UUID(award["bid_id"]), line_id=UUID(award["line_id"])) for award in found.awards]


def rule_of(stored: dict[str, Any]) -> Constraint:
    """A constraint as it is kept, for the solver."""
    return Constraint(
        kind=Kind(stored["kind"]),
        limit=Decimal(stored["limit"]),
        suppliers=tuple(stored["supplier_ids"]),
        lots=tuple(lots_in(stored)),
        line=stored["line_id"],
    )


def score_of(compared: Basis, offer: BidOffer) -> Fraction:
    """The judged criteria in per cent of the best possible; 100 where nothing is judged."""
    judged = compared.terms.judged
    weight = sum((Fraction(each.weight) for each in judged), Fraction(0))
    if not weight:
        return Fraction(100)
    reached = Fraction(0)
    for criterion in judged:
        given = compared.scores.get((offer.bid_id, criterion.id))
        if given is not None:
            reached += Fraction(criterion.weight) * Fraction(given.score) / criterion.max_score
    return reached / weight * 100


def cheapest_possible(compared: Basis, lines: Collection[UUID] | None = None) -> Decimal:
    """Each line from whoever asks the least, rules aside: no award of them all is below.

    In the currency of the RFQ, rounded to it where bids are in others. lines: only these.
    """
    blocked = compared.blocked_bids
    worth = {bid_id: each.exact for bid_id, each in compared.conversions.items()}
    bundled: dict[tuple[UUID, UUID], list[Fraction]] = {}
    for bid_id, offers in compared.bundles.items():
        for offer in offers:
            for line_id, price in offer.lines.items():
                bundled.setdefault((line_id, bid_id), []).append(worth[bid_id](price.total))
    least = (
        min(prices)
        for line_id, cells in compared.cells.items()
        if (lines is None or line_id in lines)
        and (
            prices := [
                min(
                    [
                        worth[cell.bid_id](cell.price.total),
                        *bundled.get((line_id, cell.bid_id), ()),
                    ]
                )
                for cell in cells
                if cell.price and cell.price.part is None and cell.bid_id not in blocked
            ]
        )
    )
    return as_written(sum(least, Fraction(0)))


def _points(compared: Basis) -> dict[tuple[UUID, UUID], Fraction]:
    """Ranking points by lot and bid, of the bids that have a place."""
    return {
        (lot.lot_id, rank.bid_id): rank.exact
        for lot in compared.lots
        for rank in lot.ranks
        if rank.place is not None
    }


def _plain(rule: Constraint) -> list[Any]:
    # one lot or none is written as it was before a rule could have more: old answers still hold
    lots = sorted(rule.lots) if len(rule.lots) > 1 else next(iter(rule.lots), None)
    return [rule.kind, str(rule.limit), sorted(rule.suppliers), lots, rule.line]
