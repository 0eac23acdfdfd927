"""Answers of a type: how they are read, what they are worth, and when they knock a bid out.

Bids keep what was typed; here it is read, the same way for every reader. A number with one comma
and three digits behind it could mean two things and is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from marketplace.core.text import _, register_labels

NOTHING, FULL = Fraction(0), Fraction(100)
_NUMBER = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,6})?")
_WITH_COMMA = re.compile(r"(-?[0-9]{1,13}),([0-9]{1,2}|[0-9]{4,6})")
_SPACES = re.compile(r"[\s\u00a0\u202f]")
_SAID = {"yes": True, "oui": True, "true": True, "no": False, "non": False, "false": False}


class AnswerType(StrEnum):
    """What a bidder is asked for."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


register_labels(
    {
        AnswerType.TEXT: _("Text"),
        AnswerType.NUMBER: _("Number"),
        AnswerType.DATE: _("Date"),
        AnswerType.YES_NO: _("Yes or no"),
        AnswerType.CHOICE: _("Choice from a list"),
    }
)


@dataclass(frozen=True, slots=True)
class GradedChoice:
    """A choice with its grade in per cent of the best score; None: people grade it."""

    label: str
    grade: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """What a criterion asks for, and how an answer is graded before people look at it.

    ``lowest``, ``ideal``, ``highest``: numbers or days, as they are written in answers. A bid is
    knocked out that does not answer, lies outside, says no, or chooses what is graded 0.
    ``target``:
    grades below are pointed out.
    """

    type: AnswerType = AnswerType.TEXT
    unit: str = ""
    knock_out: bool = False
    lowest: str | None = None
    ideal: str | None = None
    highest: str | None = None
    target: Decimal | None = None
    choices: tuple[GradedChoice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "type": str(self.type),
            "unit": self.unit,
            "knock_out": self.knock_out,
            "lowest": self.lowest,
            "ideal": self.ideal,
            "highest": self.highest,
            "target": None if self.target is None else str(self.target),
            "choices": [
                {"label": each.label, "grade": None if each.grade is None else str(each.grade)}
                for each in self.choices
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "AnswerSpec":
        """None, as it was written before answers had types: text."""
        if data is None:
            return FREE_TEXT
        return cls(
            type=AnswerType(data["type"]),
            unit=data["unit"],
            knock_out=data["knock_out"],
            lowest=data["lowest"],
            ideal=data["ideal"],
            highest=data["highest"],
            target=None if data["target"] is None else Decimal(data["target"]),
            choices=tuple(
                GradedChoice(
                    each["label"], None if each["grade"] is None else Decimal(each["grade"])
                )
                for each in data["choices"]
            ),
        )

    @property
    def is_graded(self) -> bool:
        """Whether an answer has a grade before people look at it."""
        if self.type in (AnswerType.NUMBER, AnswerType.DATE):
            return any((self.lowest, self.ideal, self.highest))
        return self.type is AnswerType.YES_NO or any(
            each.grade is not None for each in self.choices
        )


FREE_TEXT = AnswerSpec()


def is_readable(spec: AnswerSpec, text: str) -> bool:
    """Whether the text is an answer of this type."""
    if spec.type is AnswerType.TEXT:
        return True
    if spec.type is AnswerType.YES_NO:
        return said_yes(text) is not None
    if spec.type is AnswerType.CHOICE:
        return chosen(spec, text) is not None
    return measure(spec.type, text) is not None


def canonical(spec: AnswerSpec, text: str) -> str:
    """The one way of writing what is chosen from a list; anything else as it was typed."""
    if spec.type is AnswerType.YES_NO and (said := said_yes(text)) is not None:
        return "yes" if said else "no"
    choice = chosen(spec, text)
    return choice.label if choice else text


def measure(kind: AnswerType, text: str | None) -> Fraction | None:
    """The number, or the day as a number of days; None for what is neither."""
    if not text:
        return None
    return _day(text) if kind is AnswerType.DATE else _number(text)


def _day(text: str) -> Fraction | None:
    try:
        return Fraction(date.fromisoformat(text.strip()).toordinal())
    except ValueError:
        return None


def _number(text: str) -> Fraction | None:
    bare = _SPACES.sub("", text)
    found = _WITH_COMMA.fullmatch(bare)
    if found:
        bare = f"{found[1]}.{found[2]}"
    return Fraction(bare) if _NUMBER.fullmatch(bare) else None


def said_yes(text: str) -> bool | None:
    """True for yes, False for no, in either language; None for anything else."""
    return _SAID.get(text.strip().casefold())


def chosen(spec: AnswerSpec, text: str) -> GradedChoice | None:
    """The choice that the text names."""
    said = text.strip().casefold()
    return next((each for each in spec.choices if each.label.casefold() == said), None)


def grade(spec: AnswerSpec, text: str) -> Fraction | None:
    """From 0 to 100, exactly; None where people grade, or where nothing readable was said."""
    if spec.type is AnswerType.YES_NO:
        said = said_yes(text)
        return None if said is None else FULL if said else NOTHING
    if spec.type is AnswerType.CHOICE:
        choice = chosen(spec, text)
        return None if choice is None or choice.grade is None else Fraction(choice.grade)
    value = measure(spec.type, text) if spec.is_graded else None
    return None if value is None else _between(spec, value)


def _between(spec: AnswerSpec, value: Fraction) -> Fraction:
    """100 at the ideal, falling in a straight line to 0 at the ends, 0 outside of them."""
    low, ideal, high = (
        measure(spec.type, each) for each in (spec.lowest, spec.ideal, spec.highest)
    )
    if _is_outside(value, low, high):
        return NOTHING
    if ideal is None or value == ideal:
        return FULL
    end = low if value < ideal else high
    return FULL if end is None else FULL * (value - end) / (ideal - end)


def _is_outside(value: Fraction, low: Fraction | None, high: Fraction | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def knocks_out(spec: AnswerSpec, text: str) -> bool:
    """Whether a bid that answers this does not meet a criterion that it must meet."""
    if not spec.knock_out:
        return False
    if not text.strip() or not is_readable(spec, text):
        return True
    if spec.type in (AnswerType.NUMBER, AnswerType.DATE):
        value = measure(spec.type, text)
        ends = (measure(spec.type, each) for each in (spec.lowest, spec.highest))
        return value is None or _is_outside(value, *ends)
    return grade(spec, text) == NOTHING
