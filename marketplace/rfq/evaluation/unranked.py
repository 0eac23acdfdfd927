"""Why a bid has no place in a lot, in words for buyer and bidder."""

from collections.abc import Iterable, Iterator, Sequence

from marketplace.core.text import Text, _, ngettext_


def reasons(
    missing: Sequence[int],
    partial: Sequence[int],
    unconfirmed: Iterable[int] = (),
    unknown_costs: Sequence[str] = (),
) -> str:
    """All reasons in one line.

    The first three are numbers of lines; those that an addendum touched and nobody confirmed are
    among the missing ones. unknown_costs: their names.
    """
    return ", ".join(map(str, _reasons(missing, partial, set(unconfirmed), unknown_costs)))


def _reasons(
    missing: Sequence[int],
    partial: Sequence[int],
    unconfirmed: set[int],
    unknown_costs: Sequence[str],
) -> Iterator[Text]:
    if unpriced := [number for number in missing if number not in unconfirmed]:
        yield ngettext_(
            "line %(numbers)s has no price",
            "lines %(numbers)s have no price",
            len(unpriced),
            numbers=_listed(unpriced),
        )
    if dropped := [number for number in missing if number in unconfirmed]:
        yield ngettext_(
            "line %(numbers)s was not confirmed after an addendum",
            "lines %(numbers)s were not confirmed after an addendum",
            len(dropped),
            numbers=_listed(dropped),
        )
    if partial:
        yield ngettext_(
            "line %(numbers)s is offered in part",
            "lines %(numbers)s are offered in part",
            len(partial),
            numbers=_listed(partial),
        )
    if unknown_costs:
        yield _("unknown costs (%(names)s)", names=", ".join(unknown_costs))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
