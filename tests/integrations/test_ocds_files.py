"""Every file of the folder with what exactly becomes of it, and workbooks as they are made."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.errors import Invalid
from marketplace.core.money import Money
from marketplace.documents import queries as documents
from marketplace.identity.permissions import Actor
from marketplace.integrations import ocds
from marketplace.integrations.ocds_reading import NothingToImport
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from tests.factories.identity import make_actor

DATA = Path(__file__).parents[1] / "data" / "ocds"
WORKBOOK = DATA / "fictional-02-tender.xlsx"
KEYS = {"id", "rfq_id", "lot_id", "buyer_id", "number", "created_at", "changed_at", "created_by"}


@dataclass(frozen=True)
class Expected:
    """The draft after the import: lines as quantity, unit, price, category, reference, text."""

    title: str
    estimate: Money
    lines: list[tuple[str, str, str | None, str | None, str, str]]
    documents: list[tuple[str, str]]
    releases: list[str]
    open_to_all: bool
    notices: list[str] = field(default_factory=list)
    encoding: str = "utf-8"


CYCLE_LANES = ("8", "SMI", "120000", "45233130", "1", "Cycle lane improvements")
NOTICE = (
    "Tender Notice",
    "http://example.com/tender-notices/ocds-213czf-000-00001-01.html",
)
ANSWERS = (
    "Enquiry Responses",
    "http://example.com/enquiry-response/ocds-213czf-000-00001-01.html",
)
MEXICO = "http://innovacion.finanzas.df.gob.mx/ocpsefin/INTERFASE2/GRP/OCDS/ARCHIVOS"
DRAFTS = {
    name: Expected(
        title="Planned cycle lane improvements",
        estimate=Money(Decimal(1100000), "GBP"),
        lines=[CYCLE_LANES],
        documents=[NOTICE],
        releases=["ocds-213czf-000-00001-02-tender"],
        open_to_all=True,
        notices=["The published deadline was 2010-04-01. Set a new one."],
    )
    for name in ("fictional-02-tender.json", "fictional-02-tender.xlsx")
} | {
    "fictional-03-tenderAmendment.json": Expected(
        title="Planned cycle lane improvements",
        estimate=Money(Decimal(1100000), "GBP"),
        lines=[CYCLE_LANES],
        documents=[NOTICE, ANSWERS],
        releases=["ocds-213czf-000-00001-03-tenderAmendment"],
        open_to_all=True,
        notices=["The published deadline was 2010-04-08. Set a new one."],
    ),
    "release-package-1.json": Expected(
        title="ARRENDAMIENTO DE BIENES INFORMÁTICOS",
        estimate=Money(Decimal(1311264), "MXN"),
        lines=[("471", "E48", None, None, "1", "COMPUTADORA PORTATIL TIPO 1")],
        documents=[("REQUISICION 038", f"{MEXICO}/requisicion_038_20160615_105125.pdf")],
        releases=["01", "02"],
        open_to_all=False,
        notices=["The published deadline was 2015-12-22. Set a new one."],
    ),
    "release-package_encoding-iso-8859-1.json": Expected(
        title="MANTENIMIENTO A MÁQUINA CORTADORA",
        estimate=Money(Decimal("193817.39"), "MXN"),
        lines=[("1", "E48", None, None, "1", "MTTO PREVENTIVO CORRECTIVO MAQ CORTADORA")],
        documents=[("REQUISICION 072", f"{MEXICO}/requisicion_072_20161214_110416.pdf")],
        releases=["01", "02", "03"],
        open_to_all=False,
        notices=["The published deadline was 2016-01-19. Set a new one."],
        encoding="iso-8859-1",
    ),
}
NOTHING = {"fictional-04-award.json": "award", "release-package_1.1-2.json": "contract"}


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Rfq)) or 0


def test_every_file_of_the_folder_is_expected_here() -> None:
    assert {path.name for path in DATA.iterdir()} == {*DRAFTS, *NOTHING}


@pytest.mark.parametrize("name", DRAFTS)
def test_a_file_with_a_tender_becomes_exactly_this_draft(
    session: Session, buyer: Actor, name: str
) -> None:
    expected = DRAFTS[name]
    imported = ocds.import_file(session, buyer, DATA / name, encoding=expected.encoding)
    assert [each.release_id for each in imported] == expected.releases
    assert [str(notice) for notice in imported[-1].notices] == expected.notices
    assert count(session) == 1
    rfq = queries.get_with_content(session, buyer, imported[0].rfq.id)
    assert (rfq.title, rfq.estimate, rfq.open_to_all) == (
        expected.title,
        expected.estimate,
        expected.open_to_all,
    )
    assert [(lot.number, lot.title) for lot in rfq.lots] == [(1, expected.title)]
    assert [
        (
            line.quantity_value,
            line.quantity_unit,
            line.reference_price,
            line.category_code,
            line.external_ref,
            line.description,
        )
        for line in rfq.lines
    ] == [
        (Decimal(quantity), unit, None if price is None else Decimal(price), *rest)
        for quantity, unit, price, *rest in expected.lines
    ]
    attached = documents.attached(session, buyer, "rfq", rfq.id)
    assert [(each.filename, each.url) for each in attached] == expected.documents


@pytest.mark.parametrize("name", NOTHING)
def test_a_file_of_later_steps_says_why_nothing_is_imported(
    session: Session, buyer: Actor, name: str
) -> None:
    with pytest.raises(NothingToImport) as refusal:
        ocds.import_file(session, buyer, DATA / name)
    assert refusal.value.code == "nothing_to_import"
    assert str(refusal.value.detail) == (
        f"There is no tender in this file, only: {NOTHING[name]}. Nothing was imported."
    )
    assert [str(error.detail) for error in refusal.value.errors] == [
        "No release is about the tender itself; later steps repeat it only in part."
    ]
    assert count(session) == 0


class TestTheWorkbook:
    def test_gives_field_by_field_the_rfq_of_the_json(self, session: Session) -> None:
        from_json, from_workbook = make_actor(session), make_actor(session)
        one = self.everything_of(session, from_json, "fictional-02-tender.json")
        other = self.everything_of(session, from_workbook, "fictional-02-tender.xlsx")
        assert one == other
        assert one["rfq"]["external_ref"] == "ocds-213czf-000-00001"
        assert len(one["rfq"]) > 20

    def everything_of(self, session: Session, buyer: Actor, name: str) -> dict[str, Any]:
        [imported] = ocds.import_file(session, buyer, DATA / name)
        rfq = queries.get_with_content(session, buyer, imported.rfq.id)
        noted = [
            entry.data
            for entry in audit.history(session, buyer.organisation_id, "rfq", rfq.id)
            if entry.action == ocds.IMPORTED
        ]
        attached = documents.attached(session, buyer, "rfq", rfq.id)
        return {
            "rfq": fields_of(rfq),
            "lots": [fields_of(lot) for lot in rfq.lots],
            "lines": [fields_of(line) for line in rfq.lines],
            "criteria": [fields_of(criterion) for criterion in rfq.criteria],
            "documents": [(each.filename, each.url, each.content_type) for each in attached],
            "noted": [(n["ocid"], n["release_id"], n["released_at"]) for n in noted],
            "notices": [str(notice) for notice in imported.notices],
        }

    def test_is_the_same_release_as_the_json_and_its_amendment_updates_it(
        self, session: Session, buyer: Actor
    ) -> None:
        [first] = ocds.import_file(session, buyer, WORKBOOK)
        [same] = ocds.import_file(session, buyer, DATA / "fictional-02-tender.json")
        [amended] = ocds.import_file(session, buyer, DATA / "fictional-03-tenderAmendment.json")
        assert [first.outcome, same.outcome, amended.outcome] == [
            ocds.Outcome.CREATED,
            ocds.Outcome.KNOWN,
            ocds.Outcome.UPDATED,
        ]
        assert count(session) == 1

    def test_is_known_by_its_content_not_by_its_name(self, session: Session, portal, api) -> None:
        buyer = make_actor(session)
        answer = api(buyer).post(
            "/imports/ocds",
            data={"file": (io.BytesIO(WORKBOOK.read_bytes()), "tender.json")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 200
        assert [item["outcome"] for item in answer.json["items"]] == ["created"]
        page = portal(make_actor(session)).post(
            "/rfqs/import-ocds",
            {"file": (io.BytesIO(WORKBOOK.read_bytes()), "tender.xlsx")},
            content_type="multipart/form-data",
        )
        assert page.status_code == 200
        assert "Planned cycle lane improvements" in page.text
        assert count(session) == 2


def fields_of(row: Any) -> dict[str, Any]:
    """Every column that does not only tell one import from another."""
    columns = inspect(type(row)).columns.keys()
    return {name: getattr(row, name) for name in columns if name not in KEYS}


HEAD = ("ocid", "id")
JOIN = ("ocds-1", "r1")


def workbook(**sheets: list[tuple[Any, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


RELEASES = [(*HEAD, "date", "tag"), (*JOIN, "2026-01-02T00:00:00Z", "planning;tender")]
TENDER = [(*HEAD, "tender/title", "tender/value/amount", "tender/value/currency"),
          (*JOIN, "Road salt", 1200.5, "EUR")]  # fmt: skip


class TestWorkbooksOfOthers:
    def read(self, session: Session, buyer: Actor, **sheets: list[tuple[Any, ...]]) -> Rfq:
        [imported] = ocds.import_bytes(session, buyer, workbook(releases=RELEASES, **sheets))
        return queries.get_with_content(session, buyer, imported.rfq.id)

    def test_items_of_several_sheets_and_rows_are_joined_by_their_id(
        self, session: Session, buyer: Actor
    ) -> None:
        items = [
            (*HEAD, "tender/items/0/id", "tender/items/0/description", "tender/items/0/quantity"),
            (*JOIN, "a", "Salt", 12.5),
            (None, None, None, None, None),
            (*JOIN, "b", "Grit", "7"),
        ]
        classes = [
            (*HEAD, "tender/items/0/id", "tender/items/0/classification/scheme",
             "tender/items/0/classification/id"),
            (*JOIN, "b", "CPV", 14212100),
            (*JOIN, "a", "CPV", "34927100-2"),
        ]  # fmt: skip
        units = [(*HEAD, "tender/items/0/id", "tender/items/0/unit/id"), (*JOIN, "a", "TNE")]
        rfq = self.read(session, buyer, tender=TENDER, items=items, classes=classes, units=units)
        assert rfq.estimate == Money(Decimal("1200.50"), "EUR")
        assert [
            (line.external_ref, line.description, line.quantity_value, line.quantity_unit)
            for line in rfq.lines
        ] == [("a", "Salt", Decimal("12.5"), "TNE"), ("b", "Grit", Decimal(7), "C62")]

    def test_several_elements_may_stand_in_one_row(self, session: Session, buyer: Actor) -> None:
        wide = [
            (*HEAD, "tender/title", "tender/lots/0/id", "tender/lots/0/title", "tender/lots/1/id",
             "tender/lots/1/title"),
            (*JOIN, "Salt", "x", "North", "y", "South"),
        ]  # fmt: skip
        rfq = self.read(session, buyer, tender=wide)
        assert [lot.title for lot in rfq.lots] == ["North", "South"]

    def test_an_id_that_is_written_with_a_point_stays_where_others_show_it_is_meant(
        self, session: Session, buyer: Actor
    ) -> None:
        items = [(*HEAD, "tender/items/0/id", "tender/items/0/description"),
                 (*JOIN, "1.0", "Earthworks"), (*JOIN, "1.1", "Digging")]  # fmt: skip
        rfq = self.read(session, buyer, tender=TENDER, items=items)
        assert [line.external_ref for line in rfq.lines] == ["1.0", "1.1"]

    def test_a_cell_typed_as_a_date_orders_the_releases(
        self, session: Session, buyer: Actor
    ) -> None:
        releases = [(*HEAD, "date", "tag", "tender/title"),
                    ("ocds-1", "r2", date(2026, 2, 1), "tenderUpdate", "Second"),
                    ("ocds-1", "r1", date(2026, 1, 1), "tender", "First")]  # fmt: skip
        imported = ocds.import_bytes(session, buyer, workbook(releases=releases))
        assert [(each.release_id, str(each.outcome)) for each in imported] == [
            ("r1", "created"),
            ("r2", "updated"),
        ]
        assert imported[0].rfq.title == "Second"


ROW = "Row %s of the sheet “%s” cannot be read."
REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "no sheet of the standard": (
        lambda: workbook(prices=[("item", "price"), ("Salt", 3)]),
        "not_ocds",
        "No sheet of the workbook has the columns “ocid” and “id” of the OCDS.",
    ),
    "a row without its release": (
        lambda: workbook(t=[*TENDER, ("ocds-1", None, "Grit", 1, "EUR")]),
        "bad_row",
        f"{ROW % (3, 't')} It does not name both ocid and id of its release.",
    ),
    "two titles of one tender": (
        lambda: workbook(t=[*TENDER, (*JOIN, "Grit", 1200.5, "EUR")]),
        "bad_row",
        f"{ROW % (3, 't')} It says something else of tender/title than an earlier row.",
    ),
    "a formula without its result": (
        lambda: workbook(t=[TENDER[0], (*JOIN, "Salt", "=6*7", "EUR")]),
        "bad_row",
        f"{ROW % (2, 't')} It holds a formula whose result is not in the file.",
    ),
    "headers that contradict each other": (
        lambda: workbook(t=[(*HEAD, "tender", "tender/title"), (*JOIN, "x", "Salt")]),
        "bad_row",
        f"{ROW % (2, 't')} The headers contradict each other.",
    ),
    "a list and an object of one name": (
        lambda: workbook(
            t=[(*HEAD, "tender/lots/0/title"), (*JOIN, "North")],
            u=[(*HEAD, "tender/lots/title"), (*JOIN, "South")],
        ),
        "bad_row",
        f"{ROW % (2, 'u')} It says something else of tender/lots than an earlier row.",
    ),
    "a path of great depth": (
        lambda: workbook(t=[(*HEAD, "/".join("a" * 13)), (*JOIN, "x")]),
        "bad_row",
        f"{ROW % (1, 't')} A header of this row is not a path of the OCDS.",
    ),
    "an archive that is no workbook": (
        lambda: b"PK\x03\x04" + bytes(200),
        "damaged_workbook",
        "The workbook cannot be read.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_workbook_is_refused_as_a_whole_with_the_place(
    session: Session, buyer: Actor, name: str
) -> None:
    make, code, detail = REFUSED[name]
    with pytest.raises(Invalid) as refusal:
        ocds.import_bytes(session, buyer, make())
    assert [(error.code, str(error.detail)) for error in refusal.value.errors] == [(code, detail)]
    assert count(session) == 0
