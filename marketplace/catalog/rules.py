"""How codes are compared and checked, and how words are searched."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from anyascii import anyascii
from stdnum import ean
from stdnum.exceptions import ValidationError

from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.money import Money, Quantity
from marketplace.core.tabular.reading import clean
from marketplace.core.text import _

MAX_SKU = 60
MAX_NAME = 200
MAX_DESCRIPTION = 4000
UNIT_PRICE_PLACES = 6
LIMIT = Decimal("1e13")
_WORD = re.compile(r"[a-z0-9]+")
_CPV = re.compile(r"([0-9]{8})(?:-[0-9])?")


def sku_key(sku: str) -> str:
    """The code for comparison: one spelling of every character, no blanks around, no case.

    The same in imports, in the API, in the search and in the unique constraint. Leading zeros
    and punctuation count.
    """
    return clean(unicodedata.normalize("NFKC", sku)).casefold()


def checked_gtin(text: str | None) -> str | None:
    """The GTIN of 8, 12, 13 or 14 digits, or ValueError when its check digit is wrong."""
    if not text:
        return None
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) not in (8, 12, 13, 14) or not digits.isascii() or not digits.isdigit():
        raise ValueError(text)
    try:
        ean.validate(digits.lstrip("0").zfill(8) if len(digits) == 8 else digits)
    except ValidationError:
        raise ValueError(text) from None
    return digits


def cpv_code(text: str) -> str | None:
    """The eight digits of a CPV code, with or without its check digit behind a hyphen."""
    match = _CPV.fullmatch(clean(text).removesuffix(".0"))
    return match[1] if match else None


def parent_of(code: str) -> str | None:
    """The code one level above, by the digits alone."""
    digits = code.rstrip("0")
    return None if len(digits) <= 2 else digits[: max(len(digits) - 1, 2)].ljust(8, "0")


def searchable(*texts: str | None) -> str:
    """The words of the texts as they are searched: no accents, no case, blanks between."""
    return " ".join(_WORD.findall(anyascii(" ".join(t for t in texts if t)).casefold()))


def words_of(query: str) -> list[str]:
    """The words to search for, longest first, without the plural s that both languages share."""
    words = _WORD.findall(anyascii(query).casefold())[:8]
    return sorted((w[:-1] if len(w) > 4 and w.endswith("s") else w for w in words), key=len)[::-1]


def check_item(values: Mapping[str, Any]) -> None:
    """Raise Invalid with every reason against these values of an item."""
    errors: list[FieldError] = []
    _check_texts(values, errors)
    _check_price(values.get("price"), errors)
    base: Quantity | Decimal | None = values.get("base_quantity")
    if isinstance(base, Decimal) and not 0 < base < LIMIT:
        errors.append(
            FieldError("/base_quantity", "too_small", _("The base quantity must be above zero."))
        )
    try:
        checked_gtin(values.get("gtin"))
    except ValueError:
        errors.append(FieldError("/gtin", "bad_check_digit", _("This is not a valid GTIN.")))
    refuse_all(errors)


def _check_texts(values: Mapping[str, Any], errors: list[FieldError]) -> None:
    for name, limit, required in (
        ("sku", MAX_SKU, True),
        ("name", MAX_NAME, True),
        ("description", MAX_DESCRIPTION, False),
    ):
        if name not in values:
            continue
        text = clean(values[name] or "")
        if required and not text:
            errors.append(FieldError(f"/{name}", "required", _("This is missing.")))
        elif len(text) > limit:
            errors.append(
                FieldError(f"/{name}", "too_long", _("At most %(limit)s characters.", limit=limit))
            )


def _check_price(price: Money | None, errors: list[FieldError]) -> None:
    if price is None:
        return
    if price.amount < 0 or price.amount >= LIMIT:
        errors.append(FieldError("/price", "out_of_range", _("This price is not possible.")))
    elif price.amount != round(price.amount, UNIT_PRICE_PLACES):
        errors.append(
            FieldError("/price", "too_many_decimals", _("A price has at most six decimals."))
        )
