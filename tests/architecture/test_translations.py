"""Every message has its French, and no translation is left over.

Messages that read differently about some subject have that wording in both languages.
"""

import ast
import re
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from marketplace.core.text import GLUE, catalog

ROOT = Path(__file__).parents[2] / "marketplace"
PYTHON_KEYWORDS = {"_", "ngettext_"}
TEMPLATE_KEYWORDS = ["_", "ngettext"]
PLACE = re.compile(r"%\((\w+)\)s")


@cache
def messages() -> dict[str, str]:
    """Every message of the program, with the file that says it."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*.py")):
        found |= dict.fromkeys(_in_python(path), str(path))
    for path in sorted(ROOT.rglob("*.html")) + sorted(ROOT.rglob("*.txt")):
        if "templates" in path.parts:
            found |= dict.fromkeys(_in_template(path), str(path))
    return found


def _in_python(path: Path) -> list[str]:
    calls = (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call))
    return [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name)
        and call.func.id in PYTHON_KEYWORDS
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    ]


def _in_template(path: Path) -> list[str]:
    options = {"trimmed": "true", "extensions": ""}
    return [
        message if isinstance(message, str) else message[0]
        for _line, _function, message, _comments in babel_extract(
            BytesIO(path.read_bytes()), TEMPLATE_KEYWORDS, [], options
        )
        if message
    ]


def test_there_is_something_to_translate() -> None:
    assert len(messages()) > 500


def test_every_message_has_its_french() -> None:
    french = catalog("fr")
    missing = sorted(f"{where}: {m}" for m, where in messages().items() if not french.get(m))
    assert missing == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/locale/fr.po")), ids=lambda p: p.parts[-3])
def test_placeholders_survive_translation(path: Path) -> None:
    for message, words in (*catalog("fr").items(), *catalog("en").items()):
        for variant in (words,) if isinstance(words, str) else words[1:]:
            assert set(PLACE.findall(variant)) <= set(PLACE.findall(message)) | {"n"}, message


def _in_contexts(language: str) -> set[str]:
    return {key for key in catalog(language) if GLUE in key}


def test_words_for_a_subject_are_of_a_message_and_in_both_languages() -> None:
    assert len(_in_contexts("fr")) > 100
    assert _in_contexts("en") == _in_contexts("fr")
    known = set(messages())
    assert [key for key in _in_contexts("fr") if key.split(GLUE)[1] not in known] == []


def test_no_translation_is_left_over() -> None:
    known = set(messages())
    left = [message for message in catalog("fr") if GLUE not in message and message not in known]
    assert sorted(left) == []


def test_a_message_has_one_translation() -> None:
    """Catalogues are read as one: two packages may say the same, but must translate it alike."""
    found: dict[str, set[str]] = {}
    for path in sorted(ROOT.glob("*/locale/fr.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="fr"):
                found.setdefault(f"{message.context} {message.id}", set()).add(str(message.string))
    assert {message: words for message, words in found.items() if len(words) > 1} == {}
