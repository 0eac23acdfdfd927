"""The kinds of refusal. Raised by the domain, turned into answers by marketplace.web.problems."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from marketplace.core.text import Text, _


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason, at one place of the input.

    pointer: JSON pointer (RFC 6901) into what was sent, e.g. ``/lines/0/quantity``.
    """

    pointer: str
    code: str
    detail: Text | str


class DomainError(Exception):
    """A refusal with a stable code. Subclass a kind below, never this class."""

    code = "error"
    title: Text | str = _("This cannot be done")

    def __init__(
        self,
        detail: Text | str,
        *,
        errors: Iterable[FieldError] = (),
        **data: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.data = data


class NotFound(DomainError):
    """Does not exist, or not for this actor: both answer alike."""

    code = "not_found"
    title = _("Not found")


class NotAllowed(DomainError):
    """The actor sees it but may not do this."""

    code = "not_allowed"
    title = _("Not allowed")


class NotAuthenticated(DomainError):
    """No actor, or credentials that are not valid."""

    code = "not_authenticated"
    title = _("Please sign in")


class Conflict(DomainError):
    """The present state of the document does not permit it."""

    code = "conflict"
    title = _("Not possible in this state")


class Stale(DomainError):
    """Somebody changed the document in the meantime."""

    code = "stale"
    title = _("Changed in the meantime")


class Invalid(DomainError):
    """Readable, but wrong; ``errors`` holds every reason."""

    code = "invalid"
    title = _("Please correct the input")


class TooMany(DomainError):
    """A limit of requests or attempts is reached; ``retry_after`` in seconds is in the data."""

    code = "too_many_requests"
    title = _("Too many attempts")


class Unavailable(DomainError):
    """Something we depend on is down; trying again later may work."""

    code = "unavailable"
    title = _("Not available right now")


def refuse_all(errors: list[FieldError], detail: Text | str | None = None) -> None:
    """Raise Invalid with every reason collected so far, or do nothing when there is none."""
    if errors:
        raise Invalid(detail or _("Some of the input is not right."), errors=errors)
