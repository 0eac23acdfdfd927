"""The form of an invoice: rows that grow and shrink, one currency, unused rows left out."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import Actor
from marketplace.invoices import schemas
from marketplace.invoices.models import Invoice, InvoiceLine
from marketplace.invoices.rules import InvoiceDraft, LineDraft
from marketplace.invoices.schemas import CreditNoteInputSchema
from marketplace.invoices.services import drafting
from marketplace.invoices.states import InvoiceKind
from marketplace.web.forms import Form, whole_number

EMPTY_ROWS = 3


class InvoiceForm(Form):
    """A form that knows whether it is an invoice or a credit note."""

    kind = InvoiceKind.INVOICE


def blank(session: Session, actor: Actor, asked: Mapping[str, str]) -> Form:
    """The first display: prefilled from an order or an invoice, otherwise empty."""
    order_id, corrects_id = _id(asked.get("order_id")), _id(asked.get("corrects_id"))
    if corrects_id is not None:
        return of_draft(drafting.prefilled_credit(session, actor, corrects_id))
    if order_id is not None:
        return of_draft(drafting.prefilled(session, actor, order_id))
    today = clock.now().date()
    return of_draft(InvoiceDraft("", actor.currency, today, ()))


def of_draft(draft: InvoiceDraft) -> Form:
    """A form that shows this draft."""
    form = InvoiceForm(CreditNoteInputSchema, initial=_initial(draft, draft.lines))
    form.kind = draft.kind
    return form


def of_invoice(invoice: Invoice) -> Form:
    """A form that shows what is stored."""
    initial = _initial(invoice, invoice.lines) | {"version": invoice.version}
    form = InvoiceForm(CreditNoteInputSchema, initial=initial)
    form.kind = invoice.kind
    return form


def read(posted: MultiDict[str, str], kind: InvoiceKind | None = None) -> Form:
    """What was sent, without the rows that were left empty or set to zero."""
    form = InvoiceForm(CreditNoteInputSchema, _used(posted))
    form.kind = kind or _kind_in(posted)
    return form


def _kind_in(posted: MultiDict[str, str]) -> InvoiceKind:
    """Nobody types the kind: what is not known was not sent by our page."""
    credits = posted.get("kind") == InvoiceKind.CREDIT_NOTE
    return InvoiceKind.CREDIT_NOTE if credits else InvoiceKind.INVOICE


def draft_of(form: Form) -> InvoiceDraft:
    """The draft that was typed. Totals are ours: the form has no fields for them."""
    return schemas.draft_of(form.data, kind_of(form))


def kind_of(form: Form) -> InvoiceKind:
    return form.kind if isinstance(form, InvoiceForm) else InvoiceKind.INVOICE


def rows_of(form: Form) -> range:
    """The rows to show; a free invoice has some empty ones."""
    if form.posted is not None:
        count = len(_indexes(form.posted))
    else:
        count = len(form.initial.get("lines", ()))
    return range(
        count if form.value("order_id") or form.value("corrects_id") else count + EMPTY_ROWS
    )


def _initial(source: InvoiceDraft | Invoice, lines: Any) -> dict[str, Any]:
    return {
        "number": source.number,
        "order_id": source.order_id,
        "buyer_id": source.buyer_id,
        "corrects_id": source.corrects_id,
        "currency": source.currency,
        "issued_on": source.issued_on,
        "due_on": source.due_on,
        "note": source.note,
        "discount": Money(source.discount, source.currency) if source.discount else None,
        "lines": [_row(line, source.currency) for line in lines],
    }


def _row(line: LineDraft | InvoiceLine, currency: str) -> dict[str, Any]:
    return {
        "order_line_id": line.order_line_id,
        "description": line.description,
        "quantity": Quantity(line.quantity.normalize(), line.unit),
        "unit_price": Money(line.unit_price, currency),
        "base_quantity": line.base_quantity,
        "vat_rate": line.vat_rate,
        "vat_category": line.vat_category,
    }


def _used(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """Rows renumbered without gaps, every amount in the document's currency."""
    currency = posted.get("currency", "")
    kept = [index for index in _indexes(posted) if _is_used(posted, index)]
    used: MultiDict[str, str] = MultiDict()
    for name, value in posted.items(multi=True):
        parts = name.split(".")
        if parts[0] == "lines" and len(parts) > 2:
            index = whole_number(parts[1])
            if index is None or index not in kept:
                continue
            parts[1] = str(kept.index(index))
        used.add(".".join(parts), currency if parts[-1] == "currency" else value)
    return used


def _indexes(posted: MultiDict[str, str]) -> list[int]:
    found = {
        whole_number(parts[1])
        for parts in (name.split(".") for name in posted)
        if parts[0] == "lines" and len(parts) > 2
    }
    return sorted(index for index in found if index is not None)


def _is_used(posted: MultiDict[str, str], index: int) -> bool:
    quantity = posted.get(f"lines.{index}.quantity.value", "").strip()
    if posted.get(f"lines.{index}.order_line_id"):
        return not _is_zero(quantity)
    return bool(quantity or posted.get(f"lines.{index}.description", "").strip())


def _is_zero(text: str) -> bool:
    try:
        return not text or Decimal(text.replace(",", ".")) == 0
    except InvalidOperation:
        return False


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
