"""What crosses the API about bids that their bidders seal, and about those that cannot be read."""

from base64 import b64decode, b64encode
from binascii import Error
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from marketplace.core.text import _
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids.rules import MAX_DOCUMENTS
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.opening.unsealed import error_from
from marketplace.rfq.sealing.envelopes import Cipher, Envelope
from marketplace.rfq.services.sealed_bidding import Offered
from marketplace.rfq.terms.bid_states import UnreadableRuling
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema

# A bid of 5,000 lines has about a megabyte; base64 makes a third more of it.
LONGEST = 6_000_000


class BytesField(fields.Field[bytes]):
    """Bytes as base64."""

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> str | None:
        return b64encode(value).decode() if value is not None else None

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bytes:
        try:
            if isinstance(value, str) and len(value) <= LONGEST:
                return b64decode(value, validate=True)
        except (Error, ValueError):
            pass
        raise ValidationError(str(_("Send bytes as base64.")))


BASE64 = {"type": "string", "description": "base64"}


class EnvelopeSchema(Schema):
    ciphertext = BytesField(required=True, metadata=BASE64)
    key_for_opening = BytesField(required=True, metadata=BASE64)
    key_for_reading_back = BytesField(required=True, metadata=BASE64)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Envelope:
        return Envelope(**data, cipher=Cipher.AES_256_GCM)


class SealedBidInputSchema(Schema):
    """A bid as it was sealed out of sight; how is described in docs/verifying.md."""

    number = CountField(
        required=True, strict=True, metadata={"description": "From `GET .../sealing`."}
    )
    terms_number = CountField(required=True, strict=True)
    alternative = CountField(
        strict=True,
        load_default=0,
        validate=validate.Range(0, alternatives.MOST),
        metadata={"description": "Which of the supplier's bids; 0: the main one."},
    )
    main = fields.Nested(
        EnvelopeSchema,
        required=True,
        metadata={"description": "The whole bid; of two envelopes the one with the prices."},
    )
    technical = fields.Nested(EnvelopeSchema, load_default=None, allow_none=True)
    documents = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=MAX_DOCUMENTS),
        metadata={"description": "Ids of the documents that were sent before and belong to it."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        data["documents"] = tuple(dict.fromkeys(data["documents"]))
        return {"alternative": data.pop("alternative"), "offered": Offered(**data)}


class AlternativeQuerySchema(Schema):
    """Which of the supplier's bids is meant."""

    alternative = CountField(
        load_default=0,
        validate=validate.Range(0, alternatives.MOST),
        metadata={"description": "0: the main one."},
    )


class SealingFactsSchema(Schema):
    """What the caller's next version is sealed with and bound to."""

    rfq_id = IdField(attribute="door.rfq.id")
    supplier_id = IdField()
    alternative = fields.Integer()
    number = fields.Integer()
    fingerprint = fields.String()
    terms_number = fields.Integer(attribute="door.seal.terms_number")
    terms = fields.Dict(metadata={"description": "What the bid answers to."})
    empty_content = fields.Dict(metadata={"description": "To be filled in and sealed."})
    empty_line = fields.Dict(metadata={"description": "One of `lines`, to be filled in."})
    technical_fields = fields.List(
        fields.String(), metadata={"description": "Of two envelopes, what the first one holds."}
    )
    public_key = fields.Function(
        lambda facts: facts.door.seal.public_key.hex(),
        metadata={"type": "string", "description": "X25519, hexadecimal."},
    )
    technical_public_key = fields.Function(
        lambda facts: (
            facts.door.seal.technical_public_key.hex()
            if facts.door.seal.technical_public_key
            else None
        ),
        metadata={"type": ["string", "null"], "description": "Of two envelopes the first."},
    )


class SealedVersionSchema(Schema):
    """The caller's own version as it lies sealed."""

    bid_id = IdField(attribute="version.bid_id")
    number = fields.Integer(attribute="version.number")
    terms_number = fields.Integer(attribute="version.terms_number")
    fingerprint = fields.String()
    alternative = fields.Integer()
    arrived_at = InstantField(attribute="version.arrived_at")
    digest = fields.String(attribute="version.digest")
    ciphertext = BytesField(attribute="version.ciphertext", metadata=BASE64)
    key_for_reading_back = BytesField(attribute="version.key_for_reading_back", metadata=BASE64)
    technical_ciphertext = BytesField(
        attribute="version.technical_ciphertext", allow_none=True, metadata=BASE64
    )
    technical_key_for_reading_back = BytesField(
        attribute="version.technical_key_for_reading_back", allow_none=True, metadata=BASE64
    )
    documents = fields.List(
        IdField(), metadata={"description": "Of `GET .../sealed-documents/{id}`."}
    )


class LockedDocumentSchema(Schema):
    """A document that the caller has locked; what it is only its keys can tell."""

    id = IdField()
    size = fields.Integer(metadata={"description": "Bytes, locked and padded."})
    digest = fields.String(metadata={"description": "SHA-256 of the locked bytes."})
    is_submitted = fields.Boolean(
        metadata={"description": "Whether the last submission named it, so that it stays."}
    )


class LockedDocumentListSchema(Schema):
    items = fields.List(fields.Nested(LockedDocumentSchema))


class SealedErrorSchema(Schema):
    """One reason why what was sealed does not answer the RFQ."""

    pointer = fields.String(metadata={"description": "JSON pointer into the content."})
    code = fields.String()
    detail = fields.Function(lambda said: str(error_from(said).detail), metadata={"type": "string"})


class UnreadableSchema(Schema):
    bid_id = IdField()
    envelope = fields.String(validate=validate.OneOf(("whole", "technical", "price")))
    supplier_id = IdField()
    attempt_id = IdField(metadata={"description": "Its receipt."})
    digest = fields.String()
    reason = fields.String(
        validate=validate.OneOf(("does_not_open", "malformed", "does_not_fit")),
    )
    errors = fields.List(
        fields.Nested(SealedErrorSchema),
        metadata={"description": "Where it does not answer the RFQ."},
    )
    found_at = InstantField()
    ruling = EnumField(UnreadableRuling, allow_none=True)
    ruling_reason = fields.String(allow_none=True)
    ruled_by = IdField(allow_none=True)
    ruled_at = InstantField(allow_none=True)


class UnreadableListSchema(Schema):
    items = fields.List(fields.Nested(UnreadableSchema))


class UnreadableRulingInputSchema(Schema):
    ruling = EnumField(UnreadableRuling, required=True)
    reason = TextField(required=True, max=2000)
