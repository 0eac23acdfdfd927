from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.catalog import queries, service
from marketplace.catalog.models import Category, Item
from marketplace.catalog.service import SkuTaken
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from marketplace.core.money import Money
from marketplace.core.text import reading_in
from marketplace.identity.permissions import OrgKind, Role
from tests.factories.catalog import make_item
from tests.factories.identity import make_actor


@pytest.fixture
def buyer(session):
    return make_actor(session)


class TestCreate:
    def test_keeps_codes_as_written_and_compares_them_normalised(self, session, buyer):
        item = make_item(session, buyer, sku=" 00420\u00a0", gtin="4006381333931")
        assert (item.sku, item.sku_key, item.gtin) == ("00420", "00420", "4006381333931")

    def test_a_code_is_taken_whatever_its_case_and_blanks(self, session, buyer):
        make_item(session, buyer, sku="SKU123")
        with pytest.raises(SkuTaken) as refusal:
            make_item(session, buyer, sku="sku123\u200b")
        assert refusal.value.errors[0].pointer == "/sku"
        assert session.scalar(select(func.count()).select_from(Item)) == 1

    def test_two_buyers_may_use_the_same_code(self, session, buyer):
        make_item(session, buyer, sku="1")
        make_item(session, make_actor(session), sku="1")

    def test_an_unknown_category_is_refused(self, session, buyer):
        with pytest.raises(Invalid) as refusal:
            make_item(session, buyer, category_code="99999999")
        assert [e.code for e in refusal.value.errors] == ["unknown_category"]

    def test_only_buyers_in_the_right_role(self, session):
        with pytest.raises(NotAllowed):
            make_item(session, make_actor(session, OrgKind.BUYER, Role.REQUESTER))
        with pytest.raises(Conflict):
            make_item(session, make_actor(session, OrgKind.OPERATOR))


class TestUpdate:
    def test_changes_what_is_named_and_notes_it(self, session, buyer):
        item = make_item(session, buyer, name="Old")
        changed = service.update(
            session,
            buyer,
            item.id,
            {"name": "New", "price": Money(Decimal(0), "EUR")},
            expected_version=1,
        )
        assert (changed.name, changed.price, changed.version) == (
            "New",
            Money(Decimal(0), "EUR"),
            2,
        )
        note = session.scalars(select(AuditEvent).where(AuditEvent.action == "item.changed")).one()
        assert note.data == {"name": "New", "price": "0 EUR"}

    def test_the_same_values_change_nothing(self, session, buyer):
        item = make_item(session, buyer, name="Same")
        assert service.update(session, buyer, item.id, {"name": "Same"}).version == 1

    def test_an_old_version_is_refused(self, session, buyer):
        item = make_item(session, buyer)
        service.update(session, buyer, item.id, {"name": "New"})
        with pytest.raises(Stale):
            service.update(session, buyer, item.id, {"name": "x"}, expected_version=1)

    def test_other_buyers_find_nothing(self, session, buyer):
        item = make_item(session, buyer)
        with pytest.raises(NotFound):
            service.update(session, make_actor(session), item.id, {"name": "x"})


class TestSearch:
    def test_finds_by_words_code_gtin_and_category(self, session, buyer):
        cable = make_item(
            session,
            buyer,
            sku="000777",
            name="Câble cuivre U-1000",
            gtin="4006381333931",
            category_code="44321000",
        )
        make_item(session, buyer, name="Peinture", category_code="44810000")
        make_item(session, make_actor(session), name="Câble d'autrui")
        for query in ("cables", "CUIVRE câble", "000777", "4006381333931"):
            found = queries.search(session, buyer, query)
            assert [item.id for item in found.items] == [cable.id], query
        below = queries.search(session, buyer, category_code="44300000")
        assert [item.id for item in below.items] == [cable.id]

    def test_items_out_of_use_are_left_out(self, session, buyer):
        make_item(session, buyer, active=False)
        assert queries.search(session, buyer).items == []
        assert len(queries.search(session, buyer, include_inactive=True).items) == 1

    def test_pages_are_complete_and_disjoint(self, session, buyer):
        for _number in range(7):
            make_item(session, buyer, name="All the same name")
        seen, cursor = [], None
        while True:
            page = queries.search(session, buyer, cursor=cursor, limit=3)
            seen += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 7

    def test_suggestions_put_the_exact_code_first(self, session, buyer):
        make_item(session, buyer, sku="12-3", name="Aaa 12")
        exact = make_item(session, buyer, sku="12", name="Zzz")
        assert queries.suggestions(session, buyer, "12")[0].id == exact.id


class TestCategories:
    def test_the_whole_vocabulary_is_there_in_both_languages(self, session):
        assert session.scalar(select(func.count()).select_from(Category)) == 9454
        found = queries.category(session, "30197643")
        with reading_in("fr"):
            assert found.name == "Papier pour photocopie"
        assert found.name == "Photocopier paper"

    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ("papier photocopie", "30197643"),
            ("Photocopier paper", "30197643"),
            ("30197643-5", "30197643"),
            ("3019764", "30197640"),
            ("chaises", "39112000"),
        ],
    )
    def test_finds_by_code_or_words(self, session, query, first):
        codes = [category.code for category in queries.search_categories(session, query).items]
        assert first in codes

    def test_the_tree_can_be_walked(self, session):
        assert len(queries.children(session, None)) == 45
        above = [category.code for category in queries.ancestors(session, "30197643")]
        assert above == ["30000000", "30100000", "30190000", "30197000", "30197600", "30197640"]
        assert "30197643" in [c.code for c in queries.children(session, "30197640")]

    def test_an_unknown_code_is_not_found(self, session):
        with pytest.raises(NotFound):
            queries.category(session, "99999999")
