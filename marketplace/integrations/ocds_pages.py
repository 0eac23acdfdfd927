"""OCDS tenders, for people."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.errors import Invalid
from marketplace.core.text import _
from marketplace.documents.rules import refused
from marketplace.integrations import ocds
from marketplace.integrations.ocds_files import MAX_BYTES
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused

pages = PageBlueprint("ocds", __name__, url_prefix="/rfqs/import-ocds")

ENCODING_CHOICES = [
    ("utf-8", _("UTF-8, as the standard says")),
    ("iso-8859-1", _("ISO 8859-1 (Latin 1)")),
    ("windows-1252", _("Windows 1252")),
]


@pages.route("", methods=["GET", "POST"])
def import_file() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        return _page()
    try:
        with undone_if_refused():
            file = request.files.get("file")
            if file is None or not file.filename:
                raise refused("file_missing", _("Choose a file."))
            encoding = request.form.get("encoding", "utf-8")
            data = file.stream.read(MAX_BYTES + 1)
            imported = ocds.import_bytes(session, actor, data, encoding=encoding)
    except Invalid as refusal:
        return _page(refusal, request.form.get("encoding", "utf-8")), 422
    return render_template("integrations/ocds_done.html", imported=imported)


def _page(refusal: Invalid | None = None, encoding: str = "utf-8") -> str:
    return render_template(
        "integrations/ocds.html", refusal=refusal, encodings=ENCODING_CHOICES, encoding=encoding
    )
