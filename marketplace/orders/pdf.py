"""The order on paper, in the supplier's language. Typst sets it; see the decision record."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst

from marketplace.core.money import Money, Quantity
from marketplace.core.text import _, language, ngettext_, reading_in
from marketplace.identity.models import Organisation
from marketplace.orders import rules
from marketplace.orders.models import Order, OrderLine
from marketplace.web import formats

SOURCE = Path(__file__).parent / "data" / "order.typ"


def render(order: Order, buyer: Organisation, supplier: Organisation) -> bytes:
    """The PDF of one order. A draft says on its face that it binds nobody."""
    with reading_in(supplier.locale):
        content = orjson.dumps(_content(order, buyer, supplier)).decode()
    made: bytes = typst.compile(
        _source(),
        sys_inputs={"data": content},
        ignore_system_fonts=True,
        pdf_standards=["a-3b"],
        timestamp=int((order.issued_at or order.created_at).timestamp()),
    )
    return made


def filename(order: Order) -> str:
    """What the file is called when it is saved."""
    return f"{order.number}{_suffix(order)}.pdf"


@cache
def _source() -> bytes:
    return SOURCE.read_bytes()


def _content(order: Order, buyer: Organisation, supplier: Organisation) -> dict[str, Any]:
    zone = supplier.time_zone
    return {
        "language": language(),
        "title": f"{order.number}{_suffix(order)}",
        "heading": str(_("Purchase order") if order.issued_at else _("Draft, not an order")),
        "number": order.number,
        "revision": str(_("Revision %(number)s", number=order.revision))
        if order.revision > 1
        else "",
        "buyer": _party(buyer, buyer.name),
        "supplier": _party(supplier, order.supplier_name),
        "facts": _facts(order, zone),
        "columns": [
            str(words)
            for words in (
                _("No."), _("Description"), _("Quantity"), _("Unit price"), _("VAT"), _("Net"),
            )
        ],
        "lines": [_line(line, order.currency, zone) for line in order.lines],
        "totals": _totals(order),
        "gross": _money(order, order.gross),
        "note": order.note,
        "words": {
            "buyer": str(_("Ordered by")),
            "supplier": str(_("Supplier")),
            "gross": str(_("Total including VAT")),
            "note": str(_("Note to the supplier")),
            "closing": str(
                _(
                    "Please quote the order number on the delivery note and on the invoice, "
                    "and confirm this order in the portal."
                )
            ),
        },
    }  # fmt: skip


def _suffix(order: Order) -> str:
    return f"-{order.revision}" if order.revision > 1 else ""


def _party(who: Organisation, name: str) -> dict[str, Any]:
    """Name, address and numbers, as a letterhead has them."""
    town = " ".join(part for part in (who.postal_code, who.city) if part)
    numbers = (
        f"SIREN {who.siren}" if who.siren else None,
        str(_("VAT number %(number)s", number=who.vat_number)) if who.vat_number else None,
    )
    rows = (who.street, f"{town} ({who.country})".strip() if town else who.country, *numbers)
    return {"name": name, "lines": [row for row in rows if row]}


def _facts(order: Order, zone: str) -> list[tuple[str, str]]:
    facts = [(_("Subject"), order.title), (_("Ordered on"), _day(order.issued_at, zone))]
    if order.payment_terms_days is not None:
        days = order.payment_terms_days
        terms = ngettext_("%(n)s day from the invoice", "%(n)s days from the invoice", days)
        facts.append((_("Payment"), str(terms)))
    places = {line.delivery_place for line in order.lines if line.delivery_place}
    if len(places) == 1:
        facts.append((_("Deliver to"), places.pop()))
    return [(str(label), value) for label, value in facts if value]


def _day(at: datetime | None, zone: str) -> str:
    return formats.day(at, zone) if at else ""


def _line(line: OrderLine, currency: str, zone: str) -> dict[str, Any]:
    price = formats.money(Money(line.unit_price, currency))
    if line.base_quantity != 1:
        per = formats.quantity(Quantity(line.base_quantity, line.unit))
        price = str(_("%(price)s per %(quantity)s", price=price, quantity=per))
    more = [
        line.sku or "",
        line.delivery_place,
        str(_("Due on %(day)s", day=formats.day(line.due_on, zone))) if line.due_on else "",
    ]
    return {
        "number": str(line.line_no),
        "description": line.description,
        "more": [row for row in more if row],
        "quantity": formats.quantity(Quantity(line.quantity, line.unit)),
        "price": price,
        "tax": _rate(line.tax_rate),
        "net": formats.money(Money(line.net, currency)),
    }


def _totals(order: Order) -> list[tuple[str, str]]:
    """The net, and the tax of each rate on its own sum."""
    groups = rules.totals_of(order.lines, order.currency).groups
    return [
        (str(_("Total excluding VAT")), _money(order, order.net)),
        *(
            (
                str(
                    _(
                        "VAT %(rate)s on %(net)s",
                        rate=_rate(group.rate),
                        net=_money(order, group.net),
                    )
                ),
                _money(order, group.tax),
            )
            for group in groups
        ),
    ]


def _rate(rate: Decimal) -> str:
    """A tax rate with as many places as it has."""
    return formats.percent(rate / 100, max(0, -int(rate.normalize().as_tuple().exponent)))


def _money(order: Order, amount: Decimal) -> str:
    return formats.money(Money(amount, order.currency))
