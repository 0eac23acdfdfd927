"""The rules of one auction as its buyer sets them: plain values, and how they are kept as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from marketplace.auctions.states import Beat, DecrementKind, Display, LotOrder
from marketplace.core.money import exponent


@dataclass(frozen=True, slots=True)
class Band:
    """From this price on, this decrement."""

    start: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class Decrement:
    """By how much a bid has to be lower. Bands replace the value where they apply."""

    kind: DecrementKind
    value: Decimal
    bands: tuple[Band, ...] = ()

    def at(self, price: Decimal, currency: str) -> Decimal:
        """The decrement below this price: at least the smallest unit, percentages rounded up."""
        value = next((band.value for band in reversed(self.bands) if band.start <= price), None)
        chosen = self.value if value is None else value
        unit = Decimal(1).scaleb(-exponent(currency))
        if self.kind is DecrementKind.PERCENT:
            chosen = (price * chosen / 100).quantize(unit, ROUND_CEILING)
        return max(chosen, unit)


@dataclass(frozen=True, slots=True)
class Overtime:
    """A bid in the last ``trigger`` seconds leaves at least ``extension`` seconds, ``limit`` times.

    limit: None is without limit, 0 is no overtime.
    """

    trigger: int = 120
    extension: int = 120
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class AuctionTerms:
    """In seconds: ``length`` of an English lot, ``interval`` of the levels of the other types."""

    lot_order: LotOrder = LotOrder.PARALLEL
    display: Display = Display.RANK
    beat: Beat = Beat.OWN
    decrement: Decrement = Decrement(DecrementKind.PERCENT, Decimal("0.5"))
    overtime: Overtime = Overtime()
    length: int = 1800
    interval: int = 60
    pause_between: int = 0

    @property
    def shows_rank(self) -> bool:
        return self.display is not Display.BEST

    @property
    def shows_best(self) -> bool:
        return self.display is not Display.RANK

    @property
    def level_time(self) -> timedelta:
        return timedelta(seconds=self.interval)

    def to_json(self) -> dict[str, Any]:
        return {
            "lot_order": str(self.lot_order),
            "display": str(self.display),
            "beat": str(self.beat),
            "decrement": {
                "kind": str(self.decrement.kind),
                "value": str(self.decrement.value),
                "bands": [
                    {"start": str(band.start), "value": str(band.value)}
                    for band in self.decrement.bands
                ],
            },
            "overtime": {
                "trigger": self.overtime.trigger,
                "extension": self.overtime.extension,
                "limit": self.overtime.limit,
            },
            "length": self.length,
            "interval": self.interval,
            "pause_between": self.pause_between,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AuctionTerms":
        decrement = data["decrement"]
        return cls(
            lot_order=LotOrder(data["lot_order"]),
            display=Display(data["display"]),
            beat=Beat(data["beat"]),
            decrement=Decrement(
                DecrementKind(decrement["kind"]),
                Decimal(decrement["value"]),
                tuple(
                    Band(Decimal(band["start"]), Decimal(band["value"]))
                    for band in decrement["bands"]
                ),
            ),
            overtime=Overtime(**data["overtime"]),
            length=data["length"],
            interval=data["interval"],
            pause_between=data["pause_between"],
        )
