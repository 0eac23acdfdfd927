"""Points: how many an order earns, which lot pays, what a refund takes back. Values in and out."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Protocol, TypeVar
from uuid import UUID

from marketplace.core.errors import Conflict
from marketplace.core.text import _, ngettext_

GRACE = timedelta(days=30)


class NotEnoughPoints(Conflict):
    code = "not_enough_points"


class Rule(Protocol):
    """Points per unit of money for orders of a currency from an amount on."""

    currency: str
    from_net: Decimal
    points_per_unit: Decimal


class OpenLot(Protocol):
    """A lot that may still pay."""

    @property
    def id(self) -> UUID: ...

    @property
    def remaining(self) -> int: ...

    @property
    def expires_at(self) -> datetime: ...


R = TypeVar("R", bound=Rule)
L = TypeVar("L", bound=OpenLot)


@dataclass(frozen=True, slots=True)
class Take:
    """Points taken from one lot."""

    lot_id: UUID
    points: int


def rule_for(rules: Iterable[R], net: Decimal, currency: str) -> R | None:
    """The rule with the highest amount that the order reaches; None: the order earns nothing."""
    reached = [rule for rule in rules if rule.currency == currency and rule.from_net <= net]
    return max(reached, key=lambda rule: rule.from_net, default=None)


def points_of(net: Decimal, points_per_unit: Decimal) -> int:
    """Whole points, rounded down; nothing for nothing."""
    return int(max(net * points_per_unit, Decimal(0)).to_integral_value(ROUND_FLOOR))


def expiry_of(earned_at: datetime, months: int) -> datetime:
    """The same day so many months later; the last day of a shorter month."""
    index = earned_at.month - 1 + months
    year, month = earned_at.year + index // 12, index % 12 + 1
    day = min(earned_at.day, monthrange(year, month)[1])
    return earned_at.replace(year=year, month=month, day=day)


def balance_of(lots: Iterable[OpenLot], at: datetime) -> int:
    """The sum of the lots that are open at a moment; a lot is open until it expires."""
    return sum(lot.remaining for lot in lots if lot.expires_at > at)


def takes(lots: Sequence[L], points: int, at: datetime) -> list[Take]:
    """From which lots so many points come: first the lot that expires first.

    Raises NotEnoughPoints when the open lots do not hold them.
    """
    available = balance_of(lots, at)
    if points > available:
        raise NotEnoughPoints(
            ngettext_(
                "You have %(n)s point, %(needed)s are needed.",
                "You have %(n)s points, %(needed)s are needed.",
                available,
                needed=points,
            ),
            balance=available,
            needed=points,
        )
    return partial_takes(lots, points, at)


def partial_takes(lots: Sequence[L], points: int, at: datetime) -> list[Take]:
    """As `takes`, but as far as the open lots reach."""
    taken = []
    for lot in sorted(lots, key=lambda lot: (lot.expires_at, lot.id)):
        if lot.expires_at <= at or lot.remaining <= 0:
            continue
        share = min(lot.remaining, points)
        if share <= 0:
            break
        taken.append(Take(lot.id, share))
        points -= share
    return taken


def reversed_points(
    net: Decimal, refunded_net: Decimal, points_per_unit: Decimal, earned: int
) -> int:
    """How many of the earned points all refunds so far take back.

    Rounded once, on the running total: many small refunds take back no more than one large one.
    """
    kept = points_of(max(net - refunded_net, Decimal(0)), points_per_unit)
    return min(max(earned - kept, 0), earned)


def restored_expiry(expires_at: datetime, now: datetime) -> datetime:
    """Points given back keep their expiry, with at least 30 days to use them."""
    return max(expires_at, now + GRACE)


class ProgrammePaused(Conflict):
    code = "programme_paused"

    @classmethod
    def raised(cls) -> "ProgrammePaused":
        return cls(_("This programme is paused: points can be seen, not redeemed."))
