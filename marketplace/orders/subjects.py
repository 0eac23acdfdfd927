"""An order as other packages know it: a subject of approvals and of the history."""

from marketplace.approvals.rules import Subject, SubjectLine
from marketplace.core.money import Money
from marketplace.orders.models import Order

SUBJECT = "order"


def subject_of(order: Order) -> Subject:
    """The order as approvals know it: the stored total and lines."""
    return Subject(
        kind=SUBJECT,
        id=order.id,
        title=f"{order.number} · {order.title}",
        url=f"/orders/{order.id}",
        amount=Money(order.gross, order.currency),
        fingerprint=order.fingerprint,
        category=order.category,
        cost_centre=order.cost_centre,
        partner=order.supplier_name,
        note=order.note,
        lines=tuple(
            SubjectLine(
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                base_quantity=line.base_quantity,
                net=line.net,
            )
            for line in order.lines
        ),
        author_ids=frozenset(order.author_ids),
    )
