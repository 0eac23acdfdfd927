"""Two versions of published terms: what differs, for people, and which lines it touches.

Both work on the terms as they were published (JSON), so that whatever belongs to the terms counts.
A version from before something belonged to them says nothing about it, and is not different there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from marketplace.core import shares
from marketplace.core.shares import written

Published = Mapping[str, Any]
LISTS = ("lines", "lots", "criteria")
_KINDS = {"lines": "line", "lots": "lot", "criteria": "criterion"}
# the order of a list and ids of other rows are not what people compare
_BESIDE = ("id", "number")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``what``: added, removed or changed; a field's old and new value with it.

    kind: line, lot, criterion or terms. number and name: of the line, lot or criterion. field
    ``quantity`` is written with its unit, ``lot`` as the number of the lot.
    """

    kind: str
    what: str
    number: int | None = None
    name: str = ""
    field: str | None = None
    old: Any = None
    new: Any = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def changes(old: Published, new: Published) -> list[Change]:
    """What differs: lines first, in their order, then lots, criteria and the rest."""
    found = [each for name in LISTS for each in _list_changes(name, old, new)]
    return [*found, *_term_changes(old, new)]


def touched(old: Published, new: Published) -> frozenset[str]:
    """The lines of the old terms, by id, whose price has to be confirmed under the new ones.

    Whatever holds for all bids touches every line, a change of a lot those of the lot. A line that
    is not asked for any more needs no confirmation: it drops out.
    """
    present = _by_id(new["lines"])
    kept = [line for line in old["lines"] if line["id"] in present]
    if touches_all(old, new):
        return frozenset(line["id"] for line in kept)
    lots = {
        lot["id"]
        for lot in old["lots"]
        if _differs(lot, _by_id(new["lots"]).get(lot["id"], {"title": None}))
    }
    return frozenset(
        line["id"] for line in kept if line["lot_id"] in lots or _differs(line, present[line["id"]])
    )


def touches_all(old: Published, new: Published) -> bool:
    """Whether something differs that holds for every line: a criterion or a condition."""
    return any(_list_changes("criteria", old, new)) or any(_term_changes(old, new))


def added(old: Published, new: Published) -> list[Mapping[str, Any]]:
    """The lines that are new."""
    before = _by_id(old["lines"])
    return [line for line in new["lines"] if line["id"] not in before]


def _list_changes(name: str, old: Published, new: Published) -> Iterator[Change]:
    before, after = _by_id(old[name]), _by_id(new[name])
    kind = _KINDS[name]
    for row in [*new[name], *(row for row in old[name] if row["id"] not in after)]:
        number, title = row["number"], _title(row)
        if row["id"] not in before:
            yield Change(kind, "added", number, title, **_whole(name, None, row))
        elif row["id"] not in after:
            yield Change(kind, "removed", number, title, **_whole(name, row, None))
        else:
            was, now = _readable(before[row["id"]], old), _readable(row, new)
            for field in _differing(was, now):
                yield Change(kind, "changed", number, title, field, was[field], now[field])


def _whole(
    name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Of a line that comes or goes people want the quantity."""
    if name != "lines":
        return {}
    return {
        "field": "quantity",
        "old": _measure(old) if old else None,
        "new": _measure(new) if new else None,
    }


def _term_changes(old: Published, new: Published) -> Iterator[Change]:
    was, now = _flat(old), _flat(new)
    for field in _differing(was, now):
        yield Change("terms", "changed", field=field, old=was[field], new=now[field])


def _flat(terms: Published) -> dict[str, Any]:
    """What stands beside the lists, one level deep."""
    flat: dict[str, Any] = {}
    for name, value in terms.items():
        if name in LISTS:
            continue
        flat |= value if isinstance(value, Mapping) else {name: value}
    return flat


def _readable(row: Mapping[str, Any], terms: Published) -> dict[str, Any]:
    """Quantity and unit in one, and the lot by its number."""
    shown = {name: value for name, value in row.items() if name not in _BESIDE}
    if "quantity" in shown:
        shown["quantity"] = _measure(row)
        del shown["unit"]
    if "weight" in shown:
        shown["weight"] = _plain(str(written(shares.read(row["weight"]))))
    if "lot_id" in shown:
        lots = _by_id(terms["lots"])
        shown["lot"] = lots[shown.pop("lot_id")]["number"]
    return shown


def _measure(line: Mapping[str, Any]) -> str:
    return f"{_plain(line['quantity'])} {line['unit']}"


def _plain(number: str) -> str:
    return f"{Decimal(number).normalize():f}"


def _title(row: Mapping[str, Any]) -> str:
    return str(row.get("description") or row.get("title") or row.get("name") or "")


def _differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(name != "number" and old[name] != new[name] for name in old.keys() & new.keys())


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in new if name in old and old[name] != new[name]]


def _by_id(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {row["id"]: row for row in rows}
