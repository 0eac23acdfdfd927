"""Payments for people: the list, one payment with its way to the payment page, the ledger."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import audit
from marketplace.core.tabular import to_xlsx
from marketplace.core.text import _, label
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind
from marketplace.payments import queries, rules
from marketplace.payments.models import Payment
from marketplace.payments.schemas import ResolveIssueSchema
from marketplace.payments.services import paying, reading
from marketplace.payments.states import PaymentState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("payments", __name__, url_prefix="/payments")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXPORT_LIMIT = 200


@pages.get("")
def listing() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    state = request.args.get("state", "")
    chosen = PaymentState(state) if state in tuple(PaymentState) else None
    if request.args.get("format") == "xlsx":
        return _export(chosen)
    page = reading.payments(session, actor, state=chosen, cursor=request.args.get("cursor"))
    is_buyer = actor.org_kind is OrgKind.BUYER
    return render_template(
        "payments/list.html",
        page=page,
        state=state,
        states=list(PaymentState),
        issues=reading.open_issues(session, actor) if is_buyer else (),
        partners=_partners(page.items),
        is_buyer=is_buyer,
    )


@pages.get("/<uuid:payment_id>")
def payment(payment_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    found = reading.payment(session, actor, payment_id)
    return render_template(
        "payments/payment.html",
        payment=found,
        actions=rules.actions_of(actor, found),
        partners=_partners([found]),
        is_buyer=found.buyer_id == actor.org_id,
        refunds=queries.refunds_of(session, found.id),
        issues=queries.issues_of(session, actor, found.id),
        history=audit.history(session, actor.organisation_id, "payment", found.id),
        subject_url=f"/{found.subject_kind}s/{found.subject_id}",
    )


@pages.get("/<uuid:payment_id>/status")
def status(payment_id: UUID) -> Response:
    """The moving part of the page; leads to the provider as soon as its page is there."""
    found = reading.payment(current_session(), current_actor(), payment_id)
    answer = make_response(
        render_template(
            "payments/_status.html",
            payment=found,
            is_buyer=found.buyer_id == current_actor().org_id,
        )
    )
    if found.state is PaymentState.OPEN and found.checkout_url and request.args.get("go"):
        answer.headers["HX-Redirect"] = found.checkout_url
    elif request.args.get("seen", found.state) != found.state:
        answer.headers["HX-Refresh"] = "true"  # the rest of the page has changed as well
    return answer


@pages.get("/<uuid:payment_id>/return")
def back(payment_id: UUID) -> ResponseReturnValue:
    """Where the provider sends the payer; the outcome is asked for, not taken from the address."""
    paying.check_again(current_session(), current_actor(), payment_id)
    return redirect(url_for("payments.payment", payment_id=payment_id, returned=1), 303)


@pages.post("/<uuid:payment_id>/cancel")
def cancel(payment_id: UUID) -> ResponseReturnValue:
    paying.cancel(current_session(), current_actor(), payment_id)
    flash(_("The payment page is being closed."))
    return redirect(url_for("payments.payment", payment_id=payment_id), 303)


@pages.post("/issues/<uuid:issue_id>/resolve")
def resolve(issue_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    issue = queries.get_issue(session, actor, issue_id)
    form = Form(ResolveIssueSchema, request.form)
    if form.valid:
        paying.resolve_issue(session, actor, issue_id, form.data["note"])
        flash(_("Noted. This no longer waits for you."))
    else:
        flash(_("Say what was done about it."), "danger")
    return redirect(url_for("payments.payment", payment_id=issue.payment_id), 303)


@pages.get("/ledger")
def ledger() -> str:
    session, actor = current_session(), current_actor()
    page = reading.entries(session, actor, cursor=request.args.get("cursor"))
    return render_template(
        "payments/ledger.html",
        page=page,
        balances=queries.balances(session, actor.organisation_id),
    )


def _partners(payments: Sequence[Payment]) -> dict[UUID, str]:
    ids = {each for p in payments for each in (p.buyer_id, p.supplier_id)}
    found = identity_queries.organisations(current_session(), ids)
    return {key: organisation.name for key, organisation in found.items()}


def _export(state: PaymentState | None) -> Response:
    page = reading.payments(current_session(), current_actor(), state=state, limit=EXPORT_LIMIT)
    partners = _partners(page.items)
    headers = [
        _("Number"), _("For"), _("Buyer"), _("Supplier"), _("State"), _("Method"),
        _("Amount"), _("Received"), _("Refunded"), _("Currency"), _("Received at"),
    ]  # fmt: skip
    rows = [
        (
            p.number, p.reference, partners.get(p.buyer_id, ""), partners.get(p.supplier_id, ""),
            label(p.state), label(p.method), p.amount, p.received, p.refunded, p.currency,
            p.captured_at,
        )
        for p in page.items
    ]  # fmt: skip
    answer = Response(to_xlsx(headers, rows, sheet="Payments"), mimetype=XLSX)
    answer.headers["Content-Disposition"] = 'attachment; filename="payments.xlsx"'
    return answer
