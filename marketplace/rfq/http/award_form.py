"""The award as a form sends it: lots and lines with their bids, or parts of lines."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from uuid import UUID

from marshmallow import ValidationError

from marketplace.core.errors import FieldError
from marketplace.core.money import Money, Quantity
from marketplace.core.text import _
from marketplace.rfq.awards.choices import AwardInvalid, Choice, ChosenLine
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.asked import Terms
from marketplace.web.fields import read_decimal
from marketplace.web.forms import plain_decimal

LOT, LINE, SHARE, BUNDLE = "lot", "line", "share", "bundle"
PLACES = 6


def chosen_in(posted: Mapping[str, str]) -> dict[str, str]:
    """The fields that choose something, as they were filled in."""
    kinds = (LOT, LINE, SHARE, BUNDLE)
    return {
        name: value
        for name, value in posted.items()
        if name.partition(".")[0] in kinds and value.strip()
    }


def choices(terms: Terms, chosen: Mapping[str, str]) -> Iterator[Choice]:
    """Fields ``lot.<id>`` and ``line.<id>`` name a bid, ``share.<line>.<bid>`` says how much,
    ``bundle.<bid>.<number>`` takes a bundle.

    Raises AwardInvalid for what is no quantity; names and ids of nobody are left out.
    """
    for name, value in chosen.items():
        kind, *keys = name.split(".")
        try:
            if kind == BUNDLE:
                yield Choice(UUID(keys[0]), bundle=int(keys[1]))
                continue
            ids = [UUID(key) for key in keys]
            if kind == SHARE:
                line_id, bid_id = ids
                unit = terms.line_by_id[line_id].unit
                yield Choice(bid_id, line_id=line_id, quantity=Quantity(_number(value), unit))
            else:
                (target,), bid_id = ids, UUID(value)
                yield (
                    Choice(bid_id, lot_id=target) if kind == LOT else Choice(bid_id, line_id=target)
                )
        except (ValueError, KeyError, IndexError):
            continue


def totals(compared: Evaluation, lines: list[ChosenLine]) -> list[tuple[str, Money, int]]:
    """What each winner gets: name, amount, number of lines."""
    found = []
    for offer in compared.offers:
        own = [line.total for line in lines if line.bid_id == offer.bid_id]
        if own:
            currency = compared.conversions[offer.bid_id].currency
            amount = Money(sum(own, Decimal(0)), currency)
            found.append((compared.bidder_name(offer.bid_id), amount, len(own)))
    return found


def unawarded(compared: Evaluation, lines: list[ChosenLine]) -> int:
    """How many lines nobody gets, or not all of them."""
    given: dict[UUID, Decimal] = {}
    for line in lines:
        given[line.asked.id] = given.get(line.asked.id, Decimal(0)) + line.quantity
    return sum(given.get(line.id, 0) < line.quantity for line in compared.undecided.lines)


def _number(typed: str) -> Decimal:
    try:
        return read_decimal(plain_decimal(typed), PLACES)
    except ValidationError:
        detail = _("“%(typed)s” is not a quantity.", typed=typed)
        raise AwardInvalid(
            detail, errors=[FieldError("/choices", "not_a_decimal", detail)]
        ) from None
