"""What the layout shows around every page. Filled by the portal package, which knows all others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from marketplace.core.text import Text
from marketplace.identity.authentication import Place
from marketplace.identity.permissions import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the navigation."""

    label: Text
    url: str
    icon: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Links of one job, under a heading."""

    label: Text | None
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Frame:
    """Top bar and navigation of one request."""

    organisation: str = ""
    name: str = ""
    roles: Sequence[Role] = ()
    navigation: Sequence[Group] = ()
    others: Sequence[Place] = ()
    unread: int = 0
    searching: bool = field(default=False)
