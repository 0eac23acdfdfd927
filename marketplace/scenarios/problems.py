"""The solver's problem, made from the evaluation of an RFQ."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.money import Quantity
from marketplace.core.text import _
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation.ranking import Price, as_written
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.rates import Conversion
from marketplace.scenarios import entrants
from marketplace.scenarios.model import Kind, Objective, Option, Problem
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.parts import DividedLine, parts_of
from marketplace.scenarios.question import Matter, Offered, Question, rule_of
from marketplace.scenarios.reading import Basis
from marketplace.scenarios.rules import ScenarioOutdated


def question_of(
    compared: Basis, objective: Objective, constraints: Sequence[dict[str, Any]]
) -> Question:
    """What to solve. What does not depend on the rules is built once for a basis."""
    rules = tuple(rule_of(each) for each in constraints)
    floors = (rule.limit for rule in rules if rule.kind is Kind.SCORE_FLOOR)
    return Question(_matter(compared, objective, max(floors, default=Decimal(0))), rules)


def _matter(compared: Basis, objective: Objective, floor: Decimal) -> Matter:
    kept = compared.matters.get((objective, floor))
    if kept is None:
        kept = compared.matters[objective, floor] = _built(compared, objective, floor)
    return kept


def _built(compared: Basis, objective: Objective, floor: Decimal) -> Matter:
    """Offers and what binds them.

    Costs are what they are worth in the currency of the RFQ, exactly. Left out are lots that have
    ended, lines that the bids together do not offer in full, and suppliers who are blocked: none
    of them can be awarded.
    """
    eligible = entrants.taking_part(compared, floor)
    merits, parts = _merits(compared, objective), _parts(compared)
    found = [pair for offer in eligible for pair in _options(compared, offer, merits, parts)]
    covered = _covered([option for _offered, option in found])
    found = [pair for pair in found if pair[1].items <= covered]
    offered = tuple(each for each, _option in found)
    options = tuple(option for _offered, option in found)
    lines = [line for line in compared.undecided.lines if str(line.id) in covered]
    blocs, rivals = entrants.blocs_of(compared, objective, eligible, offered)
    problem = Problem(
        items=tuple(str(line.id) for line in lines),
        options=options,
        lots={
            str(lot.id): frozenset(str(line.id) for line in lines if line.lot_id == lot.id)
            for lot in compared.undecided.lots
        },
        scores=entrants.scores(compared, eligible),
        exclusive=_exclusive(options),
        divisions={
            str(each.divided.asked.id): each.divided.parts for each in offered if each.divided
        },
        objective=Objective.POINTS if objective is Objective.POINTS else Objective.COST,
        blocs=tuple(blocs),
        rivals=tuple(rivals),
    )
    given = tuple(entrants.minimums(compared, eligible))
    return Matter(problem, offered, given, compared.bundles, compared.conversions)


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
                Offered(tuple(line.id for line in own), offer.bid_id, bundle=bundle),
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


def _cost(amount: Decimal, conversion: Conversion) -> Decimal | Fraction:
    """In the currency of the RFQ; what is in it already stays as it is written."""
    return conversion.exact(amount) if conversion.is_needed else amount


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
