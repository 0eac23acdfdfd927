"""What crosses the API when an RFQ is published."""

from typing import Any

from marshmallow import fields, post_load

from marketplace.rfq.sealing.officers.rules import Appointment
from marketplace.rfq.sealing.officers.states import OpeningRule
from marketplace.web.fields import EnumField, IdField, TextField
from marketplace.web.schemas import Schema


class PublishSchema(Schema):
    passphrase = TextField(
        max=200,
        load_default=None,
        allow_none=True,
        metadata={"description": "What will open the bids. Left out: one is made."},
    )
    opening_rule = EnumField(
        OpeningRule,
        load_default=OpeningRule.ONE,
        metadata={
            "description": "two_of_three: instead of a passphrase, two openers or one of them with"
            " the escrow person open together, each with their own opening key."
        },
    )
    first_opener_id = IdField(load_default=None, allow_none=True)
    second_opener_id = IdField(load_default=None, allow_none=True)
    escrow_id = IdField(load_default=None, allow_none=True)
    confirm_formula = fields.Boolean(
        load_default=False,
        metadata={"description": "Publish although the price formula is found irregular."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """The passphrase, or the officers in its place."""
        names = ("first_opener_id", "second_opener_id", "escrow_id")
        appointment = Appointment(**{name: data[name] for name in names})
        together = data["opening_rule"] is OpeningRule.TWO_OF_THREE
        return {
            "passphrase": data["passphrase"],
            "officers": appointment if together else None,
            "confirm_formula": data["confirm_formula"],
        }
