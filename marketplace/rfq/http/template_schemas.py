"""What crosses the API about RFQ templates."""

from marshmallow import fields

from marketplace.rfq.terms.kinds import RfqKind
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class TemplateNameSchema(Schema):
    name = TextField(required=True, max=200)


class TemplateInputSchema(TemplateNameSchema):
    rfq_id = IdField(required=True, metadata={"description": "The RFQ to keep, in any state."})


class RfqTemplateSchema(Schema):
    id = IdField()
    version = fields.Integer()
    name = fields.String()
    kind = EnumField(RfqKind)
    title = fields.String(metadata={"description": "Of the RFQ that it was made of."})
    line_count = fields.Integer()
    supplier_count = fields.Integer(
        metadata={"description": "Suppliers it proposes; blocked ones are left out when used."}
    )
    created_at = InstantField()
