"""Decisions about what a bid says besides its prices: parts, quantity breaks, a minimum order."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.core.errors import FieldError
from marketplace.core.money import exponent
from marketplace.core.text import Text, _
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.totals import total_of
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.offering import MAX_BREAKS, OfferKind

PRICE_PLACES = 6
QUANTITY_PLACES = 6
PRICE_LIMIT = Decimal("1e13")


def price_fault(price: Decimal) -> tuple[str, Text] | None:
    """Code and reason why this cannot be a unit price, if there is one."""
    if not price.is_finite() or price >= PRICE_LIMIT:
        return "too_large", _("This price is out of range.")
    if price <= 0:
        return "not_positive", _("A price is more than zero.")
    if places(price) > PRICE_PLACES:
        return (
            "too_many_decimals",
            _("A unit price has at most %(places)s decimal places.", places=PRICE_PLACES),
        )
    return None


def places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def currency_errors(terms: Terms, content: BidContent) -> Iterator[FieldError]:
    """Whether a bid may be in this currency."""
    if content.currency is not None and content.currency not in terms.currencies:
        named = ", ".join(terms.currencies)
        detail = _("Bids on this event may be in: %(currencies)s.", currencies=named)
        yield FieldError("/currency", "currency_not_allowed", detail)


def wrong_currency(currency: str, pointer: str) -> FieldError:
    """An amount in another currency than that of its bid."""
    detail = _("All amounts of this bid are in %(currency)s.", currency=currency)
    return FieldError(pointer, "wrong_currency", detail)


def line_errors(
    terms: Terms, asked: AskedLine, line: PricedLine, place: str
) -> Iterator[FieldError]:
    """What is wrong about the part that is offered and the breaks of one line."""
    yield from _part_errors(terms, asked, line, f"{place}/quantity")
    yield from _break_errors(terms, asked, line, f"{place}/breaks")


def minimum_errors(terms: Terms, content: BidContent, *, complete: bool) -> Iterator[FieldError]:
    """What is wrong about the least order that the bidder takes."""
    minimum, pointer = content.minimum_order, "/minimum_order"
    currency = content.currency or terms.currency
    if minimum is None:
        return
    if OfferKind.MINIMUM_ORDER not in terms.allows:
        detail = _("This event takes no minimum order value.")
        yield FieldError(pointer, "minimum_not_allowed", detail)
    elif minimum.currency != currency:
        yield wrong_currency(currency, f"{pointer}/currency")
    elif not minimum.amount.is_finite() or not 0 < minimum.amount < PRICE_LIMIT:
        detail = _("This amount is out of range.")
        yield FieldError(f"{pointer}/amount", "out_of_range", detail)
    elif places(minimum.amount) > exponent(minimum.currency):
        detail = _("This amount has more decimal places than its currency.")
        yield FieldError(f"{pointer}/amount", "too_many_decimals", detail)
    elif complete and content.lines and minimum.amount > total_of(terms, content):
        detail = _("The minimum order value is above the total: the bid could never be awarded.")
        yield FieldError(f"{pointer}/amount", "minimum_above_total", detail)


def _part_errors(
    terms: Terms, asked: AskedLine, line: PricedLine, pointer: str
) -> Iterator[FieldError]:
    if line.quantity is None:
        return
    value = line.quantity.value
    if line.quantity.unit != asked.unit:
        detail = _("Give the quantity in the unit of the line.")
        yield FieldError(f"{pointer}/unit", "wrong_unit", detail)
    elif not value.is_finite() or value <= 0:
        detail = _("A quantity is more than zero; leave the price empty to offer nothing.")
        yield FieldError(f"{pointer}/value", "not_positive", detail)
    elif value > asked.quantity:
        detail = _("This is more than is asked for.")
        yield FieldError(f"{pointer}/value", "above_asked", detail)
    elif places(value) > QUANTITY_PLACES:
        detail = _("A quantity has at most %(places)s decimal places.", places=QUANTITY_PLACES)
        yield FieldError(f"{pointer}/value", "too_many_decimals", detail)
    elif value != asked.quantity and OfferKind.PARTIAL_QUANTITIES not in terms.allows:
        detail = _("This event takes offers for the whole quantity of a line only.")
        yield FieldError(pointer, "partial_not_allowed", detail)


def _break_errors(
    terms: Terms, asked: AskedLine, line: PricedLine, pointer: str
) -> Iterator[FieldError]:
    if not line.breaks:
        return
    if OfferKind.QUANTITY_BREAKS not in terms.allows:
        yield FieldError(pointer, "breaks_not_allowed", _("This event takes no quantity breaks."))
        return
    if len(line.breaks) > MAX_BREAKS:
        detail = _("A line has at most %(n)s quantity breaks.", n=MAX_BREAKS)
        yield FieldError(pointer, "too_many", detail)
    before = Decimal(0)
    for index, each in enumerate(line.breaks):
        place = f"{pointer}/{index}"
        fault = _from_fault(each.from_quantity, before, asked)
        if fault:
            yield FieldError(f"{place}/from_quantity", *fault)
        else:
            before = each.from_quantity
        wrong = price_fault(each.unit_price)
        if wrong:
            yield FieldError(f"{place}/unit_price", *wrong)


def _from_fault(value: Decimal, before: Decimal, asked: AskedLine) -> tuple[str, Text] | None:
    if not value.is_finite() or value <= before:
        return (
            "not_ascending",
            _("The quantities of the breaks are more than zero and ascend."),
        )
    if value > asked.quantity:
        return "above_asked", _("A break starts at a quantity that is more than is asked for.")
    if places(value) > QUANTITY_PLACES:
        return (
            "too_many_decimals",
            _("A quantity has at most %(places)s decimal places.", places=QUANTITY_PLACES),
        )
    return None
