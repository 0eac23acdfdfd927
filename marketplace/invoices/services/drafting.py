"""The supplier writes an invoice or a credit note and sends it."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import exponent
from marketplace.core.text import _
from marketplace.events.invoices import InvoiceSubmitted
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.invoices import matching, queries, rules
from marketplace.invoices.models import Invoice, InvoiceLine
from marketplace.invoices.rules import InvoiceDraft, LineDraft
from marketplace.invoices.states import INVOICE_FLOW, InvoiceKind
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order

SUBJECT = "invoice"


@requires(Permission.INVOICE_SUBMIT)
def prefilled(session: Session, actor: Actor, order_id: UUID) -> InvoiceDraft:
    """An invoice for all that was accepted and not invoiced yet, at the order's prices."""
    order = order_queries.get(session, actor, order_id)
    lines = []
    for line in order.lines:
        is_service = line.unit in matching.SERVICE_UNITS
        quantity = (
            line.quantity - line.cancelled - line.invoiced if is_service else line.invoiceable
        )
        if quantity > 0:
            lines.append(
                LineDraft(
                    description=line.description,
                    quantity=quantity,
                    unit=line.unit,
                    unit_price=line.unit_price,
                    base_quantity=line.base_quantity,
                    vat_rate=line.tax_rate,
                    order_line_id=line.id,
                )
            )
    today = clock.now().date()
    return InvoiceDraft(
        number="",
        currency=order.currency,
        issued_on=today,
        due_on=today + rules.term_of(order.payment_terms_days),
        lines=tuple(lines),
        buyer_id=order.buyer_id,
        order_id=order.id,
    )


@requires(Permission.INVOICE_SUBMIT)
def prefilled_credit(session: Session, actor: Actor, invoice_id: UUID) -> InvoiceDraft:
    """A credit note for the whole of an invoice, to be cut down to what is taken back."""
    invoice = queries.get(session, actor, invoice_id)
    return InvoiceDraft(
        kind=InvoiceKind.CREDIT_NOTE,
        number="",
        currency=invoice.currency,
        issued_on=clock.now().date(),
        buyer_id=invoice.buyer_id,
        order_id=invoice.order_id,
        corrects_id=invoice.id,
        discount=invoice.discount,
        lines=tuple(
            LineDraft(
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                base_quantity=line.base_quantity,
                vat_rate=line.vat_rate,
                vat_category=line.vat_category,
                order_line_id=line.order_line_id,
            )
            for line in invoice.lines
        ),
    )


@requires(Permission.INVOICE_SUBMIT)
def create(session: Session, actor: Actor, draft: InvoiceDraft) -> Invoice:
    """Keep a draft. Totals and line nets that are given stand; the others are computed."""
    draft = rules.directed(draft)
    rules.check_draft(draft)
    order = order_queries.get(session, actor, draft.order_id) if draft.order_id else None
    invoice = Invoice(
        supplier_id=actor.organisation_id,
        buyer_id=_buyer_of(session, actor, draft, order),
        created_by=actor.person_id,
        created_at=clock.now(),
        credited=rules.ZERO,
        paid=rules.ZERO,
        findings=[],
    )
    _fill(invoice, draft, order)
    session.add(invoice)
    session.flush()
    audit.record(session, actor, "invoice.created", (SUBJECT, invoice.id), _figures(invoice))
    return invoice


@requires(Permission.INVOICE_SUBMIT)
def update(
    session: Session,
    actor: Actor,
    invoice_id: UUID,
    draft: InvoiceDraft,
    *,
    expected_version: int | None = None,
) -> Invoice:
    """Replace the content of a draft."""
    invoice = queries.get(session, actor, invoice_id, lock=True)
    check_version(invoice, expected_version)
    INVOICE_FLOW.next(invoice.state, "edit")
    draft = rules.directed(draft)
    rules.check_draft(draft)
    order = order_queries.get(session, actor, draft.order_id) if draft.order_id else None
    invoice.buyer_id = _buyer_of(session, actor, draft, order)
    invoice.lines.clear()
    session.flush()
    _fill(invoice, draft, order)
    session.flush()
    audit.record(session, actor, "invoice.changed", (SUBJECT, invoice.id), _figures(invoice))
    return invoice


@requires(Permission.INVOICE_SUBMIT)
def cancel(
    session: Session, actor: Actor, invoice_id: UUID, *, expected_version: int | None = None
) -> Invoice:
    """Throw a draft away."""
    invoice = queries.get(session, actor, invoice_id, lock=True)
    check_version(invoice, expected_version)
    invoice.state = INVOICE_FLOW.next(invoice.state, "cancel")
    audit.record(session, actor, "invoice.cancelled", (SUBJECT, invoice.id))
    return invoice


@requires(Permission.INVOICE_SUBMIT)
def submit(
    session: Session, actor: Actor, invoice_id: UUID, *, despite_duplicate: bool = False
) -> Invoice:
    """Send it to the buyer; the match follows at once.

    Raises DuplicateInvoice for what seems to be the same document again. Sent despite that, it is
    held until a person of the buyer releases it with a reason.
    """
    invoice = queries.get(session, actor, invoice_id, lock=True)
    state = INVOICE_FLOW.next(invoice.state, "submit")
    original = next(
        (
            other
            for other in queries.with_same_number(session, invoice)
            if rules.is_same_document(invoice, other)
        ),
        None,
    )
    if not despite_duplicate:
        rules.check_not_duplicate(invoice, original)
    invoice.duplicate_of_id = original.id if original else None
    if invoice.corrects_id is not None:
        corrected = queries.get(session, actor, invoice.corrects_id)
        rules.check_credit(invoice, corrected, corrected.credited)
    invoice.state = state
    invoice.submitted_at = clock.now()
    session.flush()
    audit.record(
        session, actor, "invoice.submitted", (SUBJECT, invoice.id), _figures(invoice),
        owner_id=invoice.buyer_id,
    )  # fmt: skip
    outbox.record(
        session,
        InvoiceSubmitted(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            kind=str(invoice.kind),
            submitted_at=invoice.submitted_at,
        ),
        audience=[invoice.buyer_id, invoice.supplier_id],
    )
    return invoice


def _buyer_of(session: Session, actor: Actor, draft: InvoiceDraft, order: Order | None) -> UUID:
    """Whom it is for: the order's buyer, the corrected invoice's, or the one that is named."""
    if draft.corrects_id is not None:
        corrected = queries.get(session, actor, draft.corrects_id)
        if corrected.kind is not InvoiceKind.INVOICE:
            detail = _("A credit note corrects an invoice.")
            raise Invalid(detail, errors=[FieldError("/corrects_id", "not_an_invoice", detail)])
        return corrected.buyer_id
    if order is not None:
        return order.buyer_id
    if draft.buyer_id is not None:
        buyer = identity_queries.organisation(session, draft.buyer_id)
        if buyer.kind is OrgKind.BUYER:
            return buyer.id
    detail = _("Say for which buyer or order this is.")
    raise Invalid(detail, errors=[FieldError("/buyer_id", "required", detail)])


def _fill(invoice: Invoice, draft: InvoiceDraft, order: Order | None) -> None:
    _check_order_lines(draft, order)
    totals = rules.totals_of(draft.lines, draft.discount, draft.currency)
    net = totals.net if draft.net is None else draft.net
    vat = totals.vat if draft.vat is None else draft.vat
    invoice.kind = draft.kind
    invoice.order_id = draft.order_id
    invoice.order_number = order.number if order else None
    invoice.corrects_id = draft.corrects_id
    invoice.number = draft.number.strip()
    invoice.number_key = rules.number_key(draft.number)
    invoice.currency = draft.currency
    invoice.issued_on = draft.issued_on
    invoice.due_on = rules.due_day(draft, order.payment_terms_days if order else None)
    invoice.note = draft.note
    invoice.discount = draft.discount
    invoice.net = net
    invoice.vat = vat
    invoice.gross = net + vat if draft.gross is None else draft.gross
    invoice.lines = [
        _line(number, line, draft.currency) for number, line in enumerate(draft.lines, start=1)
    ]


def _line(number: int, line: LineDraft, currency: str) -> InvoiceLine:
    return InvoiceLine(
        line_no=number,
        order_line_id=line.order_line_id,
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        base_quantity=line.base_quantity,
        net=rules.line_net(line, currency) if line.net is None else line.net,
        vat_rate=line.vat_rate,
        vat_category=line.vat_category,
    )


def _check_order_lines(draft: InvoiceDraft, order: Order | None) -> None:
    known = {line.id for line in order.lines} if order else set()
    errors = [
        FieldError(
            f"/lines/{index}/order_line_id", "unknown_line", _("The order has no such line.")
        )
        for index, line in enumerate(draft.lines)
        if line.order_line_id is not None and line.order_line_id not in known
    ]
    if errors:
        raise Invalid(_("Some lines do not belong to this order."), errors=errors)


def _figures(invoice: Invoice) -> dict[str, str]:
    places = exponent(invoice.currency)
    figures = {"net": invoice.net, "vat": invoice.vat, "gross": invoice.gross}
    return {
        "number": invoice.number,
        "currency": invoice.currency,
        **{name: f"{value:.{places}f}" for name, value in figures.items()},
    }
