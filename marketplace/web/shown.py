"""A document as one reader gets it: its own attributes, and what this reader may do with it."""

from collections.abc import Sequence
from typing import Any


class Shown:
    """Reads like the document itself, with ``actions`` and further named values beside it."""

    def __init__(self, document: Any, actions: Sequence[str], **more: Any) -> None:
        self.document = document
        self.actions = list(actions)
        self.__dict__.update(more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.document, name)
