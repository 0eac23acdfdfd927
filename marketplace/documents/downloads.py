"""How bytes leave: as a file to keep, never as something a browser runs."""

import io
from urllib.parse import quote

from flask import Response, send_file

from marketplace.documents.models import Document

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(document: Document, content: bytes) -> Response:
    """The document as an attachment that no browser interprets."""
    return as_file(content, document.filename, document.content_type, etag=document.digest)


def as_file(
    content: bytes, filename: str, content_type: str, *, etag: str | None = None
) -> Response:
    """Bytes as an attachment under this name (RFC 6266), private to the reader."""
    response = send_file(io.BytesIO(content), mimetype=content_type, etag=False)
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in filename)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Length"] = str(len(content))
    if etag:
        response.set_etag(etag)
    return response
