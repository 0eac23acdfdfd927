import io
import struct
import zipfile

import pytest

from marketplace.documents import rules
from marketplace.documents.rules import FileRefused, QuotaExceeded

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 10, 10) + b"\x08\x02\0\0\0"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def archive(*names: str, link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            info = zipfile.ZipInfo(name)
            if link:
                info.external_attr = (rules.SYMLINK | 0o777) << 16
            file.writestr(info, "content")
    return buffer.getvalue()


class TestCleanName:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("offer.pdf", "offer.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"C:\Users\me\quote.xlsx", "quote.xlsx"),
            ("CON", "file_CON"),
            ("con.pdf", "file_con.pdf"),
            ("a\0b.pdf", "ab.pdf"),
            ("invoice\u202efdp.exe", "invoicefdp.exe"),
            ('a"b\r\nSet-Cookie: x.pdf', "a_bSet-Cookie_ x.pdf"),
            ("", "file"),
            ("Détail quantitatif.csv", "Détail quantitatif.csv"),
        ],
    )
    def test_keeps_no_path_and_no_trick(self, given, kept):
        assert rules.clean_name(given) == kept

    def test_a_long_name_keeps_its_extension(self):
        name = rules.clean_name("x" * 400 + ".pdf")
        assert len(name) == rules.MAX_NAME
        assert name.endswith("x.pdf")


class TestCheckedType:
    @pytest.mark.parametrize(
        ("name", "declared", "content", "found"),
        [
            ("a.pdf", "application/pdf", PDF, "application/pdf"),
            ("a.PDF", None, PDF, "application/pdf"),
            ("a.png", "image/png", PNG, "image/png"),
            ("a.csv", "application/vnd.ms-excel", b"a;b\n1;2\n", "text/csv"),
            ("a.csv", "text/plain", "é;b\n".encode("cp1252"), "text/csv"),
            ("a.xlsx", "application/octet-stream", archive("xl/workbook.xml"), XLSX_TYPE),
            ("a.zip", None, archive("a.txt"), "application/zip"),
            ("a.json", "application/json", b"{}", "application/json"),
        ],
    )
    def test_names_the_type_that_content_name_and_declaration_agree_on(
        self, name, declared, content, found
    ):
        assert rules.checked_type(name, declared, content) == found

    @pytest.mark.parametrize(
        ("name", "declared", "content", "code"),
        [
            ("a.pdf", "application/pdf", b"<html><script>alert(1)</script>", "type_mismatch"),
            ("a.pdf", "application/pdf", b"<svg onload=alert(1)>", "type_mismatch"),
            ("a.txt", "text/plain", b"  <!DOCTYPE html><p>", "type_mismatch"),
            ("a.svg", "image/svg+xml", b"<svg/>", "unsupported_type"),
            ("a.html", "text/html", b"<p>", "unsupported_type"),
            ("a.exe", None, b"MZ\0\0", "unsupported_type"),
            ("a.pdf", None, archive("a.txt"), "type_mismatch"),
            ("a.pdf", "application/pdf", PDF + b"PK\x05\x06" + b"\0" * 18, "type_mismatch"),
            ("a.png", "application/pdf", PNG, "type_mismatch"),
            ("a.txt", "text/html", b"plain", "type_mismatch"),
            ("a.pdf", None, PDF[:20], "damaged_file"),
            ("a.zip", None, b"PK\x03\x04 not an archive", "damaged_file"),
            ("a.zip", None, archive("../outside.txt"), "unsafe_archive"),
            ("a.zip", None, archive("link", link=True), "unsafe_archive"),
            ("a.pdf", None, b"", "file_empty"),
            ("a.pdf", None, PDF + b" " * rules.MAX_BYTES, "file_too_large"),
            (
                "a.png",
                None,
                PNG[:16] + struct.pack(">II", 30_000, 30_000) + PNG[24:],
                "image_too_large",
            ),
        ],
    )
    def test_refuses_what_is_disguised_active_or_oversized(self, name, declared, content, code):
        with pytest.raises(FileRefused) as refusal:
            rules.checked_type(name, declared, content)
        assert [error.code for error in refusal.value.errors] == [code]


class TestQuota:
    def test_the_last_byte_fits(self):
        rules.check_quota(rules.QUOTA_BYTES - 10, 10)

    def test_one_more_is_refused_with_what_remains(self):
        with pytest.raises(QuotaExceeded) as refusal:
            rules.check_quota(rules.QUOTA_BYTES - 10, 11)
        assert refusal.value.data["remaining"] == 10
