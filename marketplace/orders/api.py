"""Orders over the API."""

from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.documents.downloads import as_file
from marketplace.orders import drafts, filing, queries, showing
from marketplace.orders.models import GoodsReturn, Order, Receipt
from marketplace.orders.schemas import (
    GoodsReceiptInputSchema,
    GoodsReceiptListSchema,
    GoodsReceiptSchema,
    GoodsReturnInputSchema,
    GoodsReturnListSchema,
    GoodsReturnSchema,
    OrderAcknowledgeSchema,
    OrderInputSchema,
    OrderListSchema,
    OrderOptionalReasonSchema,
    OrderPatchSchema,
    OrderQuerySchema,
    OrderReasonSchema,
    OrderRowSchema,
    OrderSchema,
)
from marketplace.orders.services import approving, drafting, fulfilling, receiving, settling
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "orders",
    __name__,
    url_prefix="/orders",
    description="Purchase orders, their deliveries and returns.",
)


def shown(order: Order) -> Shown:
    return showing.whole(order, current_actor())


def seen_version() -> int | None:
    """The version in If-Match where one is sent: an action may name what it was decided on."""
    return expected_version() if "If-Match" in request.headers else None


@blp.route("")
class Orders(MethodView):
    @blp.arguments(OrderQuerySchema, location="query")
    @blp.response(200, PageSchema.of(OrderRowSchema))
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List orders, newest first. Suppliers see those that were issued to them."""
        page = queries.search(
            current_session(),
            current_actor(),
            states=query.pop("state"),
            containing=query.pop("q"),
            **query,
        )
        return Page([showing.row(order) for order in page.items], page.next_cursor)

    @blp.idempotent(required=True)
    @blp.arguments(OrderInputSchema)
    @blp.response(201, OrderSchema)
    def post(self, data: dict[str, Any]) -> Shown:
        """Write a new draft."""
        draft = drafts.order_draft(data)
        return shown(drafting.create(current_session(), current_actor(), draft))


@blp.route("/<uuid:order_id>")
class OneOrder(MethodView):
    @blp.response(200, OrderSchema)
    def get(self, order_id: UUID) -> Shown:
        """Read an order."""
        return shown(queries.get(current_session(), current_actor(), order_id))

    @blp.arguments(OrderPatchSchema)
    @blp.response(200, OrderSchema)
    def patch(self, changes: dict[str, Any], order_id: UUID) -> Shown:
        """Change an order that has not been issued. A change of content voids its approval."""
        session, actor = current_session(), current_actor()
        expected = expected_version()
        draft = drafts.changed(queries.get(session, actor, order_id), changes)
        return shown(drafting.update(session, actor, order_id, draft, expected))


@blp.route("/<uuid:order_id>/submit")
class Submit(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """Ask for approval; issued at once where nobody has to be asked."""
        version = seen_version()
        return shown(approving.submit(current_session(), current_actor(), order_id, version))


@blp.route("/<uuid:order_id>/withdraw")
class Withdraw(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """Take a submitted order back to the draft."""
        version = seen_version()
        return shown(approving.withdraw(current_session(), current_actor(), order_id, version))


@blp.route("/<uuid:order_id>/issue")
class Issue(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """Send an approved order to its supplier."""
        version = seen_version()
        return shown(approving.issue(current_session(), current_actor(), order_id, version))


@blp.route("/<uuid:order_id>/acknowledge")
class Acknowledge(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(OrderAcknowledgeSchema)
    @blp.response(200, OrderSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> Shown:
        """Accept an order as its supplier, with days of delivery where they differ."""
        order = fulfilling.acknowledge(
            current_session(),
            current_actor(),
            order_id,
            supplier_reference=data["supplier_reference"],
            confirmed={line["line_no"]: line["confirmed_on"] for line in data["lines"]},
            expected_version=seen_version(),
        )
        return shown(order)


@blp.route("/<uuid:order_id>/refuse")
class Refuse(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(OrderReasonSchema)
    @blp.response(200, OrderSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> Shown:
        """Refuse an order as its supplier."""
        return shown(
            fulfilling.refuse(
                current_session(), current_actor(), order_id, data["reason"], seen_version()
            )
        )


@blp.route("/<uuid:order_id>/cancel")
class Cancel(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(OrderReasonSchema)
    @blp.response(200, OrderSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> Shown:
        """Give up an order of which nothing has arrived."""
        return shown(
            fulfilling.cancel(
                current_session(), current_actor(), order_id, data["reason"], seen_version()
            )
        )


@blp.route("/<uuid:order_id>/close")
class Close(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(OrderOptionalReasonSchema)
    @blp.response(200, OrderSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> Shown:
        """Give up what has not arrived; what has stays."""
        return shown(
            fulfilling.close(
                current_session(), current_actor(), order_id, data["reason"], seen_version()
            )
        )


@blp.route("/<uuid:order_id>/complete")
class Complete(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """Complete an order with nothing left open."""
        version = seen_version()
        return shown(settling.complete(current_session(), current_actor(), order_id, version))


@blp.route("/<uuid:order_id>/copy")
class Copy(MethodView):
    @blp.idempotent(required=True)
    @blp.response(201, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """A new, unapproved draft with the same lines."""
        return shown(drafting.copy(current_session(), current_actor(), order_id))


@blp.route("/<uuid:order_id>/changes")
class Changes(MethodView):
    @blp.idempotent(required=True)
    @blp.response(201, OrderSchema)
    def post(self, order_id: UUID) -> Shown:
        """A draft of the next revision; it replaces this order when it is issued."""
        return shown(drafting.revise(current_session(), current_actor(), order_id))


@blp.route("/<uuid:order_id>/versions")
class Versions(MethodView):
    @blp.response(200, OrderListSchema)
    def get(self, order_id: UUID) -> Page[Shown]:
        """Every revision under this order's number, newest first."""
        session, actor = current_session(), current_actor()
        order = queries.get(session, actor, order_id)
        found = queries.revisions(session, actor, order, with_lines=True)
        return Page([shown(each) for each in found], None)


@blp.route("/<uuid:order_id>/receipts")
class Receipts(MethodView):
    @blp.response(200, GoodsReceiptListSchema)
    def get(self, order_id: UUID) -> Page[Receipt]:
        """List the deliveries of an order, oldest first."""
        session, actor = current_session(), current_actor()
        order = queries.get(session, actor, order_id)
        return Page(queries.receipts(session, actor, order.id), None)

    @blp.idempotent(required=True)
    @blp.arguments(GoodsReceiptInputSchema)
    @blp.response(201, GoodsReceiptSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> Receipt:
        """Book a delivery, partly or whole."""
        lines = drafts.received_drafts(data.pop("lines"))
        return receiving.receive(
            current_session(),
            current_actor(),
            order_id,
            lines,
            expected_version=seen_version(),
            **data,
        )


@blp.route("/<uuid:order_id>/returns")
class Returns(MethodView):
    @blp.response(200, GoodsReturnListSchema)
    def get(self, order_id: UUID) -> Page[GoodsReturn]:
        """List what went back of an order, oldest first."""
        session, actor = current_session(), current_actor()
        order = queries.get(session, actor, order_id)
        return Page(queries.returns(session, actor, order.id), None)

    @blp.idempotent(required=True)
    @blp.arguments(GoodsReturnInputSchema)
    @blp.response(201, GoodsReturnSchema)
    def post(self, data: dict[str, Any], order_id: UUID) -> GoodsReturn:
        """Send goods back, each out of a named bucket of a receipt line."""
        return receiving.return_goods(
            current_session(),
            current_actor(),
            order_id,
            drafts.return_drafts(data["lines"]),
            data["reason"],
            expected_version=seen_version(),
        )


@blp.route("/<uuid:order_id>/pdf")
class Pdf(MethodView):
    @blp.response(200, content_type="application/pdf")
    def get(self, order_id: UUID) -> Response:
        """The order on paper, in the supplier's language."""
        name, content = filing.paper(current_session(), current_actor(), order_id)
        return as_file(content, name, "application/pdf")
