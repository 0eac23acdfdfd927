"""What crosses the API about invoices and credit notes."""

from decimal import Decimal
from typing import Any

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.invoices.rules import InvoiceDraft, LineDraft
from marketplace.invoices.states import (
    FindingCode,
    InvoiceKind,
    InvoiceState,
    PaymentStatus,
    VatCategory,
)
from marketplace.web.fields import (
    CurrencyField,
    Day,
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import ListQuerySchema, Schema

ZERO = Decimal(0)
MAX_LINES = 1000


class InvoiceLineInputSchema(Schema):
    """net: the line total as the document states it; computed when it is left out."""

    order_line_id = IdField(load_default=None, allow_none=True)
    description = TextField(max=1000, required=True)
    quantity = QuantityField(required=True, minimum=None)
    unit_price = MoneyField(unit_price=True, required=True)
    base_quantity = DecimalField(
        load_default=Decimal(1),
        minimum=ZERO,
        exclusive=True,
        metadata={"description": "The price is for so many units."},
    )
    net = MoneyField(load_default=None, allow_none=True, minimum=None)
    vat_rate = DecimalField(required=True, places=2, minimum=ZERO)
    vat_category = EnumField(VatCategory, load_default=VatCategory.STANDARD)


class InvoiceInputSchema(Schema):
    """Totals that are given stand as they came and are compared; others are computed."""

    number = TextField(max=60, required=True, metadata={"description": "Your own number."})
    order_id = IdField(load_default=None, allow_none=True)
    buyer_id = IdField(
        load_default=None, allow_none=True, metadata={"description": "Needed without an order."}
    )
    currency = CurrencyField(required=True)
    issued_on = Day(required=True)
    due_on = Day(load_default=None, allow_none=True)
    note = TextField(max=4000, load_default="")
    discount = MoneyField(load_default=None, allow_none=True, minimum=None)
    net = MoneyField(load_default=None, allow_none=True, minimum=None)
    vat = MoneyField(load_default=None, allow_none=True, minimum=None)
    gross = MoneyField(load_default=None, allow_none=True, minimum=None)
    lines = mf.List(
        mf.Nested(InvoiceLineInputSchema), required=True, validate=validate.Length(1, MAX_LINES)
    )


class CreditNoteInputSchema(InvoiceInputSchema):
    """Quantities are positive: the kind of the document gives the sign."""

    corrects_id = IdField(
        load_default=None,
        allow_none=True,
        metadata={"description": "The invoice that it takes back, wholly or partly."},
    )


class SubmitInvoiceSchema(Schema):
    despite_duplicate = mf.Boolean(
        load_default=False,
        metadata={"description": "Send although the same number, date or amount was sent before."},
    )


class DecisionSchema(Schema):
    reason = TextField(max=2000, required=True)


class RefundInputSchema(Schema):
    payment_id = IdField(required=True)
    amount = MoneyField(required=True)
    reason = TextField(max=1000, required=True)


class ToleranceSchema(Schema):
    price_percent = DecimalField(required=True, places=2, minimum=ZERO)
    price_amount = DecimalField(required=True, places=2, minimum=ZERO)
    quantity_percent = DecimalField(required=True, places=2, minimum=ZERO)
    rounding = DecimalField(required=True, places=2, minimum=ZERO)


class PrefillQuerySchema(Schema):
    order_id = IdField(required=True)


class InvoiceQuerySchema(ListQuerySchema):
    state = mf.List(EnumField(InvoiceState), load_default=list)
    order_id = IdField(load_default=None)
    q = TextField(max=100, load_default=None, metadata={"description": "Part of a number."})


class InvoiceLineSchema(Schema):
    id = IdField()
    line_no = mf.Integer()
    order_line_id = IdField(allow_none=True)
    description = mf.String()
    quantity = QuantityField(attribute="invoiced")
    unit_price = MoneyField(attribute="price")
    base_quantity = DecimalField()
    net = MoneyField(attribute="total")
    vat_rate = DecimalField()
    vat_category = EnumField(VatCategory)


class InvoiceRowSchema(Schema):
    """An invoice in a list."""

    id = IdField()
    version = mf.Integer()
    kind = EnumField(InvoiceKind)
    number = mf.String()
    state = EnumField(InvoiceState)
    payment_status = EnumField(PaymentStatus)
    buyer_id = IdField()
    supplier_id = IdField()
    order_id = IdField(allow_none=True)
    order_number = mf.String(allow_none=True)
    corrects_id = IdField(allow_none=True)
    issued_on = Day()
    due_on = Day(allow_none=True)
    net = MoneyField(attribute="net_money")
    vat = MoneyField(attribute="vat_money")
    gross = MoneyField(attribute="gross_money")
    open = MoneyField(attribute="open_money")
    created_at = InstantField()
    submitted_at = InstantField(allow_none=True)
    paid_at = InstantField(allow_none=True)


class InvoiceSchema(InvoiceRowSchema):
    actions = mf.List(mf.String())
    note = mf.String()
    discount = MoneyField(attribute="discount_money")
    credited = MoneyField(attribute="credited_money")
    paid = MoneyField(attribute="paid_money")
    duplicate_of_id = IdField(allow_none=True)
    accepted_at = InstantField(allow_none=True)
    decided_at = InstantField(allow_none=True)
    reason = mf.String(allow_none=True)
    lines = mf.List(mf.Nested(InvoiceLineSchema), attribute="shown_lines")


class FindingSchema(Schema):
    code = EnumField(FindingCode)
    line_no = mf.Integer(allow_none=True)
    expected = mf.String()
    found = mf.String()
    difference = DecimalField(allow_none=True)
    tolerated = mf.Boolean(metadata={"description": "Does not hold the invoice up."})


class MatchLineSchema(Schema):
    """One line: what was ordered, accepted and invoiced before, and what is invoiced now."""

    line_no = mf.Integer()
    description = mf.String()
    unit = mf.String()
    ordered = DecimalField(allow_none=True)
    accepted = DecimalField(allow_none=True)
    invoiced_before = DecimalField(allow_none=True)
    invoiced = DecimalField()
    order_price = MoneyField(allow_none=True)
    invoice_price = MoneyField()
    net = MoneyField()
    findings = mf.List(mf.Nested(FindingSchema))


class MatchSchema(Schema):
    state = EnumField(InvoiceState)
    version = mf.Integer()
    clear = mf.Boolean()
    lines = mf.List(mf.Nested(MatchLineSchema))
    findings = mf.List(
        mf.Nested(FindingSchema), metadata={"description": "About the whole document."}
    )


class PrefillLineSchema(Schema):
    order_line_id = IdField(allow_none=True)
    description = mf.String()
    quantity = QuantityField()
    unit_price = MoneyField()
    base_quantity = DecimalField()
    vat_rate = DecimalField()


class PrefillSchema(Schema):
    """The body for POST /invoices, but for the number."""

    order_id = IdField()
    currency = CurrencyField()
    issued_on = Day()
    due_on = Day(allow_none=True)
    lines = mf.List(mf.Nested(PrefillLineSchema))


def draft_of(values: dict[str, Any], kind: InvoiceKind = InvoiceKind.INVOICE) -> InvoiceDraft:
    """The domain's draft of what was sent; money in a second currency is refused."""
    currency = values["currency"]
    errors: list[FieldError] = []

    def amount(money: Money | None, pointer: str) -> Decimal | None:
        if money is not None and money.currency != currency:
            detail = _("Use the currency of the document.")
            errors.append(FieldError(pointer, "currency_differs", detail))
        return None if money is None else money.amount

    draft = InvoiceDraft(
        kind=kind,
        number=values["number"],
        currency=currency,
        issued_on=values["issued_on"],
        due_on=values["due_on"],
        buyer_id=values["buyer_id"],
        order_id=values["order_id"],
        corrects_id=values.get("corrects_id"),
        note=values["note"],
        discount=amount(values["discount"], "/discount") or ZERO,
        net=amount(values["net"], "/net"),
        vat=amount(values["vat"], "/vat"),
        gross=amount(values["gross"], "/gross"),
        lines=tuple(
            LineDraft(
                description=line["description"],
                quantity=line["quantity"].value,
                unit=line["quantity"].unit,
                unit_price=amount(line["unit_price"], f"/lines/{index}/unit_price") or ZERO,
                base_quantity=line["base_quantity"],
                net=amount(line["net"], f"/lines/{index}/net"),
                vat_rate=line["vat_rate"],
                vat_category=line["vat_category"],
                order_line_id=line["order_line_id"],
            )
            for index, line in enumerate(values["lines"])
        ),
    )
    if errors:
        raise Invalid(_("A document has one currency."), errors=errors)
    return draft
