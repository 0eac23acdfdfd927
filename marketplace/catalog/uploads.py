"""The two steps of an import in the portal: the file is shown as it was read, then imported.

Between the steps the file is a document of the organisation, so that what is imported is what
was shown.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import request

from marketplace.core.tabular import DateOrder, DecimalSign, Options
from marketplace.core.text import Text, _
from marketplace.documents import service as documents
from marketplace.documents.models import Document
from marketplace.documents.rules import refused
from marketplace.web.context import current_actor, current_session

DECIMAL_SIGNS: list[tuple[str, Text]] = [
    ("", _("As found in the file")),
    (DecimalSign.COMMA.value, _("Comma: 1250,50")),
    (DecimalSign.POINT.value, _("Point: 1250.50")),
]
DATE_ORDERS: list[tuple[str, Text]] = [
    ("", _("As found in the file")),
    (DateOrder.DAY_FIRST.value, _("Day first: 31/12/2027")),
    (DateOrder.MONTH_FIRST.value, _("Month first: 12/31/2027")),
]


@dataclass(frozen=True)
class Sent:
    """A file with what was said about it."""

    document: Document
    content: bytes
    options: Options


def sent() -> Sent:
    """The file of this form: sent just now, or kept since the preview."""
    session, actor = current_session(), current_actor()
    kept = request.form.get("document_id", "")
    if kept:
        document, content = documents.fetch(session, actor, _id(kept))
        return Sent(document, content, options())
    file = request.files.get("file")
    if file is None or not file.filename:
        raise refused("file_missing", _("Choose a file."))
    document = documents.store(session, actor, file.filename, file.mimetype, file.stream)
    return Sent(document, documents.fetch(session, actor, document.id)[1], options())


def options() -> Options:
    """What the form says about the file; anything unknown counts as not said."""
    sign = request.form.get("decimal_sign", "")
    order = request.form.get("date_order", "")
    return Options(
        decimal_sign=DecimalSign(sign) if sign in set(DecimalSign) else None,
        date_order=DateOrder(order) if order in set(DateOrder) else None,
        valid_rows_only=bool(request.form.get("valid_rows_only")),
    )


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise refused("file_missing", _("Choose a file.")) from None
