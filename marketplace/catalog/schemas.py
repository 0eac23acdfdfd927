"""What crosses the API about the catalogue."""

from decimal import Decimal
from typing import Any

from flask_smorest.fields import Upload
from marshmallow import fields, validate

from marketplace.core.tabular import DateOrder, DecimalSign
from marketplace.web.fields import (
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
    UnitField,
)
from marketplace.web.schemas import ListQuerySchema, Schema


class CategorySchema(Schema):
    code = fields.String(metadata={"description": "CPV 2008, eight digits."})
    parent_code = fields.String(allow_none=True)
    level = fields.Integer()
    name_en = fields.String()
    name_fr = fields.String()


class CategoryQuerySchema(ListQuerySchema):
    q = TextField(max=100, load_default="", metadata={"description": "Start of a code, or words."})


class ItemInputSchema(Schema):
    sku = TextField(max=60, required=True, metadata={"description": "Your own code."})
    gtin = TextField(max=20, allow_none=True, metadata={"description": "With its check digit."})
    name = TextField(max=200, required=True)
    description = TextField(max=4000)
    category_code = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"[0-9]{8}\Z"),
        metadata={"description": "CPV code of eight digits."},
    )
    unit = UnitField(required=True)
    price = MoneyField(unit_price=True, allow_none=True)
    base_quantity = DecimalField(minimum=Decimal(0), exclusive=True)
    active = fields.Boolean()


class ItemChangeSchema(ItemInputSchema):
    """The fields of an item that are to change."""

    def __init__(self, **options: Any) -> None:
        super().__init__(partial=True, **options)


class ItemSchema(Schema):
    id = IdField()
    sku = fields.String()
    gtin = fields.String(allow_none=True)
    name = fields.String()
    description = fields.String()
    category_code = fields.String(allow_none=True)
    unit = fields.String()
    price = MoneyField(unit_price=True, allow_none=True)
    base_quantity = DecimalField(metadata={"description": "The price is for so many units."})
    active = fields.Boolean()
    version = fields.Integer()
    created_at = InstantField()


class ItemQuerySchema(ListQuerySchema):
    q = TextField(max=100, load_default="", metadata={"description": "Words, code or GTIN."})
    category = fields.String(
        load_default=None,
        validate=validate.Regexp(r"[0-9]{8}\Z"),
        metadata={"description": "Only items in this CPV code and below."},
    )
    include_inactive = fields.Boolean(load_default=False)


class SearchQuerySchema(Schema):
    q = TextField(max=100, required=True)
    limit = fields.Integer(load_default=10, validate=validate.Range(1, 50))


class SearchSchema(Schema):
    items = fields.List(fields.Nested(ItemSchema))
    categories = fields.List(fields.Nested(CategorySchema))


class ImportFileSchema(Schema):
    file = Upload(required=True, metadata={"description": "CSV or XLSX, at most 5 MB."})


class ImportOptionsSchema(Schema):
    """What is said about the file; what is not said is found from it."""

    decimal_sign = EnumField(DecimalSign, load_default=None)
    date_order = EnumField(DateOrder, load_default=None)
    valid_rows_only = fields.Boolean(load_default=False)


class ImportResultSchema(Schema):
    added = fields.Integer()
    changed = fields.Integer()
    errors = fields.List(fields.Dict(), metadata={"description": "Rows left out, with reasons."})
    notices = fields.List(fields.Dict(), metadata={"description": "Rows to look at."})
