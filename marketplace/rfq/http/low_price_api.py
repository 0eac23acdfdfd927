"""Abnormally low prices for partners: what is flagged, the question, the answer, the ruling."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.evaluation.models import LowPriceInquiry
from marketplace.rfq.http import low_price_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.low_price_schemas import (
    AskedSchema,
    InquiryInputSchema,
    InquirySchema,
    JustificationSchema,
    LowPriceRulingSchema,
    LowPricesSchema,
)
from marketplace.rfq.http.sealed_schemas import AlternativeQuerySchema
from marketplace.rfq.services import justifying
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint("low-prices", __name__, url_prefix="/rfqs", description="Abnormally low prices")


@blp.route("/<uuid:rfq_id>/low-prices")
class LowPrices(MethodView):
    @blp.response(200, LowPricesSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """What is abnormally low, and what its suppliers were asked."""
        with peeking_noted(rfq_id):
            return low_price_views.read(current_session(), current_actor(), rfq_id)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/low-price-inquiry")
class Inquiry(MethodView):
    @blp.idempotent()
    @blp.arguments(InquiryInputSchema)
    @blp.response(201, InquirySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> LowPriceInquiry:
        """Ask the supplier of an abnormally low bid to justify it."""
        with peeking_noted(rfq_id):
            return justifying.ask(current_session(), current_actor(), rfq_id, bid_id, **data)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/low-price-ruling")
class Ruling(MethodView):
    @blp.idempotent()
    @blp.arguments(LowPriceRulingSchema)
    @blp.response(201, InquirySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> LowPriceInquiry:
        """Accept the price, or exclude the bid once its supplier was heard."""
        with peeking_noted(rfq_id):
            return justifying.rule(current_session(), current_actor(), rfq_id, bid_id, **data)


@blp.route("/<uuid:rfq_id>/justification")
class Justification(MethodView):
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, AskedSchema)
    def get(self, query: dict[str, int], rfq_id: UUID) -> LowPriceInquiry:
        """What the caller is asked about its own price."""
        return justifying.own(current_session(), current_actor(), rfq_id, **query)

    @blp.idempotent()
    @blp.arguments(JustificationSchema)
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(201, AskedSchema)
    def post(self, data: dict[str, Any], query: dict[str, int], rfq_id: UUID) -> LowPriceInquiry:
        """Justify the own price, until the deadline; documents were uploaded before."""
        which = query["alternative"]
        return justifying.answer(
            current_session(), current_actor(), rfq_id, **data, alternative=which
        )
