"""Shares of a whole that need not be decimals: three sevenths of 40 stay 120/7."""

from decimal import Decimal
from fractions import Fraction

Share = Decimal | Fraction


def read(text: str) -> Share:
    """A share as ``str`` wrote it: a decimal, or a fraction with its stroke."""
    return Fraction(text) if "/" in text else Decimal(text)


def written(share: Share) -> Decimal:
    """For people: a decimal as it is, a fraction exactly if four places do, else to two places."""
    if isinstance(share, Decimal):
        return share
    tenths = share * 10_000
    if tenths.denominator == 1:
        return Decimal(tenths.numerator).scaleb(-4).normalize() + 0
    return shown(share)


def shown(value: Fraction) -> Decimal:
    """For people: two places, half up. Comparisons use the exact value."""
    cents = (value * 100 + Fraction(1, 2)).__floor__()
    return Decimal(cents).scaleb(-2)
