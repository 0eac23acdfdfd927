"""Invoices for people: what to invoice and what comes when; what to check and what to pay."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import audit, clock
from marketplace.core.money import Money
from marketplace.core.tabular import to_xlsx
from marketplace.core.text import _, label
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.invoices import forms, queries, rules, showing
from marketplace.invoices.models import Invoice
from marketplace.invoices.rules import InvoiceDraft
from marketplace.invoices.schemas import DecisionSchema, ToleranceSchema
from marketplace.invoices.services import checking, drafting, reading, settling
from marketplace.invoices.states import InvoiceKind, InvoiceState, PaymentStatus, VatCategory
from marketplace.payments import queries as payment_queries
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("invoices", __name__, url_prefix="/invoices")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPORT_LIMIT = 200


@pages.get("")
def listing() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    filters = _filters()
    if request.args.get("format") == "xlsx":
        return _export(filters)
    page = reading.invoices(session, actor, cursor=request.args.get("cursor"), **filters)
    is_buyer = actor.org_kind is OrgKind.BUYER
    coming = queries.waiting_for_payment(session, actor)
    to_invoice = queries.orders_to_invoice(session, actor) if not is_buyer else ()
    return render_template(
        "invoices/list.html",
        page=page,
        filters=filters,
        query=request.args.get("q", ""),
        state=request.args.get("state", ""),
        kind=request.args.get("kind", ""),
        states=list(InvoiceState),
        kinds=list(InvoiceKind),
        is_buyer=is_buyer,
        may_submit=actor.may(Permission.INVOICE_SUBMIT),
        to_invoice=to_invoice,
        coming=coming,
        outstanding=queries.outstanding(session, actor, clock.now().date()),
        to_decide=queries.waiting_for_decision(session, actor) if is_buyer else (),
        partners=_partners([*page.items, *coming, *to_invoice]),
    )


@pages.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        return _form(forms.blank(session, actor, request.args))
    form = forms.read(request.form)
    made, duplicate = _save(form, lambda draft: drafting.create(session, actor, draft).id)
    if made is None:
        return _form(form, duplicate=duplicate), 422
    return redirect(url_for("invoices.invoice", invoice_id=made), 303)


@pages.route("/<uuid:invoice_id>/edit", methods=["GET", "POST"])
def edit(invoice_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    found = reading.invoice(session, actor, invoice_id)
    if request.method == "GET":
        return _form(forms.of_invoice(found), found)
    form = forms.read(request.form, found.kind)

    def save(draft: InvoiceDraft) -> UUID:
        return drafting.update(session, actor, invoice_id, draft, expected_version=form.version).id

    made, duplicate = _save(form, save)
    if made is None:
        return _form(form, found, duplicate=duplicate), 422
    return redirect(url_for("invoices.invoice", invoice_id=invoice_id), 303)


@pages.get("/<uuid:invoice_id>")
def invoice(invoice_id: UUID) -> str:
    return _page(invoice_id, Form(DecisionSchema, initial={}))


@pages.post("/<uuid:invoice_id>/submit")
def submit(invoice_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    despite = request.form.get("despite_duplicate") == "true"
    drafting.submit(session, actor, invoice_id, despite_duplicate=despite)
    flash(_("Sent. The buyer’s check follows at once."))
    return redirect(url_for("invoices.invoice", invoice_id=invoice_id), 303)


@pages.post("/<uuid:invoice_id>/cancel")
def cancel(invoice_id: UUID) -> ResponseReturnValue:
    drafting.cancel(current_session(), current_actor(), invoice_id)
    flash(_("The draft is thrown away."))
    return redirect(url_for("invoices.listing"), 303)


@pages.post("/<uuid:invoice_id>/match")
def match(invoice_id: UUID) -> ResponseReturnValue:
    checking.match(current_session(), current_actor(), invoice_id)
    flash(_("Checked again."))
    return redirect(url_for("invoices.invoice", invoice_id=invoice_id), 303)


@pages.post("/<uuid:invoice_id>/decide")
def decide(invoice_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(DecisionSchema, request.form)
    approved = request.form.get("decision") == "approve"
    if form.valid:
        use_case = checking.approve if approved else checking.reject
        with form.guard():
            use_case(session, actor, invoice_id, form.data["reason"], expected_version=form.version)
    if not form.valid:
        return _page(invoice_id, form), 422
    flash(_("Approved: it can be paid.") if approved else _("Sent back to the supplier."))
    return redirect(url_for("invoices.invoice", invoice_id=invoice_id), 303)


@pages.post("/<uuid:invoice_id>/pay")
def pay(invoice_id: UUID) -> ResponseReturnValue:
    payment = settling.pay(current_session(), current_actor(), invoice_id)
    return redirect(url_for("payments.payment", payment_id=payment.id, go=1), 303)


@pages.post("/<uuid:invoice_id>/refund")
def refund(invoice_id: UUID) -> ResponseReturnValue:
    """Take the whole overpayment back from the newest payments that still hold it."""
    session, actor = current_session(), current_actor()
    settling.refund_overpayment(session, actor, invoice_id, str(_("Overpayment")))
    flash(_("The overpayment is on its way back."))
    return redirect(url_for("invoices.invoice", invoice_id=invoice_id), 303)


@pages.route("/tolerances", methods=["GET", "POST"])
def tolerances() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    present = reading.tolerance(session, actor)
    names = ("price_percent", "price_amount", "quantity_percent", "rounding")
    if request.method == "GET":
        initial = {name: getattr(present, name) for name in names}
        return render_template(
            "invoices/tolerances.html", form=Form(ToleranceSchema, initial=initial)
        )
    form = Form(ToleranceSchema, request.form)
    if form.valid:
        with form.guard():
            checking.set_tolerance(session, actor, **form.data)
    if not form.valid:
        return render_template("invoices/tolerances.html", form=form), 422
    flash(_("Saved. It counts for invoices that come from now on."))
    return redirect(url_for("invoices.tolerances"), 303)


def _save(form: Form, keep: Callable[[InvoiceDraft], UUID]) -> tuple[UUID | None, bool]:
    """Keep what was typed, and send it when asked to: its id, and whether it seems a duplicate."""
    made, duplicate = None, False
    if not form.valid:
        return made, duplicate
    with form.guard():
        try:
            kept = keep(forms.draft_of(form))
            _send(kept)
            made = kept
        except rules.DuplicateInvoice:
            duplicate = True
            raise
    return made, duplicate


def _send(invoice_id: UUID) -> None:
    if request.form.get("send"):
        despite = request.form.get("despite_duplicate") == "true"
        drafting.submit(current_session(), current_actor(), invoice_id, despite_duplicate=despite)
        flash(_("Sent. The buyer’s check follows at once."))


def _form(form: Form, invoice: Invoice | None = None, *, duplicate: bool = False) -> str:
    session = current_session()
    bound = bool(form.value("order_id"))
    buyers = (
        ()
        if bound
        else identity_queries.search_organisations(session, kind=OrgKind.BUYER, limit=200).items
    )
    return render_template(
        "invoices/form.html",
        form=form,
        invoice=invoice,
        rows=forms.rows_of(form),
        is_credit=forms.kind_of(form) is InvoiceKind.CREDIT_NOTE,
        vat_categories=[(each.value, f"{each.value} – {label(each)}") for each in VatCategory],
        bound=bound,
        buyers=[(str(buyer.id), buyer.name) for buyer in buyers],
        duplicate=duplicate,
    )


def _page(invoice_id: UUID, form: Form) -> str:
    session, actor = current_session(), current_actor()
    found, order_lines = reading.with_order_lines(session, actor, invoice_id)
    is_buyer = actor.org_kind is OrgKind.BUYER
    payments = payment_queries.of_subject(session, "invoice", found.id)
    if form.version is None:
        form.version = found.version
    return render_template(
        "invoices/invoice.html",
        invoice=found,
        comparison=showing.compared(found, order_lines),
        totals=rules.totals_of(found.lines, found.discount, found.currency),
        money=lambda amount: Money(amount, found.currency),
        actions=rules.actions_of(actor, found),
        is_buyer=is_buyer,
        may_pay=actor.may(Permission.PAYMENT_MAKE) and is_buyer,
        may_submit=actor.may(Permission.INVOICE_SUBMIT),
        overpaid=found.payment_status is PaymentStatus.OVERPAID,
        form=form,
        payments=payments,
        credit_notes=queries.credit_notes_of(session, found.id) if found.credited else (),
        partners=_partners([found]),
        history=audit.history(session, actor.organisation_id, "invoice", found.id),
    )


def _filters() -> dict[str, Any]:
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    return {
        "states": [InvoiceState(state)] if state in tuple(InvoiceState) else [],
        "kind": InvoiceKind(kind) if kind in tuple(InvoiceKind) else None,
        "containing": request.args.get("q") or None,
    }


def _partners(documents: Sequence[Any]) -> Mapping[UUID, str]:
    ids = {each for d in documents for each in (d.buyer_id, d.supplier_id)}
    found = identity_queries.organisations(current_session(), ids)
    return {key: organisation.name for key, organisation in found.items()}


def _export(filters: dict[str, Any]) -> Response:
    page = reading.invoices(current_session(), current_actor(), limit=EXPORT_LIMIT, **filters)
    partners = _partners(page.items)
    headers = [
        _("Kind"), _("Number"), _("State"), _("Buyer"), _("Supplier"), _("Order"), _("Date"),
        _("Due"), _("Net"), _("VAT"), _("Total"), _("To pay"), _("Currency"),
    ]  # fmt: skip
    rows = [
        (
            label(i.kind), i.number, label(i.state), partners.get(i.buyer_id, ""),
            partners.get(i.supplier_id, ""), i.order_number, i.issued_on, i.due_on,
            i.net * i.sign, i.vat * i.sign, i.gross * i.sign,
            i.open_amount if i.kind is InvoiceKind.INVOICE else None, i.currency,
        )
        for i in page.items
    ]  # fmt: skip
    answer = Response(to_xlsx(headers, rows, sheet="Invoices"), mimetype=XLSX)
    answer.headers["Content-Disposition"] = 'attachment; filename="invoices.xlsx"'
    return answer
