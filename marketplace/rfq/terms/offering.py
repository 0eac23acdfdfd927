"""What a price may be besides one figure for the whole quantity: breaks, and a part of it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marketplace.core.tabular.values import BadValue
from marketplace.core.text import _, register_labels

MAX_BREAKS = 10
LONGEST_TEXT = 600
THOUSANDS = 3
_PAIR = re.compile(r"(?P<quantity>[^:;]+):(?P<price>[^:;]+)")


class OfferKind(StrEnum):
    """What the buyer may allow bids to say."""

    QUANTITY_BREAKS = "quantity_breaks"
    PARTIAL_QUANTITIES = "partial_quantities"
    MINIMUM_ORDER = "minimum_order"
    BUNDLES = "bundles"
    ALTERNATIVES = "alternatives"


register_labels(
    {
        OfferKind.QUANTITY_BREAKS: _("Quantity breaks: another price from a quantity on"),
        OfferKind.PARTIAL_QUANTITIES: _("Partial quantities: a line may be offered in part"),
        OfferKind.MINIMUM_ORDER: _("Minimum order value: below it a bidder does not deliver"),
        OfferKind.BUNDLES: _("Bundles: lines that come together at a better price, or not at all"),
        OfferKind.ALTERNATIVES: _("Alternatives: further bids of the same supplier"),
    },
)


@dataclass(frozen=True, slots=True)
class QuantityBreak:
    """From this quantity on every unit has this price."""

    from_quantity: Decimal
    unit_price: Decimal

    def to_json(self) -> list[str]:
        return [str(self.from_quantity), str(self.unit_price)]

    @classmethod
    def from_json(cls, data: Sequence[str]) -> "QuantityBreak":
        return cls(Decimal(data[0]), Decimal(data[1]))


def price_at(unit_price: Decimal, breaks: Iterable[QuantityBreak], quantity: Decimal) -> Decimal:
    """The price of each unit when so many are bought; breaks ascend."""
    found = unit_price
    for each in breaks:
        if quantity < each.from_quantity:
            break
        found = each.unit_price
    return found


def breaks_from(data: Mapping[str, Any]) -> tuple[QuantityBreak, ...]:
    """The breaks of a line as it is kept as JSON; bids of old have none."""
    return tuple(QuantityBreak.from_json(each) for each in data.get("breaks", ()))


def written(breaks: Iterable[QuantityBreak], sign: str = ".") -> str:
    """For people and spreadsheets: ``100: 9.5; 500: 9``."""
    pairs = ((_plain(each.from_quantity), _plain(each.unit_price)) for each in breaks)
    return "; ".join(f"{quantity}: {price}" for quantity, price in pairs).replace(".", sign)


def read_breaks(text: str, number: Callable[[str], Decimal]) -> tuple[QuantityBreak, ...]:
    """The breaks that `written` wrote or somebody typed; ``number`` reads one figure of them.

    Raises BadValue, also where ``number`` does.
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if len(text) > LONGEST_TEXT or len(parts) > MAX_BREAKS:
        raise BadValue("too_many", _("A line has at most %(n)s quantity breaks.", n=MAX_BREAKS))
    return tuple(_read_pair(part, number) for part in parts)


def _read_pair(text: str, number: Callable[[str], Decimal]) -> QuantityBreak:
    match = _PAIR.fullmatch(text)
    if match is None:
        raise BadValue(
            "not_breaks", _("Write quantity breaks as quantity and price, such as 100: 9; 500: 8")
        )
    return QuantityBreak(number(match["quantity"].strip()), number(match["price"].strip()))


def _plain(value: Decimal) -> str:
    """Three decimals get a fourth: three alone could be a group of thousands."""
    whole, _dot, decimals = format(value, "f").partition(".")
    decimals = decimals.rstrip("0")
    decimals += "0" if len(decimals) == THOUSANDS else ""
    return f"{whole}.{decimals}" if decimals else whole
