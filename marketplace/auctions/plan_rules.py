"""Whether a planned auction makes sense: every reason at once, at its place of the input."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from marketplace.auctions.drafts import AuctionDraft, LotDraft
from marketplace.auctions.errors import AuctionInvalid
from marketplace.auctions.states import AuctionType, Beat, DecrementKind
from marketplace.auctions.terms import AuctionTerms
from marketplace.core.errors import FieldError
from marketplace.core.money import Money, exponent
from marketplace.core.text import Text, _
from marketplace.rfq.terms.asked import Terms

MOST_LEVELS = 500
MOST_BANDS = 10
LONGEST_LEAD = timedelta(days=90)


def check(draft: AuctionDraft, terms: Terms, lowest: Mapping[UUID, Decimal], now: datetime) -> None:
    """Raise AuctionInvalid unless the auction can be held.

    lowest: the lowest opened total of each lot with bidders.
    """
    errors = [
        *_start(draft.starts_at, now),
        *_times(draft),
        *_display(draft),
        *_decrement(draft.terms, terms.currency),
        *_lots(draft, terms, lowest),
    ]
    if errors:
        raise AuctionInvalid(_("This auction cannot be planned like this."), errors=errors)


def _start(starts_at: datetime, now: datetime) -> Iterator[FieldError]:
    if starts_at <= now:
        yield FieldError("/starts_at", "in_the_past", _("Choose a moment that is still to come."))
    elif starts_at > now + LONGEST_LEAD:
        yield FieldError("/starts_at", "too_late", _("Choose a moment within 90 days."))


def _times(draft: AuctionDraft) -> Iterator[FieldError]:
    terms = draft.terms
    ranges = [
        ("/length_seconds", terms.length, 60, 24 * 3600),
        ("/interval_seconds", terms.interval, 5, 3600),
        ("/pause_between_seconds", terms.pause_between, 0, 3600),
        ("/overtime/trigger_seconds", terms.overtime.trigger, 0, 3600),
        ("/overtime/extension_seconds", terms.overtime.extension, 0, 3600),
        ("/overtime/limit", terms.overtime.limit or 0, 0, 1000),
    ]
    for pointer, value, least, most in ranges:
        if not least <= value <= most:
            detail = _("Give from %(least)s to %(most)s.", least=least, most=most)
            yield FieldError(pointer, "out_of_range", detail)


def _display(draft: AuctionDraft) -> Iterator[FieldError]:
    """Whoever must beat the best price has to see it: a refusal would tell it anyway."""
    must_beat = draft.type is AuctionType.ENGLISH and draft.terms.beat is Beat.BEST
    if must_beat and not draft.terms.shows_best:
        detail = _("Show the best price to bidders who have to beat it.")
        yield FieldError("/display", "best_price_needed", detail)


def _decrement(terms: AuctionTerms, currency: str) -> Iterator[FieldError]:
    decrement = terms.decrement
    values = [("/decrement/value", decrement.value)] + [
        (f"/decrement/bands/{n}/value", band.value) for n, band in enumerate(decrement.bands)
    ]
    for pointer, value in values:
        if value <= 0:
            yield FieldError(pointer, "out_of_range", _("Give a number above zero."))
        elif decrement.kind is DecrementKind.PERCENT and value >= 100:
            yield FieldError(pointer, "out_of_range", _("Give less than 100 per cent."))
        elif decrement.kind is DecrementKind.AMOUNT and not _fits(value, currency):
            yield FieldError(pointer, "too_precise", _("The currency has fewer decimal places."))
    starts = [band.start for band in decrement.bands]
    if starts != sorted(set(starts)):
        yield FieldError(
            "/decrement/bands", "out_of_order", _("List the bands by rising prices, each once.")
        )
    if len(starts) > MOST_BANDS:
        yield FieldError("/decrement/bands", "too_many", _("Give at most ten bands."))


def _lots(
    draft: AuctionDraft, terms: Terms, lowest: Mapping[UUID, Decimal]
) -> Iterator[FieldError]:
    known = {lot.id for lot in terms.lots}
    chosen = [lot.lot_id for lot in draft.lots]
    if draft.type is not AuctionType.ENGLISH and not chosen:
        yield FieldError("/lots", "required", _("Give the prices of each lot."))
    for index, lot in enumerate(draft.lots):
        place = f"/lots/{index}"
        if lot.lot_id not in known:
            yield FieldError(f"{place}/lot_id", "unknown_lot", _("This is not part of the event."))
        if chosen.count(lot.lot_id) > 1:
            yield FieldError(f"{place}/lot_id", "chosen_twice", _("This is chosen twice."))
        yield from _prices(draft, lot, terms.currency, place, lowest.get(lot.lot_id))


def _prices(
    draft: AuctionDraft, lot: LotDraft, currency: str, place: str, lowest: Decimal | None
) -> Iterator[FieldError]:
    given = {"first_price": lot.first_price, "step": lot.step, "last_price": lot.last_price}
    needed = set() if draft.type is AuctionType.ENGLISH else set(given)
    possible = {"first_price"} | needed
    complete = True
    for name, money in given.items():
        fault = _price_fault(money, currency, needed=name in needed, possible=name in possible)
        if fault:
            complete = False
            yield FieldError(f"{place}/{name}", *fault)
    if needed and complete:
        yield from _called_prices(draft.type, lot, place, lowest)


def _price_fault(
    money: Money | None, currency: str, *, needed: bool, possible: bool
) -> tuple[str, Text] | None:
    if money is None:
        return ("required", _("This is missing.")) if needed else None
    if not possible:
        return "not_of_this_type", _("An auction of this type does not have this.")
    if money.currency != currency:
        return "wrong_currency", _("Give the price in %(currency)s.", currency=currency)
    return None if money.amount > 0 else ("out_of_range", _("Give a number above zero."))


def _called_prices(
    auction_type: AuctionType, lot: LotDraft, place: str, lowest: Decimal | None
) -> Iterator[FieldError]:
    assert lot.first_price and lot.step and lot.last_price  # noqa: S101, PT018 - checked before
    first, last = lot.first_price.amount, lot.last_price.amount
    rises = auction_type is AuctionType.DUTCH
    if (last <= first) if rises else (last >= first):
        detail = (
            _("The highest price has to be above the first one.")
            if rises
            else _("The lowest price has to be below the first one.")
        )
        yield FieldError(f"{place}/last_price", "wrong_direction", detail)
    if abs(last - first) > lot.step.amount * MOST_LEVELS:
        yield FieldError(
            f"{place}/step", "too_small", _("With this step more than 500 prices would be called.")
        )
    if rises and lowest is not None and last > lowest:
        yield FieldError(
            f"{place}/last_price",
            "above_best_bid",
            _("Somebody has bid less than that already. Stay at or below the best opened bid."),
        )


def _fits(value: Decimal, currency: str) -> bool:
    return value == value.quantize(Decimal(1).scaleb(-exponent(currency)))
