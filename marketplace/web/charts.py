"""Geometry of the inline charts: numbers in, places on the drawing out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH = 600
LINE_HEIGHT = 200
BAR = 18
STEP = 26
MARGIN = 6
HEAT_STEPS = 6

Number = Decimal | int
Row = tuple[object, Number, object]


@dataclass(frozen=True, slots=True)
class Mark:
    """One bar or point."""

    x: float
    y: float
    width: float
    height: float
    label: object
    shown: object


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing: its box, where zero lies, its marks, and the path through them."""

    width: int
    height: int
    zero: float
    marks: list[Mark]
    path: str = ""


def bar_chart(rows: Sequence[Row]) -> Chart:
    """Horizontal bars from a common zero, in the order of the rows."""
    numbers = [Decimal(row[1]) for row in rows]
    low, high = min([*numbers, Decimal(0)]), max([*numbers, Decimal(0)])
    scale = Decimal(WIDTH) / ((high - low) or 1)
    zero = float(-low * scale)
    marks = [
        Mark(
            x=_place(min(number, Decimal(0)) - low, scale),
            y=index * STEP + (STEP - BAR) / 2,
            width=max(_place(abs(number), scale), 1),
            height=BAR,
            label=row[0],
            shown=row[2],
        )
        for index, (row, number) in enumerate(zip(rows, numbers, strict=True))
    ]
    return Chart(WIDTH, max(len(rows), 1) * STEP, round(zero, 1), marks)


def line_chart(rows: Sequence[Row]) -> Chart:
    """A curve through the values, evenly spaced, with zero inside the drawing."""
    numbers = [Decimal(row[1]) for row in rows]
    low, high = min([*numbers, Decimal(0)]), max([*numbers, Decimal(0)])
    scale = Decimal(LINE_HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    step = Decimal(WIDTH - 2 * MARGIN) / max(len(rows) - 1, 1)
    marks = [
        Mark(
            x=MARGIN + _place(Decimal(index), step),
            y=MARGIN + _place(high - number, scale),
            width=0,
            height=0,
            label=row[0],
            shown=row[2],
        )
        for index, (row, number) in enumerate(zip(rows, numbers, strict=True))
    ]
    path = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    return Chart(WIDTH, LINE_HEIGHT, MARGIN + _place(high, scale), marks, path)


def heat_step(number: Number | None, rows: Sequence[tuple[object, Sequence[Row]]]) -> int:
    """Shade of a cell, 0 (none) to HEAT_STEPS, relative to the largest value of all rows."""
    top = max((Decimal(cell[0] or 0) for _label, cells in rows for cell in cells), default=0)  # type: ignore[arg-type]
    if not number or not top:
        return 0
    return max(1, int((Decimal(number) / top * HEAT_STEPS).to_integral_value()))


def _place(value: Decimal, scale: Decimal) -> float:
    return round(float(value * scale), 1)
