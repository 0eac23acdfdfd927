"""Invoices, credit notes and refunds of overpayments for partners."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.invoices import showing
from marketplace.invoices.models import MatchTolerance
from marketplace.invoices.schemas import (
    CreditNoteInputSchema,
    DecisionSchema,
    InvoiceInputSchema,
    InvoiceQuerySchema,
    InvoiceRowSchema,
    InvoiceSchema,
    MatchSchema,
    PrefillQuerySchema,
    PrefillSchema,
    RefundInputSchema,
    SubmitInvoiceSchema,
    ToleranceSchema,
    draft_of,
)
from marketplace.invoices.services import checking, drafting, reading, settling
from marketplace.invoices.states import InvoiceKind
from marketplace.payments import showing as payment_showing
from marketplace.payments.models import Refund
from marketplace.payments.schemas import PaymentSchema, RefundSchema
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema
from marketplace.web.shown import Shown

invoices_blp = ApiBlueprint(
    "invoices", __name__, url_prefix="/invoices", description="Invoices, their match and payment"
)
credit_notes_blp = ApiBlueprint(
    "credit_notes", __name__, url_prefix="/credit-notes", description="What suppliers take back"
)
overpayments_blp = ApiBlueprint(
    "overpayments", __name__, url_prefix="/refunds", description="Taking back what was too much"
)

InvoicePageSchema = PageSchema.of(InvoiceRowSchema)


def _listed(query: dict[str, Any], kind: InvoiceKind | None) -> Page[Shown]:
    actor = current_actor()
    found = reading.invoices(
        current_session(),
        actor,
        states=query["state"],
        kind=kind,
        order_id=query["order_id"],
        containing=query["q"],
        cursor=query["cursor"],
        limit=query["limit"],
    )
    return showing.page(found, actor)


@invoices_blp.route("")
class Invoices(MethodView):
    @invoices_blp.arguments(InvoiceQuerySchema, location="query")
    @invoices_blp.response(200, InvoicePageSchema)
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List invoices and credit notes, newest first."""
        return _listed(query, None)

    @invoices_blp.idempotent(required=True)
    @invoices_blp.arguments(InvoiceInputSchema)
    @invoices_blp.response(201, InvoiceSchema)
    def post(self, values: dict[str, Any]) -> Shown:
        """Draft an invoice. A negative total makes it a credit note."""
        actor = current_actor()
        return showing.whole(drafting.create(current_session(), actor, draft_of(values)), actor)


@invoices_blp.route("/prefill")
class Prefill(MethodView):
    @invoices_blp.arguments(PrefillQuerySchema, location="query")
    @invoices_blp.response(200, PrefillSchema)
    def get(self, query: dict[str, Any]) -> dict[str, object]:
        """What was accepted of an order and not invoiced yet, as a body to send."""
        draft = drafting.prefilled(current_session(), current_actor(), query["order_id"])
        return showing.prefill(draft)


@invoices_blp.route("/tolerances")
class Tolerances(MethodView):
    @invoices_blp.response(200, ToleranceSchema)
    def get(self) -> MatchTolerance:
        """How far invoices may differ before somebody of the buyer looks at them."""
        return reading.tolerance(current_session(), current_actor())

    @invoices_blp.idempotent()
    @invoices_blp.arguments(ToleranceSchema)
    @invoices_blp.response(200, ToleranceSchema)
    def post(self, values: dict[str, Any]) -> MatchTolerance:
        """Set the tolerances for invoices that come from now on."""
        return checking.set_tolerance(current_session(), current_actor(), **values)


@invoices_blp.route("/<uuid:invoice_id>")
class OneInvoice(MethodView):
    @invoices_blp.response(200, InvoiceSchema)
    def get(self, invoice_id: UUID) -> Shown:
        """Read an invoice or a credit note."""
        actor = current_actor()
        return showing.whole(reading.invoice(current_session(), actor, invoice_id), actor)

    @invoices_blp.arguments(InvoiceInputSchema)
    @invoices_blp.response(200, InvoiceSchema)
    def put(self, values: dict[str, Any], invoice_id: UUID) -> Shown:
        """Replace the content of a draft."""
        session, actor = current_session(), current_actor()
        version = expected_version()
        changed = drafting.update(
            session, actor, invoice_id, draft_of(values), expected_version=version
        )
        return showing.whole(changed, actor)

    @invoices_blp.response(200, InvoiceSchema)
    def delete(self, invoice_id: UUID) -> Shown:
        """Throw a draft away."""
        session, actor = current_session(), current_actor()
        version = expected_version()
        return showing.whole(
            drafting.cancel(session, actor, invoice_id, expected_version=version), actor
        )


@invoices_blp.route("/<uuid:invoice_id>/submit")
class SubmitInvoice(MethodView):
    @invoices_blp.idempotent(required=True)
    @invoices_blp.arguments(SubmitInvoiceSchema)
    @invoices_blp.response(200, InvoiceSchema)
    def post(self, values: dict[str, Any], invoice_id: UUID) -> Shown:
        """Send it to the buyer; the match follows within seconds."""
        actor = current_actor()
        return showing.whole(drafting.submit(current_session(), actor, invoice_id, **values), actor)


@invoices_blp.route("/<uuid:invoice_id>/match")
class MatchInvoice(MethodView):
    @invoices_blp.response(200, MatchSchema)
    def get(self, invoice_id: UUID) -> showing.Comparison:
        """Order, accepted goods and invoice side by side, with every difference."""
        return showing.compared(
            *reading.with_order_lines(current_session(), current_actor(), invoice_id)
        )

    @invoices_blp.idempotent()
    @invoices_blp.response(200, MatchSchema)
    def post(self, invoice_id: UUID) -> showing.Comparison:
        """Match an invoice in variance again, for example after a delivery was booked."""
        session, actor = current_session(), current_actor()
        checking.match(session, actor, invoice_id)
        return showing.compared(*reading.with_order_lines(session, actor, invoice_id))


@invoices_blp.route("/<uuid:invoice_id>/approve")
class ApproveInvoice(MethodView):
    @invoices_blp.idempotent(required=True)
    @invoices_blp.arguments(DecisionSchema)
    @invoices_blp.response(200, InvoiceSchema)
    def post(self, values: dict[str, Any], invoice_id: UUID) -> Shown:
        """Accept the differences, with a reason."""
        actor = current_actor()
        return showing.whole(
            checking.approve(current_session(), actor, invoice_id, values["reason"]), actor
        )


@invoices_blp.route("/<uuid:invoice_id>/reject")
class RejectInvoice(MethodView):
    @invoices_blp.idempotent(required=True)
    @invoices_blp.arguments(DecisionSchema)
    @invoices_blp.response(200, InvoiceSchema)
    def post(self, values: dict[str, Any], invoice_id: UUID) -> Shown:
        """Send it back to the supplier, with a reason."""
        actor = current_actor()
        return showing.whole(
            checking.reject(current_session(), actor, invoice_id, values["reason"]), actor
        )


@invoices_blp.route("/<uuid:invoice_id>/payments")
class PayInvoice(MethodView):
    @invoices_blp.idempotent(required=True)
    @invoices_blp.response(201, PaymentSchema)
    def post(self, invoice_id: UUID) -> Shown:
        """Ask for a payment of what is left; `checkout_url` appears within seconds."""
        actor = current_actor()
        return payment_showing.whole(settling.pay(current_session(), actor, invoice_id), actor)


@credit_notes_blp.route("")
class CreditNotes(MethodView):
    @credit_notes_blp.arguments(InvoiceQuerySchema, location="query")
    @credit_notes_blp.response(200, InvoicePageSchema)
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List credit notes, newest first."""
        return _listed(query, InvoiceKind.CREDIT_NOTE)

    @credit_notes_blp.idempotent(required=True)
    @credit_notes_blp.arguments(CreditNoteInputSchema)
    @credit_notes_blp.response(201, InvoiceSchema)
    def post(self, values: dict[str, Any]) -> Shown:
        """Draft a credit note; it is sent, matched and read as invoices are."""
        actor = current_actor()
        draft = draft_of(values, InvoiceKind.CREDIT_NOTE)
        return showing.whole(drafting.create(current_session(), actor, draft), actor)


@overpayments_blp.route("")
class Overpayments(MethodView):
    @overpayments_blp.idempotent(required=True)
    @overpayments_blp.arguments(RefundInputSchema)
    @overpayments_blp.response(201, RefundSchema)
    def post(self, values: dict[str, Any]) -> Refund:
        """Take back an explicit amount of what was paid too much."""
        return settling.refund(current_session(), current_actor(), **values)
