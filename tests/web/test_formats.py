"""Values as the reader's language and zone write them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.core.text import reading_in
from marketplace.web import charts, deeds, formats, looks

NOON = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
def french():
    with reading_in("fr"):
        yield


@pytest.fixture(autouse=True)
def noon():
    with clock.frozen(NOON):
        yield


class TestMoney:
    def test_it_always_names_its_currency(self):
        assert formats.money(Money(Decimal("1250.5"), "EUR")) == "€1,250.50"

    def test_in_french(self, french):
        assert formats.money(Money(Decimal("1250.5"), "EUR")) == "1\u202f250,50\u00a0€"

    def test_unit_prices_keep_their_decimals(self):
        assert formats.money(Money(Decimal("0.0125"), "EUR")) == "€0.0125"

    def test_currencies_without_decimals_have_none(self):
        assert formats.money(Money(Decimal(1250), "JPY")) == "JP¥1,250"

    def test_stored_zeros_do_not_show(self):
        assert formats.money(Money(Decimal("12.000000"), "EUR")) == "€12.00"

    def test_nothing_is_a_dash(self):
        assert formats.money(None) == "—"


class TestNumbers:
    def test_decimals_as_they_are(self):
        assert formats.number(Decimal("1234.500")) == "1,234.5"

    def test_a_ratio_as_per_cent(self, french):
        assert formats.percent(Decimal("0.125")) == "12,5\u202f%"

    def test_a_quantity_names_its_unit(self, french):
        assert formats.quantity(Quantity(Decimal("12.50"), "KGM")) == "12,5\u00a0kilogrammes"

    def test_one_of_a_unit_is_singular(self):
        assert formats.quantity(Quantity(Decimal("1.000"), "C62")) == "1\u00a0piece"
        assert formats.quantity(Quantity(Decimal(1000), "C62")) == "1,000\u00a0pieces"


class TestTimes:
    def test_a_near_day_has_its_weekday(self):
        assert formats.day(date(2026, 3, 13), "Europe/Paris") == "Fri\u00a013\u00a0Mar\u00a02026"
        assert formats.day(date(2026, 5, 13), "Europe/Paris") == "13\u00a0May\u00a02026"

    def test_a_deadline_names_its_zone(self, french):
        assert formats.moment(NOON, "Europe/Paris") == (
            "mer.\u00a011\u00a0mars\u00a02026, 13:00\u00a0CET"
        )
        assert formats.moment(NOON, "Asia/Kolkata").endswith("17:30\u00a0IST")
        assert formats.moment(NOON, "America/Sao_Paulo").endswith("09:00\u00a0UTC-03:00")

    @pytest.mark.parametrize(
        ("left", "words"),
        [
            (timedelta(days=2, hours=3, minutes=5), "2 d 3 h left"),
            (timedelta(hours=3, minutes=5), "3 h 5 min left"),
            (timedelta(seconds=20), "1 min left"),
            (timedelta(0), "passed"),
        ],
    )
    def test_time_left_is_told_in_its_two_largest_units(self, left, words):
        assert formats.remaining(NOON + left) == words

    def test_far_moments_are_dates(self):
        assert formats.ago(NOON - timedelta(days=60), "UTC") == "10\u00a0Jan\u00a02026"
        assert formats.ago(NOON - timedelta(hours=3), "UTC") == "3 hours ago"
        assert formats.ago(NOON, "UTC") == "just now"


class TestChanges:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (True, "yes"),
            (None, "—"),
            (["a", "b"], "a, b"),
            ({"k": 1}, "k: 1"),
            ([], "—"),
            ("7140.0000", "7,140"),
            ("price_higher", "Dearer than ordered"),
            ("no_such_code", "no_such_code"),
            ("8283df1d3327cbcbdf94429215f4c36bbfb0d0df", "8283df1d…"),
        ],
    )
    def test_values_of_the_history_are_words(self, value, shown):
        assert formats.change(value) == shown

    def test_deeds_are_words(self, french):
        assert deeds.deed("rfq.published") == "Publication"
        assert deeds.deed("rfq.something_new") == "Something new"


class TestLooks:
    def test_a_state_nobody_listed_is_quiet(self):
        assert looks.state_look("whatever") == looks.NEUTRAL


class TestCharts:
    def test_bars_share_one_scale_and_zero(self):
        chart = charts.bar_chart([("a", Decimal(-5), ""), ("b", Decimal(10), "")])
        negative, positive = chart.marks
        assert chart.zero == 200
        assert (negative.x, negative.width) == (0, 200)
        assert (positive.x, positive.width) == (200, 400)

    def test_a_line_of_one_point_and_of_none(self):
        assert charts.line_chart([("a", 3, "")]).path == "6.0,6.0"
        assert charts.line_chart([]).path == ""

    def test_the_darkest_cell_is_the_largest(self):
        rows = [("a", [(1, ""), (6, ""), (None, "")])]
        assert [charts.heat_step(cell[0], rows) for cell in rows[0][1]] == [1, 6, 0]
