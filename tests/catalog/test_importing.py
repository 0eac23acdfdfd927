from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.catalog import importing, queries
from marketplace.catalog.models import Item
from marketplace.core.errors import Invalid, NotAllowed
from marketplace.core.money import Money
from marketplace.core.tabular import Options
from marketplace.identity.permissions import OrgKind, Role
from tests.factories.catalog import make_item
from tests.factories.identity import make_actor


@pytest.fixture
def buyer(session):
    return make_actor(session)


def bring(session, buyer, text: str, options: Options | None = None):
    return importing.import_items(session, buyer, text.encode(), "items.csv", options or Options())


def count(session) -> int:
    return session.scalar(select(func.count()).select_from(Item)) or 0


class TestNewItems:
    def test_all_fields_are_taken(self, session, buyer):
        plan = bring(
            session,
            buyer,
            "Référence;Désignation;Unité;Prix HT;Prix pour;CPV;EAN\n"
            "00420;Chaise;U;189,90;1;39112000-0;4006381333931\n"
            "03-119;Enveloppes;U;4,27;100;;\n",
        )
        assert (plan.added, plan.changed) == (2, 0)
        chair, envelopes = queries.search(session, buyer).items
        assert (chair.sku, chair.category_code, chair.gtin) == (
            "00420",
            "39112000",
            "4006381333931",
        )
        assert chair.price == Money(Decimal("189.90"), "EUR")
        assert envelopes.unit_price == Decimal("0.0427")

    @pytest.mark.parametrize(
        ("row", "pointer", "code"),
        [
            ("A;;U;1;", "/rows/2/name", "required"),
            ("A;a;;1;", "/rows/2/unit", "required"),
            ("A;a;furlong;1;", "/rows/2/unit", "unknown_unit"),
            ("A;a;U;-1;", "/rows/2/price", "out_of_range"),
            ("A;a;U;1;4006381333932", "/rows/2/gtin", "bad_check_digit"),
            ("4,00638E+12;a;U;1;", "/rows/2/sku", "destroyed_code"),
            (";a;U;1;", "/rows/2/sku", "required"),
        ],
    )
    def test_nothing_is_stored_for_a_row_that_is_not_right(
        self, session, buyer, row, pointer, code
    ):
        with pytest.raises(Invalid) as refusal:
            bring(session, buyer, f"sku;name;unit;price;gtin\n{row}\nB;b;U;2;\n")
        assert (pointer, code) in [(e.pointer, e.code) for e in refusal.value.errors]
        assert count(session) == 0

    def test_a_code_that_stands_twice_is_reported_with_both_rows(self, session, buyer):
        with pytest.raises(Invalid) as refusal:
            bring(session, buyer, "sku;name;unit\nSKU1;a;U\nsku1 ;b;U\n")
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            ("/rows/2/sku", "duplicate_code"),
            ("/rows/3/sku", "duplicate_code"),
        ]
        assert count(session) == 0


class TestKnownItems:
    """Field cases OPEN-12 and OPEN-28."""

    @pytest.fixture
    def item(self, session, buyer):
        return make_item(session, buyer, sku="SKU123", price=Money(Decimal("12.50"), "EUR"))

    @pytest.mark.parametrize(
        ("text", "price"),
        [
            ("sku;name;price\nSKU123;x;0\n", "0"),
            ("sku;name;price\nSKU123;x;\n", "12.50"),
            ("sku;name\nSKU123;x\n", "12.50"),
        ],
    )
    def test_zero_empty_and_absent_are_three_things(self, session, buyer, item, text, price):
        bring(session, buyer, text)
        assert item.price == Money(Decimal(price), "EUR")
        assert item.name == "x"

    def test_erasing_needs_the_marker(self, session, buyer, item):
        bring(session, buyer, "sku;name;price\nSKU123;;#EMPTY\n")
        assert item.price is None

    def test_some_fields_cannot_be_erased(self, session, buyer, item):
        with pytest.raises(Invalid) as refusal:
            bring(session, buyer, "sku;name\nSKU123;#EMPTY\n")
        assert [e.code for e in refusal.value.errors] == ["cannot_be_empty"]

    @pytest.mark.parametrize("sku", ["SKU123 ", "sku123", "\u00a0SKU123", "SKU123\u200b"])
    def test_codes_that_differ_in_blanks_and_case_update_the_item(self, session, buyer, item, sku):
        plan = bring(session, buyer, f"sku;name\n{sku};New name\n")
        assert (plan.added, plan.changed) == (0, 1)
        assert count(session) == 1
        assert item.name == "New name"

    def test_the_preview_shows_old_and_new_values_and_writes_nothing(self, session, buyer, item):
        plan = importing.preview(
            session, buyer, b"sku;name;price\nSKU123;New;0\nX;x;1\n", "x.csv", Options()
        )
        assert plan.changes[0].changes == {
            "name": (item.name, "New"),
            "price": ("12.5 EUR", "0 EUR"),
        }
        assert item.name != "New"


def test_valid_rows_only_leaves_the_others_out(session, buyer):
    plan = bring(
        session, buyer, "sku;name;unit\nA;a;U\nB;b;furlong\n", Options(valid_rows_only=True)
    )
    assert (plan.added, [p.row for p in plan.parsed.errors]) == (1, [3])


def test_needs_the_permission(session):
    requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER)
    with pytest.raises(NotAllowed):
        bring(session, requester, "sku;name;unit\nA;a;U\n")


def test_many_rows_take_one_statement_each_for_their_history(session, buyer, statements):
    rows = "".join(f"S-{number};Item {number};U\n" for number in range(400))
    statements.clear()
    bring(session, buyer, f"sku;name;unit\n{rows}")
    session.flush()
    assert count(session) == 400
    assert len(statements) < 400 + 30
