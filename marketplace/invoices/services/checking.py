"""The buyer's side: match, approve a difference, send back, set tolerances."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.events.invoices import (
    InvoiceApproved,
    InvoiceInVariance,
    InvoiceMatched,
    InvoiceRejected,
)
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.invoices import matching, queries, rules
from marketplace.invoices.matching import Finding, OrderFacts, OrderLineFacts
from marketplace.invoices.models import Invoice, InvoiceFinding, MatchTolerance
from marketplace.invoices.services import settling
from marketplace.invoices.services.drafting import SUBJECT
from marketplace.invoices.states import INVOICE_FLOW, InvoiceState
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order


@requires(Permission.INVOICE_MATCH)
def match(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    """Set it against order and accepted goods; what is clear is accepted, the rest is held.

    Order first, then invoice: two invoices for the same goods are matched one after the other.
    """
    order_id = queries.get(session, actor, invoice_id).order_id
    order = order_queries.get(session, actor, order_id, lock=True) if order_id else None
    invoice = queries.get(session, actor, invoice_id, lock=True)
    if not INVOICE_FLOW.may(invoice.state, "hold"):
        return invoice
    findings = _findings(session, invoice, order)
    _keep(invoice, findings)
    if matching.is_clear(findings):
        _pass(session, actor, invoice, order)
    else:
        _hold(session, actor, invoice, findings)
    return invoice


@requires(Permission.INVOICE_MATCH)
def approve(
    session: Session,
    actor: Actor,
    invoice_id: UUID,
    reason: str,
    *,
    expected_version: int | None = None,
) -> Invoice:
    """Accept the differences; the reason stays with the invoice. Releases a held duplicate too."""
    order_id = queries.get(session, actor, invoice_id).order_id
    order = order_queries.get(session, actor, order_id, lock=True) if order_id else None
    invoice = queries.get(session, actor, invoice_id, lock=True)
    check_version(invoice, expected_version)
    state = INVOICE_FLOW.next(invoice.state, "approve")
    if order is not None:
        receipts = order_queries.receipts(session, actor, order.id)
        rules.check_four_eyes(actor, (receipt.received_by for receipt in receipts))
    invoice.state = state
    now = _decide(invoice, actor, reason)
    audit.record(
        session, actor, "invoice.approved", (SUBJECT, invoice.id),
        {"reason": reason, "findings": [str(f.code) for f in invoice.findings if not f.tolerated]},
        owner_id=invoice.buyer_id,
    )  # fmt: skip
    settling.accept(session, actor, invoice, order)
    outbox.record(
        session,
        InvoiceApproved(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            approved_at=now,
        ),
        audience=[invoice.buyer_id, invoice.supplier_id],
    )
    return invoice


@requires(Permission.INVOICE_MATCH)
def reject(
    session: Session,
    actor: Actor,
    invoice_id: UUID,
    reason: str,
    *,
    expected_version: int | None = None,
) -> Invoice:
    """Send it back to the supplier, who sees the reason and the differences."""
    invoice = queries.get(session, actor, invoice_id, lock=True)
    check_version(invoice, expected_version)
    invoice.state = INVOICE_FLOW.next(invoice.state, "reject")
    now = _decide(invoice, actor, reason)
    audit.record(
        session, actor, "invoice.rejected", (SUBJECT, invoice.id), {"reason": reason},
        owner_id=invoice.supplier_id,
    )  # fmt: skip
    outbox.record(
        session,
        InvoiceRejected(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            rejected_at=now,
        ),
        audience=[invoice.buyer_id, invoice.supplier_id],
    )
    return invoice


@requires(Permission.APPROVAL_POLICY_MANAGE)
def set_tolerance(
    session: Session,
    actor: Actor,
    *,
    price_percent: Decimal,
    price_amount: Decimal,
    quantity_percent: Decimal,
    rounding: Decimal,
) -> MatchTolerance:
    """How far invoices may differ from now on before somebody looks at them."""
    buyer_id = actor.organisation_id
    tolerance = session.get(MatchTolerance, buyer_id) or MatchTolerance(buyer_id=buyer_id)
    tolerance.price_percent = price_percent
    tolerance.price_amount = price_amount
    tolerance.quantity_percent = quantity_percent
    tolerance.rounding = rounding
    session.add(tolerance)
    session.flush()
    audit.record(
        session,
        actor,
        "match_tolerance.changed",
        ("match_tolerance", buyer_id),
        {
            "price_percent": str(price_percent),
            "price_amount": str(price_amount),
            "quantity_percent": str(quantity_percent),
            "rounding": str(rounding),
        },
    )
    return tolerance


def _order_facts(order: Order) -> OrderFacts:
    """The order as the match needs it."""
    return OrderFacts(
        currency=order.currency,
        lines={
            line.id: OrderLineFacts(
                id=line.id,
                unit=line.unit,
                ordered=line.quantity - line.cancelled,
                kept=line.kept,
                invoiced=line.invoiced,
                unit_price=line.unit_price,
                base_quantity=line.base_quantity,
                vat_rate=line.tax_rate,
            )
            for line in order.lines
        },
    )


def _findings(session: Session, invoice: Invoice, order: Order | None) -> list[Finding]:
    others = queries.with_same_number(session, invoice)
    original = next((other for other in others if other.id == invoice.duplicate_of_id), None)
    before = [
        other
        for other in others
        if other.submitted_at and invoice.submitted_at and other.submitted_at < invoice.submitted_at
    ]
    return matching.match(
        invoice,
        _order_facts(order) if order else None,
        queries.tolerance_of(session, invoice.buyer_id),
        original=original,
        earlier=before[0] if before else None,
    )


def _keep(invoice: Invoice, findings: Sequence[Finding]) -> None:
    invoice.findings[:] = [
        InvoiceFinding(
            position=position,
            line_no=finding.line_no,
            code=finding.code,
            expected=finding.expected,
            found=finding.found,
            difference=finding.difference,
            tolerated=finding.tolerated,
        )
        for position, finding in enumerate(findings)
    ]


def _pass(session: Session, actor: Actor, invoice: Invoice, order: Order | None) -> None:
    invoice.state = INVOICE_FLOW.next(invoice.state, "pass")
    now = clock.now()
    audit.record(
        session, actor, "invoice.matched", (SUBJECT, invoice.id),
        {"tolerated": [str(finding.code) for finding in invoice.findings]},
        owner_id=invoice.buyer_id,
    )  # fmt: skip
    outbox.record(
        session,
        InvoiceMatched(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            kind=str(invoice.kind),
            matched_at=now,
        ),
        audience=[invoice.buyer_id, invoice.supplier_id],
    )
    settling.accept(session, actor, invoice, order)


def _hold(session: Session, actor: Actor, invoice: Invoice, findings: Sequence[Finding]) -> None:
    first_time = invoice.state is not InvoiceState.IN_VARIANCE
    invoice.state = INVOICE_FLOW.next(invoice.state, "hold")
    codes = matching.codes(findings)
    if not first_time:
        return
    audit.record(
        session, actor, "invoice.held", (SUBJECT, invoice.id), {"findings": list(codes)},
        owner_id=invoice.buyer_id,
    )  # fmt: skip
    outbox.record(
        session,
        InvoiceInVariance(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            codes=codes,
            found_at=clock.now(),
        ),
        audience=[invoice.buyer_id],
    )


def _decide(invoice: Invoice, actor: Actor, reason: str) -> datetime:
    invoice.decided_by = actor.person_id
    invoice.decided_at = clock.now()
    invoice.reason = reason
    return invoice.decided_at
