import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.core.states import IllegalTransition
from marketplace.core.tabular import DateOrder, Options
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import RfqLine
from marketplace.rfq.services import importing
from marketplace.rfq.terms.states import RfqState
from tests.clients import words
from tests.factories.catalog import make_item
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq

DATA = Path(__file__).parents[1] / "data" / "spreadsheets"
VALID_ONLY = Options(valid_rows_only=True)


@pytest.fixture
def buyer(session):
    return make_actor(session, OrgKind.BUYER, Role.BUYER)


@pytest.fixture
def rfq(session, buyer):
    return make_rfq(session, buyer, lines=[])


def content(name: str) -> bytes:
    return (DATA / name).read_bytes()


def bring(session, buyer, rfq, name: str, options: Options | None = None):
    return importing.import_lines(session, buyer, rfq.id, content(name), name, options or Options())


def lines_of(session, buyer, rfq):
    session.expire_all()
    whole = queries.get_with_content(session, buyer, rfq.id)
    titles = {lot.id: lot.title for lot in whole.lots}
    return whole, [
        (
            titles[line.lot_id],
            line.external_ref,
            line.description,
            line.quantity_value,
            line.quantity_unit,
            line.reference_price,
            line.delivery_on,
            line.delivery_place,
        )
        for line in whole.lines
    ]


D = Decimal
FRENCH = [
    ("Lot 1", "00420", "Chaise de bureau ergonomique, accoudoirs 4D", D(120), "C62", D("189.90"),
     date(2027, 3, 15), "Lyon 3e"),
    ("Lot 1", "00421", "Bureau assis-debout 160 × 80 cm", D(120), "C62", D("412.50"),
     date(2027, 3, 15), "Lyon 3e"),
    ("Lot 1", "00422", "Caisson mobile 3 tiroirs ; serrure à code", D(110), "C62", D(96),
     date(2027, 3, 15), "Lyon 3e"),
    ("Lot 2", "03-118", "Papier A4 80 g recyclé (ramette de 500 feuilles)", D(2400), "RM",
     D("3.185"), date(2027, 2, 1), "Villeurbanne"),
    ("Lot 2", "03-119", 'Enveloppes C5 à fenêtre, "qualité supérieure"', D(15000), "C62",
     D("0.0427"), date(2027, 2, 1), "Villeurbanne"),
    ("Lot 3", "000777", "Câble cuivre U-1000 R2V 3G2,5", D("1250.5"), "MTR", D("1.98"),
     date(2027, 4, 30), "Grenoble"),
    ("Lot 3", "000778", "Peinture façade siloxane", D("640.25"), "LTR", D("7.4"),
     date(2027, 4, 30), "Grenoble"),
]  # fmt: skip


class TestGoodFiles:
    @pytest.mark.parametrize("name", ["dqe-fr.csv", "dqe-fr-cp1252.tsv"])
    def test_french_files_give_three_lots_and_seven_lines(self, session, buyer, rfq, name):
        plan = bring(session, buyer, rfq, name)
        assert plan.parsed.problems == []
        whole, lines = lines_of(session, buyer, rfq)
        assert [lot.title for lot in whole.lots] == ["Lot 1", "Lot 2", "Lot 3"]
        assert lines == FRENCH

    def test_the_english_file_gives_two_lots_and_three_lines(self, session, buyer, rfq):
        bring(session, buyer, rfq, "boq-en.csv")
        whole, lines = lines_of(session, buyer, rfq)
        assert [lot.title for lot in whole.lots] == ["Lot A", "Lot B"]
        assert [(line[1], line[3], line[4], line[5], line[6]) for line in lines] == [
            ("0012", D(3000), "XBX", D("6.45"), date(2027, 2, 10)),
            ("0013", D(5000), "XBX", D("4.10"), date(2027, 2, 10)),
            ("4006381333931", D(850), "EA", D("0.62"), date(2027, 2, 20)),
        ]

    def test_lines_join_an_rfq_that_has_some(self, session, buyer):
        rfq = make_rfq(session, buyer)
        before = len(lines_of(session, buyer, rfq)[1])
        bring(session, buyer, rfq, "boq-en.csv")
        whole, lines = lines_of(session, buyer, rfq)
        assert len(lines) == before + 3
        assert [lot.title for lot in whole.lots][-2:] == ["Lot A", "Lot B"]

    def test_codes_of_the_catalogue_become_its_items(self, session, buyer, rfq):
        item = make_item(session, buyer, sku="0012", category_code="33141420")
        bring(session, buyer, rfq, "boq-en.csv")
        whole, _lines = lines_of(session, buyer, rfq)
        assert (whole.lines[0].item_id, whole.lines[0].category_code) == (item.id, "33141420")
        assert whole.lines[1].item_id is None


BAD = [
    ("/rows/3/external_ref", "duplicate_reference", "A-1"),
    ("/rows/4/quantity", "required", ""),
    ("/rows/5/quantity", "too_small", "-4"),
    ("/rows/6/unit", "unknown_unit", "palettes bleues"),
    ("/rows/7/delivery_on", "impossible_date", "31/02/2027"),
    ("/rows/8/quantity", "ambiguous_number", "1.234"),
    ("/rows/9/external_ref", "destroyed_code", "4,00638E+12"),
    ("/rows/12", "extra_cell", "surprise"),
]


class TestBadRows:
    def test_each_is_refused_with_row_column_value_and_reason(self, session, buyer, rfq):
        plan = importing.preview(
            session, buyer, rfq.id, content("dqe-fr-bad-rows.csv"), "bad.csv", Options()
        )
        assert [(p.pointer, p.code, p.value) for p in plan.parsed.errors] == BAD
        assert [(p.pointer, p.code) for p in plan.parsed.notices] == [
            ("/rows/10/description", "formula_as_text")
        ]
        assert [found.row for found in plan.lines] == [2, 10, 11]

    def test_nothing_is_stored_because_of_them(self, session, buyer, rfq):
        with pytest.raises(Invalid) as refusal:
            bring(session, buyer, rfq, "dqe-fr-bad-rows.csv")
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            (pointer, code) for pointer, code, _value in BAD
        ]
        assert session.scalar(select(func.count()).select_from(RfqLine)) == 0
        actions = session.scalars(select(AuditEvent.action)).all()
        assert "rfq.lines_imported" not in actions

    def test_the_valid_rows_are_stored_when_asked_for(self, session, buyer, rfq):
        plan = bring(session, buyer, rfq, "dqe-fr-bad-rows.csv", VALID_ONLY)
        assert plan.refused == 8
        _whole, lines = lines_of(session, buyer, rfq)
        assert [(line[1], line[2], line[5]) for line in lines] == [
            ("A-1", "Ligne correcte", D(12)),
            (None, '=HYPERLINK("http://example.invalid";"cliquez")', D(1)),
            ("A-7", "Trop de décimales pour l'euro au total ?", D("0.3333")),
        ]

    def test_a_workbook_is_read_below_its_title_and_without_its_total(self, session, buyer, rfq):
        plan = importing.preview(
            session, buyer, rfq.id, content("dqe-fr.xlsx"), "dqe-fr.xlsx", Options()
        )
        assert plan.parsed.header_row == 3
        assert [(p.pointer, p.code) for p in plan.parsed.errors] == [
            ("/rows/8/reference_price", "formula_without_result")
        ]
        assert [(p.pointer, p.code, p.value) for p in plan.parsed.notices] == [
            ("/rows/7/external_ref", "code_as_number", "777"),
            ("/rows/9/description", "total_row", "Total HT"),
        ]
        bring(session, buyer, rfq, "dqe-fr.xlsx", VALID_ONLY)
        whole, lines = lines_of(session, buyer, rfq)
        assert [lot.title for lot in whole.lots] == ["Lot 1", "Lot 2"]
        assert [(line[1], line[3], line[5]) for line in lines] == [
            ("00420", D(120), D("189.9")),
            ("00421", D(120), D("412.50")),
            ("777", D(2400), D("3.185")),
        ]

    def test_the_same_file_twice_is_refused_row_by_row(self, session, buyer, rfq):
        bring(session, buyer, rfq, "dqe-fr.csv")
        with pytest.raises(Invalid) as refusal:
            bring(session, buyer, rfq, "dqe-fr.csv")
        assert {error.code for error in refusal.value.errors} == {"already_in_rfq"}
        assert len(refusal.value.errors) == 7
        assert len(lines_of(session, buyer, rfq)[1]) == 7

    @pytest.mark.parametrize(
        ("row", "pointer", "code"),
        [
            ("1;x;1;U;EUR;;45233130", None, None),
            ("1;x;1;U;USD;;", "/rows/2/currency", "currency_mismatch"),
            ("1;x;1;U;EUR;;99999999", "/rows/2/category_code", "unknown_category"),
            (";x;1;U;EUR;;", "/rows/2/lot", "required"),
            ("1;;1;U;EUR;;", "/rows/2/description", "required"),
            ("1;x;1;;EUR;;", "/rows/2/unit", "required"),
            ("1;x;1,1234567;U;EUR;;", "/rows/2/quantity", "too_many_decimals"),
            ("1;x;1;U;EUR;-2;", "/rows/2/reference_price", "too_small"),
        ],
    )
    def test_other_reasons(self, session, buyer, rfq, row, pointer, code):
        data = f"lot;description;quantité;unité;devise;prix;cpv\n{row}\n".encode()
        plan = importing.preview(session, buyer, rfq.id, data, "x.csv", Options())
        assert [(p.pointer, p.code) for p in plan.parsed.errors] == (
            [(pointer, code)] if code else []
        )


class TestWho:
    def test_suppliers_and_approvers_may_not(self, session, buyer, rfq):
        for actor in (
            make_actor(session, OrgKind.SUPPLIER),
            make_actor(session, OrgKind.BUYER, Role.APPROVER),
        ):
            with pytest.raises(NotAllowed):
                bring(session, actor, rfq, "boq-en.csv")

    def test_other_buyers_find_nothing(self, session, rfq):
        with pytest.raises(NotFound):
            bring(session, make_actor(session), rfq, "boq-en.csv")

    def test_a_draft_is_needed(self, session, buyer, rfq):
        rfq.state = RfqState.CANCELLED
        session.flush()
        with pytest.raises(IllegalTransition):
            bring(session, buyer, rfq, "boq-en.csv")


class TestApi:
    def post(self, client, rfq, name, data=None, **form):
        form["file"] = (io.BytesIO(content(name) if data is None else data), name)
        return client.post(
            f"/rfqs/{rfq.id}/lines/import", data=form, content_type="multipart/form-data"
        )

    def test_answers_what_was_read_and_how(self, session, api, buyer, rfq):
        answer = self.post(api(buyer), rfq, "dqe-fr.csv")
        assert answer.status_code == 200
        assert answer.json["lines"] == 7
        assert (answer.json["encoding"], answer.json["separator"]) == ("utf-8", ";")
        assert (answer.json["decimal_sign"], answer.json["date_order"]) == (",", "day_first")
        assert answer.json["errors"] == answer.json["notices"] == []

    def test_refuses_with_a_pointer_for_each_reason(self, session, api, buyer, rfq):
        answer = self.post(api(buyer), rfq, "dqe-fr-bad-rows.csv")
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            (pointer, code) for pointer, code, _value in BAD
        ]

    def test_valid_rows_only_lists_what_was_left_out(self, session, api, buyer, rfq):
        answer = self.post(api(buyer), rfq, "dqe-fr-bad-rows.csv", valid_rows_only="true")
        assert answer.status_code == 200
        assert answer.json["lines"] == 3
        assert [(e["pointer"], e["code"], e["value"]) for e in answer.json["errors"]] == BAD

    def test_the_order_of_dates_can_be_said(self, session, api, buyer, rfq):
        data = b"description;quantity;unit;deliver by\nx;1;U;03/04/2027\n"
        assert self.post(api(buyer), rfq, "x.csv", data).status_code == 422
        answer = self.post(api(buyer), rfq, "x.csv", data, date_order=str(DateOrder.DAY_FIRST))
        assert answer.status_code == 200
        assert lines_of(session, buyer, rfq)[1][0][6] == date(2027, 4, 3)

    def test_the_template_is_read_by_the_import(self, session, api, buyer, rfq):
        client = api(buyer)
        template = client.get("/rfqs/lines/template")
        assert template.status_code == 200
        answer = self.post(client, rfq, "template.xlsx", template.data)
        assert answer.status_code == 200
        assert answer.json["lines"] == 2


class TestPages:
    def test_a_file_is_shown_first_and_imported_then(self, session, portal, buyer, rfq):
        browser = portal(buyer)
        assert browser.get(f"/rfqs/{rfq.id}/import").status_code == 200
        shown = browser.post(
            f"/rfqs/{rfq.id}/import",
            {"file": (io.BytesIO(content("dqe-fr-bad-rows.csv")), "dqe.csv")},
            content_type="multipart/form-data",
        )
        assert shown.status_code == 200
        assert "3 lines are right, 8 rows are refused" in words(shown)
        assert "palettes bleues" in words(shown)
        assert session.scalar(select(func.count()).select_from(RfqLine)) == 0
        document_id = shown.text.split('name="document_id" value="')[1].split('"')[0]
        refused = browser.post(f"/rfqs/{rfq.id}/import/confirm", {"document_id": document_id})
        assert refused.status_code == 422
        done = browser.post(
            f"/rfqs/{rfq.id}/import/confirm",
            {"document_id": document_id, "valid_rows_only": "true"},
        )
        assert done.status_code == 303
        assert len(lines_of(session, buyer, rfq)[1]) == 3

    def test_a_file_that_cannot_be_read_says_why(self, portal, buyer, rfq):
        answer = portal(buyer).post(
            f"/rfqs/{rfq.id}/import",
            {"file": (io.BytesIO(b"foo;bar\n1;2\n"), "x.csv")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
        assert "There is no column “Quantity”." in words(answer)

    def test_no_file_is_asked_for(self, portal, buyer, rfq):
        browser = portal(buyer)
        for step in ("import", "import/confirm"):
            answer = browser.post(f"/rfqs/{rfq.id}/{step}")
            assert answer.status_code == 422
            assert "Choose a file." in words(answer)

    def test_the_template_can_be_downloaded(self, portal, buyer):
        answer = portal(buyer).get("/rfqs/import/template")
        assert answer.headers["Content-Disposition"].startswith("attachment")
