"""Something that waits for a person: what the packages tell the home page."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.core.text import Text


@dataclass(frozen=True)
class Task:
    """One thing, or ``count`` alike. ``kind`` is its package, ``due_at`` its deadline."""

    kind: str
    title: Text | str
    url: str
    due_at: datetime | None = None
    count: int = 1
