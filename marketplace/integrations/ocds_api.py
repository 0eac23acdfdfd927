"""OCDS tenders, for partners."""

from typing import Any

from flask.views import MethodView
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from marketplace.integrations import ocds
from marketplace.integrations.ocds import Imported
from marketplace.integrations.ocds_files import ENCODINGS, MAX_BYTES
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.fields import EnumField, IdField
from marketplace.web.schemas import Schema

blp = ApiBlueprint(
    "ocds", __name__, url_prefix="/imports/ocds", description="Tenders after the OCDS as drafts"
)


class OcdsFileSchema(Schema):
    file = Upload(
        required=True,
        metadata={
            "description": "A release or package: JSON, or a workbook as Flatten-Tool makes it."
        },
    )


class OcdsOptionsSchema(Schema):
    encoding = fields.String(
        load_default="utf-8",
        validate=validate.OneOf(ENCODINGS),
        metadata={"description": "Only for publishers who do not write UTF-8."},
    )


class ImportedSchema(Schema):
    rfq_id = IdField(attribute="rfq.id")
    number = fields.String(attribute="rfq.number")
    title = fields.String(attribute="rfq.title")
    release_id = fields.String()
    outcome = EnumField(ocds.Outcome)
    notices = fields.Function(lambda imported: [str(notice) for notice in imported.notices])


class OcdsResultSchema(Schema):
    items = fields.List(fields.Nested(ImportedSchema))


@blp.route("")
class OcdsImport(MethodView):
    @blp.idempotent()
    @blp.arguments(OcdsFileSchema, location="files")
    @blp.arguments(OcdsOptionsSchema, location="form")
    @blp.response(200, OcdsResultSchema)
    def post(self, files: dict[str, Any], options: dict[str, Any]) -> dict[str, list[Imported]]:
        """Import every tender of an OCDS file: one draft per contracting process."""
        data = files["file"].stream.read(MAX_BYTES + 1)
        return {
            "items": ocds.import_bytes(
                current_session(), current_actor(), data, encoding=options["encoding"]
            )
        }
