"""Identity numbers: SIREN, SIRET, VAT, LEI and IBAN by their own arithmetic, offline.

A number is valid, invalid, or cannot be checked. The last is not the same as the second: a VAT
number of a country without a published algorithm is not wrong because we do not know it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from stdnum import get_cc_module, iban, lei
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret

from marketplace.core.text import Text, _

# ISO 13616: the check digits of a real IBAN run from 02 to 98
IMPOSSIBLE_CHECK_DIGITS = frozenset({"00", "01", "99"})
# Greece writes EL before its VAT numbers (Council Directive 2006/112/EC, article 215)
VAT_COUNTRY = {"EL": "GR"}


class Validity(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class NumberCheck:
    """What was found about one number. ``number`` is its compact form."""

    kind: str
    number: str
    validity: Validity

    @property
    def is_invalid(self) -> bool:
        return self.validity is Validity.INVALID


def check_siren(number: str) -> NumberCheck:
    """Nine digits with Luhn's check digit."""
    return _by_library("siren", number, siren.validate)


def check_siret(number: str) -> NumberCheck:
    """Fourteen digits, La Poste's exception included."""
    return _by_library("siret", number, siret.validate)


def check_lei(number: str) -> NumberCheck:
    """Twenty characters by ISO 17442."""
    return _by_library("lei", number, lei.validate)


def check_vat(number: str) -> NumberCheck:
    """By the algorithm of the country in its first two letters; unchecked where there is none."""
    compact = _compact(number)
    country = vat_country(compact)
    module = get_cc_module(country.lower(), "vat") if country.isalpha() else None
    if module is None:
        known = country.isalpha() and len(compact) > len(country)
        return NumberCheck("vat", compact, Validity.UNCHECKED if known else Validity.INVALID)
    # Libraries of some countries take the number with its prefix, others without it.
    if module.is_valid(compact) or module.is_valid(compact[2:]):
        return NumberCheck("vat", compact, Validity.VALID)
    return NumberCheck("vat", compact, Validity.INVALID)


def check_iban(number: str) -> NumberCheck:
    """Length and structure of its country, then the remainder, then the bank's own digits."""
    compact = _compact(number)
    if not compact[:2].isalpha() or not compact[2:4].isdigit() or len(compact) <= 4:
        return NumberCheck("iban", compact, Validity.INVALID)
    if compact[2:4] in IMPOSSIBLE_CHECK_DIGITS:
        return NumberCheck("iban", compact, Validity.INVALID)
    if not is_iban_country(compact[:2]):
        return NumberCheck("iban", compact, Validity.UNCHECKED)
    return _by_library("iban", compact, iban.validate)


def is_iban_country(country: str) -> bool:
    """Whether the IBAN registry describes this country."""
    (_prefix, properties), *_rest = iban._ibandb.info(country + "0" * 30)
    return bool(properties)


def vat_country(number: str) -> str:
    """ISO country of a VAT number."""
    prefix = number[:2].upper()
    return VAT_COUNTRY.get(prefix, prefix)


def belongs_to_siren(siren_number: str, number: NumberCheck) -> bool:
    """Whether a French SIRET or VAT number is one of this company."""
    if number.kind == "siret":
        return number.number.startswith(siren_number)
    if number.kind == "vat" and number.number.startswith("FR"):
        return number.number[4:] == siren_number
    return True


def masked_iban(number: str) -> str:
    """Enough to recognise an account, too little to use it."""
    return f"{number[:4]} •••• {number[-4:]}"


def spaced_iban(number: str) -> str:
    """In groups of four, as people read it."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


CHECKS: dict[str, Callable[[str], NumberCheck]] = {
    "siren": check_siren,
    "siret": check_siret,
    "vat_number": check_vat,
    "lei": check_lei,
    "iban": check_iban,
}
INVALID_DETAIL: dict[str, Text] = {
    "siren": _("This is not a SIREN: nine digits, the last of which checks the others."),
    "siret": _("This is not a SIRET: fourteen digits, the last of which checks the others."),
    "vat_number": _("This VAT number does not exist: please compare it with the certificate."),
    "lei": _("This is not a LEI: twenty letters and digits."),
    "iban": _("This IBAN is not right: please compare it with the bank's document."),
}


def _compact(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum())


def _by_library(kind: str, number: str, validate: Callable[[str], str]) -> NumberCheck:
    compact = _compact(number)
    try:
        return NumberCheck(kind, validate(compact), Validity.VALID)
    except ValidationError:
        return NumberCheck(kind, compact, Validity.INVALID)
