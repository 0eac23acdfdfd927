"""States of requests and steps, what a person can say, and their words."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class RequestState(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    REJECTED = "rejected"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


class StepState(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    DROPPED = "dropped"


class StepRule(StrEnum):
    ANY_OF = "any_of"
    ALL_OF = "all_of"


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"


REQUEST_FLOW = Flow(
    _("an approval"),
    {
        (RequestState.WAITING, "grant"): RequestState.GRANTED,
        (RequestState.WAITING, "reject"): RequestState.REJECTED,
        (RequestState.WAITING, "return"): RequestState.RETURNED,
        (RequestState.WAITING, "withdraw"): RequestState.WITHDRAWN,
        (RequestState.WAITING, "supersede"): RequestState.SUPERSEDED,
        (RequestState.GRANTED, "supersede"): RequestState.SUPERSEDED,
    },
)

register_labels(
    {
        RequestState.WAITING: _("Waiting for a decision"),
        RequestState.GRANTED: _("Approval given"),
        RequestState.REJECTED: _("Approval refused"),
        RequestState.RETURNED: _("Sent back with a question"),
        RequestState.WITHDRAWN: _("Request withdrawn"),
        RequestState.SUPERSEDED: _("Void: the content changed"),
    }
)
register_labels(
    {
        StepState.PENDING: _("Its turn comes later"),
        StepState.OPEN: _("Waiting for a decision"),
        StepState.APPROVED: _("Approval given"),
        StepState.REJECTED: _("Approval refused"),
        StepState.RETURNED: _("Sent back with a question"),
        StepState.DROPPED: _("No longer needed"),
    }
)
register_labels(
    {
        StepRule.ANY_OF: _("One of them decides"),
        StepRule.ALL_OF: _("All of them must approve"),
    }
)
register_labels(
    {
        Verdict.APPROVE: _("Approval given"),
        Verdict.REJECT: _("Approval refused"),
        Verdict.RETURN: _("Sent back with a question"),
    }
)
