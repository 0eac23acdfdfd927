"""What a grader declares about their interests."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class Interest(StrEnum):
    """A declaration changes only towards a conflict."""

    NONE = "none"
    CONFLICT = "conflict"


register_labels(
    {
        Interest.NONE: _("No conflict of interest"),
        Interest.CONFLICT: _("A conflict of interest"),
    }
)
