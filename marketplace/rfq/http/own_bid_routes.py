"""Pages that every bid of a supplier has: the main one at the RFQ's, alternatives below theirs."""

from collections.abc import Callable
from typing import Any, TypeVar

from marketplace.web.blueprints import PageBlueprint

View = TypeVar("View", bound=Callable[..., Any])


def of_each_bid(pages: PageBlueprint, path: str, **options: Any) -> Callable[[View], View]:
    """Route to a view that is told the number of the bid as ``alternative``; 0: the main one."""

    def register(view: View) -> View:
        pages.route(path, defaults={"alternative": 0}, **options)(view)
        pages.route(f"/alternatives/<int:alternative>{path}", **options)(view)
        return view

    return register
