"""An invoice as one reader gets it: with money, and set beside its order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketplace.core.money import Money, Quantity
from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor
from marketplace.invoices import matching, rules
from marketplace.invoices.models import Invoice, InvoiceFinding, InvoiceLine
from marketplace.invoices.rules import InvoiceDraft
from marketplace.invoices.states import ACCEPTED, InvoiceState
from marketplace.orders.models import OrderLine
from marketplace.web.shown import Shown


@dataclass(frozen=True)
class Row:
    """One line of the comparison; the order's side is None for what was not ordered."""

    line_no: int
    description: str
    unit: str
    invoiced: Decimal
    invoice_price: Money
    base_quantity: Decimal
    net: Money
    findings: Sequence[InvoiceFinding]
    ordered: Decimal | None = None
    accepted: Decimal | None = None
    invoiced_before: Decimal | None = None
    order_price: Money | None = None
    order_base_quantity: Decimal | None = None
    is_service: bool = False

    @property
    def quantity(self) -> Quantity:
        return Quantity(self.invoiced, self.unit)

    @property
    def ordered_quantity(self) -> Quantity | None:
        return None if self.ordered is None else Quantity(self.ordered, self.unit)


@dataclass(frozen=True)
class Comparison:
    state: InvoiceState
    version: int
    clear: bool
    lines: Sequence[Row]
    findings: Sequence[InvoiceFinding]


def whole(invoice: Invoice, actor: Actor) -> Shown:
    """The invoice with its lines, and what this actor may do."""
    return Shown(
        invoice,
        rules.actions_of(actor, invoice),
        shown_lines=[_line(line, invoice.currency) for line in invoice.lines],
    )


def page(found: Page[Invoice], actor: Actor) -> Page[Shown]:
    """A page of invoices."""
    return Page(
        [Shown(invoice, rules.actions_of(actor, invoice)) for invoice in found.items],
        found.next_cursor,
    )


def prefill(draft: InvoiceDraft) -> dict[str, object]:
    """A draft as the body that creates it."""
    return {
        "order_id": draft.order_id,
        "currency": draft.currency,
        "issued_on": draft.issued_on,
        "due_on": draft.due_on,
        "lines": [
            {
                "order_line_id": line.order_line_id,
                "description": line.description,
                "quantity": Quantity(line.quantity, line.unit),
                "unit_price": Money(line.unit_price, draft.currency),
                "base_quantity": line.base_quantity,
                "vat_rate": line.vat_rate,
            }
            for line in draft.lines
        ],
    }


def compared(invoice: Invoice, ordered: Mapping[UUID, OrderLine]) -> Comparison:
    """Order, receipts and invoice line by line, with the differences of each."""
    return Comparison(
        state=invoice.state,
        version=invoice.version,
        clear=all(finding.tolerated for finding in invoice.findings),
        lines=[
            _row(invoice, line, ordered.get(line.order_line_id) if line.order_line_id else None)
            for line in invoice.lines
        ],
        findings=[finding for finding in invoice.findings if finding.line_no is None],
    )


def _row(invoice: Invoice, line: InvoiceLine, ordered: OrderLine | None) -> Row:
    findings = [finding for finding in invoice.findings if finding.line_no == line.line_no]
    row = Row(
        line_no=line.line_no,
        description=line.description,
        unit=line.unit,
        invoiced=line.quantity,
        invoice_price=Money(line.unit_price, invoice.currency),
        base_quantity=line.base_quantity,
        net=Money(line.net, invoice.currency),
        findings=findings,
    )
    if ordered is None:
        return row
    ours = line.quantity * invoice.sign if invoice.state in ACCEPTED else Decimal(0)
    return Row(
        **row.__dict__
        | {
            "ordered": ordered.quantity - ordered.cancelled,
            "accepted": ordered.kept,
            "invoiced_before": ordered.invoiced - ours,
            "order_price": Money(ordered.unit_price, invoice.currency),
            "order_base_quantity": ordered.base_quantity,
            "is_service": ordered.unit in matching.SERVICE_UNITS,
        }
    )


def _line(line: InvoiceLine, currency: str) -> Shown:
    return Shown(
        line,
        [],
        invoiced=Quantity(line.quantity, line.unit),
        price=Money(line.unit_price, currency),
        total=Money(line.net, currency),
    )
