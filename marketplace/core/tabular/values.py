"""The text of a cell to a number or a day.

One cell alone never decides how it is read: the decimal sign is proven by the whole file, the
order of day and month by the whole column. What stays open is refused, not guessed.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from marketplace.core.text import Text, _

BLANKS = str.maketrans("", "", " \u00a0\u2009\u202f'’")
_NUMBER = re.compile(r"[0-9][0-9.,]*|[.,][0-9]+")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_GROUPS = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+")
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ]00:00(?::00)?)?")
_SLASHED = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")


class DecimalSign(StrEnum):
    POINT = "."
    COMMA = ","


class DateOrder(StrEnum):
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class BadValue(ValueError):
    """The text has no one meaning as a number or day."""

    def __init__(self, code: str, detail: Text) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def is_scientific(text: str) -> bool:
    """Whether a spreadsheet program has destroyed a long code by showing it as 4.00638E+12."""
    return _SCIENTIFIC.fullmatch(text) is not None


def proven_sign(texts: Iterable[str]) -> tuple[DecimalSign | None, bool]:
    """The decimal sign that the numbers of a file prove, and whether a point groups thousands.

    None when nothing proves a sign, or when both are proven.
    """
    signs: set[DecimalSign] = set()
    groups_by_point = False
    for text in texts:
        digits = _digits(text)
        sign = _own_sign(digits)
        if sign:
            signs.add(sign)
        groups_by_point |= sign is DecimalSign.COMMA and "." in digits
    return (signs.pop() if len(signs) == 1 else None), groups_by_point


def _digits(text: str) -> str:
    return text.translate(BLANKS).lstrip("+-−")


def _own_sign(digits: str) -> DecimalSign | None:
    """The decimal sign that this number proves by itself."""
    if not _NUMBER.fullmatch(digits) or not set(digits) & {".", ","}:
        return None
    point, comma = digits.rfind("."), digits.rfind(",")
    last = DecimalSign.POINT if point > comma else DecimalSign.COMMA
    other = DecimalSign.COMMA if last is DecimalSign.POINT else DecimalSign.POINT
    if digits.count(last) > 1:
        return other if other not in digits else None
    if other in digits:
        return last
    return None if _GROUPS.fullmatch(digits) and not digits.startswith("0") else last


def number(text: str, sign: DecimalSign | None = None, *, groups_by_point: bool = False) -> Decimal:
    """The number that the text means in a file with this decimal sign.

    A comma groups thousands wherever the sign is a point. A point groups them beside a decimal
    comma only if the file proves that, or the user has said so: there a lone "1.234" is as
    likely a decimal of another program. Raises BadValue.
    """
    digits = _digits(text)
    if _SCIENTIFIC.fullmatch(digits) or not _NUMBER.fullmatch(digits):
        raise BadValue("not_a_number", _("This is not a number."))
    sign = _own_sign(digits) or sign
    if sign is None and set(digits) & {".", ","}:
        raise _ambiguous()
    lone_point = digits.count(".") == 1 and "," not in digits
    if sign is DecimalSign.COMMA and lone_point and not groups_by_point:
        raise _ambiguous()
    return _signed(text, _joined(digits, sign))


def _ambiguous() -> BadValue:
    return BadValue(
        "ambiguous_number",
        _("It is not clear whether the sign groups thousands or separates decimals."),
    )


def _joined(digits: str, sign: DecimalSign | None) -> str:
    whole, _sign, decimals = digits.partition(sign) if sign else (digits, "", "")
    grouped = set(whole) & {".", ","}
    if set(decimals) & {".", ","} or (grouped and not _GROUPS.fullmatch(whole)):
        raise BadValue("not_a_number", _("This is not a number."))
    return f"{re.sub(r'[.,]', '', whole) or '0'}.{decimals or '0'}"


def _signed(text: str, digits: str) -> Decimal:
    value = Decimal(digits)
    if "." in digits and digits.endswith(".0"):
        value = Decimal(digits[:-2])
    return -value if text.translate(BLANKS).startswith(("-", "−")) else value


def proven_order(texts: Iterable[str]) -> DateOrder | None:
    """The order of day and month that a column proves; None when it proves none, or both."""
    orders: set[DateOrder] = set()
    for text in texts:
        match = _SLASHED.fullmatch(text)
        if match and (match[2] == "." or int(match[1]) > 12):
            orders.add(DateOrder.DAY_FIRST)
        elif match and int(match[3]) > 12:
            orders.add(DateOrder.MONTH_FIRST)
    return orders.pop() if len(orders) == 1 else None


def day(text: str, order: DateOrder | None = None) -> date:
    """The day that the text means in a column of this order. Raises BadValue."""
    iso = _ISO.fullmatch(text)
    if iso:
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    match = _SLASHED.fullmatch(text)
    if not match:
        raise BadValue("not_a_date", _("This is not a date. Write it as 2027-03-15 or 15/03/2027."))
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    if first == second:
        return _day(year, first, second)
    if order is None:
        raise BadValue(
            "ambiguous_date",
            _("It is not clear which part is the day. Say which order the file uses."),
        )
    months_first = order is DateOrder.MONTH_FIRST
    return _day(year, *((first, second) if months_first else (second, first)))


def _day(year: int, month: int, of_month: int) -> date:
    try:
        return date(year, month, of_month)
    except ValueError:
        raise BadValue("impossible_date", _("This day does not exist.")) from None
