"""Customers for partners: the seller's customer base, its segments and values."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.customers import reading, service, views
from marketplace.customers.models import Interaction, SellerSettings
from marketplace.customers.schemas import (
    AnalyticsSchema,
    CustomerQuerySchema,
    CustomerSchema,
    CustomerSettingsSchema,
    CustomerSettingsUpdateSchema,
    CustomerUpdateSchema,
    InteractionCreateSchema,
    InteractionSchema,
    SegmentsSchema,
    SegmentTableSchema,
)
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import ListQuerySchema, PageSchema

customers = ApiBlueprint(
    "customers", __name__, url_prefix="/customers", description="Who buys from the caller"
)
segments = ApiBlueprint(
    "segments", __name__, url_prefix="/segments", description="How customers are grouped"
)


@customers.route("")
class Customers(MethodView):
    @customers.arguments(CustomerQuerySchema, location="query")
    @customers.response(200, PageSchema.of(CustomerSchema))
    def get(self, query: dict[str, Any]) -> Page[views.CustomerView]:
        """Customers, the most valuable first."""
        query["containing"] = query.pop("q")
        page = reading.search(current_session(), current_actor(), **query)
        return Page([views.customer_view(entry) for entry in page.items], page.next_cursor)


@customers.route("/settings")
class Settings(MethodView):
    @customers.response(200, CustomerSettingsSchema)
    def get(self) -> SellerSettings:
        """What lifetime value assumes."""
        return reading.settings(current_session(), current_actor())

    @customers.arguments(CustomerSettingsUpdateSchema)
    @customers.response(200, CustomerSettingsSchema)
    def patch(self, changes: dict[str, Any]) -> SellerSettings:
        """Change what lifetime value assumes; values are worked out again."""
        return service.update_settings(
            current_session(), current_actor(), changes, expected_version=expected_version()
        )


@customers.route("/<uuid:customer_id>")
class OneCustomer(MethodView):
    @customers.response(200, CustomerSchema)
    def get(self, customer_id: UUID) -> views.CustomerView:
        """One customer."""
        return views.customer_view(reading.entry(current_session(), current_actor(), customer_id))

    @customers.arguments(CustomerUpdateSchema)
    @customers.response(200, CustomerSchema)
    def patch(self, changes: dict[str, Any], customer_id: UUID) -> views.CustomerView:
        """Set what it cost to win this customer."""
        session, actor = current_session(), current_actor()
        service.update_customer(
            session, actor, customer_id, changes, expected_version=expected_version()
        )
        return views.customer_view(reading.entry(session, actor, customer_id))


@customers.route("/<uuid:customer_id>/interactions")
class Interactions(MethodView):
    @customers.arguments(ListQuerySchema, location="query")
    @customers.response(200, PageSchema.of(InteractionSchema))
    def get(self, query: dict[str, Any], customer_id: UUID) -> Page[Interaction]:
        """What was said and done, newest first."""
        return reading.interactions(current_session(), current_actor(), customer_id, **query)

    @customers.idempotent()
    @customers.arguments(InteractionCreateSchema)
    @customers.response(201, InteractionSchema)
    def post(self, interaction: dict[str, Any], customer_id: UUID) -> Interaction:
        """Note an interaction."""
        return service.log_interaction(current_session(), current_actor(), customer_id, interaction)


@customers.route("/<uuid:customer_id>/analytics")
class Analytics(MethodView):
    @customers.response(200, AnalyticsSchema)
    def get(self, customer_id: UUID) -> views.AnalyticsView:
        """RFM, lifetime value with its parts, usual interval, churn hint, months."""
        return views.AnalyticsView(
            reading.analytics(current_session(), current_actor(), customer_id)
        )


@segments.route("")
class Segments(MethodView):
    @segments.response(200, SegmentsSchema)
    def get(self) -> views.SegmentsView:
        """The segment table with the customers of each row."""
        return views.segments_view(current_session(), current_actor())

    @segments.arguments(SegmentTableSchema)
    @segments.response(200, SegmentsSchema)
    def put(self, table: dict[str, Any]) -> views.SegmentsView:
        """Use an own table; an empty one returns to the table everybody starts with."""
        session, actor = current_session(), current_actor()
        service.replace_segments(session, actor, table["segments"])
        return views.segments_view(session, actor)
