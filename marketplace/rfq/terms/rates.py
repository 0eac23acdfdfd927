"""Currencies that bids may be in besides the RFQ's own: one set of rates, fixed at publication.

Bids are compared in the currency of the RFQ, as exact fractions; only what is shown is rounded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.core.errors import FieldError
from marketplace.core.money import Money, exponent
from marketplace.core.text import _

RATE_PLACES = 10
RATE_LIMIT = Decimal("1e10")
MAX_RATES = 10
UNIT_PLACES = 6


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """So many units of ``currency`` for one unit of the RFQ's, on that day, from that source.

    In a draft rate, day and source may still be missing; in published terms they are there.
    """

    currency: str
    rate: Decimal | None = None
    as_of: date | None = None
    source: str = ""

    def to_json(self) -> dict[str, str | None]:
        return {
            "currency": self.currency,
            "rate": None if self.rate is None else f"{self.rate:f}",
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ExchangeRate":
        rate, as_of = data["rate"], data["as_of"]
        return cls(
            data["currency"],
            None if rate is None else Decimal(rate),
            date.fromisoformat(as_of) if as_of else None,
            data["source"],
        )


@dataclass(frozen=True, slots=True)
class Conversion:
    """From the currency of a bid ``into`` that of the RFQ; ``rate`` units of the first for one."""

    currency: str
    into: str
    rate: Fraction = Fraction(1)

    @property
    def is_needed(self) -> bool:
        return self.currency != self.into

    def exact(self, amount: Decimal | Fraction) -> Fraction:
        """What the amount is worth in the currency of the RFQ."""
        return Fraction(amount) / self.rate if self.is_needed else Fraction(amount)

    def shown(self, amount: Decimal | Fraction) -> Money:
        """An amount of the bid as people read it in the currency of the RFQ."""
        return rounded_money(self.exact(amount), self.into)

    def shown_beside(self, amount: Decimal | Fraction | None) -> Money | None:
        """What stands beside an amount in a currency of its own; None where there is nothing."""
        return self.shown(amount) if self.is_needed and amount is not None else None


# of what has no currency of its own
AS_IT_IS = Conversion("", "")


def rounded_money(amount: Fraction, currency: str) -> Money:
    """Half up to the places of the currency; a part of one unit, to those of a unit price."""
    places = exponent(currency) if amount >= 1 else max(exponent(currency), UNIT_PLACES)
    units = (amount * 10**places + Fraction(1, 2)).__floor__()
    found = Decimal(units).scaleb(-places)
    least = Decimal(1).scaleb(-exponent(currency))
    return Money(found.quantize(least) if found == found.quantize(least) else found, currency)


def faults(rates: Sequence[ExchangeRate], own: str) -> Iterator[FieldError]:
    """Why these further currencies cannot be taken. own: the currency of the RFQ."""
    if len(rates) > MAX_RATES:
        yield FieldError("/rates", "too_many", _("Use at most %(n)s currencies.", n=MAX_RATES))
    seen: set[str] = set()
    for index, each in enumerate(rates):
        place = f"/rates/{index}"
        if each.currency == own:
            detail = _("Bids may be in the currency of the event anyway. Take this row out.")
            yield FieldError(f"{place}/currency", "own_currency", detail)
        elif each.currency in seen:
            detail = _("This currency is listed twice.")
            yield FieldError(f"{place}/currency", "duplicate_currency", detail)
        seen.add(each.currency)
        if each.rate is not None and not 0 < each.rate < RATE_LIMIT:
            detail = _("A rate is more than zero and less than 10,000,000,000.")
            yield FieldError(f"{place}/rate", "out_of_range", detail)


def gaps(rates: Sequence[ExchangeRate], today: date) -> Iterator[FieldError]:
    """What keeps the rates from being published; today: by the calendar of the RFQ."""
    for index, each in enumerate(rates):
        named = {"currency": each.currency}
        if each.rate is None:
            detail = _("Give the rate of %(currency)s that bids are compared by.", **named)
            yield FieldError(f"/rates/{index}/rate", "required", detail)
        if each.as_of is None:
            detail = _("Say of which day the rate of %(currency)s is.", **named)
            yield FieldError(f"/rates/{index}/as_of", "required", detail)
        elif each.as_of > today:
            detail = _("The day of the rate of %(currency)s is still to come.", **named)
            yield FieldError(f"/rates/{index}/as_of", "in_the_future", detail)
        if not each.source:
            detail = _("Say who has published the rate of %(currency)s.", **named)
            yield FieldError(f"/rates/{index}/source", "required", detail)


def without_rates(rates: Sequence[ExchangeRate]) -> list[ExchangeRate]:
    """The same currencies for another RFQ, which needs rates of its own day."""
    return [ExchangeRate(each.currency) for each in rates]
