"""What crosses the API about further currencies and their rates."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.terms.rates import MAX_RATES, RATE_PLACES, ExchangeRate
from marketplace.web.fields import CurrencyField, Day, DecimalField, TextField
from marketplace.web.schemas import Schema

CONVERTED = {
    "description": "In the currency of the RFQ, rounded to be shown; null: it is in that already."
}
FROZEN = {"description": "Further currencies of bids. Fixed with the publication, for good."}


class ExchangeRateSchema(Schema):
    """A further currency that bids may be in. A draft may still lack the rate."""

    currency = CurrencyField(required=True, max=3)
    rate = DecimalField(
        places=RATE_PLACES,
        minimum=Decimal(0),
        exclusive=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "Units of it for one unit of the RFQ's currency."},
    )
    as_of = Day(load_default=None, allow_none=True, metadata={"description": "Day of the rate."})
    source = TextField(max=200, load_default="", metadata={"description": "Who published it."})

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> ExchangeRate:
        return ExchangeRate(**data)


def rates_field(**more: Any) -> fields.List[Any]:
    """The rates of an RFQ, whole."""
    return fields.List(
        fields.Nested(ExchangeRateSchema),
        validate=validate.Length(max=MAX_RATES),
        metadata=FROZEN,
        **more,
    )
