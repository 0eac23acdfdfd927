"""Filled-in templates as people send them: what is read, what is refused, and at which cell."""

import io
import zipfile
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Invalid
from marketplace.core.tabular import MAX_BYTES
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.sealing.models import RfqSeal, RfqTerms
from marketplace.rfq.services import bid_templates
from marketplace.rfq.sheets.bids import OtherRfq, TemplateOutdated
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.rfq import a_line
from tests.rfq import sheet_files as files
from tests.rfq.sheet_files import COLUMN, FIRST_ROW, LETTER, NAME

D = Decimal
PRICE = LETTER["unit_price"]


@pytest.fixture
def sourcing(session):
    lines = [a_line(description=f"Part {number}") for number in range(1, 5)]
    return make_sourcing(session, lines=lines)


@pytest.fixture
def template(session, sourcing):
    return bid_templates.template(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id).content


@pytest.fixture
def keep(session, sourcing):
    def run(data, name=NAME):
        return bid_templates.keep(
            session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, data, name
        )[0]

    return run


@pytest.fixture
def refused(session, keep):
    """The reasons against a file, after a look that it left nothing behind."""

    def run(data, name=NAME):
        with pytest.raises(Invalid) as refusal:
            keep(data, name)
        assert session.scalar(select(func.count()).select_from(Bid)) == 0
        assert "bid.saved" not in session.scalars(select(AuditEvent.action)).all()
        return refusal.value

    return run


def prices_of(plan):
    return [line.unit_price for line in plan.content.lines]


def cells_of(refusal):
    return [(c["sheet"], c["cell"], c["value"], c["code"]) for c in refusal.data["cells"]]


def on_prices(template, change):
    return files.edited(template, lambda book: change(book.worksheets[0]))


class TestPrices:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("1 234,50", "1234.50"),
            ("1\u202f234,50", "1234.50"),
            ("12.5", "12.5"),
            ("12,50 €", "12.50"),
            ("EUR 12.50", "12.50"),
            (0.1 + 0.2, "0.3"),
            (7, "7"),
            ("0,000001", "0.000001"),
        ],
    )
    def test_are_read_as_people_write_them(self, template, keep, written, read):
        assert prices_of(keep(files.priced(template, written))) == [D(read)]

    @pytest.mark.parametrize(
        ("written", "code"),
        [
            ("12,50 USD", "wrong_currency"),
            ("$12.50", "wrong_currency"),
            ("on request", "not_a_number"),
            (" " * 30_000 + "1a1", "not_a_number"),
            ("1,234", "ambiguous_number"),
            (0, "not_positive"),
            (-3, "not_positive"),
            (10 / 3, "too_many_decimals"),
            (1e13, "too_large"),
            (True, "not_a_number"),
        ],
    )
    def test_are_refused_at_their_cell(self, template, refused, written, code):
        refusal = refused(files.priced(template, 1, written))
        (found,) = cells_of(refusal)
        assert (found[0], found[1], found[3]) == ("Prices", f"{PRICE}{FIRST_ROW + 1}", code)
        assert [(e.pointer, e.code) for e in refusal.errors] == [
            (f"/sheets/Prices/{PRICE}{FIRST_ROW + 1}", code)
        ]

    def test_every_bad_cell_is_named_at_once(self, template, refused):
        def spoil(page):
            for row, price in enumerate(("x", -1, "1 USD", 4), start=FIRST_ROW):
                page.cell(row, COLUMN["unit_price"]).value = price
            page.cell(FIRST_ROW + 3, COLUMN["note"]).value = "n" * 501
            page.cell(FIRST_ROW + 3, COLUMN["currency"]).value = "USD"

        spoilt = files.whole(on_prices(template, spoil), delivery_days="soon")
        assert cells_of(refused(spoilt)) == [
            ("Prices", "J6", "x", "not_a_number"),
            ("Prices", "J7", "-1", "not_positive"),
            ("Prices", "J8", "1 USD", "wrong_currency"),
            ("Prices", "K9", "USD", "wrong_currency"),
            ("Prices", "M9", "n" * 200, "too_long"),
            ("Whole bid", "C2", "soon", "not_a_number_of_days"),
        ]


class TestRows:
    def test_may_be_sorted_and_left_empty(self, template, keep):
        def sort(page):
            rows = [[c.value for c in row] for row in page.iter_rows(min_row=FIRST_ROW)]
            for at, values in zip((9, 7, 8, 6), rows, strict=True):
                for column, value in enumerate(values, start=1):
                    page.cell(at + (at > 7), column).value = value
                page.cell(at + (at > 7), COLUMN["unit_price"]).value = values[3]
            for column in range(1, 14):
                page.cell(8, column).value = None

        plan = keep(on_prices(template, sort))
        assert prices_of(plan) == [D(1), D(2), D(3), D(4)]
        assert plan.notices == ()

    def test_that_are_gone_count_as_not_priced(self, template, keep):
        filled = files.priced(template, 1, 2, 3, 4)
        plan = keep(on_prices(filled, lambda page: page.delete_rows(FIRST_ROW + 1)))
        assert prices_of(plan) == [D(1), D(3), D(4)]
        assert [str(notice) for notice in plan.notices] == [
            "Line 2 is not in the file: it counts as not priced."
        ]

    def test_that_are_added_are_refused(self, template, refused):
        def add(page):
            page.cell(FIRST_ROW + 4, COLUMN["description"]).value = "Delivery"
            page.cell(FIRST_ROW + 4, COLUMN["unit_price"]).value = 50

        assert cells_of(refused(on_prices(template, add))) == [
            ("Prices", "E10", "Delivery", "unknown_line")
        ]

    def test_that_are_doubled_are_refused(self, template, refused):
        def double(page):
            for column in range(1, 14):
                page.cell(10, column).value = page.cell(7, column).value

        assert cells_of(refused(on_prices(template, double))) == [
            ("Prices", "J10", "", "duplicate_line")
        ]

    def test_that_were_torn_apart_are_refused(self, template, refused):
        def tear(page):
            for column in range(4, 14):
                page.cell(6, column).value, page.cell(7, column).value = (
                    page.cell(7, column).value,
                    page.cell(6, column).value,
                )

        assert cells_of(refused(on_prices(template, tear))) == [
            ("Prices", "D6", "2", "not_as_asked"),
            ("Prices", "D7", "1", "not_as_asked"),
        ]

    @pytest.mark.parametrize(("name", "value"), [("quantity", 50), ("unit", "kg")])
    def test_what_the_buyer_asks_cannot_be_changed(self, template, refused, name, value):
        def change(page):
            page.cell(FIRST_ROW, COLUMN[name]).value = value

        (found,) = cells_of(refused(on_prices(template, change)))
        assert found == ("Prices", f"{LETTER[name]}6", str(value), "not_as_asked")

    def test_merged_cells_are_refused(self, template, refused):
        filled = files.priced(template, 5)
        merged = on_prices(filled, lambda page: page.merge_cells("J6:J8"))
        assert cells_of(refused(merged)) == [("Prices", "J6", "5", "merged_cells")]


class TestFormulas:
    def with_formula(self, template, xml):
        """The price of the first line as this cell of the file's XML."""
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(files.priced(template, 4711))) as old,
            zipfile.ZipFile(buffer, "w") as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                if name == "xl/worksheets/sheet1.xml":
                    start = content.index(b'<c r="J6"')
                    end = content.index(b"</c>", start) + 4
                    content = content[:start] + xml + content[end:]
                new.writestr(name, content)
        return buffer.getvalue()

    def test_count_by_their_result(self, template, keep):
        sent = self.with_formula(template, b'<c r="J6"><f>10*1.2</f><v>12</v></c>')
        assert prices_of(keep(sent)) == [D(12)]

    @pytest.mark.parametrize(
        "xml",
        [b'<c r="J6"><f>10*1.2</f></c>', b'<c r="J6" t="e"><f>1/0</f><v>#DIV/0!</v></c>'],
    )
    def test_without_a_result_are_refused(self, template, refused, xml):
        refusal = refused(self.with_formula(template, xml))
        assert cells_of(refusal) == [("Prices", "J6", "", "formula_without_result")]
        assert "Replace it by the value" in refusal.data["cells"][0]["detail"]


class TestFiles:
    def test_sheets_may_be_renamed_and_moved(self, template, keep):
        def rename(book):
            book.worksheets[0].title = "Nos prix"
            book.move_sheet("Nos prix", 2)

        plan = keep(files.edited(files.priced(template, 5), rename))
        assert (prices_of(plan), plan.notices) == ([D(5)], ())

    def test_a_copied_sheet_is_refused(self, template, refused):
        copied = files.edited(template, lambda book: book.copy_worksheet(book.worksheets[0]))
        assert [error.code for error in refused(copied).errors] == ["sheet_twice"]

    def test_the_first_sheet_as_csv(self, template, keep):
        plan = keep(files.as_csv(files.priced(template, 12.5, 3, "1 234,50")), "prix.csv")
        assert prices_of(plan) == [D("12.5"), D(3), D("1234.50")]
        assert [str(notice) for notice in plan.notices] == [
            "The file has prices only: delivery time, note and answers stay as they are."
        ]

    def test_a_csv_that_declares_its_separator(self, template, refused):
        content = files.as_csv(files.priced(template, "x"))
        refusal = refused(b"sep=;\r\n" + content, "prix.csv")
        (found,) = cells_of(refusal)
        assert found == ("CSV", "J6", "x", "not_a_number")

    @pytest.mark.parametrize(
        ("content", "name", "code"),
        [
            (b"\xd0\xcf\x11\xe0" + bytes(600), "bid.xls", "unsupported_workbook"),
            (b"a;b\r\n1;2\r\n", "bid.csv", "missing_column"),
            (b"", "bid.xlsx", "file_empty"),
            (b"PK\x03\x04" + bytes(MAX_BYTES), "bid.xlsx", "file_too_large"),
            (b"PK\x03\x04 not a zip", "bid.xlsx", "damaged_workbook"),
        ],
    )
    def test_other_files_are_refused(self, refused, content, name, code):
        assert refused(content, name).errors[0].code == code

    def test_another_workbook_is_refused(self, refused):
        assert {e.code for e in refused(files.unrelated()).errors} == {"missing_column"}

    @pytest.mark.parametrize(
        ("member", "content", "code"),
        [
            ("content.xml", b"<office/>", "not_a_workbook"),
            ("xl/vbaProject.bin", b"macro", "workbook_with_macros"),
            ("xl/workbook.xml", bytes(70 * 1024 * 1024), "workbook_too_large"),
        ],
    )
    def test_dangerous_archives_are_refused(self, refused, member, content, code):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, content)
        assert [error.code for error in refused(buffer.getvalue()).errors] == [code]


class TestOrigin:
    def test_the_template_of_another_rfq_is_refused(self, session, sourcing, refused):
        other = make_sourcing(session, bidders=sourcing.suppliers)
        foreign = bid_templates.template(session, other.suppliers[0], KEYS, other.rfq.id).content
        refusal = refused(files.priced(foreign, 1))
        assert isinstance(refusal, OtherRfq)
        assert refusal.code == "template_of_other_rfq"

    def test_an_outdated_one_is_refused_with_what_changed(self, session, sourcing, template, keep):
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        lines = [dict(line) for line in seal.terms["lines"]]
        lines[1]["quantity"] = "7"
        gone = lines.pop(2)
        lines.append({**gone, "id": str(sourcing.rfq.id), "number": 5, "description": "Extra"})
        session.add(
            RfqTerms(
                rfq_id=sourcing.rfq.id,
                number=2,
                buyer_id=sourcing.rfq.buyer_id,
                terms={**seal.terms, "lines": lines},
                fingerprint="f" * 64,
                published_at=clock.now(),
            )
        )
        session.flush()
        seal.terms_number = 2
        session.flush()
        session.expire_all()
        with pytest.raises(TemplateOutdated) as refusal:
            keep(files.priced(template, 1, 2, 3, 4))
        assert refusal.value.code == "template_outdated"
        assert [(e.pointer, e.code, str(e.detail)) for e in refusal.value.errors] == [
            ("/lines/2", "line_changed", "Line 2 has changed."),
            ("/lines/5", "line_added", "Line 5 is new: Extra"),
            ("/lines/3", "line_removed", "Line 3 is not asked for any more: Part 3"),
        ]
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_rows_without_their_origin_are_refused(self, template, refused):
        def erase(page):
            for row in range(FIRST_ROW, FIRST_ROW + 4):
                page.cell(row, COLUMN["revision"]).value = None

        assert [e.code for e in refused(on_prices(template, erase)).errors] == ["no_lines"]
