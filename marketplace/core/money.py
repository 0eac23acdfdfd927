"""Money and quantities: exact decimals that know their currency or unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import total_ordering

from babel.core import get_global

# ISO 4217 minor units as CLDR publishes them: (digits, rounding, cash digits, cash rounding).
_FRACTIONS = get_global("currency_fractions")
CURRENCIES: frozenset[str] = frozenset(get_global("all_currencies"))


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one calculation: a fault of the program."""


def exponent(currency: str) -> int:
    """Decimal places of the currency: 2 for EUR, 0 for JPY, 3 for TND (ISO 4217 by CLDR)."""
    digits: int = _FRACTIONS.get(currency, _FRACTIONS["DEFAULT"])[0]
    return digits


def rounded_amount(amount: Decimal, currency: str) -> Decimal:
    """Half up to the places of the currency, as invoices are rounded (EN 16931)."""
    return amount.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP)


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Mixing currencies raises CurrencyMismatch."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("Money takes a Decimal.")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, factor: Decimal | int) -> "Money":
        return Money(self.amount * factor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix.")
        return other.amount


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit of measure (UNECE Recommendation 20 code)."""

    value: Decimal
    unit: str


def zero(currency: str) -> Money:
    """Nothing, in this currency."""
    return Money(Decimal(0), currency)


def rounded(money: Money) -> Money:
    """The amount at the places of its currency, half up: only where a total is fixed."""
    return Money(rounded_amount(money.amount, money.currency), money.currency)


def allocate(money: Money, weights: Sequence[Decimal | int]) -> list[Money]:
    """Split so that the parts add up exactly: largest remainder, ties to the earlier part.

    Raises ValueError when there is no weight above zero.
    """
    # fractions, because decimals that do not end would be rounded and decide ties by chance
    shares = [Fraction(weight) for weight in weights]
    total = sum(shares)
    if total <= 0 or min(shares) < 0:
        raise ValueError("Weights must be zero or more, with a sum above zero.")
    step = Decimal(1).scaleb(-exponent(money.currency))
    units = int((abs(money.amount) / step).to_integral_exact())
    split = [divmod(units * share / total, 1) for share in shares]
    parts = [whole for whole, _remainder in split]
    by_remainder = sorted(range(len(split)), key=lambda i: (-split[i][1], i))
    for index in by_remainder[: units - sum(parts)]:
        parts[index] += 1
    sign = -1 if money.amount < 0 else 1
    return [Money(step * part * sign, money.currency) for part in parts]
