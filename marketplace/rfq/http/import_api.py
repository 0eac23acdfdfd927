"""Lines from a spreadsheet, for partners."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from marshmallow import fields

from marketplace.catalog.schemas import ImportFileSchema, ImportOptionsSchema
from marketplace.core import tabular
from marketplace.core.tabular import Options
from marketplace.documents.downloads import XLSX, as_file
from marketplace.rfq.services import importing
from marketplace.rfq.sheets import lines as sheets
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.fields import IdField
from marketplace.web.schemas import Schema

blp = ApiBlueprint(
    "rfq_imports", __name__, url_prefix="/rfqs", description="Lines of an RFQ from a spreadsheet"
)


class RowProblemSchema(Schema):
    """One reason against a row, or one thing to look at."""

    pointer = fields.String(metadata={"description": "e.g. /rows/7/quantity"})
    code = fields.String()
    value = fields.String(metadata={"description": "What stands in the cell."})
    detail = fields.Function(lambda problem: str(problem.detail))


class LineImportSchema(Schema):
    rfq_id = IdField()
    version = fields.Integer(metadata={"description": "Of the RFQ, after the import."})
    lines = fields.Integer(metadata={"description": "How many lines were added."})
    lots = fields.List(fields.String(), metadata={"description": "Lots that were added."})
    encoding = fields.String(allow_none=True)
    separator = fields.String(allow_none=True)
    decimal_sign = fields.String(allow_none=True)
    date_order = fields.String(allow_none=True)
    errors = fields.List(
        fields.Nested(RowProblemSchema), metadata={"description": "Rows that were left out."}
    )
    notices = fields.List(fields.Nested(RowProblemSchema))


@blp.route("/<uuid:rfq_id>/lines/import")
class LineImport(MethodView):
    @blp.idempotent()
    @blp.arguments(ImportFileSchema, location="files")
    @blp.arguments(ImportOptionsSchema, location="form")
    @blp.response(200, LineImportSchema)
    def post(self, files: dict[str, Any], options: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Append lines from CSV or XLSX: all rows, or none with a reason for each refused row.

        With `valid_rows_only` the refused rows are left out and listed.
        """
        file = files["file"]
        plan = importing.import_lines(
            current_session(),
            current_actor(),
            rfq_id,
            file.stream.read(tabular.MAX_BYTES + 1),
            file.filename or "",
            Options(**options),
        )
        table = plan.parsed.table
        return {
            "rfq_id": plan.rfq.id,
            "version": plan.rfq.version,
            "lines": len(plan.lines),
            "lots": plan.new_lots,
            "encoding": table.encoding,
            "separator": table.separator,
            "decimal_sign": plan.parsed.decimal_sign,
            "date_order": plan.parsed.date_order,
            "errors": plan.parsed.errors,
            "notices": plan.parsed.notices,
        }


@blp.route("/lines/template")
class LineTemplate(MethodView):
    @blp.response(200, content_type=XLSX)
    def get(self) -> Response:
        """A spreadsheet with the columns that are read, and two examples."""
        headers, rows = sheets.template_rows(current_actor().currency)
        return as_file(tabular.to_xlsx(headers, rows), "rfq-lines.xlsx", XLSX)
