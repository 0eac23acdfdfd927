"""An order as one reader sees it: money with its currency, and without the other side's figures."""

from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.orders import rules
from marketplace.orders.models import Order, OrderLine
from marketplace.web.shown import Shown

# what a buyer keeps to itself
INTERNAL = dict.fromkeys(
    ("cost_centre", "fingerprint", "issue_when_approved", "submitted_at", "approved_at")
)


def row(order: Order) -> Shown:
    """The order in a list."""
    return Shown(
        order,
        [],
        total_net=Money(order.net, order.currency),
        total_gross=Money(order.gross, order.currency),
    )


def whole(order: Order, actor: Actor) -> Shown:
    """The order with its lines, and what this actor may do."""
    groups = rules.totals_of(order.lines, order.currency).groups
    hidden = INTERNAL if actor.org_kind is OrgKind.SUPPLIER else {}
    return Shown(
        order,
        rules.actions_of(order, actor),
        total_net=Money(order.net, order.currency),
        total_tax=Money(order.tax, order.currency),
        total_gross=Money(order.gross, order.currency),
        taxes=[
            Shown(
                group,
                [],
                net=Money(group.net, order.currency),
                tax=Money(group.tax, order.currency),
            )
            for group in groups
        ],
        shown_lines=[_line(line, order.currency) for line in order.lines],
        **hidden,
    )


def _line(line: OrderLine, currency: str) -> Shown:
    return Shown(
        line,
        [],
        ordered=Quantity(line.quantity, line.unit),
        price=Money(line.unit_price, currency),
        total=Money(line.net, currency),
    )
