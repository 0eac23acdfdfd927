"""The inside of an XLSX file: checked before anything parses it."""

import io
import re
import zipfile
from decimal import Decimal

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _

MAX_UNPACKED = 64 * 1024 * 1024
MAX_RATIO = 50
MAX_MEMBERS = 1_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", ";=", "＝", "＋", "－", "＠")

_CELL = re.compile(rb'<c [^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*?(?:/>|>(.*?)</c>)', re.DOTALL)
_ERROR = b't="e"'
_SHEET = re.compile(rb"<sheet [^>]*?\b(?:\w+:)?id=\"([^\"]+)\"")
_RELATION = re.compile(rb"<Relationship [^>]*>")
_ATTRIBUTE = re.compile(rb'\b(Id|Target)="([^"]*)"')


class BadWorkbook(Invalid):
    """Refused before parsing."""

    code = "unreadable_file"


def unpack(content: bytes, filename: str = "") -> dict[str, bytes]:
    """The parts of the workbook, within fixed limits, whatever its directory claims.

    Every part is inflated up to its declared size only and its checksum compared, so that a
    directory that lies about sizes is found here and not by the parser's memory.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_directory(members, filename)
            return {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise _refused("damaged_workbook", _("The workbook cannot be read.")) from None


def _check_directory(members: list[zipfile.ZipInfo], filename: str) -> None:
    names = {member.filename for member in members}
    if "xl/vbaProject.bin" in names or filename.lower().endswith((".xlsm", ".xltm", ".xlsb")):
        raise _refused(
            "workbook_with_macros", _("Workbooks with macros are not accepted. Save it as .xlsx.")
        )
    if "xl/workbook.xml" not in names:
        raise _refused("not_a_workbook", _("The file is an archive, but not an .xlsx workbook."))
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    too_dense = unpacked > MAX_RATIO * packed and unpacked > 1024 * 1024
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or too_dense:
        raise _refused(
            "workbook_too_large", _("The workbook holds far more data than a list needs.")
        )


def _refused(code: str, detail: Text) -> BadWorkbook:
    return BadWorkbook(detail, errors=[FieldError("/file", code, detail)])


def repack(parts: dict[str, bytes]) -> bytes:
    """The checked parts as a plain archive; links to other files are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            if not name.startswith("xl/externalLinks/"):
                archive.writestr(name, content)
    return buffer.getvalue()


def formulas_without_result(parts: dict[str, bytes], index: int) -> frozenset[tuple[int, int]]:
    """(row, column index) of each formula in the sheet that has no value: unsaved, or an error."""
    xml = parts.get(_sheet_part(parts, index), b"")
    if b"<f" not in xml and _ERROR not in xml:
        return frozenset()
    found = set()
    for cell in _CELL.finditer(xml):
        body = cell[3] or b""
        unsaved = b"<f" in body and not re.search(rb"<v>[^<]", body)
        if unsaved or _ERROR in cell[0].partition(b">")[0]:
            found.add((int(cell[2]), _column_index(cell[1])))
    return frozenset(found)


def _sheet_part(parts: dict[str, bytes], index: int) -> str:
    """The part that holds the sheet at this place of the workbook's list."""
    ids = _SHEET.findall(parts["xl/workbook.xml"])
    for relation in _RELATION.findall(parts.get("xl/_rels/workbook.xml.rels", b"")):
        attributes = dict(_ATTRIBUTE.findall(relation))
        if index < len(ids) and attributes.get(b"Id") == ids[index]:
            target = attributes.get(b"Target", b"").decode("utf-8", "replace")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return f"xl/worksheets/sheet{index + 1}.xml"


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1


def plain_number(value: float) -> str:
    """The shortest decimal digits that mean this stored number, without an exponent."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet program would compute this text when it opens a CSV file."""
    return text.startswith(FORMULA_STARTS)
