"""What letters are called."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class LetterKind(StrEnum):
    WON = "won"
    PARTLY_WON = "partly_won"
    LOST = "lost"


register_labels(
    {
        LetterKind.WON: _("Award letter"),
        LetterKind.PARTLY_WON: _("Letter on a partial award"),
        LetterKind.LOST: _("Regret letter"),
    }
)
