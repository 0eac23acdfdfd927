"""Decisions about the bundles of a bid."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.money import exponent
from marketplace.core.text import _
from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import MAX_BUNDLES, Bundle
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.offer_rules import PRICE_LIMIT, places, wrong_currency
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.offering import OfferKind

PERCENT_PLACES = 2


def bundle_errors(terms: Terms, content: BidContent, *, complete: bool) -> Iterator[FieldError]:
    """What is wrong about the bundles; a draft's lines may still lack their prices."""
    if not content.bundles:
        return
    if OfferKind.BUNDLES not in terms.allows:
        yield FieldError("/bundles", "bundles_not_allowed", _("This event takes no bundles."))
        return
    if len(content.bundles) > MAX_BUNDLES:
        detail = _("A bid has at most %(n)s bundles.", n=MAX_BUNDLES)
        yield FieldError("/bundles", "too_many", detail)
    names: set[str] = set()
    for index, bundle in enumerate(content.bundles):
        place = f"/bundles/{index}"
        if not bundle.name or bundle.name in names:
            detail = _("Give each bundle a name of its own.")
            yield FieldError(f"{place}/name", "name_not_own", detail)
        names.add(bundle.name)
        currency = content.currency or terms.currency
        faults = [*_line_errors(terms, bundle, place), *_price_errors(currency, bundle, place)]
        yield from faults
        if complete and not faults:
            yield from _offer_errors(terms, content, bundle, place)


def _line_errors(terms: Terms, bundle: Bundle, place: str) -> Iterator[FieldError]:
    lots = {lot.id for lot in terms.lots}
    if set(bundle.line_ids) - set(terms.line_by_id):
        detail = _("This line is not part of the event.")
        yield FieldError(f"{place}/line_ids", "unknown_line", detail)
    if set(bundle.lot_ids) - lots:
        detail = _("This lot is not part of the event.")
        yield FieldError(f"{place}/lot_ids", "unknown_lot", detail)
    if sum(bundle.covers(line) for line in terms.lines) < 2:
        detail = _("A bundle has at least two lines.")
        yield FieldError(f"{place}/line_ids", "too_few_lines", detail)


def _price_errors(currency: str, bundle: Bundle, place: str) -> Iterator[FieldError]:
    percent, price = bundle.percent, bundle.price
    if (percent is None) == (price is None):
        detail = _("Give either a price for the bundle or a discount in per cent.")
        yield FieldError(place, "price_or_percent", detail)
    elif price is not None and price.currency != currency:
        yield wrong_currency(currency, f"{place}/price/currency")
    elif price is not None and not (price.amount.is_finite() and 0 < price.amount < PRICE_LIMIT):
        yield FieldError(f"{place}/price/amount", "out_of_range", _("This amount is out of range."))
    elif price is not None and places(price.amount) > exponent(currency):
        detail = _("This amount has more decimal places than its currency.")
        yield FieldError(f"{place}/price/amount", "too_many_decimals", detail)
    elif percent is not None and not (0 < percent < 100 and places(percent) <= PERCENT_PLACES):
        detail = _("A discount is between 0 and 100 per cent, with at most two decimal places.")
        yield FieldError(f"{place}/percent", "out_of_range", detail)


def _offer_errors(
    terms: Terms, content: BidContent, bundle: Bundle, place: str
) -> Iterator[FieldError]:
    prices = whole_prices(terms, content)
    missing = [line.number for line in terms.lines if bundle.covers(line) and line.id not in prices]
    if missing:
        detail = _(
            "Price line %(numbers)s for its whole quantity too.",
            numbers=", ".join(map(str, missing)),
        )
        yield FieldError(f"{place}/line_ids", "not_priced", detail)
        return
    currency = content.currency or terms.currency
    offer = bundling.offer_of(bundle, terms.lines, prices, currency)
    if offer is None:
        detail = _("No unit prices with six decimal places come to this price. Change it a little.")
        yield FieldError(f"{place}/price/amount", "not_exact", detail)
    elif offer.saving <= 0:
        detail = _("Its lines cost no more one by one.")
        yield FieldError(place, "not_cheaper", detail)


def whole_prices(terms: Terms, content: BidContent) -> dict[UUID, Decimal]:
    """Unit prices of the lines that are offered whole."""
    found: dict[UUID, Decimal] = {}
    for line in content.lines:
        asked = terms.line_by_id.get(line.line_id)
        if asked is not None and line.offered(asked) == asked.quantity:
            found[asked.id] = line.price_at(asked.quantity)
    return found
