"""Totals, signs and numbers of invoices. Values in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid, NotAllowed
from marketplace.core.money import Money, allocate, exponent, rounded_amount
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.invoices.models import Invoice, InvoiceLine
from marketplace.invoices.states import INVOICE_FLOW, InvoiceKind, VatCategory

ZERO = Decimal(0)
# The usual term in France when nothing else was agreed (Code de commerce, L441-10).
USUAL_TERM = timedelta(days=30)


class DuplicateInvoice(Conflict):
    code = "duplicate_invoice"


class CreditTooLarge(Conflict):
    code = "credit_exceeds_invoice"


class NotPayable(Conflict):
    code = "not_payable"


class FourEyes(NotAllowed):
    code = "four_eyes_violation"


class InvoiceNotReady(Invalid):
    code = "invoice_not_ready"


@dataclass(frozen=True)
class LineDraft:
    """A line as stated. net None: computed; otherwise it is the document's and stands."""

    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    base_quantity: Decimal = Decimal(1)
    net: Decimal | None = None
    vat_category: VatCategory = VatCategory.STANDARD
    order_line_id: UUID | None = None


@dataclass(frozen=True)
class InvoiceDraft:
    """A document as stated. Totals that are None are computed; others stand as they came."""

    number: str
    currency: str
    issued_on: date
    lines: tuple[LineDraft, ...]
    kind: InvoiceKind = InvoiceKind.INVOICE
    buyer_id: UUID | None = None
    order_id: UUID | None = None
    corrects_id: UUID | None = None
    due_on: date | None = None
    note: str = ""
    discount: Decimal = ZERO
    net: Decimal | None = None
    vat: Decimal | None = None
    gross: Decimal | None = None


@dataclass(frozen=True)
class TaxGroup:
    """The VAT of one rate and category, on the sum of its nets."""

    rate: Decimal
    category: VatCategory
    net: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Totals:
    net: Decimal
    vat: Decimal
    gross: Decimal
    groups: tuple[TaxGroup, ...]


def line_net(line: LineDraft | InvoiceLine, currency: str) -> Decimal:
    """Quantity times price, divided by the quantity the price is for; rounded once."""
    return rounded_amount(line.quantity * line.unit_price / line.base_quantity, currency)


def spread_discount(nets: Sequence[Decimal], discount: Decimal, currency: str) -> list[Decimal]:
    """The share of each line in a discount on the document: adds up exactly.

    Only lines above zero bear it, in proportion; cents that are left go to the largest remainder,
    then to the earlier line.
    """
    weights = [max(net, ZERO) for net in nets]
    if not discount or not any(weights):
        return [ZERO] * len(nets)
    return [share.amount for share in allocate(Money(discount, currency), weights)]


def totals_of(lines: Sequence[LineDraft | InvoiceLine], discount: Decimal, currency: str) -> Totals:
    """Line nets, already rounded, are added per rate and category; VAT once on each sum.

    EN 16931 BR-CO-17 and BR-S-08: rounding per line and adding gives another, wrong figure.
    """
    nets = [line_net(each, currency) if each.net is None else each.net for each in lines]
    shares = spread_discount(nets, discount, currency)
    sums: dict[tuple[Decimal, VatCategory], Decimal] = {}
    for line, net, share in zip(lines, nets, shares, strict=True):
        key = (line.vat_rate, line.vat_category)
        sums[key] = sums.get(key, ZERO) + net - share
    groups = tuple(
        TaxGroup(rate, category, net, rounded_amount(net * rate / 100, currency))
        for (rate, category), net in sorted(sums.items())
    )
    net = sum((group.net for group in groups), ZERO)
    vat = sum((group.vat for group in groups), ZERO)
    return Totals(net, vat, net + vat, groups)


def directed(draft: InvoiceDraft) -> InvoiceDraft:
    """The document with its sign in its kind: a negative gross total makes it a credit note.

    Prices are never touched, and lines that reduce a positive invoice keep their minus.
    """
    gross = draft.gross
    if gross is None:
        gross = totals_of(draft.lines, draft.discount, draft.currency).gross
    if gross >= 0:
        return draft
    opposite = {
        InvoiceKind.INVOICE: InvoiceKind.CREDIT_NOTE,
        InvoiceKind.CREDIT_NOTE: InvoiceKind.INVOICE,
    }
    lines = tuple(
        replace(line, quantity=-line.quantity, net=_negative(line.net)) for line in draft.lines
    )
    return replace(
        draft,
        kind=opposite[draft.kind],
        lines=lines,
        discount=-draft.discount,
        net=_negative(draft.net),
        vat=_negative(draft.vat),
        gross=_negative(draft.gross),
        due_on=None,
    )


def _negative(value: Decimal | None) -> Decimal | None:
    return None if value is None else -value


def number_key(number: str) -> str:
    """How numbers are compared: trimmed, case folded. The stored number stays as it is."""
    return " ".join(number.casefold().split())


def check_draft(draft: InvoiceDraft) -> None:
    """Raise with every reason why this cannot be kept."""
    errors: list[FieldError] = []
    if not draft.lines:
        errors.append(FieldError("/lines", "required", _("Add at least one line.")))
    for index, line in enumerate(draft.lines):
        errors += _line_errors(f"/lines/{index}", line)
    for name in ("net", "vat", "gross", "discount"):
        value = getattr(draft, name)
        if value is not None and value != rounded_amount(value, draft.currency):
            errors.append(_too_fine(f"/{name}"))
    if draft.due_on is not None and draft.due_on < draft.issued_on:
        detail = _("An invoice cannot be due before its date.")
        errors.append(FieldError("/due_on", "before_issue", detail))
    if errors:
        raise InvoiceNotReady(_("Some points of this invoice are not right."), errors=errors)
    _check_discount(draft)


def _check_discount(draft: InvoiceDraft) -> None:
    nets = (
        line_net(each, draft.currency) if each.net is None else each.net for each in draft.lines
    )
    if not 0 <= draft.discount <= sum((max(net, ZERO) for net in nets), ZERO):
        detail = _("A discount is between zero and the sum of the lines.")
        raise InvoiceNotReady(detail, errors=[FieldError("/discount", "out_of_range", detail)])


def _line_errors(pointer: str, line: LineDraft) -> list[FieldError]:
    errors = []
    if line.quantity == 0:
        detail = _("A line needs a quantity.")
        errors.append(FieldError(f"{pointer}/quantity", "required", detail))
    if line.unit_price < 0:
        detail = _("A price is never negative; put the minus to the quantity.")
        errors.append(FieldError(f"{pointer}/unit_price", "negative", detail))
    if line.base_quantity <= 0:
        detail = _("The price must be for a quantity above zero.")
        errors.append(FieldError(f"{pointer}/base_quantity", "not_positive", detail))
    if line.vat_category is not VatCategory.STANDARD and line.vat_rate:
        detail = _("This VAT category has no rate.")
        errors.append(FieldError(f"{pointer}/vat_rate", "must_be_zero", detail))
    return errors


def _too_fine(pointer: str) -> FieldError:
    return FieldError(pointer, "too_many_decimals", _("More decimals than the currency has."))


def term_of(days: int | None) -> timedelta:
    """The agreed term, or the usual one."""
    return USUAL_TERM if days is None else timedelta(days=days)


def due_day(draft: InvoiceDraft, term_days: int | None = None) -> date | None:
    """When an invoice is due; a credit note never is."""
    if draft.kind is InvoiceKind.CREDIT_NOTE:
        return None
    return draft.due_on or draft.issued_on + term_of(term_days)


def is_same_document(one: Invoice, other: Invoice) -> bool:
    """Equal numbers are told apart by date and amount: one of them equal is one too many."""
    return one.issued_on == other.issued_on or one.gross == other.gross


def check_not_duplicate(invoice: Invoice, original: Invoice | None) -> None:
    """Raise DuplicateInvoice, naming the first one."""
    if original is None:
        return
    raise DuplicateInvoice(
        _(
            "You sent number %(number)s before, on %(date)s. Send it again only if it is really "
            "another invoice; the buyer will then look at both.",
            number=original.number,
            date=original.issued_on.isoformat(),
        ),
        invoice_id=str(original.id),
    )


def check_credit(credit: Invoice, corrected: Invoice, credited_before: Decimal) -> None:
    """A credit note takes back at most what the invoice asked for."""
    if credit.currency != corrected.currency:
        detail = _("A credit note is in the currency of its invoice.")
        raise Invalid(detail, errors=[FieldError("/currency", "currency_differs", detail)])
    left = corrected.gross - credited_before
    if credit.gross > left:
        places = exponent(credit.currency)
        raise CreditTooLarge(
            _(
                "Only %(left)s %(currency)s of this invoice is left to credit.",
                left=f"{left:.{places}f}",
                currency=credit.currency,
            ),
            remaining=f"{left:.{places}f}",
        )


def check_four_eyes(actor: Actor, receivers: Iterable[UUID]) -> None:
    """Whoever booked the goods does not also accept a difference in their invoice."""
    if actor.person_id in set(receivers):
        raise FourEyes(
            _("You booked goods of this order. Somebody else must decide about its invoice.")
        )


@dataclass(frozen=True)
class Action:
    """One thing that a party can do: the step of the state table, and who may."""

    name: str
    step: str
    permission: Permission
    party: OrgKind


ACTIONS = (
    Action("edit", "edit", Permission.INVOICE_SUBMIT, OrgKind.SUPPLIER),
    Action("submit", "submit", Permission.INVOICE_SUBMIT, OrgKind.SUPPLIER),
    Action("cancel", "cancel", Permission.INVOICE_SUBMIT, OrgKind.SUPPLIER),
    Action("approve", "approve", Permission.INVOICE_MATCH, OrgKind.BUYER),
    Action("reject", "reject", Permission.INVOICE_MATCH, OrgKind.BUYER),
    Action("pay", "pay", Permission.PAYMENT_MAKE, OrgKind.BUYER),
)


def actions_of(actor: Actor, invoice: Invoice) -> list[str]:
    """What this actor may do with the invoice now."""
    side = invoice.buyer_id if actor.org_kind is OrgKind.BUYER else invoice.supplier_id
    if side != actor.org_id:
        return []
    return [
        action.name
        for action in ACTIONS
        if action.party is actor.org_kind
        and actor.may(action.permission)
        and INVOICE_FLOW.may(invoice.state, action.step)
        and (action.name != "pay" or is_payable(invoice))
    ]


def is_payable(invoice: Invoice) -> bool:
    """An accepted invoice of which something is left to pay."""
    return (
        invoice.kind is InvoiceKind.INVOICE
        and INVOICE_FLOW.may(invoice.state, "pay")
        and invoice.open_amount > 0
    )


def check_payable(invoice: Invoice) -> None:
    """Raise NotPayable with the reason."""
    if invoice.kind is not InvoiceKind.INVOICE:
        raise NotPayable(_("A credit note is not paid."))
    if invoice.payment_status in ("fully_paid", "overpaid"):
        raise NotPayable(_("Nothing is left to pay on this invoice."))
    if not INVOICE_FLOW.may(invoice.state, "pay"):
        raise NotPayable(_("An invoice is paid once it has been matched or approved."))
