"""Words for people: messages that are translated when they are read, not when they are made.

Messages are English with named placeholders, and are their own keys. Translations stand in
``marketplace/<package>/locale/<language>.po`` and are read once, at the first use.

Where a message reads differently by what it is about (answers to a request for information, bids
for everything else), the catalogues hold it a second time under that subject as its context
(``msgctxt "rfi"``), in English too. `speak_of` says what a request is about.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("en", "fr")
# between context and message, as in the files that gettext compiles
GLUE = "\x04"
_language: ContextVar[str] = ContextVar("language", default="en")
_subject: ContextVar[str] = ContextVar("subject", default="")
# by class and value: equal values of two enumerations have words of their own
_labels: dict[tuple[type, str], "Text"] = {}


def language() -> str:
    """The language of the reader: ``en`` or ``fr``."""
    return _language.get()


@contextmanager
def reading_in(chosen: str) -> Iterator[None]:
    """Render messages in this language; an unknown language means English."""
    token = _language.set(known_language(chosen))
    try:
        yield
    finally:
        _language.reset(token)


def set_language(chosen: str) -> None:
    """As `reading_in`, for the rest of this context (a web request)."""
    _language.set(known_language(chosen))


def speak_of(subject: str) -> None:
    """Word messages for this subject from here on, for the rest of this context."""
    _subject.set(subject)


@contextmanager
def speaking_of(subject: str) -> Iterator[None]:
    """Word messages for this subject; for none in particular where it is empty."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


def known_language(locale: str) -> str:
    """The supported language of a locale such as ``fr-BE``; English when we have none."""
    code = locale.replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else "en"


class Text:
    """A message that becomes words when it is read."""

    __slots__ = ("count", "message", "plural", "values")

    def __init__(
        self, message: str, values: Mapping[str, Any], plural: str = "", count: int | None = None
    ) -> None:
        self.message = message
        self.values = values
        self.plural = plural
        self.count = count

    def __str__(self) -> str:
        words = _translated(language(), self.message, self.plural, self.count)
        values = self.values
        if self.count is not None:
            values = {**values, "n": format_decimal(self.count, locale=language())}
        return words % values if values else words.replace("%%", "%")

    def __repr__(self) -> str:
        return f"Text({self.message!r})"

    def __html__(self) -> str:
        return escape_html(str(self))

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Text | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.message)


class Figure:
    """A number in a sentence: written as the reader does when it is read, thousands ungrouped."""

    __slots__ = ("value",)

    def __init__(self, value: Decimal) -> None:
        self.value = value

    def __str__(self) -> str:
        return format_decimal(self.value, format="0.######", locale=language())


def escape_html(words: str) -> str:
    """Escape for HTML text and attributes."""
    for plain, safe in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ('"', "&#34;"),
        ("'", "&#39;"),
    ):
        words = words.replace(plain, safe)
    return words


def _(message: str, **values: Any) -> Text:
    """Mark a message for translation; ``values`` fill its ``%(name)s`` places."""
    return Text(message, values)


def ngettext_(singular: str, plural: str, n: int, **values: Any) -> Text:
    """A message that depends on a number, in it as ``%(n)s`` and written as the reader does."""
    return Text(singular, {"n": n, **values}, plural, n)


def register_labels(labels: Mapping[Any, Text]) -> None:
    """Give every value of an enumeration its words; ValueError where one has none.

    Equal values of two enumerations are the same key of a mapping: those take a call for each.
    """
    for value, words in labels.items():
        _labels[type(value), str(value)] = words
    for kind in {type(value) for value in labels}:
        if missing := [str(value) for value in kind if (kind, str(value)) not in _labels]:
            raise ValueError(f"{kind.__name__} has no words for {', '.join(missing)}")


def label(value: StrEnum | str | None) -> str:
    """The words for an enumerated value; the value itself when it has none."""
    if value is None:
        return ""
    words = _labels.get((type(value), str(value)))
    return str(words) if words is not None else str(value).replace("_", " ").capitalize()


def stored_label(code: str) -> str | None:
    """The words for a value that was stored as its bare code; None where they are not certain."""
    words = {str(text) for (_kind, value), text in _labels.items() if value == code}
    return words.pop() if len(words) == 1 else None


def _translated(chosen: str, message: str, plural: str, count: int | None) -> str:
    words = catalog(chosen)
    found = words.get(f"{_subject.get()}{GLUE}{message}") or words.get(message)
    if count is None:
        return found if isinstance(found, str) and found else message
    if isinstance(found, tuple) and all(found):
        return found[plural_index(chosen, count)]
    return message if count == 1 else plural


def plural_index(chosen: str, count: Decimal | int) -> int:
    """French uses the singular below two, English for one alone (CLDR)."""
    return int(count >= 2 or count <= -2) if chosen == "fr" else int(count != 1)


@lru_cache(maxsize=len(LANGUAGES))
def catalog(chosen: str) -> dict[str, str | tuple[str, ...]]:
    """Every translation of one language, of all packages, keyed by the English message.

    That of a context by ``context GLUE message``.
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for path in sorted(Path(__file__).parent.parent.glob(f"*/locale/{chosen}.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=chosen):
                if message.id and not message.fuzzy:
                    _store(found, message)
    return found


def _store(found: dict[str, str | tuple[str, ...]], message: Message) -> None:
    key, words = message.id, message.string
    context = f"{message.context}{GLUE}" if message.context else ""
    if isinstance(key, tuple):
        found[f"{context}{key[0]}"] = tuple(words or ())
    else:
        found[f"{context}{key}"] = str(words)
