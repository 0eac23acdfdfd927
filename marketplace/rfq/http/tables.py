"""Tables that people fill in: rows that were left blank do not count."""

from collections import defaultdict
from collections.abc import Sequence

from werkzeug.datastructures import MultiDict


def filled_rows(
    posted: MultiDict[str, str], table: str, significant: Sequence[str]
) -> MultiDict[str, str]:
    """The form without the table's blank rows; the others are numbered from 0 again.

    significant: the fields of which at least one makes a row count.
    """
    kept: MultiDict[str, str] = MultiDict()
    rows: dict[int, dict[str, str]] = defaultdict(dict)
    for name, value in posted.items(multi=True):
        index, _dot, field = name.removeprefix(f"{table}.").partition(".")
        if name.startswith(f"{table}.") and index.isdecimal() and field:
            rows[int(index)][field] = value
        else:
            kept.add(name, value)
    filled = [
        row
        for _index, row in sorted(rows.items())
        if any(row.get(field, "").strip() for field in significant)
    ]
    for place, row in enumerate(filled):
        for field, value in row.items():
            kept[f"{table}.{place}.{field}"] = value
    return kept


def row_count(posted: MultiDict[str, str], table: str) -> int:
    """How many rows the table of a form has after `filled_rows`."""
    return len({name.split(".")[1] for name in posted if name.startswith(f"{table}.")})
