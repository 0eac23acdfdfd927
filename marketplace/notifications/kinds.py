"""The words of notices: packages register each kind of theirs once, beside their reactions.

Title and body have named places for the notice's parameters. Parameters that end with ``_at`` are
shown as moments in the reader's zone, ``_on`` as dates, and ``{"amount", "currency"}`` as money.
A parameter ``due_at`` is also the date that the letter names as "until"; ``about`` is the subject
that the words are chosen for (`core.text.speaking_of`).
"""

from dataclasses import dataclass

from marketplace.core.text import Text, _


@dataclass(frozen=True)
class Kind:
    """What a kind of notice says; ``button`` names what the reader does next.

    signed: the link of the letter carries a token, for people who cannot sign in yet.
    """

    title: Text
    body: Text
    button: Text
    signed: bool = False


KINDS: dict[str, Kind] = {}


def register_kind(
    name: str, *, title: Text, body: Text, button: Text | None = None, signed: bool = False
) -> None:
    """Give notices of this kind their words."""
    KINDS[name] = Kind(title, body, button or _("Open"), signed)
