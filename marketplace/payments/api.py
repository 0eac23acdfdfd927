"""Payments, refunds and the ledger for partners; webhooks from Stripe."""

from typing import Any
from uuid import UUID

from flask import current_app, request
from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.identity.permissions import SYSTEM
from marketplace.payments import gateway, showing
from marketplace.payments.models import LedgerEntry, PaymentIssue, Refund
from marketplace.payments.schemas import (
    LedgerEntrySchema,
    LedgerQuerySchema,
    PaymentIssueSchema,
    PaymentIssuesSchema,
    PaymentQuerySchema,
    PaymentSchema,
    RefundQuerySchema,
    RefundSchema,
    ResolveIssueSchema,
    WebhookAnswerSchema,
)
from marketplace.payments.services import paying, reading, recording
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema
from marketplace.web.shown import Shown

payments_blp = ApiBlueprint(
    "payments", __name__, url_prefix="/payments", description="Money asked for and received"
)
refunds_blp = ApiBlueprint(
    "refunds", __name__, url_prefix="/refunds", description="Money given back"
)
ledger_blp = ApiBlueprint(
    "ledger", __name__, url_prefix="/ledger", description="The buyer's double-entry books"
)
stripe_blp = ApiBlueprint(
    "stripe", __name__, url_prefix="/stripe", description="Notices of the payment provider"
)


@payments_blp.route("")
class Payments(MethodView):
    @payments_blp.arguments(PaymentQuerySchema, location="query")
    @payments_blp.response(200, PageSchema.of(PaymentSchema))
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List payments, newest first."""
        actor = current_actor()
        return showing.page(reading.payments(current_session(), actor, **query), actor)


@payments_blp.route("/<uuid:payment_id>")
class OnePayment(MethodView):
    @payments_blp.response(200, PaymentSchema)
    def get(self, payment_id: UUID) -> Shown:
        """Read a payment; `checkout_url` stands there once the page is open."""
        actor = current_actor()
        return showing.whole(reading.payment(current_session(), actor, payment_id), actor)


@payments_blp.route("/<uuid:payment_id>/cancel")
class CancelPayment(MethodView):
    @payments_blp.idempotent(required=True)
    @payments_blp.response(200, PaymentSchema)
    def post(self, payment_id: UUID) -> Shown:
        """Take a request back; its page is closed."""
        actor = current_actor()
        return showing.whole(paying.cancel(current_session(), actor, payment_id), actor)


@payments_blp.route("/issues")
class PaymentIssues(MethodView):
    @payments_blp.response(200, PaymentIssuesSchema)
    def get(self) -> dict[str, Any]:
        """List what finance must look at."""
        return {"items": reading.open_issues(current_session(), current_actor())}


@payments_blp.route("/issues/<uuid:issue_id>/resolve")
class ResolveIssue(MethodView):
    @payments_blp.idempotent()
    @payments_blp.arguments(ResolveIssueSchema)
    @payments_blp.response(200, PaymentIssueSchema)
    def post(self, values: dict[str, Any], issue_id: UUID) -> PaymentIssue:
        """Note what was done about a difference."""
        return paying.resolve_issue(current_session(), current_actor(), issue_id, values["note"])


@refunds_blp.route("")
class Refunds(MethodView):
    @refunds_blp.arguments(RefundQuerySchema, location="query")
    @refunds_blp.response(200, PageSchema.of(RefundSchema))
    def get(self, query: dict[str, Any]) -> Page[Refund]:
        """List refunds, newest first."""
        return reading.refunds(current_session(), current_actor(), **query)


@ledger_blp.route("/entries")
class LedgerEntries(MethodView):
    @ledger_blp.arguments(LedgerQuerySchema, location="query")
    @ledger_blp.response(200, PageSchema.of(LedgerEntrySchema))
    def get(self, query: dict[str, Any]) -> Page[LedgerEntry]:
        """List bookings, newest first; the postings of each add up to zero."""
        return reading.entries(current_session(), current_actor(), **query)


@stripe_blp.route("/webhooks")
class StripeWebhooks(MethodView):
    @stripe_blp.doc(security=[])
    @stripe_blp.response(200, WebhookAnswerSchema)
    def post(self) -> dict[str, bool]:
        """Take a signed notice; the same event may come any number of times."""
        signature = request.headers.get("Stripe-Signature", "")
        settings = current_app.settings  # type: ignore[attr-defined]
        notice = gateway.read_notice(settings, request.get_data(), signature)
        recording.keep_notice(current_session(), SYSTEM, notice)
        return {"received": True}
