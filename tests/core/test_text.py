"""Messages in the reader's language, units by their usual names, ids in order."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest

from marketplace.core import clock
from marketplace.core.ids import uuid7
from marketplace.core.text import (
    Text,
    _,
    known_language,
    label,
    ngettext_,
    reading_in,
    register_labels,
)
from marketplace.core.units import unit_code, unit_name


def test_values_fill_their_places():
    assert str(_("Delivery %(number)s is booked.", number=3)) == "Delivery 3 is booked."


def test_a_message_is_rendered_when_it_is_read():
    message = _("Not found")
    with reading_in("fr-BE"):
        assert str(message) == "Introuvable"
    assert str(message) == "Not found"


def test_plural_forms():
    assert str(ngettext_("%(n)s piece", "%(n)s pieces", 1)) == "1 piece"
    assert str(ngettext_("%(n)s piece", "%(n)s pieces", 2)) == "2 pieces"


def test_the_number_of_a_plural_is_written_as_the_reader_does():
    points = ngettext_("%(n)s point", "%(n)s points", 3265)
    assert str(points) == "3,265 points"
    with reading_in("fr"):
        assert str(points) == "3\u202f265 points"


def test_html_is_escaped():
    assert Text("<b>", {}).__html__() == "&lt;b&gt;"


@pytest.mark.parametrize(("locale", "expected"), [("fr_FR", "fr"), ("FR", "fr"), ("de", "en")])
def test_unknown_languages_read_english(locale, expected):
    assert known_language(locale) == expected


@pytest.mark.parametrize(
    ("typed", "code"),
    [("kg", "KGM"), ("Pièces", "C62"), ("heures", "HUR"), ("m²", "MTK"), ("C62", "C62")],
)
def test_usual_names_of_units(typed, code):
    assert unit_code(typed) == code


def test_an_unknown_unit_has_no_code():
    assert unit_code("furlong") is None
    assert unit_name("ZZZ", "fr", 2) == "ZZZ"


@pytest.mark.parametrize(
    ("code", "count", "english", "french"),
    [
        ("C62", "0", "pieces", "pièce"),
        ("C62", "1", "piece", "pièce"),
        ("XBX", "1.5", "boxes", "boîte"),
        ("XRO", "2", "rolls", "rouleaux"),
        ("MON", "12", "months", "mois"),
        ("MTK", "100", "square metres", "mètres carrés"),
        ("EA", "100", "each", "à l’unité"),
    ],
)
def test_units_have_a_plural(code, count, english, french):
    assert unit_name(code, "en", Decimal(count)) == english
    assert unit_name(code, "fr", Decimal(count)) == french


def test_ids_grow_with_time_and_are_version_7():
    ids = [uuid7() for _n in range(3)]
    assert {i.version for i in ids} == {7}
    assert len(set(ids)) == 3


def test_the_clock_can_be_held():
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with clock.frozen(at):
        assert clock.now() == at
    assert clock.now() > at


def test_the_clock_refuses_naive_times():
    with pytest.raises(ValueError, match="aware"), clock.frozen(datetime(2026, 3, 1)):  # noqa: DTZ001
        pass


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_an_enumeration_gets_words_for_all_of_its_values():
    with pytest.raises(ValueError, match="Colour has no words for blue"):
        register_labels({Colour.RED: _("Red")})
    # two enumerations in one mapping: what is equal is one key
    both = {Colour.RED: _("Red"), Colour.BLUE: _("Blue"), Light.RED: _("Stop")}
    with pytest.raises(ValueError, match="Light has no words for red"):
        register_labels({**both, Light.GREEN: _("Go")})
    register_labels({Light.RED: _("Stop"), Light.GREEN: _("Go")})
    assert (label(Light.RED), label(Light.GREEN)) == ("Stop", "Go")
