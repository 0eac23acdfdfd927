import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from marketplace.core import tabular
from marketplace.core.errors import Invalid
from marketplace.core.tabular import (
    CellKind,
    Column,
    DateOrder,
    DecimalSign,
    Kind,
    Options,
    reading,
    values,
    workbook,
)
from marketplace.core.text import _

COLUMNS = (
    Column("code", _("Code"), ("code", "référence"), Kind.CODE),
    Column("name", _("Name"), ("name", "désignation")),
    Column("quantity", _("Quantity"), ("quantity", "quantité"), Kind.NUMBER),
    Column("on", _("Date"), ("date", "livraison"), Kind.DAY),
)


def parse(text: str, options: Options | None = None, **more):
    table = tabular.read(text.encode())
    return tabular.parse(table, COLUMNS, ("name", "quantity"), options, **more)


def codes(refusal: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [error.code for error in refusal.value.errors]


class TestReadText:
    @pytest.mark.parametrize(
        ("encoding", "found"),
        [
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8"),
            ("utf-16", "utf-16"),
            ("utf-16-le", "utf-16-le"),
            ("utf-16-be", "utf-16-be"),
            ("cp1252", "windows-1252"),
        ],
    )
    def test_finds_the_encoding(self, encoding, found):
        table = tabular.read("Désignation;Quantité\ncâble;20,00\n".encode(encoding))
        assert table.encoding == found
        assert [cell.text for cell in table.rows[0].cells] == ["Désignation", "Quantité"]
        assert [cell.text for cell in table.rows[1].cells] == ["câble", "20,00"]

    @pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
    def test_finds_the_separator_that_gives_rows_of_one_width(self, separator):
        rows = [("name", "quantity", "price"), ("a", "1", "2"), ("b", "3", "4")]
        table = tabular.read("\n".join(separator.join(row) for row in rows).encode())
        assert table.separator == separator

    def test_semicolons_win_over_decimal_commas(self):
        table = tabular.read(b'2016-09-02;"20,00"\n2016-09-03;21,50\n')
        assert table.separator == ";"
        assert table.rows[0].cells[1].text == "20,00"

    def test_a_declared_separator_is_taken(self):
        table = tabular.read(b"sep=;\na,b;c\n1,2;3\n")
        assert [cell.text for cell in table.rows[0].cells] == ["a,b", "c"]

    def test_a_quoted_cell_may_hold_separators_and_lines(self):
        table = tabular.read(b'name;note\n"a;b";"one\ntwo"\nc;d\n')
        assert table.rows[1].cells[1].text == "one\ntwo"
        assert table.rows[2].number == 3

    def test_blanks_around_are_dropped_visible_or_not(self):
        table = tabular.read("a;b\n\u00a0x\u200b ;\u202f-4\ufeff\n".encode())
        assert [cell.text for cell in table.rows[1].cells] == ["x", "-4"]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "file_empty"),
            (b"  \n ", "file_empty"),
            (b"just some words\nwithout columns\n", "one_column"),
            (b'a;b\n1;"open\n', "unbalanced_quote"),
            (b"a;b\n\x81\x8d;2\n", "unknown_encoding"),
            (b"a;b\n\0\0\0x;2\n", "not_a_table"),
            (b"\xd0\xcf\x11\xe0 old", "unsupported_workbook"),
            (b"a;b\n" * (reading.MAX_ROWS + 1), "too_many_rows"),
            (b";" * 300 + b"\n" + b";" * 300, "too_many_columns"),
            (b"x" * (reading.MAX_BYTES + 1), "file_too_large"),
        ],
    )
    def test_refuses_what_is_no_table_with_the_reason(self, content, code):
        with pytest.raises(Invalid) as refusal:
            tabular.read(content)
        assert codes(refusal) == [code]

    def test_an_unbalanced_quote_names_its_row(self):
        with pytest.raises(Invalid) as refusal:
            tabular.read(b'a;b\n1;2\n3;"open\n')
        assert refusal.value.errors[0].pointer == "/rows/3"


def xlsx(rows, *, formula: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                else:
                    sheet.write(number, column, value)
        if formula:
            sheet.write_formula(len(rows), 0, formula, None, "")
    return buffer.getvalue()


def bomb(size: int, *, lie: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<c/>" * (size // 4))
    content = bytearray(buffer.getvalue())
    if lie:
        directory = content.rfind(b"xl/worksheets/sheet1.xml") - 46
        content[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    return bytes(content)


class TestReadWorkbook:
    def test_keeps_types_and_text_apart(self):
        table = tabular.read(xlsx([("code", "n"), ("00420", 2.5), (777, date(2027, 3, 15))]))
        assert table.form == "xlsx"
        assert [(c.text, c.kind) for c in table.rows[1].cells] == [
            ("00420", CellKind.TEXT),
            ("2.5", CellKind.NUMBER),
        ]
        assert table.rows[2].cells[0].text == "777"
        assert table.rows[2].cells[1].day == date(2027, 3, 15)

    def test_numbers_have_their_shortest_digits(self):
        assert workbook.plain_number(0.1 + 0.2) == "0.30000000000000004"
        assert workbook.plain_number(4006381333931.0) == "4006381333931"
        assert workbook.plain_number(1e-7) == "0.0000001"

    def test_a_formula_without_result_is_told_apart_from_an_empty_cell(self):
        table = tabular.read(xlsx([("a", "b"), ("", "x")], formula="=1.5*2"))
        assert table.rows[2].cells[0].kind is CellKind.UNCOMPUTED

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"PK\x03\x04 broken", "damaged_workbook"),
            (bomb(80 * 1024 * 1024), "workbook_too_large"),
            (bomb(8 * 1024 * 1024), "workbook_too_large"),
            (bomb(8 * 1024 * 1024, lie=True), "damaged_workbook"),
        ],
    )
    def test_refuses_bombs_and_broken_archives_before_parsing(self, content, code):
        with pytest.raises(Invalid) as refusal:
            tabular.read(content)
        assert codes(refusal) == [code]

    def test_refuses_macros_and_other_archives(self):
        for names, code in (
            (("xl/workbook.xml", "xl/vbaProject.bin"), "workbook_with_macros"),
            (("word/document.xml",), "not_a_workbook"),
        ):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                for name in names:
                    archive.writestr(name, "x")
            with pytest.raises(Invalid) as refusal:
                tabular.read(buffer.getvalue())
            assert codes(refusal) == [code]


class TestNumber:
    @pytest.mark.parametrize(
        ("text", "sign", "value"),
        [
            ("20,00", None, "20.00"),
            ("1.234,50", None, "1234.50"),
            ("1,234.56", None, "1234.56"),
            ("1 234,56", None, "1234.56"),
            ("2\u202f400", None, "2400"),
            ("15\u00a0000", None, "15000"),
            ("1'250.5", None, "1250.5"),
            ("0,0427", None, "0.0427"),
            ("3,185", DecimalSign.COMMA, "3.185"),
            ("3,000", DecimalSign.POINT, "3000"),
            ("1.234.567", None, "1234567"),
            ("-4", None, "-4"),
            ("−4,5", None, "-4.5"),
            (".5", None, "0.5"),
        ],
    )
    def test_reads_what_has_one_meaning(self, text, sign, value):
        found = values.number(text, sign)
        assert str(found) == value

    @pytest.mark.parametrize(
        ("text", "sign", "code"),
        [
            ("1.234", None, "ambiguous_number"),
            ("12.000", None, "ambiguous_number"),
            ("3,185", None, "ambiguous_number"),
            ("1.234", DecimalSign.COMMA, "ambiguous_number"),
            ("4,00638E+12", None, "not_a_number"),
            ("abc", None, "not_a_number"),
            ("1,2,3", None, "not_a_number"),
            ("1.2.3,4", None, "not_a_number"),
            ("=1+1", None, "not_a_number"),
            ("٣", None, "not_a_number"),
        ],
    )
    def test_refuses_what_has_none_or_several(self, text, sign, code):
        with pytest.raises(values.BadValue) as refusal:
            values.number(text, sign)
        assert refusal.value.code == code

    def test_a_point_groups_where_the_file_proves_it(self):
        sign, by_point = values.proven_sign(["1.234,50", "1.234"])
        assert (sign, by_point) == (DecimalSign.COMMA, True)
        assert values.number("1.234", sign, groups_by_point=by_point) == 1234

    def test_two_proofs_that_differ_prove_nothing(self):
        assert values.proven_sign(["1,5", "1.5"]) == (None, False)


class TestDay:
    def test_one_day_proves_the_order_of_the_whole_column(self):
        assert values.proven_order(["03/04/1991", "15/04/1991"]) is DateOrder.DAY_FIRST
        assert values.proven_order(["03/04/1991", "04/15/1991"]) is DateOrder.MONTH_FIRST
        assert values.proven_order(["03.04.1991"]) is DateOrder.DAY_FIRST
        assert values.proven_order(["03/04/1991"]) is None
        assert values.proven_order(["15/04/1991", "04/15/1991"]) is None

    def test_reads_by_that_order(self):
        assert values.day("03/04/1991", DateOrder.DAY_FIRST) == date(1991, 4, 3)
        assert values.day("03/04/1991", DateOrder.MONTH_FIRST) == date(1991, 3, 4)
        assert values.day("2027-02-01") == date(2027, 2, 1)
        assert values.day("05/05/2027") == date(2027, 5, 5)

    @pytest.mark.parametrize(
        ("text", "order", "code"),
        [
            ("03/04/1991", None, "ambiguous_date"),
            ("31/02/2027", DateOrder.DAY_FIRST, "impossible_date"),
            ("15/03/27", DateOrder.DAY_FIRST, "not_a_date"),
            ("soon", None, "not_a_date"),
        ],
    )
    def test_refuses_the_rest(self, text, order, code):
        with pytest.raises(values.BadValue) as refusal:
            values.day(text, order)
        assert refusal.value.code == code


class TestParse:
    def test_headers_are_found_without_case_accents_or_order_below_a_title(self):
        parsed = parse("Liste 2027;;\n;;\nQUANTITE; Désignation ;autre\n1;a;x\n")
        assert parsed.header_row == 3
        assert parsed.columns == {"quantity": 0, "name": 1}
        assert parsed.unknown_headers == ["autre"]
        assert parsed.records[0].values == {"name": "a", "quantity": Decimal(1)}

    def test_zero_empty_and_absent_stay_apart(self):
        [record] = parse("code;name;quantity\n;a;0\n").records
        assert record.values == {"code": None, "name": "a", "quantity": Decimal(0)}
        assert "on" not in record.values

    def test_every_reason_is_listed_with_row_column_and_value(self):
        parsed = parse("code;name;quantity;date\n1E+12;a;x;31/02/2027\n;b;2;15/03/2027\n")
        assert [(p.pointer, p.code, p.value) for p in parsed.errors] == [
            ("/rows/2/code", "destroyed_code", "1E+12"),
            ("/rows/2/quantity", "not_a_number", "x"),
            ("/rows/2/on", "impossible_date", "31/02/2027"),
        ]
        assert [record.row for record in parsed.good] == [3]

    def test_ambiguous_dates_are_refused_until_the_order_is_said(self):
        text = "name;quantity;date\na;1;03/04/2027\n"
        assert [problem.code for problem in parse(text).errors] == ["ambiguous_date"]
        said = parse(text, Options(date_order=DateOrder.DAY_FIRST))
        assert said.records[0].get("on") == date(2027, 4, 3)

    def test_a_lone_point_is_read_once_the_sign_is_said(self):
        text = "name;quantity\na;1.234\n"
        assert [problem.code for problem in parse(text).errors] == ["ambiguous_number"]
        for sign, value in ((DecimalSign.COMMA, 1234), (DecimalSign.POINT, Decimal("1.234"))):
            said = parse(text, Options(decimal_sign=sign))
            assert said.records[0].get("quantity") == value

    def test_missing_columns_are_named(self):
        with pytest.raises(Invalid) as refusal:
            parse("foo;name\n1;2\n")
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            ("/columns/quantity", "missing_column")
        ]

    def test_a_column_that_stands_twice_is_refused(self):
        with pytest.raises(Invalid) as refusal:
            parse("name;quantity;quantité\na;1;2\n")
        assert codes(refusal) == ["column_twice"]

    def test_the_marker_for_erasing_passes_only_where_it_may(self):
        text = f"name;quantity\na;{tabular.ERASE}\n"
        assert [problem.code for problem in parse(text).errors] == ["not_a_number"]
        assert parse(text, may_erase=True).records[0].get("quantity") == tabular.ERASE


HOSTILE = ["=1+1", "+1", "-x", "@a", "\ttab", "\rreturn", ";=1", "＝1", "plain", "-5.00 %"]


class TestWriting:
    def test_csv_never_computes_and_comes_back_as_it_was(self):
        rows = [(text, Decimal("-5.00")) for text in HOSTILE]
        content = tabular.to_csv(["name", "quantity"], rows)
        assert content.startswith(b"\xef\xbb\xbf")
        written = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
        assert [row[0] for row in written[:8]] == [f"'{text}" for text in HOSTILE[:8]]
        assert [row[1] for row in written] == ["-5.00"] * len(HOSTILE)
        table = tabular.read(content)
        assert [row.cells[1].text for row in table.rows[1:]] == ["-5.00"] * len(HOSTILE)
        read = [row.cells[0].text for row in table.rows[1:]]
        assert read == HOSTILE

    def test_xlsx_has_no_formula_and_typed_numbers(self):
        rows = [(text, Decimal("-5.00"), date(2027, 1, 2)) for text in HOSTILE]
        content = tabular.to_xlsx(["name", "quantity", "date"], rows)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        assert sheet.to_python()[1] == ["=1+1", -5.0, date(2027, 1, 2)]

    def test_xlsx_keeps_long_numbers_as_text(self):
        content = tabular.to_xlsx(["n"], [(Decimal("1234567890123456.7"),)])
        table = tabular.read(content)
        assert table.rows[1].cells[0].text == "1234567890123456.7"
