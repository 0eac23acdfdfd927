"""Sanctions lists as files: our CSV and JSON, and the French register of asset freezes.

CSV: header ``reference,name,aliases,country,programme,identifiers``; aliases and identifiers are
parted by ``|``. JSON: a list of objects with the same names, aliases and identifiers as lists; or
the register of the Direction générale du Trésor as published (``Publications``).
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _

MAX_NAMES = 300_000
MAX_TEXT = 2_000
SHOWN_FAULTS = 20
_COUNTRY = re.compile(r"[A-Za-z]{2}")
Entries = list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class ListedName:
    """One name of one listed person or organisation."""

    reference: str
    name: str
    country: str | None = None
    programme: str = ""
    identifiers: tuple[str, ...] = ()

    def row(self) -> tuple[Any, ...]:
        """The values in a fixed order, for the digest of the list."""
        return (self.reference, self.name, self.country, self.programme, self.identifiers)


class UnreadableList(Invalid):
    code = "sanctions_list_unreadable"


def read(content: bytes) -> list[ListedName]:
    """All names of a list file. Raises UnreadableList with the rows at fault; never half a list."""
    text = content.decode("utf-8-sig", errors="replace").lstrip()
    if "�" in text:
        row = text[: text.index("�")].count("\n") + 1
        raise _unreadable(row, _("The file is not written in UTF-8."))
    return _names(_json_entries(text) if text[:1] in ("{", "[") else _csv_entries(text))


def published_on(content: bytes) -> date | None:
    """The day the file gives for itself; only the French register does."""
    try:
        return date.fromisoformat(orjson.loads(content)["Publications"]["DatePublication"][:10])
    except (KeyError, TypeError, ValueError):
        return None


def names_of(entries: list[dict[str, Any]]) -> list[ListedName]:
    """Every name and alias of the entries, each once per entry."""
    return _names(list(enumerate(entries, start=1)))


def _names(entries: Entries) -> list[ListedName]:
    faults = [
        _fault(place, row, why)
        for place, (row, entry) in enumerate(entries)
        for why in _faults_of(entry)
    ]
    if faults:
        raise _refusal(faults[:SHOWN_FAULTS])
    listed = [name for _row, entry in entries for name in _names_of_entry(entry)]
    if len(listed) > MAX_NAMES:
        raise _unreadable(MAX_NAMES, _("The list is too long."))
    return listed


def _faults_of(entry: dict[str, Any]) -> Iterator[Text]:
    lists = [entry.get("aliases") or [], entry.get("identifiers") or []]
    if not all(isinstance(each, list) for each in lists):
        yield _("Aliases and identifiers are lists.")
        return
    texts = [_text(entry, field) for field in ("reference", "name", "country", "programme")]
    texts += [str(each) for values in lists for each in values]
    if not texts[0] or (not texts[1] and not any(map(str.strip, map(str, lists[0])))):
        yield _("Each entry needs a reference and a name.")
    if texts[2] and not _COUNTRY.fullmatch(texts[2]):
        yield _("A country is written with two letters, for example FR.")
    if any(len(each) > MAX_TEXT or "\0" in each for each in texts):
        yield _("A text is too long, or is not text.")


def _names_of_entry(entry: dict[str, Any]) -> list[ListedName]:
    names = [_text(entry, "name"), *(str(alias).strip() for alias in entry.get("aliases") or ())]
    return [
        ListedName(
            reference=_text(entry, "reference"),
            name=name,
            country=_text(entry, "country").upper() or None,
            programme=_text(entry, "programme"),
            identifiers=tuple(str(each).strip() for each in entry.get("identifiers") or ()),
        )
        for name in dict.fromkeys(names)
        if name
    ]


def _text(entry: dict[str, Any], field: str) -> str:
    value = entry.get(field)
    return "" if value is None else str(value).strip()


def _csv_entries(text: str) -> Entries:
    first_line = text.partition("\n")[0]
    separator = ";" if ";" in first_line else ","
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=separator, restkey="", strict=True
    )
    entries: Entries = []
    try:
        if not {"reference", "name"} <= set(reader.fieldnames or ()):
            raise _unreadable(1, _("The first line must name the columns “reference” and “name”."))
        for cells in reader:
            _check_width(reader.line_num, cells)
            lists = {name: _parts(cells.get(name)) for name in ("aliases", "identifiers")}
            entries.append((reader.line_num, cells | lists))
    except csv.Error:
        row = entries[-1][0] + 1 if entries else 2
        raise _unreadable(row, _("A quotation mark is not closed, or text follows it.")) from None
    return entries


def _check_width(row: int, cells: dict[str, Any]) -> None:
    """A row of another width is shifted somewhere: nobody can tell which cell is the name."""
    if "" in cells or None in cells.values():
        raise _unreadable(row, _("This row has more or fewer cells than the first."))


def _parts(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split("|") if part.strip()]


def _json_entries(text: str) -> Entries:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _unreadable(error.lineno, _("This is not valid JSON.")) from None
    if isinstance(data, dict):
        data = _french_entries(data)
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise _unreadable(1, _("A list of entries is expected."))
    return list(enumerate(data, start=1))


def _french_entries(data: dict[str, Any]) -> Any:
    """The entries of the register; None where the file is something else."""
    try:
        return [_french_entry(detail) for detail in data["Publications"]["PublicationDetail"]]
    except (AttributeError, KeyError, TypeError):
        return None


def _french_entry(detail: dict[str, Any]) -> dict[str, Any]:
    """One entry of the register: the name, first names put before it, aliases as they stand."""
    found: dict[str, list[str]] = {}
    for part in detail.get("RegistreDetail", ()):
        for value in part.get("Valeur", ()):
            words = [str(word) for word in value.values() if isinstance(word, str) and word]
            found.setdefault(str(part.get("TypeChamp")), []).extend(words[:1])
    name = str(detail.get("Nom") or "").strip()
    first = " ".join(found.get("PRENOM", ()))
    return {
        "reference": str(detail.get("IdRegistre") or ""),
        "name": f"{first} {name}".strip(),
        "aliases": found.get("ALIAS", []),
        "identifiers": found.get("IDENTIFICATION", []),
        "programme": str(detail.get("Nature") or ""),
    }


def _unreadable(row: int, why: Text) -> UnreadableList:
    return _refusal([_fault(max(row - 1, 0), row, why)])


def _fault(place: int, row: int, why: Text) -> FieldError:
    return FieldError(
        f"/entries/{place}", "unreadable", _("Row %(row)s: %(why)s", row=row, why=why)
    )


def _refusal(faults: list[FieldError]) -> UnreadableList:
    return UnreadableList(_("The list cannot be read: nothing was loaded."), errors=faults)
