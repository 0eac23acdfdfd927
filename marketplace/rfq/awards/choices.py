"""What the choices of a buyer come to: lines, or parts of them, each with the bid that gets it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import Quantity, rounded_amount
from marketplace.core.text import _
from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import BundledLine, BundleOffer
from marketplace.rfq.evaluation.ranking import Cell, LotRanking, Price
from marketplace.rfq.terms import lot_criteria
from marketplace.rfq.terms.asked import AskedLine, Terms


class AwardInvalid(Invalid):
    code = "award_invalid"


@dataclass(frozen=True, slots=True)
class Choice:
    """A lot, a line or a bundle for a bid. One of lot_id, line_id and bundle is given.

    bundle: its number among those of the bid, counted from 1.
    quantity: how much of the line; None is all that the bid offers.
    """

    bid_id: UUID
    lot_id: UUID | None = None
    line_id: UUID | None = None
    quantity: Quantity | None = None
    bundle: int | None = None


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """A line, or a part of it, with the bid that gets it and what that costs there.

    Amounts are in the ``currency`` of the bid.
    """

    asked: AskedLine
    bid_id: UUID
    is_best: bool
    quantity: Decimal
    unit_price: Decimal
    total: Decimal
    currency: str
    bundle: str = ""


def chosen_lines(
    terms: Terms,
    cells: Mapping[UUID, Collection[Cell]],
    lots: Iterable[LotRanking],
    choices: Iterable[Choice],
    bundles: Mapping[UUID, Sequence[BundleOffer]] = MappingProxyType({}),
    winners: Mapping[UUID, UUID] = MappingProxyType({}),
) -> list[ChosenLine]:
    """The lines of the choices; a line's own choices go before that of its lot.

    A bundle's prices hold where the choices come to all of its lines.
    winners: in these lots this bid is the best one, whatever the ranking says.

    Raises AwardInvalid with every reason: unknown lots, lines and bids, lines without a price,
    anything chosen twice, and quantities that are not offered or not asked for.
    """
    picks = _Picks(terms, _prices(cells), bundles)
    for index, choice in enumerate(choices):
        picks.take(choice, f"/choices/{index}")
    picks.check_sums()
    if picks.errors or not (picks.by_lot or picks.by_line):
        raise AwardInvalid(_("Choose a bid for at least one lot or line."), errors=picks.errors)
    first = {lot.lot_id: lot.first.bid_id for lot in lots if lot.first} | dict(winners)
    by_price = {line.id: cells[line.id] for line in terms.lines if line.lot_id not in winners}
    found = [
        _chosen(terms, line, pick, _is_best(terms, by_price, first, line, pick.bid_id))
        for line in terms.lines
        for pick in picks.of(line)
    ]
    return _bundled(found, bundles)


def _bundled(
    chosen: list[ChosenLine], bundles: Mapping[UUID, Sequence[BundleOffer]]
) -> list[ChosenLine]:
    """The same lines with the prices of the bundles that hold."""
    prices: dict[tuple[UUID, UUID], tuple[str, BundledLine]] = {}
    for bid_id, offers in bundles.items():
        whole = {
            line.asked.id
            for line in chosen
            if line.bid_id == bid_id and line.quantity == line.asked.quantity
        }
        for offer in bundling.applied(offers, whole):
            for line_id, price in offer.lines.items():
                prices[bid_id, line_id] = (offer.bundle.name, price)
    return [
        replace(line, unit_price=found[1].unit_price, total=found[1].total, bundle=found[0])
        if (found := prices.get((line.bid_id, line.asked.id)))
        else line
        for line in chosen
    ]


@dataclass(frozen=True, slots=True)
class _Pick:
    """A bid with so much of a line, and where the choice says so."""

    bid_id: UUID
    price: Price
    quantity: Decimal
    place: str


@dataclass
class _Picks:
    """The choices by what they are about, and every reason against them."""

    terms: Terms
    prices: Mapping[tuple[UUID, UUID], Price]
    bundles: Mapping[UUID, Sequence[BundleOffer]]
    by_lot: dict[UUID, UUID] = field(default_factory=dict)
    by_line: dict[UUID, list[_Pick]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    def take(self, choice: Choice, place: str) -> None:
        if choice.bundle is not None:
            self._take_bundle(choice, choice.bundle, place)
            return
        faults = list(self._faults(choice, place))
        if self._is_chosen(choice):
            faults.append(FieldError(place, "chosen_twice", _("This is chosen twice.")))
        self.errors.extend(faults)
        if choice.line_id is None and choice.lot_id is not None:
            self.by_lot[choice.lot_id] = choice.bid_id
        elif choice.line_id is not None and not faults:
            price = self.prices[choice.line_id, choice.bid_id]
            asked = self.terms.line_by_id[choice.line_id]
            quantity = choice.quantity.value if choice.quantity else _offered(price, asked)
            pick = _Pick(choice.bid_id, price, quantity, place)
            self.by_line.setdefault(choice.line_id, []).append(pick)

    def _take_bundle(self, choice: Choice, number: int, place: str) -> None:
        """All lines of the bundle, each as if chosen for itself."""
        offers = self.bundles.get(choice.bid_id, ())
        named = choice.line_id or choice.lot_id or choice.quantity
        if named or not 1 <= number <= len(offers):
            detail = _("This bid has no such bundle.")
            self.errors.append(FieldError(f"{place}/bundle", "unknown_bundle", detail))
            return
        for line in self.terms.lines:
            if line.id in offers[number - 1].line_ids:
                self.take(Choice(choice.bid_id, line_id=line.id), place)

    def check_sums(self) -> None:
        """No line is awarded beyond what is asked for."""
        for line_id, picks in self.by_line.items():
            if sum(pick.quantity for pick in picks) > self.terms.line_by_id[line_id].quantity:
                detail = _("Together this is more than is asked for.")
                self.errors.append(
                    FieldError(f"{picks[-1].place}/quantity", "over_awarded", detail)
                )

    def of(self, line: AskedLine) -> list[_Pick]:
        """Who gets the line: as chosen for itself, else with its lot."""
        bid_id = self.by_lot.get(line.lot_id)
        if line.id in self.by_line or bid_id is None:
            return self.by_line.get(line.id, [])
        price = self.prices[line.id, bid_id]
        return [_Pick(bid_id, price, _offered(price, line), "")]

    def _is_chosen(self, choice: Choice) -> bool:
        if choice.line_id is None:
            return choice.lot_id in self.by_lot
        taken = [pick.bid_id for pick in self.by_line.get(choice.line_id, ())]
        return choice.bid_id in taken or bool(taken and not self.terms.may_split)

    def _faults(self, choice: Choice, place: str) -> Iterator[FieldError]:
        if (choice.lot_id is None) == (choice.line_id is None):
            yield FieldError(place, "lot_or_line", _("Name either a lot or a line."))
            return
        lines = [
            line
            for line in self.terms.lines
            if choice.line_id == line.id or (not choice.line_id and choice.lot_id == line.lot_id)
        ]
        if not lines:
            yield FieldError(place, "unknown_line", _("This is not part of the event."))
            return
        missing = [line.number for line in lines if (line.id, choice.bid_id) not in self.prices]
        if missing:
            yield FieldError(
                f"{place}/bid_id",
                "not_priced",
                _(
                    "This bid has no price for line %(numbers)s.",
                    numbers=", ".join(map(str, missing)),
                ),
            )
        elif choice.quantity is not None:
            yield from self._quantity_faults(choice, choice.quantity, lines[0], place)

    def _quantity_faults(
        self, choice: Choice, quantity: Quantity, asked: AskedLine, place: str
    ) -> Iterator[FieldError]:
        pointer = f"{place}/quantity"
        if choice.line_id is None:
            yield FieldError(pointer, "not_for_lots", _("A quantity goes with a line."))
            return
        offered = _offered(self.prices[asked.id, choice.bid_id], asked)
        if quantity.unit != asked.unit:
            yield FieldError(pointer, "wrong_unit", _("Give the quantity in the unit of the line."))
        elif not 0 < quantity.value <= offered:
            yield FieldError(
                pointer,
                "not_offered",
                _("This bid offers up to %(offered)s of this line.", offered=f"{offered:f}"),
            )
        elif quantity.value != offered and not self.terms.may_split:
            yield FieldError(
                pointer, "partial_not_allowed", _("This event awards whole lines only.")
            )


def _prices(cells: Mapping[UUID, Collection[Cell]]) -> dict[tuple[UUID, UUID], Price]:
    return {
        (line_id, cell.bid_id): cell.price
        for line_id, row in cells.items()
        for cell in row
        if cell.price
    }


def _offered(price: Price, asked: AskedLine) -> Decimal:
    return asked.quantity if price.part is None else price.part


def _chosen(terms: Terms, asked: AskedLine, pick: _Pick, is_best: bool) -> ChosenLine:  # noqa: FBT001
    unit_price = pick.price.at(pick.quantity)
    currency = pick.price.conversion.currency or terms.currency
    total = rounded_amount(pick.quantity * unit_price, currency)
    return ChosenLine(asked, pick.bid_id, is_best, pick.quantity, unit_price, total, currency)


def _is_best(
    terms: Terms,
    cells: Mapping[UUID, Collection[Cell]],
    first: Mapping[UUID, UUID],
    line: AskedLine,
    bid_id: UUID,
) -> bool:
    """Ranked first for the lot, or cheapest at the line where nothing but the price counts."""
    if first.get(line.lot_id) == bid_id:
        return True
    counted = lot_criteria.of_lot(terms, line.lot_id)
    price_alone = not terms.costs.count and all(each.is_price for each in counted)
    return price_alone and any(
        cell.bid_id == bid_id and cell.is_best for cell in cells.get(line.id, ())
    )
