"""The solver's problem, made from the evaluation of an RFQ."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.money import Quantity
from marketplace.core.text import _
from marketplace.rfq.award_rules import Choice
from marketplace.rfq.bid_content import AskedLine
from marketplace.rfq.bid_models import BidOffer
from marketplace.rfq.ranking import Price, as_written
from marketplace.rfq.rates import Conversion
from marketplace.scenarios.model import Constraint, Kind, Objective, Option, Problem, Taken
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.parts import DividedLine, parts_of
from marketplace.scenarios.reading import Basis
from marketplace.scenarios.rules import ScenarioOutdated, lots_in

_CUT = Context(prec=40, rounding=ROUND_FLOOR)


@dataclass(frozen=True, slots=True)
class Offered:
    """What stands behind an option: a bid with its lines; ``divided``: the only one, in parts."""

    lines: tuple[UUID, ...]
    bid_id: UUID
    divided: DividedLine | None = None


@dataclass(frozen=True)
class Question:
    """A problem with its rules, and what stands behind each option.

    given: what the bids themselves demand; nobody can loosen it.
    """

    problem: Problem
    rules: tuple[Constraint, ...]
    offered: tuple[Offered, ...]
    given: tuple[Constraint, ...] = ()

    @property
    def digest(self) -> str:
        """Names everything that the answer depends on."""
        problem = self.problem
        content: dict[str, Any] = {
            "objective": problem.objective,
            "offers": [
                _named(offered, option)
                for offered, option in zip(self.offered, problem.options, strict=True)
            ],
            "lots": {lot: sorted(items) for lot, items in problem.lots.items()},
            "scores": {supplier: str(score) for supplier, score in problem.scores.items()},
            "rules": [_plain(rule) for rule in self.rules],
        }
        if self.given:
            content["given"] = [_plain(rule) for rule in self.given]
        written = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()

    def total(self, chosen: Taken) -> Fraction:
        """What the award comes to, each part rounded as an order has it."""
        return sum(
            (
                divided.worth(share)
                if (divided := self.offered[index].divided)
                else Fraction(self.problem.options[index].cost)
                for index, share in chosen.items()
            ),
            Fraction(0),
        )


def question_of(
    compared: Basis, objective: Objective, constraints: Sequence[dict[str, Any]]
) -> Question:
    """What to solve.

    Costs are what they are worth in the currency of the RFQ, exactly. Left out are lots that have
    ended, lines that the bids together do not offer in full, and suppliers who are blocked: none
    of them can be awarded.
    """
    eligible = _taking_part(compared, constraints)
    eligible.sort(key=lambda each: (each.submitted_at, each.bid_id))
    merits, parts = _merits(compared, objective), _parts(compared)
    found = [pair for offer in eligible for pair in _options(compared, offer, merits, parts)]
    covered = _covered([option for _offered, option in found])
    found = [pair for pair in found if pair[1].items <= covered]
    lines = [line for line in compared.undecided.lines if str(line.id) in covered]
    problem = Problem(
        items=tuple(str(line.id) for line in lines),
        options=tuple(option for _offered, option in found),
        lots={
            str(lot.id): frozenset(str(line.id) for line in lines if line.lot_id == lot.id)
            for lot in compared.undecided.lots
        },
        scores=_scores(compared, eligible),
        exclusive=_exclusive([option for _offered, option in found]),
        divisions={
            str(offered.divided.asked.id): offered.divided.parts
            for offered, _option in found
            if offered.divided
        },
        objective=objective,
    )
    return Question(
        problem,
        tuple(rule_of(each) for each in constraints),
        tuple(offered for offered, _option in found),
        tuple(_minimums(compared, eligible)),
    )


Merits = Callable[[AskedLine, UUID], Fraction | None]


def _merits(compared: Basis, objective: Objective) -> Merits:
    """What a line adds to the points; None for a bid without a place in its lot."""
    if objective is not Objective.POINTS:
        return lambda _line, _bid_id: Fraction(0)
    points = _points(compared)
    return lambda line, bid_id: points.get((line.lot_id, bid_id))


def _parts(compared: Basis) -> dict[UUID, int]:
    """Into how many parts each line is split, where the RFQ allows it."""
    if not compared.terms.may_split:
        return {}
    prices: dict[UUID, list[Price]] = {}
    for (line_id, _bid_id), price in compared.prices.items():
        prices.setdefault(line_id, []).append(price)
    return {line.id: parts_of(line, prices.get(line.id, ())) for line in compared.undecided.lines}


def _options(
    compared: Basis, offer: BidOffer, merit_of: Merits, parts: Mapping[UUID, int]
) -> Iterator[tuple[Offered, Option]]:
    """The lines of a bid one by one, then its bundles."""
    supplier, terms = str(offer.supplier_id), compared.undecided
    conversion = compared.conversions[offer.bid_id]
    for line in terms.lines:
        merit, price = merit_of(line, offer.bid_id), compared.prices.get((line.id, offer.bid_id))
        if merit is None or price is None:
            continue
        if line.id in parts:
            divided = DividedLine(line, price, conversion, parts[line.id])
            yield Offered((line.id,), offer.bid_id, divided), divided.option(supplier, merit)
        elif price.part is None:
            # without parts allowed, one of them covers no whole line
            cost = _cost(price.total, conversion)
            yield (
                Offered((line.id,), offer.bid_id),
                Option(supplier, frozenset({str(line.id)}), cost, merit),
            )
    for bundle in compared.bundles.get(offer.bid_id, ()):
        own = [line for line in terms.lines if line.id in bundle.line_ids]
        merits = [merit for line in own if (merit := merit_of(line, offer.bid_id)) is not None]
        if len(merits) == len(bundle.line_ids):
            items = frozenset(str(line.id) for line in own)
            cost = _cost(bundle.total, conversion)
            yield (
                Offered(tuple(line.id for line in own), offer.bid_id),
                Option(supplier, items, cost, sum(merits, Fraction(0))),
            )


def _covered(options: Iterable[Option]) -> frozenset[str]:
    """The lines that come to a whole if everything is taken."""
    most: dict[str, Fraction] = {}
    for option in options:
        for item in option.items:
            most[item] = most.get(item, Fraction(0)) + option.max_share
    return frozenset(item for item, share in most.items() if share >= 1)


def _exclusive(options: Sequence[Option]) -> tuple[frozenset[int], ...]:
    """Parts of one line from several bids of a supplier: only one bid wins of it."""
    found: dict[tuple[str, frozenset[str]], list[int]] = {}
    for index, option in enumerate(options):
        if not option.is_whole:
            found.setdefault((option.supplier, option.items), []).append(index)
    return tuple(frozenset(own) for own in found.values() if len(own) > 1)


def _named(offered: Offered, option: Option) -> list[Any]:
    named: list[Any] = [
        "+".join(map(str, offered.lines)),
        str(offered.bid_id),
        option.supplier,
        str(option.cost),
        str(option.points),
    ]
    if offered.divided:
        breaks = [[str(each.from_share), str(each.cost)] for each in option.breaks]
        named += [offered.divided.parts, str(option.max_share), breaks]
    return named


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
    """The award by line, or part of one, of a solved scenario."""
    return [
        Choice(UUID(award["bid_id"]), line_id=UUID(award["line_id"]), quantity=quantity_of(award))
        for award in found.awards
    ]


def quantity_of(award: Mapping[str, str]) -> Quantity | None:
    """How much of the line it is; None for all of it."""
    if "quantity" not in award:
        return None
    return Quantity(Decimal(award["quantity"]), award["unit"])


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
    found: dict[UUID, Fraction] = {}
    for (line_id, bid_id), price in _asked_prices(compared):
        if bid_id not in blocked and (lines is None or line_id in lines):
            worth = compared.conversions[bid_id].exact(price)
            found[line_id] = min(found.get(line_id, worth), worth)
    return as_written(sum(found.values(), Fraction(0)))


def _asked_prices(compared: Basis) -> Iterator[tuple[tuple[UUID, UUID], Decimal]]:
    """By line and bid, what all of it may cost: alone, in a bundle, at the price of a part."""
    for key, price in compared.prices.items():
        if price.part is None:
            yield key, price.total
        if compared.terms.may_split:
            asked = compared.terms.line_by_id[key[0]]
            for unit_price in price.unit_prices:
                yield key, unit_price * asked.quantity
    for bid_id, offers in compared.bundles.items():
        for offer in offers:
            for line_id, bundled in offer.lines.items():
                yield (line_id, bid_id), bundled.total


def left_out(compared: Basis) -> list[int]:
    """Numbers of the lines that have prices and are not offered in full by all bids together."""
    if not compared.terms.may_split:
        return []
    question = question_of(compared, Objective.COST, ())
    asked = {line_id for line_id, _bid_id in compared.prices}
    return [
        line.number
        for line in compared.undecided.lines
        if line.id in asked and str(line.id) not in question.problem.items
    ]


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
