"""Which bids may win in a scenario, and what binds those of one supplier together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from uuid import UUID

from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import total_costs
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.scenarios.model import Bloc, Constraint, Kind, Objective
from marketplace.scenarios.question import Offered
from marketplace.scenarios.reading import Basis

_CUT = Context(prec=40, rounding=ROUND_FLOOR)


def taking_part(compared: Basis, floor: Decimal) -> list[BidOffer]:
    """The bids that may win, in the order of their arrival.

    A supplier is one for the solver, with all of their bids. Of several bids of one supplier those
    below a floor of the score stay out where another is above it.
    """
    found = []
    for own in _by_supplier(each for each in compared.offers if _is_free(compared, each)).values():
        good = [each for each in own if score_of(compared, each) >= floor]
        found.extend(good or own)
    return sorted(found, key=lambda each: (each.submitted_at, each.bid_id))


def scores(compared: Basis, eligible: Sequence[BidOffer]) -> dict[str, Fraction]:
    """By supplier; of several bids the lowest, so that whichever wins is at least as good."""
    found: dict[str, Fraction] = {}
    for offer in (*eligible, *compared.offers):
        supplier, score = str(offer.supplier_id), score_of(compared, offer)
        if offer in eligible:
            found[supplier] = min(found.get(supplier, score), score)
        else:
            found.setdefault(supplier, score)
    return found


def minimums(compared: Basis, offers: Iterable[BidOffer]) -> Iterator[Constraint]:
    """The least orders of those who have one bid, in the currency of the RFQ.

    A converted one is cut after so many digits that no amount of its own currency fits between:
    what comes to the minimum keeps it, and nothing less does.
    """
    for own in _by_supplier(offers).values():
        offer = own[0]
        if len(own) > 1 or offer.minimum_order is None:
            continue
        conversion = compared.conversions[offer.bid_id]
        least = offer.minimum_order
        if conversion.is_needed:
            worth = conversion.exact(least)
            least = _CUT.divide(Decimal(worth.numerator), Decimal(worth.denominator))
        yield Constraint(Kind.MIN_ORDER_VALUE, least, suppliers=(str(offer.supplier_id),))


def blocs_of(
    compared: Basis,
    objective: Objective,
    offers: Sequence[BidOffer],
    offered: Sequence[Offered],
) -> tuple[list[Bloc], list[frozenset[int]]]:
    """What hangs together, and the places of what excludes each other.

    A bid brings its further costs with the first line that it wins of a lot, whole, as the ranking
    counts them for the lot. Several bids of one supplier have each its own least order, and of
    several currencies one wins, since one order follows.
    """
    indices: dict[UUID, list[int]] = {offer.bid_id: [] for offer in offers}
    for index, each in enumerate(offered):
        indices[each.bid_id].append(index)
    blocs: list[Bloc] = []
    rivals: list[frozenset[int]] = []
    if objective is Objective.TOTAL_COST:
        for offer in offers:
            blocs += _with_costs(compared, offer, indices[offer.bid_id], offered)
    for own in _by_supplier(each for each in offers if indices[each.bid_id]).values():
        if len(own) > 1:
            blocs += _with_minimums(compared, own, indices)
            sides = _by_currency(compared, own, indices)
            if len(sides) > 1:
                rivals.append(frozenset(range(len(blocs), len(blocs) + len(sides))))
                blocs += sides
    return blocs, rivals


def further_costs(compared: Evaluation, won: Iterable[tuple[UUID, UUID]]) -> Fraction | None:
    """What an award costs beside its prices; None while one of the costs is unknown.

    won: line and bid of everything. Costs of a bid count whole in each lot of which it wins a line.
    """
    lot_of = {line.id: line.lot_id for line in compared.terms.lines}
    pairs = {(lot_of[line_id], bid_id) for line_id, bid_id in won}
    found = [total_costs.in_lot(compared.costs.get(bid_id, ()), lot) for lot, bid_id in pairs]
    if any(total_costs.unknown(each) for each in found):
        return None
    return sum(map(total_costs.together, found), Fraction(0))


def unknown_costs(compared: Basis) -> dict[str, list[str]]:
    """By bid that may win something, the names of the costs that nobody has said yet."""
    lot_of = {line.id: line.lot_id for line in compared.undecided.lines}
    bidding = {(bid, lot_of[line]) for line, bid in compared.prices if line in lot_of}
    found = {
        str(offer.bid_id): [
            cost.asked.name
            for cost in compared.costs[offer.bid_id]
            if cost.amount is None
            and any(b == offer.bid_id and cost.asked.counts_in(lot) for b, lot in bidding)
        ]
        for offer in compared.offers
        if _is_free(compared, offer)
    }
    return {bid_id: names for bid_id, names in found.items() if names}


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


def _is_free(compared: Basis, offer: BidOffer) -> bool:
    return offer.supplier_id not in compared.blocked


def _by_supplier(offers: Iterable[BidOffer]) -> dict[UUID, list[BidOffer]]:
    found: dict[UUID, list[BidOffer]] = {}
    for offer in offers:
        found.setdefault(offer.supplier_id, []).append(offer)
    return found


def _with_costs(
    compared: Basis, offer: BidOffer, indices: Sequence[int], offered: Sequence[Offered]
) -> Iterator[Bloc]:
    """What the bid offers of each lot in which it costs something beside its price."""
    terms = compared.undecided
    for lot in terms.lots:
        cost = total_costs.together(total_costs.in_lot(compared.costs[offer.bid_id], lot.id))
        lines = {line.id for line in terms.lines if line.lot_id == lot.id}
        own = frozenset(i for i in indices if not lines.isdisjoint(offered[i].lines))
        if cost and own:
            yield Bloc(own, cost=cost)


def _with_minimums(
    compared: Basis, offers: Sequence[BidOffer], indices: Mapping[UUID, list[int]]
) -> Iterator[Bloc]:
    for offer in offers:
        if offer.minimum_order is not None:
            least = compared.conversions[offer.bid_id].exact(offer.minimum_order)
            yield Bloc(frozenset(indices[offer.bid_id]), least=least)


def _by_currency(
    compared: Basis, offers: Sequence[BidOffer], indices: Mapping[UUID, list[int]]
) -> list[Bloc]:
    found: dict[str, list[int]] = {}
    for offer in offers:
        currency = compared.conversions[offer.bid_id].currency
        found.setdefault(currency, []).extend(indices[offer.bid_id])
    return [Bloc(frozenset(own)) for own in found.values()]
