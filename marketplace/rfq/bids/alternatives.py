"""Alternative bids: how many there may be, and what they are called."""

from collections.abc import Iterator

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _, ngettext_
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.terms.asked import Terms

MOST = 9
LONGEST_NAME = 100


class NoSuchAlternative(Invalid):
    code = "no_such_alternative"


def check_number(terms: Terms, alternative: int) -> None:
    """Raise NoSuchAlternative for more bids of one supplier than the RFQ takes."""
    if alternative <= terms.alternatives:
        return
    code, detail = "alternatives_not_allowed", _("This event takes one bid of each supplier.")
    if terms.alternatives:
        code = "too_many_alternatives"
        detail = ngettext_(
            "This event takes at most %(n)s alternative of each supplier.",
            "This event takes at most %(n)s alternatives of each supplier.",
            terms.alternatives,
        )
    raise NoSuchAlternative(detail, errors=[FieldError("/alternative", code, detail)])


def name_errors(
    alternative: int | None, content: BidContent, *, complete: bool
) -> Iterator[FieldError]:
    """An alternative has a name once it is submitted, and the main bid has none.

    alternative: None where it is not known which bid it is.
    """
    if alternative and complete and not content.name:
        detail = _("Name the alternative, so that the buyer can tell it from your other bids.")
        yield FieldError("/name", "required", detail)
    if alternative == 0 and content.name:
        yield FieldError("/name", "not_an_alternative", _("Only alternatives have a name."))


def tab_of(alternative: int) -> str:
    """Where the supplier finds this bid of theirs, below the page of the RFQ."""
    return f"bids/alternatives/{alternative}" if alternative else "bids"


def named(supplier: str, alternative: int, name: str) -> Text | str:
    """Whose bid it is, and which of several."""
    if not alternative:
        return supplier
    if not name:
        return _("%(supplier)s – alternative %(number)s", supplier=supplier, number=alternative)
    return _(
        "%(supplier)s – alternative %(number)s: %(name)s",
        supplier=supplier,
        number=alternative,
        name=name,
    )
