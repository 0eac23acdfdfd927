"""The match: each line against order and accepted goods, and the totals against the lines.

Two-way for services (ordered), three-way for goods (ordered and accepted). Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from marketplace.core.money import rounded_amount
from marketplace.invoices import rules
from marketplace.invoices.models import Invoice, InvoiceLine, MatchTolerance
from marketplace.invoices.states import FindingCode, InvoiceKind

ZERO = Decimal(0)
LINE_SLACK = Decimal("0.01")
# Nobody books hours into a warehouse: these are matched against the order alone.
SERVICE_UNITS = frozenset({"HUR", "DAY", "E49", "WEE", "MON", "ANN", "MIN", "LS", "E48"})


@dataclass(frozen=True)
class OrderLineFacts:
    """What the match needs of an order line; quantities in its own unit."""

    id: UUID
    unit: str
    ordered: Decimal
    kept: Decimal
    invoiced: Decimal
    unit_price: Decimal
    base_quantity: Decimal
    vat_rate: Decimal

    @property
    def is_service(self) -> bool:
        return self.unit in SERVICE_UNITS

    @property
    def invoiceable(self) -> Decimal:
        """Accepted (for a service: ordered) and not invoiced yet."""
        return (self.ordered if self.is_service else self.kept) - self.invoiced


@dataclass(frozen=True)
class Finding:
    """A difference. tolerated: it does not hold the invoice up."""

    code: FindingCode
    expected: str
    found: str
    tolerated: bool
    line_no: int | None = None
    difference: Decimal | None = None


@dataclass(frozen=True)
class OrderFacts:
    currency: str
    lines: Mapping[UUID, OrderLineFacts] = field(default_factory=dict)


def match(
    invoice: Invoice,
    order: OrderFacts | None,
    tolerance: MatchTolerance,
    *,
    original: Invoice | None = None,
    earlier: Invoice | None = None,
) -> list[Finding]:
    """Every difference. original: what this one seems to repeat; earlier: one with its number."""
    findings = [*_totals(invoice, tolerance), *_numbers(original, earlier)]
    if order is not None and order.currency != invoice.currency:
        findings.append(
            Finding(FindingCode.CURRENCY_DIFFERS, order.currency, invoice.currency, tolerated=False)
        )
    taken: dict[UUID, Decimal] = {}
    for line in invoice.lines:
        findings += _line_total(line, invoice.currency)
        facts = order.lines.get(line.order_line_id) if order and line.order_line_id else None
        if facts is None:
            findings += _not_ordered(invoice, line)
            continue
        taken[facts.id] = taken.get(facts.id, ZERO) + line.quantity
        findings += _line(invoice, line, facts, taken[facts.id], tolerance)
    return findings


def is_clear(findings: Iterable[Finding]) -> bool:
    """Nothing is beyond tolerance."""
    return all(finding.tolerated for finding in findings)


def _totals(invoice: Invoice, tolerance: MatchTolerance) -> list[Finding]:
    """The supplier's totals against those of the lines; nothing is rewritten."""
    ours = rules.totals_of(invoice.lines, invoice.discount, invoice.currency)
    pairs = (
        (FindingCode.NET_DIFFERS, ours.net, invoice.net),
        (FindingCode.VAT_DIFFERS, ours.vat, invoice.vat),
        (FindingCode.GROSS_DIFFERS, invoice.net + invoice.vat, invoice.gross),
    )
    return [
        Finding(
            code,
            plain(expected),
            plain(found),
            abs(found - expected) <= tolerance.rounding,
            difference=found - expected,
        )
        for code, expected, found in pairs
        if found != expected
    ]


def _numbers(original: Invoice | None, earlier: Invoice | None) -> list[Finding]:
    if original is not None:
        stated = f"{original.number} ({original.issued_on.isoformat()})"
        return [Finding(FindingCode.DUPLICATE, "", stated, tolerated=False)]
    if earlier is not None:
        stated = f"{earlier.number} ({earlier.issued_on.isoformat()})"
        return [Finding(FindingCode.NUMBER_USED_BEFORE, "", stated, tolerated=True)]
    return []


def _line_total(line: InvoiceLine, currency: str) -> list[Finding]:
    expected = rules.line_net(line, currency)
    difference = line.net - expected
    if not difference:
        return []
    return [
        Finding(
            FindingCode.LINE_NET_DIFFERS,
            plain(expected),
            plain(line.net),
            abs(difference) <= LINE_SLACK,
            line.line_no,
            difference,
        )
    ]


def _not_ordered(invoice: Invoice, line: InvoiceLine) -> list[Finding]:
    """A reduction that was not ordered is in the buyer's favour; anything else is not."""
    in_favour = line.net * invoice.sign <= 0
    return [Finding(FindingCode.NOT_ORDERED, "", line.description, in_favour, line.line_no)]


def _line(
    invoice: Invoice,
    line: InvoiceLine,
    facts: OrderLineFacts,
    taken: Decimal,
    tolerance: MatchTolerance,
) -> list[Finding]:
    findings = []
    if line.unit != facts.unit:
        findings.append(
            Finding(
                FindingCode.UNIT_DIFFERS,
                facts.unit,
                line.unit,
                tolerated=False,
                line_no=line.line_no,
            )
        )
    else:
        findings += _quantity(invoice, line, facts, taken, tolerance)
        findings += _price(invoice, line, facts, tolerance)
    if line.vat_rate != facts.vat_rate:
        findings.append(
            Finding(
                FindingCode.VAT_RATE_DIFFERS,
                plain(facts.vat_rate),
                plain(line.vat_rate),
                tolerated=False,
                line_no=line.line_no,
            )
        )
    return findings


def _quantity(
    invoice: Invoice,
    line: InvoiceLine,
    facts: OrderLineFacts,
    taken: Decimal,
    tolerance: MatchTolerance,
) -> list[Finding]:
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        room = allowed = facts.invoiced
    else:
        room = facts.invoiceable
        allowed = room + facts.ordered * tolerance.quantity_percent / 100
    if taken <= room:
        return []
    return [
        Finding(
            FindingCode.QUANTITY_EXCEEDED,
            plain(max(room, ZERO)),
            plain(taken),
            taken <= allowed,
            line.line_no,
            taken - room,
        )
    ]


def _price(
    invoice: Invoice, line: InvoiceLine, facts: OrderLineFacts, tolerance: MatchTolerance
) -> list[Finding]:
    """Compared per line in money, so that pack sizes and base quantities do not matter."""
    agreed = line.quantity * facts.unit_price / facts.base_quantity
    asked = line.quantity * line.unit_price / line.base_quantity
    difference = rounded_amount(asked - agreed, invoice.currency)
    if not difference:
        return []
    higher = difference * invoice.sign > 0
    allowed = max(abs(agreed) * tolerance.price_percent / 100, tolerance.price_amount)
    return [
        Finding(
            FindingCode.PRICE_HIGHER if higher else FindingCode.PRICE_LOWER,
            per_unit(facts.unit_price, facts.base_quantity),
            per_unit(line.unit_price, line.base_quantity),
            not higher or abs(difference) <= allowed,
            line.line_no,
            difference,
        )
    ]


def per_unit(price: Decimal, base_quantity: Decimal) -> str:
    """A price with the quantity it is for, when that is not one."""
    return plain(price) if base_quantity == 1 else f"{plain(price)} / {plain(base_quantity)}"


def plain(value: Decimal) -> str:
    """Without trailing zeros, but with two decimals where there are decimals."""
    text = format(value.normalize(), "f")
    whole, dot, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}" if dot else whole


def codes(findings: Sequence[Finding]) -> tuple[str, ...]:
    """The codes of what is beyond tolerance, each once."""
    return tuple(dict.fromkeys(str(f.code) for f in findings if not f.tolerated))
