"""Fields of the trade: money, quantities, instants and codes, strict when read."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from marketplace.core.money import CURRENCIES, Money, Quantity, exponent
from marketplace.core.text import _, ngettext_
from marketplace.core.units import UNITS, unit_code
from marketplace.web.schemas import Reason

DECIMAL = re.compile(r"-?(0|[1-9]\d{0,12})(\.\d+)?", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def refuse(code: str, text: Any) -> ValidationError:
    """The error of a field, with its code."""
    return ValidationError(Reason(code, text))  # type: ignore[arg-type]


def describe(field: fields.Field[Any], **facts: Any) -> None:
    """Say in OpenAPI what the field is, unless its user said so."""
    field.metadata = {**facts, **field.metadata}


def plain(value: Decimal) -> str:
    """A decimal as JSON writes it: no exponent, no zeros behind its last digit but those stored
    up to two places."""
    text = format(value, "f")
    if "." not in text:
        return text
    whole, fraction = text.split(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def money_text(amount: Decimal, currency: str) -> str:
    """An amount with at least the places of its currency."""
    text = plain(amount)
    places = exponent(currency)
    whole, _dot, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(places, '0')}" if places or fraction else whole


def read_decimal(value: Any, places: int) -> Decimal:
    """A decimal string as its exact value; ValidationError for anything else."""
    if not isinstance(value, str):
        raise refuse("not_a_decimal_string", _('Write the number as a string, such as "12.50".'))
    if not DECIMAL.fullmatch(value.strip()):
        raise refuse("not_a_decimal", _("This is not a number we can read."))
    number = Decimal(value.strip())
    if -int(number.normalize().as_tuple().exponent) > places:
        raise refuse(
            "too_many_decimals",
            ngettext_("At most %(n)s decimal place.", "At most %(n)s decimal places.", places),
        )
    return number


def check_range(number: Decimal, minimum: Decimal | None, *, exclusive: bool) -> None:
    """Raise when the number is below the least one allowed."""
    if minimum is None:
        return
    if exclusive and number <= minimum:
        raise refuse("too_small", _("This must be more than %(minimum)s.", minimum=minimum))
    if number < minimum:
        raise refuse("too_small", _("This must be %(minimum)s or more.", minimum=minimum))


class DecimalField(fields.Field[Decimal]):
    """A decimal string. places: most decimals allowed; exclusive: more than the minimum."""

    def __init__(
        self,
        *,
        places: int = 6,
        minimum: Decimal | None = None,
        exclusive: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.places = places
        self.minimum = minimum
        self.exclusive = exclusive
        describe(self, type="string")
        describe(self, pattern=DECIMAL.pattern)

    write = staticmethod(plain)

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else plain(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> Decimal:
        number = read_decimal(value, self.places)
        check_range(number, self.minimum, exclusive=self.exclusive)
        return number


class _PairField(fields.Field[Any]):
    """An object of a decimal string and a code."""

    value_key = "value"
    code_key = "unit"

    def __init__(
        self, *, minimum: Decimal | None = Decimal(0), exclusive: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.exclusive = exclusive
        describe(self, type="object")
        pair = {
            self.value_key: {"type": "string", "pattern": DECIMAL.pattern},
            self.code_key: {"type": "string"},
        }
        describe(self, properties=pair)

    def _pair(self, value: Any) -> tuple[Any, str]:
        expected = {self.value_key, self.code_key}
        if not isinstance(value, dict) or set(value) != expected:
            raise refuse(
                "wrong_shape",
                _(
                    "Give an object with “%(value)s” and “%(code)s”.",
                    value=self.value_key,
                    code=self.code_key,
                ),
            )
        code = value[self.code_key]
        if not isinstance(code, str):
            raise refuse("unknown_code", _("This code is not known."))
        return value[self.value_key], code

    def _number(self, value: Any, places: int) -> Decimal:
        number = read_decimal(value, places)
        check_range(number, self.minimum, exclusive=self.exclusive)
        return number


class MoneyField(_PairField):
    """``{"amount": "12.50", "currency": "EUR"}``.

    unit_price: allow six decimals instead of the currency's own.
    """

    value_key = "amount"
    code_key = "currency"

    def __init__(self, *, unit_price: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unit_price = unit_price

    @staticmethod
    def write(value: Money) -> dict[str, str]:
        return {"amount": money_text(value.amount, value.currency), "currency": value.currency}

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else self.write(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> Money:
        amount, currency = self._pair(value)
        if currency not in CURRENCIES:
            raise refuse("unknown_currency", _("This is not an ISO 4217 currency code."))
        return Money(self._number(amount, 6 if self.unit_price else exponent(currency)), currency)


class QuantityField(_PairField):
    """``{"value": "12.5", "unit": "KGM"}``: at most six decimals, a Rec 20 code or common name."""

    def __init__(self, *, exclusive: bool = True, **kwargs: Any) -> None:
        super().__init__(exclusive=exclusive, **kwargs)

    @staticmethod
    def write(value: Quantity) -> dict[str, str]:
        return {"value": plain(value.value), "unit": value.unit}

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else self.write(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> Quantity:
        number, unit = self._pair(value)
        return Quantity(self._number(number, 6), read_unit(unit))


def read_unit(text: str) -> str:
    """The Rec 20 code; ValidationError when it is none."""
    code = text if text in UNITS else unit_code(text)
    if code is None:
        raise refuse(
            "unknown_unit", _("This unit is not known. Use a UNECE Rec 20 code such as C62 or KGM.")
        )
    return code


class UnitField(fields.String):
    """A UNECE Rec 20 unit code."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> str:
        if not isinstance(value, str):
            raise refuse("not_text", _("This must be text."))
        return read_unit(value)


class InstantField(fields.Field[datetime]):
    """RFC 3339 with its offset when read, UTC with ``Z`` when written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        describe(self, type="string")
        describe(self, format="date-time")

    @staticmethod
    def write(value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else self.write(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> datetime:
        if not isinstance(value, str) or not INSTANT.fullmatch(value):
            raise refuse(
                "not_an_instant",
                _("Give date, time and offset, such as 2026-03-10T12:00:00+01:00."),
            )
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise refuse("not_an_instant", _("There is no such date or time.")) from None


class Day(fields.Field[date]):
    """A calendar date, ``YYYY-MM-DD``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        describe(self, type="string")
        describe(self, format="date")

    write = staticmethod(date.isoformat)

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> date:
        try:
            if len(value) != len("YYYY-MM-DD"):
                raise ValueError
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise refuse("not_a_date", _("Give the date as YYYY-MM-DD.")) from None


class IdField(fields.Field[UUID]):
    """An id of ours."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        describe(self, type="string")
        describe(self, format="uuid")

    write = staticmethod(str)

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> UUID:
        try:
            return UUID(value)
        except (TypeError, ValueError, AttributeError):
            raise refuse("not_an_id", _("This is not an id.")) from None


class EnumField(fields.Field[Any]):
    """One value of an enumeration."""

    def __init__(self, enum: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.enum = enum
        describe(self, type="string")
        describe(self, enum=[str(member) for member in enum])

    write = staticmethod(str)

    def _serialize(self, value: Any, attr: Any, obj: Any, **_kw: Any) -> Any:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> Any:
        try:
            return self.enum(value)
        except ValueError:
            choices = ", ".join(str(member) for member in self.enum)
            raise refuse(
                "not_a_choice", _("Choose one of: %(choices)s.", choices=choices)
            ) from None


class TextField(fields.String):
    """Text without control characters, trimmed. Empty text counts as missing when required."""

    def __init__(self, *, max: int = 255, min: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max = max
        self.min = (1 if self.required else 0) if min is None else min
        describe(self, maxLength=max)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> str:
        if not isinstance(value, str):
            raise refuse("not_text", _("This must be text."))
        text = value.strip()
        if CONTROL.search(text) or any("\ud800" <= char <= "\udfff" for char in text):
            raise refuse("control_character", _("Text must not contain control characters."))
        if len(text) < self.min:
            raise refuse("required", _("This must not be empty."))
        if len(text) > self.max:
            raise refuse(
                "too_long",
                ngettext_(
                    "Use at most %(n)s character.", "Use at most %(n)s characters.", self.max
                ),
            )
        return text


class CurrencyField(TextField):
    """An ISO 4217 code."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        code = super()._deserialize(value, attr, data, **kw)
        if code not in CURRENCIES:
            raise refuse("unknown_currency", _("This is not an ISO 4217 currency code."))
        return code


class CountryField(TextField):
    """An ISO 3166-1 alpha-2 code."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        code = super()._deserialize(value, attr, data, **kw).upper()
        if not re.fullmatch("[A-Z]{2}", code):
            raise refuse("unknown_country", _("Use the two-letter country code, such as FR."))
        return code


class EmailField(TextField):
    """An e-mail address, roughly: the mail that is sent to it is the real test."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        address = super()._deserialize(value, attr, data, **kw)
        if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+", address):
            raise refuse("not_an_email", _("This is not an e-mail address."))
        return address
