"""Which files are taken, under which name and type. Content decides, not what is claimed."""

import io
import re
import struct
import unicodedata
import zipfile
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import Text, _

MAX_BYTES = 10 * 1024 * 1024
QUOTA_BYTES = 1024 * 1024 * 1024
MAX_NAME = 120
MAX_URL = 2000
MAX_PIXELS = 100_000_000
MAX_UNPACKED = 512 * 1024 * 1024
MAX_MEMBERS = 10_000
SYMLINK = 0o120000

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
# type: the extensions under which such a file is stored, the usual one first
TYPES: dict[str, tuple[str, ...]] = {
    "application/pdf": ("pdf",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    f"{OFFICE}wordprocessingml.document": ("docx",),
    f"{OFFICE}spreadsheetml.sheet": ("xlsx",),
    f"{OFFICE}presentationml.presentation": ("pptx",),
    f"{OPEN_DOCUMENT}text": ("odt",),
    f"{OPEN_DOCUMENT}spreadsheet": ("ods",),
    "application/zip": ("zip",),
    "text/plain": ("txt", "text", "log", "md"),
    "text/csv": ("csv", "tsv"),
    "application/json": ("json",),
    "application/xml": ("xml",),
}
_BY_EXTENSION = {ext: kind for kind, extensions in TYPES.items() for ext in extensions}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
)
_IN_ARCHIVE: tuple[tuple[str, str], ...] = (
    ("word/document.xml", f"{OFFICE}wordprocessingml.document"),
    ("xl/workbook.xml", f"{OFFICE}spreadsheetml.sheet"),
    ("ppt/presentation.xml", f"{OFFICE}presentationml.presentation"),
)
_TEXT_TYPES = ("text/plain", "text/csv", "application/json", "application/xml")
_ACTIVE = re.compile(rb"<\s*(!doctype\s+html|html|svg|script|iframe|body)\b", re.IGNORECASE)
_UNSAFE_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


class FileRefused(Invalid):
    """The file is not taken; the code of its one error says why."""

    code = "file_refused"


class QuotaExceeded(Conflict):
    """The organisation's space for files is used up."""

    code = "quota_exceeded"


class DocumentElsewhere(Conflict):
    """The document is only referred to; ``url`` in the data says where it lies."""

    code = "document_elsewhere"


def refused(code: str, detail: Text) -> FileRefused:
    return FileRefused(detail, errors=[FieldError("/file", code, detail)])


def clean_name(name: str) -> str:
    """The name without folders, control and direction characters, and not longer than 120."""
    name = PurePosixPath(PureWindowsPath(name).name).name
    kept = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    kept = _UNSAFE_IN_NAMES.sub("_", unicodedata.normalize("NFC", kept)).strip(" .")
    if not kept or _RESERVED.fullmatch(kept):
        kept = f"file_{kept}".rstrip("_")
    stem, dot, extension = kept.rpartition(".")
    if dot and len(extension) <= 10:
        return f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}"
    return kept[:MAX_NAME]


def checked_type(filename: str, declared: str | None, content: bytes) -> str:
    """The type of the content, which name and declaration must agree with.

    Raises FileRefused for empty, large, disguised or active files.
    """
    check_size(len(content))
    found = _sniffed(content)
    by_name = _BY_EXTENSION.get(filename.rpartition(".")[2].lower())
    if by_name is None:
        raise refused(
            "unsupported_type",
            _(
                "Files of this kind are not taken. These are: %(kinds)s.",
                kinds=", ".join(extensions[0] for extensions in TYPES.values()),
            ),
        )
    same_family = by_name in _TEXT_TYPES and found == "text/plain"
    if found != by_name and not same_family:
        raise refused("type_mismatch", _("The content is not what the name of the file says."))
    if declared and _contradicts(declared, by_name):
        raise refused("type_mismatch", _("The content is not of the type that was declared."))
    _check_inside(by_name, content)
    return by_name


def check_size(size: int) -> None:
    """Raise FileRefused for an empty or too large file."""
    if not size:
        raise refused("file_empty", _("The file is empty."))
    if size > MAX_BYTES:
        raise refused(
            "file_too_large",
            _("The file is larger than %(limit)s MB.", limit=MAX_BYTES >> 20),
        )


def checked_url(url: str) -> str:
    """The address of a document on the web, or FileRefused."""
    parts = urlsplit(url)
    is_plain = url.isprintable() and " " not in url and len(url) <= MAX_URL
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise refused("bad_url", _("This is not an address on the web."))
    return url


def check_here(url: str | None) -> None:
    """Raise DocumentElsewhere for a document without content of its own."""
    if url is not None:
        raise DocumentElsewhere(_("This document lies elsewhere and is not kept here."), url=url)


def check_quota(used: int, size: int) -> None:
    """Raise QuotaExceeded when the file does not fit any more."""
    if used + size > QUOTA_BYTES:
        raise QuotaExceeded(
            _("Your organisation’s space for files is used up."),
            limit=QUOTA_BYTES,
            remaining=max(QUOTA_BYTES - used, 0),
        )


def _contradicts(declared: str, found: str) -> bool:
    """Browsers declare by extension and some systems not at all; only known types are compared."""
    declared = declared.partition(";")[0].strip().lower()
    if declared in ("text/html", "image/svg+xml", "application/xhtml+xml"):
        return True
    if declared in _TEXT_TYPES and found in _TEXT_TYPES:
        return False
    return declared in TYPES and declared != found


def _sniffed(content: bytes) -> str | None:
    for start, kind in _MAGIC:
        if content.startswith(start):
            return _in_archive(content) if kind == "application/zip" else kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    head = content[:4096]
    if b"\0" in head and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    return None if _ACTIVE.search(head) else "text/plain"


def _in_archive(content: bytes) -> str:
    names = _members(content)
    for name, kind in _IN_ARCHIVE:
        if name in names:
            return kind
    start = content[30:120]
    for kind in ("text", "spreadsheet"):
        if start.startswith(b"mimetype" + f"{OPEN_DOCUMENT}{kind}".encode()):
            return f"{OPEN_DOCUMENT}{kind}"
    return "application/zip"


def _members(content: bytes) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {member.filename: member for member in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise refused("damaged_file", _("The file is damaged or incomplete.")) from None


def _check_inside(kind: str, content: bytes) -> None:
    if kind == "application/pdf":
        if b"%%EOF" not in content[-2048:]:
            raise refused("damaged_file", _("The file is damaged or incomplete."))
        if content.rstrip()[-200:].count(b"PK\x05\x06"):
            raise refused("type_mismatch", _("The content is not what the name of the file says."))
    elif kind == "image/png" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        if width * height > MAX_PIXELS:
            raise refused("image_too_large", _("The image has too many pixels."))
    elif content.startswith(b"PK\x03\x04"):
        _check_archive(_members(content))


def _check_archive(members: dict[str, zipfile.ZipInfo]) -> None:
    unpacked = sum(member.file_size for member in members.values())
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED:
        raise refused("archive_too_large", _("The archive holds too much."))
    for name, member in members.items():
        is_link = (member.external_attr >> 16) & 0o170000 == SYMLINK
        if is_link or name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise refused("unsafe_archive", _("The archive points outside of itself."))
