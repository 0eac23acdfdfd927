"""What crosses the API about addenda and confirmations."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.addenda.wanted import (
    Wanted,
    WantedConditions,
    WantedCriterion,
    WantedLine,
    WantedLot,
)
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.http.schemas import DEADLINE, AddressSchema
from marketplace.rfq.terms.drafts import Address
from marketplace.web.fields import (
    Day,
    DecimalField,
    IdField,
    InstantField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import Schema

_ID = {"description": "Of what is there; left out: new."}


class WantedLotSchema(Schema):
    id = IdField(load_default=None, allow_none=True, metadata=_ID)
    title = TextField(required=True, max=200)
    description = TextField(max=10_000, load_default="")

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> WantedLot:
        return WantedLot(**data)


class WantedLineSchema(Schema):
    id = IdField(load_default=None, allow_none=True, metadata=_ID)
    lot = CountField(strict=True, load_default=1, validate=validate.Range(1, 100_000))
    description = TextField(max=2000, load_default="")
    quantity = QuantityField(required=True)
    delivery_place = TextField(max=300, load_default=None, allow_none=True)
    delivery_on = Day(load_default=None, allow_none=True)
    item_id = IdField(load_default=None, allow_none=True, metadata={"description": "Of new lines."})

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> WantedLine:
        return WantedLine(**data | {"delivery_place": data["delivery_place"] or None})


class WantedCriterionSchema(Schema):
    id = IdField(required=True)
    name = TextField(required=True, max=100)
    weight = DecimalField(
        load_default=None, allow_none=True, places=2, minimum=Decimal(0), exclusive=True
    )
    importance = CountField(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 10),
        metadata={"description": "Of a criterion in a section, in place of a weight."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> WantedCriterion:
        return WantedCriterion(**data)


class WantedConditionsSchema(Schema):
    description = TextField(max=20_000, load_default="")
    payment_terms_days = CountField(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(0, 365)
    )
    delivery = fields.Nested(AddressSchema, load_default=Address)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> WantedConditions:
        return WantedConditions(**data)


class AddendumInputSchema(Schema):
    """What the RFQ shall say. A list is whole: what it leaves out is removed, criteria apart."""

    reason = TextField(max=2000, load_default="", metadata={"description": "Bidders read it."})
    lots = fields.List(fields.Nested(WantedLotSchema), load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(WantedLineSchema), load_default=None, allow_none=True)
    criteria = fields.List(fields.Nested(WantedCriterionSchema), load_default=list)
    conditions = fields.Nested(WantedConditionsSchema, load_default=None, allow_none=True)
    bids_due_at = TextField(
        max=40,
        load_default=None,
        allow_none=True,
        metadata=DEADLINE | {"description": "Later than needed. " + DEADLINE["description"]},
    )


def wanted_of(data: dict[str, Any]) -> Wanted:
    """The loaded input as the content of an addendum; its deadline is an instant by now."""
    return Wanted(
        lots=None if data["lots"] is None else tuple(data["lots"]),
        lines=None if data["lines"] is None else tuple(data["lines"]),
        criteria=tuple(data["criteria"]),
        conditions=data["conditions"],
        bids_due_at=data["bids_due_at"],
    )


class ChangeSchema(Schema):
    kind = fields.String(metadata={"description": "line, lot, criterion or terms."})
    what = fields.String(metadata={"description": "added, removed or changed."})
    number = fields.Integer(allow_none=True)
    name = fields.String()
    field = fields.String(allow_none=True)
    old = fields.Raw(allow_none=True)
    new = fields.Raw(allow_none=True)


class AddendumPreviewSchema(Schema):
    changes = fields.List(fields.Nested(ChangeSchema))
    touched = fields.Integer(metadata={"description": "Lines that bidders have to confirm."})
    touches_all = fields.Boolean()
    needed_due_at = InstantField()
    bids_due_at = InstantField()


class AddendumSchema(Schema):
    id = IdField()
    version = fields.Integer()
    number = fields.Integer(
        allow_none=True, metadata={"description": "Version of the terms that it made."}
    )
    reason = fields.String()
    published_at = InstantField(allow_none=True)
    previous_due_at = InstantField(allow_none=True)
    bids_due_at = InstantField(allow_none=True)
    changes = fields.List(fields.Nested(ChangeSchema), allow_none=True)
    wanted = fields.Dict(allow_none=True, metadata={"description": "For the buyer, unpublished."})
    preview = fields.Nested(AddendumPreviewSchema, allow_none=True)


class AddendumListSchema(Schema):
    items = fields.List(fields.Nested(AddendumSchema))


class ConfirmationSchema(Schema):
    terms_number = CountField(
        required=True,
        strict=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "The version of the terms that has been read."},
    )
    line_ids = fields.List(
        IdField(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(min=1, max=5000),
        metadata={"description": "Left out: every line that is to be confirmed."},
    )


class AddendumFormLineSchema(WantedLineSchema):
    """A row of the form; a ticked line is removed."""

    removed = fields.Boolean(load_default=False)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> WantedLine | None:
        return None if data.pop("removed") else super().make(data)


class AddendumFormSchema(AddendumInputSchema):
    lines = fields.List(fields.Nested(AddendumFormLineSchema), load_default=list)

    @post_load
    def without_removed(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        data["lines"] = [line for line in data["lines"] if line is not None]
        return data
