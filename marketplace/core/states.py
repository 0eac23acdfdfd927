"""State machines from a table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from marketplace.core.errors import Conflict
from marketplace.core.text import Text, _, label

S = TypeVar("S", bound=StrEnum)


class IllegalTransition(Conflict):
    code = "illegal_transition"


class Flow(Generic[S]):
    """What may happen in which state. ``name`` is the word for the document in messages."""

    def __init__(self, name: Text | str, table: Mapping[tuple[S, str], S]) -> None:
        self.name = name
        self.table = table

    def next(self, state: S, action: str) -> S:
        """The state after the action; IllegalTransition when it may not happen now."""
        try:
            return self.table[state, action]
        except KeyError:
            raise IllegalTransition(
                _(
                    "This is not possible for %(name)s in state “%(state)s”.",
                    name=self.name,
                    state=label(state),
                ),
                state=str(state),
                action=action,
            ) from None

    def may(self, state: S, action: str) -> bool:
        """Whether the action is possible in this state."""
        return (state, action) in self.table

    def actions(self, state: S) -> list[str]:
        """What may happen now: the API lists these, the portal draws a button for each."""
        return [action for (source, action) in self.table if source == state]
