"""Forms with a table of rows: blank rows are left out, and another one can be asked for."""

import re
from collections.abc import Iterable

from werkzeug.datastructures import MultiDict

ADD_ROW = "add_row"


def filled(posted: MultiDict[str, str], table: str, telling: Iterable[str]) -> MultiDict[str, str]:
    """The posted values without blank rows of the table, the others numbered from 0.

    telling: the fields of which one must be filled for the row to count.
    """
    numbers = _numbers(posted, table)
    fields = tuple(telling)
    kept = [n for n in numbers if any(posted.get(f"{table}.{n}.{name}") for name in fields)]
    renamed = {n: index for index, n in enumerate(kept)}
    pattern = re.compile(rf"{re.escape(table)}\.(\d+)\.(.+)")
    result: MultiDict[str, str] = MultiDict()
    for name, value in posted.items(multi=True):
        match = pattern.fullmatch(name)
        if match is None:
            result.add(name, value)
        elif int(match[1]) in renamed:
            result.add(f"{table}.{renamed[int(match[1])]}.{match[2]}", value)
    return result


def count(posted: MultiDict[str, str], table: str) -> int:
    """How many rows of the table were posted."""
    return len(_numbers(posted, table))


def _numbers(posted: MultiDict[str, str], table: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(table)}\.(\d+)\.")
    return sorted({int(match[1]) for name in posted if (match := pattern.match(name))})
