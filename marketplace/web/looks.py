"""How states look (tone and icon), and what to do about an error: one table each."""

from typing import NamedTuple

from marketplace.core.text import Text, _


class Look(NamedTuple):
    """Tone (colour) and icon of a state; its word comes from the labels of its package."""

    tone: str
    icon: str


NEUTRAL = Look("neutral", "circle-dashed")
_DRAFT = Look("neutral", "pencil")
_SENT = Look("info", "send")
_OPEN = Look("info", "lock-open")
_WAITING = Look("waiting", "hourglass")
_PAUSED = Look("waiting", "player-pause")
_SEALED = Look("neutral", "lock")
_GOOD = Look("good", "circle-check")
_BACK = Look("waiting", "arrow-back-up")
_ENDED = Look("neutral", "ban")
_BAD = Look("bad", "circle-x")
_CHECK = Look("bad", "alert-triangle")
_LATE = Look("bad", "clock")

LOOKS: dict[str, Look] = {
    "draft": _DRAFT,
    "new": _DRAFT,
    "in_progress": Look("info", "activity"),
    "running": Look("info", "activity"),
    "processing": Look("info", "activity"),
    "evaluating": Look("info", "scale"),
    "evaluation": Look("info", "scale"),
    "published": _SENT,
    "open": _OPEN,
    "opened": _OPEN,
    "invited": _SENT,
    "submitted": _SENT,
    "issued": _SENT,
    "sent": _SENT,
    "dispatched": Look("info", "truck-delivery"),
    "acknowledged": Look("info", "check"),
    "confirmed": Look("info", "check"),
    "suspended": _PAUSED,
    "on_hold": _PAUSED,
    "pending": _WAITING,
    "pending_approval": _WAITING,
    "awaiting_approval": _WAITING,
    "in_approval": _WAITING,
    "to_approve": _WAITING,
    "waiting": _WAITING,
    "needs_confirmation": _WAITING,
    "ready": _WAITING,
    "queued": _WAITING,
    "solved": _GOOD,
    "infeasible": _CHECK,
    "requires_action": _WAITING,
    "in_review": _WAITING,
    "review": _WAITING,
    "under_review": _WAITING,
    "closed": _SEALED,
    "sealed": _SEALED,
    "archived": Look("neutral", "archive"),
    "awarded": Look("good", "trophy"),
    "unreadable": Look("bad", "alert-triangle"),
    "concluded": _GOOD,
    "standstill": Look("waiting", "hourglass"),
    "upheld": Look("bad", "gavel"),
    "filed": Look("waiting", "gavel"),
    "admitted": Look("waiting", "gavel"),
    "inadmissible": Look("neutral", "ban"),
    "asked": Look("waiting", "hourglass"),
    "void": Look("neutral", "ban"),
    "won": Look("good", "trophy"),
    "lost": _ENDED,
    "approved": _GOOD,
    "granted": _GOOD,
    "accepted": _GOOD,
    "active": _GOOD,
    "valid": _GOOD,
    "qualified": _GOOD,
    "verified": Look("good", "shield-check"),
    "clear": Look("good", "shield-check"),
    "passed": Look("good", "shield-check"),
    "matched": _GOOD,
    "paid": _GOOD,
    "captured": _GOOD,
    "succeeded": _GOOD,
    "planned": Look("info", "calendar"),
    "paused": _PAUSED,
    "ended": _WAITING,
    "over": _ENDED,
    "skipped": _ENDED,
    "completed": _GOOD,
    "done": _GOOD,
    "received": Look("good", "package"),
    "partly_received": Look("info", "package"),
    "partially_received": Look("info", "package"),
    "partly_paid": Look("info", "coin"),
    "partially_paid": Look("info", "coin"),
    "refunded": Look("neutral", "arrow-back-up"),
    "returned": _BACK,
    "withdrawn": Look("neutral", "arrow-back-up"),
    "revoked": _ENDED,
    "inactive": _ENDED,
    "cancelled": _ENDED,
    "canceled": _ENDED,
    "expired": _LATE,
    "late": _LATE,
    "overdue": _LATE,
    "rejected": _BAD,
    "refused": _BAD,
    "failed": _BAD,
    "dead": _BAD,
    "invalid": _BAD,
    "declined": _BAD,
    "disqualified": _BAD,
    "blocked": Look("bad", "shield-x"),
    "in_variance": _CHECK,
    "variance": _CHECK,
    "mismatched": _CHECK,
    "disputed": _CHECK,
    "unknown": _CHECK,
    "missing": _CHECK,
}


def state_look(value: object) -> Look:
    """Tone and icon of a state; a quiet look for one that nobody listed."""
    return LOOKS.get(str(value), NEUTRAL)


ADVICE: dict[int, Text] = {
    400: _("Go back, reload the page and try again."),
    401: _("Sign in, then open the page again."),
    403: _("Ask an administrator of your organisation for the role that this needs."),
    404: _("Check the address, or look for the document with the search."),
    409: _("Go back and reload the page to see its present state."),
    412: _("Go back and reload the page, then make your change again."),
    413: _("Choose a smaller file."),
    422: _("Go back and correct the input; nothing has been changed."),
    429: _("Wait a minute, then try again."),
    503: _("Try again in a minute. What you have saved is safe."),
}


def error_advice(status: int) -> Text:
    """What a person can do about a refused request."""
    return ADVICE.get(
        status,
        _("Try again. If it happens again, tell support the reference below.")
        if status >= 500
        else _("Go back and try again."),
    )
