"""Comparison and ranking of opened bids: exact, explained, and the same for any order of rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from marketplace.core.shares import shown
from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import BundleOffer
from marketplace.rfq.evaluation import total_costs, unranked
from marketplace.rfq.evaluation.total_costs import Cost
from marketplace.rfq.scoring import formulas
from marketplace.rfq.scoring.formulas import Measure
from marketplace.rfq.terms import lot_criteria
from marketplace.rfq.terms.asked import AskedLine, Criterion, Terms
from marketplace.rfq.terms.offering import QuantityBreak, price_at
from marketplace.rfq.terms.rates import AS_IT_IS, Conversion

# what a price is worth: a fraction where it was converted
Worth = Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Price:
    """What one bid asks for one line, or for the part of it that it offers.

    ``unit_price`` and ``total`` are those of what is offered; ``base`` is the price below the first
    of the ``breaks``. ``part`` is None where the whole line is offered. All of them are in the
    bid's own currency.
    """

    unit_price: Decimal
    total: Decimal
    note: str = ""
    part: Decimal | None = None
    base: Decimal | None = None
    breaks: tuple[QuantityBreak, ...] = ()
    # what the opening found, where an auction has lowered it since
    opened_unit_price: Decimal | None = None
    conversion: Conversion = AS_IT_IS

    @property
    def compared(self) -> Fraction:
        """The unit price as bids are compared by it."""
        return self.conversion.exact(self.unit_price)

    @property
    def unit_prices(self) -> list[Decimal]:
        """All that one unit may cost, whatever the quantity."""
        base = self.unit_price if self.base is None else self.base
        return [base, *(each.unit_price for each in self.breaks)]

    def at(self, quantity: Decimal) -> Decimal:
        """The price of each unit when so many are bought."""
        return price_at(self.unit_price if self.base is None else self.base, self.breaks, quantity)


@dataclass(frozen=True, slots=True)
class Score:
    """What a judge gave for one criterion; a fraction where it is the mean of several."""

    score: Decimal | Fraction
    comment: str


@dataclass(frozen=True, slots=True)
class Offer:
    """An opened bid, as far as comparing needs it."""

    bid_id: UUID
    supplier_id: UUID
    submitted_at: datetime
    prices: Mapping[UUID, Price]
    scores: Mapping[UUID, Score]
    bundles: tuple[BundleOffer, ...] = ()
    # beside the price, of all lots
    costs: tuple[Cost, ...] = ()
    conversion: Conversion = AS_IT_IS
    # numbers of priced lines that do not count, since they were not confirmed after an addendum
    unconfirmed: Sequence[int] = ()

    def total_of(self, lines: Iterable[AskedLine]) -> Decimal:
        """What these lines cost together in its currency, with the bundles that hold there."""
        own = {line.id: self.prices[line.id] for line in lines if line.id in self.prices}
        single = sum((price.total for price in own.values()), Decimal(0))
        whole = [line_id for line_id, price in own.items() if price.part is None]
        held = bundling.applied(self.bundles, whole) if self.bundles else ()
        return single - sum((bundle.saving for bundle in held), Decimal(0))

    def worth_of(self, lines: Iterable[AskedLine]) -> Fraction:
        """The same as bids are compared by it."""
        return self.conversion.exact(self.total_of(lines))


@dataclass(frozen=True, slots=True)
class Cell:
    """One bid at one line. ``above_best`` in per cent; None where there is no price."""

    bid_id: UUID
    price: Price | None
    is_best: bool
    is_worst: bool
    is_tied: bool
    above_best: Decimal | None


@dataclass(frozen=True, slots=True)
class Points:
    """Points for one criterion, with all that they were computed from.

    For the price: value is the total, reference the lowest total, and ``measure`` all that the
    formula measures by, all in the currency of the RFQ. For others: value is the score, reference
    the best possible one. None as value: not scored yet.
    """

    criterion: Criterion
    value: Decimal | None
    reference: Decimal
    exact: Fraction
    comment: str = ""
    measure: Measure | None = None
    # exactly, where the value is the mean of several scores, rounded to be shown
    mean: Fraction | None = None

    @property
    def points(self) -> Decimal:
        return shown(self.exact)


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of a bid in a lot. ``place`` is None for a bid that is not complete there.

    ``missing`` and ``partial`` are numbers of lines: not priced, or offered in part;
    ``unconfirmed`` are those of the missing that an addendum touched and nobody confirmed.
    ``total`` is in the bid's own currency, ``costs`` are in that of the RFQ.
    """

    place: int | None
    bid_id: UUID
    supplier_id: UUID
    submitted_at: datetime
    total: Decimal
    missing: tuple[int, ...]
    points: tuple[Points, ...]
    tied: bool = False
    partial: tuple[int, ...] = ()
    unconfirmed: tuple[int, ...] = ()
    costs: tuple[Cost, ...] = ()
    # whether the price is measured with the costs; they are only shown otherwise
    costs_count: bool = False
    conversion: Conversion = AS_IT_IS

    @property
    def compared(self) -> Fraction:
        """The total as bids are compared by it: in the currency of the RFQ."""
        return self.conversion.exact(self.total)

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.partial or self.unknown_costs)

    @property
    def hindrances(self) -> str:
        """Why it has no place, in words; nothing where it has one."""
        return unranked.reasons(self.missing, self.partial, self.unconfirmed, self.unknown_costs)

    @property
    def unknown_costs(self) -> tuple[str, ...]:
        """Names of the costs that keep the bid from a place until somebody says them."""
        return total_costs.unknown(self.costs) if self.costs_count else ()

    @property
    def whole_cost(self) -> Fraction | None:
        """Price and costs together; None without costs, or while one of them is unknown."""
        if not self.costs or total_costs.unknown(self.costs):
            return None
        return self.compared + total_costs.together(self.costs)

    @property
    def measured(self) -> Fraction:
        """What the price points are measured by."""
        whole = self.whole_cost if self.costs_count else None
        return self.compared if whole is None else whole

    @property
    def exact(self) -> Fraction:
        return sum((part.exact for part in self.points), Fraction(0))

    @property
    def total_points(self) -> Decimal:
        return shown(self.exact)

    @property
    def is_scored(self) -> bool:
        return all(part.value is not None for part in self.points)


@dataclass(frozen=True, slots=True)
class LotRanking:
    """The bids for one lot: ranked ones by place, then those with missing lines.

    ``final``: the scores are locked, and those that are missing count nothing.
    """

    lot_id: UUID
    ranks: tuple[Rank, ...]
    final: bool = False

    @property
    def first(self) -> Rank | None:
        return next((rank for rank in self.ranks if rank.place == 1), None)

    @property
    def is_scored(self) -> bool:
        return self.final or all(rank.is_scored for rank in self.ranks if rank.place)


def comparison(terms: Terms, offers: Iterable[Offer]) -> dict[UUID, list[Cell]]:
    """For each line a cell for each bid, bids in the order in which they were submitted."""
    ordered = in_order(offers)
    return {line.id: _cells(line.id, ordered) for line in terms.lines}


def in_order(offers: Iterable[Offer]) -> list[Offer]:
    """By time of submission; the id decides what the clock cannot."""
    return sorted(offers, key=lambda offer: (offer.submitted_at, offer.bid_id))


def _cells(line_id: UUID, offers: Sequence[Offer]) -> list[Cell]:
    worth = _worth({o.bid_id: o.prices[line_id] for o in offers if line_id in o.prices})
    best, worst = min(worth.values(), default=None), max(worth.values(), default=None)
    is_shared = best is not None and list(worth.values()).count(best) > 1
    ends = (best, worst)
    return [
        _cell(offer, line_id, worth.get(offer.bid_id), ends, is_shared=is_shared)
        for offer in offers
    ]


def _worth(priced: Mapping[UUID, Price]) -> Mapping[UUID, Worth]:
    """Unit prices that can be held against each other: as they are, unless one is converted.

    There may be a thousand bids on thousands of lines, and fractions take their time.
    """
    if any(price.conversion.is_needed for price in priced.values()):
        return {bid_id: price.compared for bid_id, price in priced.items()}
    return {bid_id: price.unit_price for bid_id, price in priced.items()}


def _cell(
    offer: Offer,
    line_id: UUID,
    worth: Worth | None,
    ends: tuple[Worth | None, Worth | None],
    *,
    is_shared: bool,
) -> Cell:
    best, worst = ends
    if worth is None or best is None:
        return Cell(offer.bid_id, None, False, False, False, None)
    is_best = worth == best
    return Cell(
        bid_id=offer.bid_id,
        price=offer.prices[line_id],
        is_best=is_best,
        is_worst=worth == worst and worst != best,
        is_tied=is_best and is_shared,
        above_best=above(worth, best),
    )


def above(value: Worth, best: Worth) -> Decimal | None:
    """How far above the best, in per cent with one place; None when the best is zero."""
    if not best:
        return None
    share = Fraction(value) / Fraction(best) - 1
    return Decimal((share * 1000 + Fraction(1, 2)).__floor__()).scaleb(-1)


def ranking(terms: Terms, offers: Iterable[Offer], *, final: bool = False) -> list[LotRanking]:
    """One ranking per lot, in the order of the lots.

    Price points follow the published formula, other points are weight x score / best score.
    Equal points: the bid whose last version was submitted earlier stands first. A bid with lines
    that are missing or offered in part is listed without a place. final: no score is awaited any
    more.
    """
    ordered = in_order(offers)
    return [replace(_lot_ranking(terms, lot.id, ordered), final=final) for lot in terms.lots]


def _lot_ranking(terms: Terms, lot_id: UUID, offers: Sequence[Offer]) -> LotRanking:
    lines = terms.lines_of(lot_id)
    # amounts by lot are published in the order of their numbers; a cancelled lot leaves a gap
    place = next(lot.number for lot in terms.lots if lot.id == lot_id) - 1
    bidding = [offer for offer in offers if any(line.id in offer.prices for line in lines)]
    unplaced = [_unplaced(offer, lot_id, lines, terms) for offer in bidding]
    compared = [rank.measured for rank in unplaced if rank.is_complete]
    counted = lot_criteria.of_lot(terms, lot_id)
    # by criterion, measured once: all bids of a lot are held against the same
    measures = {
        criterion.id: formulas.measure(criterion.formula, compared, place)
        for criterion in counted
        if criterion.is_price
    }
    ranks = [
        replace(rank, points=_points(counted, offer, rank.measured, measures))
        if rank.is_complete
        else rank
        for rank, offer in zip(unplaced, bidding, strict=True)
    ]
    return LotRanking(lot_id, _placed(ranks))


def _unplaced(offer: Offer, lot_id: UUID, lines: Sequence[AskedLine], terms: Terms) -> Rank:
    """What the bid amounts to in the lot, before it is held against the others."""
    return Rank(
        place=None,
        bid_id=offer.bid_id,
        supplier_id=offer.supplier_id,
        submitted_at=offer.submitted_at,
        total=offer.total_of(lines),
        missing=tuple(line.number for line in lines if line.id not in offer.prices),
        partial=tuple(
            line.number
            for line in lines
            if line.id in offer.prices and offer.prices[line.id].part is not None
        ),
        unconfirmed=tuple(line.number for line in lines if line.number in offer.unconfirmed),
        points=(),
        conversion=offer.conversion,
        costs=total_costs.in_lot(offer.costs, lot_id),
        costs_count=terms.costs.count,
    )


def _placed(ranks: Sequence[Rank]) -> tuple[Rank, ...]:
    complete = sorted(
        (rank for rank in ranks if rank.is_complete),
        key=lambda rank: (-rank.exact, rank.submitted_at, rank.bid_id),
    )
    alike = Counter(rank.exact for rank in complete)
    placed = [
        replace(rank, place=place, tied=alike[rank.exact] > 1)
        for place, rank in enumerate(complete, start=1)
    ]
    return (*placed, *(rank for rank in ranks if not rank.is_complete))


def _points(
    criteria: Iterable[Criterion],
    offer: Offer,
    total: Fraction,
    measures: Mapping[UUID, Measure | None],
) -> tuple[Points, ...]:
    return tuple(
        price_points(criterion, total, measures[criterion.id])
        if criterion.is_price
        else _score_points(criterion, offer.scores.get(criterion.id))
        for criterion in criteria
    )


def price_points(criterion: Criterion, total: Fraction, by: Measure | None) -> Points:
    """The points of a total that is measured by these. None: there is nothing to measure by."""
    if by is None:
        return Points(criterion, as_written(total), Decimal(0), Fraction(0))
    share = formulas.share(criterion.formula, total, by)
    exact = Fraction(criterion.weight) * share
    return Points(criterion, as_written(total), as_written(by.lowest), exact, measure=by)


def as_written(total: Fraction) -> Decimal:
    """A total that came as a decimal, as a decimal again; a converted one, as people read it."""
    found = Decimal(total.numerator) / Decimal(total.denominator)
    return found if Fraction(found) == total else shown(total)


def _score_points(criterion: Criterion, given: Score | None) -> Points:
    if given is None:
        return Points(criterion, None, Decimal(criterion.max_score), Fraction(0))
    share = Fraction(given.score) / Fraction(criterion.max_score)
    mean = given.score if isinstance(given.score, Fraction) else None
    return Points(
        criterion,
        shown(given.score) if isinstance(given.score, Fraction) else given.score,
        Decimal(criterion.max_score),
        Fraction(criterion.weight) * share,
        given.comment,
        mean=mean,
    )
