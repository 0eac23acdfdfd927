"""What bids may say besides one price per line, as it crosses the API with the header of an RFQ."""

from typing import Any

from marshmallow import fields, missing, validate

from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids.documents import DocumentFault
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.terms.offering import OfferKind
from marketplace.web.fields import EnumField, IdField
from marketplace.web.schemas import Schema

USUAL_ALTERNATIVES = 2


def most_alternatives(usual: Any = missing) -> CountField:
    """The highest number of alternatives. usual: where nothing is said."""
    return CountField(
        strict=True,
        load_default=usual,
        validate=validate.Range(1, alternatives.MOST),
        metadata={
            "description": "So many bids may each supplier offer beside the main one, where"
            " alternatives are allowed. Left out: 2."
        },
    )


class RefusedDocumentSchema(Schema):
    """A document that its bidder had locked and that could not be taken at the opening."""

    id = IdField()
    name = fields.String()
    reason = EnumField(DocumentFault)


class OffersSchema(Schema):
    allows = fields.List(
        EnumField(OfferKind),
        metadata={"description": "What bids may say besides one price per line."},
    )
    max_alternatives = most_alternatives()
