"""Sanctions lists as files: our CSV and JSON, and the French register of asset freezes.

CSV: header ``reference,name,aliases,country,programme,identifiers``; aliases and identifiers are
parted by ``|``. JSON: a list of objects with the same names, aliases and identifiers as lists; or
the register of the Direction générale du Trésor as published (``Publications``).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _

MAX_NAMES = 300_000


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
    """All names of a list file. Raises UnreadableList with the row at fault; never half a list."""
    text = content.decode("utf-8-sig", errors="replace").lstrip()
    if "�" in text:
        raise _unreadable(1, _("The file is not written in UTF-8."))
    entries = _json_entries(text) if text[:1] in ("{", "[") else _csv_entries(text)
    return names_of(list(entries))


def names_of(entries: list[dict[str, Any]]) -> list[ListedName]:
    """Every name and alias of the entries, each once per entry."""
    listed = []
    for number, entry in enumerate(entries, start=1):
        reference = str(entry.get("reference") or "").strip()
        names = [entry.get("name"), *(entry.get("aliases") or ())]
        spelled = dict.fromkeys(str(name).strip() for name in names if name and str(name).strip())
        if not reference or not spelled:
            raise _unreadable(number, _("Each entry needs a reference and a name."))
        country = str(entry.get("country") or "").strip().upper()[:2] or None
        for name in spelled:
            listed.append(
                ListedName(
                    reference=reference,
                    name=name,
                    country=country,
                    programme=str(entry.get("programme") or "").strip(),
                    identifiers=tuple(str(i).strip() for i in entry.get("identifiers") or ()),
                )
            )
    if len(listed) > MAX_NAMES:
        raise _unreadable(MAX_NAMES, _("The list is too long."))
    return listed


def _csv_entries(text: str) -> Iterator[dict[str, Any]]:
    first_line = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first_line else ",")
    if not {"reference", "name"} <= set(reader.fieldnames or ()):
        raise _unreadable(1, _("The first line must name the columns “reference” and “name”."))
    for row in reader:
        yield row | {
            "aliases": _parts(row.get("aliases")),
            "identifiers": _parts(row.get("identifiers")),
        }


def _parts(value: str | None) -> list[str]:
    return [part.strip() for part in (value or "").split("|") if part.strip()]


def _json_entries(text: str) -> Iterator[dict[str, Any]]:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _unreadable(1, _("This is not valid JSON.")) from None
    if isinstance(data, dict) and "Publications" in data:
        data = [_french_entry(detail) for detail in data["Publications"]["PublicationDetail"]]
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise _unreadable(1, _("A list of entries is expected."))
    yield from data


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


def _unreadable(row: int, detail: Text) -> UnreadableList:
    return UnreadableList(
        _("The list cannot be read: nothing was loaded."),
        errors=[FieldError(f"/entries/{row - 1}", "unreadable", detail)],
    )
