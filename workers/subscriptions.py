"""Which reactions follow an event: {event name: {reaction name: work}}.

A reaction takes (session, event), bears a repeat and uses the event's own times. One that calls
out of the process is a CallOut. The names are stored with waiting jobs: rename a function freely,
but keep its name here until no job of that name waits.
"""

from collections.abc import Mapping

from marketplace.approvals import reactions as approvals
from marketplace.notifications import reactions as notifications
from marketplace.orders import reactions as orders
from workers.work import Work

SUBSCRIPTIONS: Mapping[str, Mapping[str, Work]] = {
    "approvals.granted": {
        "take_over_approval": orders.take_over_approval,
        "tell_requester": approvals.tell_requester,
    },
    "approvals.rejected": {
        "take_back_order": orders.take_back_order,
        "tell_requester": approvals.tell_requester,
    },
    "approvals.requested": {"tell_approvers": approvals.tell_approvers},
    "approvals.returned": {
        "take_back_order": orders.take_back_order,
        "tell_requester": approvals.tell_requester,
    },
    "identity.member_added": {"invite_member": notifications.invite_member},
    "identity.password_forgotten": {"send_password_link": notifications.send_password_link},
    "orders.acknowledged": {"tell_buyer_acknowledged": orders.tell_buyer_acknowledged},
    "orders.approved": {"tell_held_back": orders.tell_held_back},
    "orders.cancelled": {"tell_supplier_cancelled": orders.tell_supplier_cancelled},
    "orders.goods_received": {"tell_supplier_rejected": orders.tell_supplier_rejected},
    "orders.issued": {
        "file_paper": orders.file_paper,
        "tell_supplier_issued": orders.tell_supplier_issued,
    },
    "orders.refused": {"tell_buyer_refused": orders.tell_buyer_refused},
    "rfq.awarded": {"draft_orders": orders.draft_orders},
}
