"""Bids by spreadsheet, for partners: fetch the template, send it back filled in."""

from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from marketplace.core import tabular
from marketplace.documents.downloads import XLSX, as_file
from marketplace.rfq.bids.changes import LineChange
from marketplace.rfq.http.bid_http import service_keys
from marketplace.rfq.http.bid_schemas import QuantityBreakSchema
from marketplace.rfq.http.sealed_schemas import AlternativeQuerySchema
from marketplace.rfq.services import bid_templates
from marketplace.rfq.services.bid_templates import Plan
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.fields import IdField, MoneyField, QuantityField
from marketplace.web.schemas import Schema

# what an idempotent repeat does not get: it would have to be kept readable until then
SECRET = ("lines", "fields", "notices")

blp = ApiBlueprint("bid_templates", __name__, url_prefix="/rfqs", description="Bids by spreadsheet")


class BidTemplateFileSchema(Schema):
    file = Upload(
        required=True, metadata={"description": "The filled-in XLSX, or its first sheet as CSV."}
    )


class BidTemplateOptionsSchema(AlternativeQuerySchema):
    preview = fields.String(
        load_default="false",
        validate=validate.OneOf(["true", "false"]),
        metadata={"description": "true: only say what would change, write nothing."},
    )


class PriceChangeSchema(Schema):
    line_id = IdField()
    number = fields.Integer()
    old_price = MoneyField(unit_price=True, allow_none=True)
    new_price = MoneyField(unit_price=True, allow_none=True)
    old_note = fields.String()
    new_note = fields.String()
    old_quantity = QuantityField(
        allow_none=True, metadata={"description": "What was offered of the line; null: all of it."}
    )
    new_quantity = QuantityField(allow_none=True)
    old_breaks = fields.List(fields.Nested(QuantityBreakSchema))
    new_breaks = fields.List(fields.Nested(QuantityBreakSchema))


class FieldChangeSchema(Schema):
    field = fields.String(metadata={"description": "In the reader's language."})
    old = fields.String()
    new = fields.String()


class BidTemplateResultSchema(Schema):
    """What the file changes in the draft; nothing has been submitted."""

    bid_id = IdField(allow_none=True, metadata={"description": "null in a preview without bid."})
    version = fields.Integer(metadata={"description": "Of the bid; 0 while there is none."})
    saved = fields.Boolean()
    lines = fields.List(fields.Nested(PriceChangeSchema))
    fields_ = fields.List(fields.Nested(FieldChangeSchema), data_key="fields", attribute="fields")
    notices = fields.List(fields.String(), metadata={"description": "Things to look at."})


@blp.route("/<uuid:rfq_id>/bid-template")
class BidTemplate(MethodView):
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, content_type=XLSX)
    def get(self, query: dict[str, int], rfq_id: UUID) -> Response:
        """The spreadsheet of this RFQ, filled with the present draft of the bid.

        Its ETag is the version of the bid, 0 while there is none.
        """
        return template_file(rfq_id, **query)

    @blp.idempotent(redact=SECRET)
    @blp.doc(parameters=[{
        "in": "header", "name": "If-Match", "required": False, "schema": {"type": "string"},
        "description": "The ETag of the template: refuses what would undo a change made since.",
    }])  # fmt: skip
    @blp.arguments(BidTemplateFileSchema, location="files")
    @blp.arguments(BidTemplateOptionsSchema, location="form")
    @blp.response(200, BidTemplateResultSchema)
    def post(self, files: dict[str, Any], options: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Make a filled-in spreadsheet the draft of the bid: all of it, or nothing.

        Documents of the draft stay. `errors` and `cells` of a refusal name every bad cell.
        """
        session, actor, keys = current_session(), current_actor(), service_keys()
        file = files["file"]
        which = options["alternative"]
        sent = (file.stream.read(tabular.MAX_BYTES + 1), file.filename or "")
        if options["preview"] == "true":
            plan = bid_templates.preview(session, actor, keys, rfq_id, *sent, which)
            bid_id = plan.door.bid.id if plan.door.bid else None
            return _result(plan, bid_id=bid_id, version=plan.seen, saved=False)
        expected = expected_version() if "If-Match" in request.headers else None
        plan, bid = bid_templates.keep(
            session, actor, keys, rfq_id, *sent, alternative=which, expected=expected
        )
        return _result(plan, bid_id=bid.id, version=bid.version, saved=True)


def template_file(rfq_id: UUID, alternative: int = 0) -> Response:
    """The template as a file to keep."""
    made = bid_templates.template(
        current_session(), current_actor(), service_keys(), rfq_id, alternative
    )
    name = f"{made.rfq_number}-{alternative}" if alternative else made.rfq_number
    return as_file(made.content, f"{name}.xlsx", XLSX, etag=str(made.version))


def _result(plan: Plan, **facts: Any) -> dict[str, Any]:
    return {
        **facts,
        "lines": [_line_change(change) for change in plan.changes],
        "fields": plan.others,
        "notices": [str(notice) for notice in plan.notices],
    }


def _line_change(change: LineChange) -> dict[str, Any]:
    return {
        "line_id": change.line.id,
        "number": change.line.number,
        "old_price": change.old.price if change.old else None,
        "new_price": change.new.price if change.new else None,
        "old_note": change.old.note if change.old else "",
        "new_note": change.new.note if change.new else "",
        "old_quantity": change.old.quantity if change.old else None,
        "new_quantity": change.new.quantity if change.new else None,
        "old_breaks": change.old.breaks if change.old else (),
        "new_breaks": change.new.breaks if change.new else (),
    }
