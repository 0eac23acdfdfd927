"""What becomes of a letter."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    SKIPPED = "skipped"


register_labels(
    {
        MailState.QUEUED: _("Waiting to be sent"),
        MailState.SENT: _("Sent"),
        MailState.SKIPPED: _("Not sent: too old, or nobody to send it to"),
    }
)
