"""States of an order, what may happen in each, and their words."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class OrderState(StrEnum):
    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    COMPLETED = "completed"
    REPLACED = "replaced"
    CANCELLED = "cancelled"


class Bucket(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


S = OrderState
ORDER_FLOW = Flow(
    _("an order"),
    {
        (S.DRAFT, "edit"): S.DRAFT,
        (S.DRAFT, "submit"): S.AWAITING_APPROVAL,
        (S.DRAFT, "approve"): S.APPROVED,
        (S.DRAFT, "cancel"): S.CANCELLED,
        (S.AWAITING_APPROVAL, "edit"): S.DRAFT,
        (S.AWAITING_APPROVAL, "withdraw"): S.DRAFT,
        (S.AWAITING_APPROVAL, "send_back"): S.DRAFT,
        (S.AWAITING_APPROVAL, "approve"): S.APPROVED,
        (S.AWAITING_APPROVAL, "cancel"): S.CANCELLED,
        (S.APPROVED, "edit"): S.DRAFT,
        (S.APPROVED, "trim"): S.APPROVED,
        (S.APPROVED, "issue"): S.ISSUED,
        (S.APPROVED, "cancel"): S.CANCELLED,
        (S.ISSUED, "acknowledge"): S.ACKNOWLEDGED,
        (S.ISSUED, "refuse"): S.REFUSED,
        (S.ISSUED, "receive_part"): S.PARTLY_RECEIVED,
        (S.ISSUED, "receive_rest"): S.RECEIVED,
        (S.ISSUED, "replace"): S.REPLACED,
        (S.ISSUED, "cancel"): S.CANCELLED,
        (S.ACKNOWLEDGED, "receive_part"): S.PARTLY_RECEIVED,
        (S.ACKNOWLEDGED, "receive_rest"): S.RECEIVED,
        (S.ACKNOWLEDGED, "replace"): S.REPLACED,
        (S.ACKNOWLEDGED, "cancel"): S.CANCELLED,
        (S.REFUSED, "replace"): S.REPLACED,
        (S.REFUSED, "cancel"): S.CANCELLED,
        (S.PARTLY_RECEIVED, "receive_part"): S.PARTLY_RECEIVED,
        (S.PARTLY_RECEIVED, "receive_rest"): S.RECEIVED,
        (S.PARTLY_RECEIVED, "return_goods"): S.PARTLY_RECEIVED,
        (S.PARTLY_RECEIVED, "close"): S.RECEIVED,
        (S.RECEIVED, "return_goods"): S.RECEIVED,
        (S.RECEIVED, "reopen"): S.PARTLY_RECEIVED,
        (S.RECEIVED, "complete"): S.COMPLETED,
    },
)

# the supplier knows an order from here on
ISSUED_STATES = frozenset(S) - {S.DRAFT, S.AWAITING_APPROVAL, S.APPROVED}
# goods may still arrive
OPEN_STATES = frozenset({S.ISSUED, S.ACKNOWLEDGED, S.PARTLY_RECEIVED})

register_labels(
    {
        OrderState.DRAFT: _("Draft"),
        OrderState.AWAITING_APPROVAL: _("Waiting for approval"),
        OrderState.APPROVED: _("Approved, not yet sent"),
        OrderState.ISSUED: _("Sent to the supplier"),
        OrderState.ACKNOWLEDGED: _("Confirmed by the supplier"),
        OrderState.REFUSED: _("Refused by the supplier"),
        OrderState.PARTLY_RECEIVED: _("Partly received"),
        OrderState.RECEIVED: _("Fully received"),
        OrderState.COMPLETED: _("Order completed"),
        OrderState.REPLACED: _("Replaced"),
        OrderState.CANCELLED: _("Order cancelled"),
    }
)
register_labels(
    {
        Bucket.ACCEPTED: _("Accepted goods"),
        Bucket.REJECTED: _("Rejected goods"),
    }
)
