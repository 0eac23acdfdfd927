"""Whether enough suppliers bid for a lot, and what follows where they did not."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from marketplace.core.errors import Conflict
from marketplace.core.text import _
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_states import TooFewRuling
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.asked_lots import AskedLot


class TooFewBids(Conflict):
    code = "too_few_bids"


class EnoughBids(Conflict):
    code = "enough_bids"


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many suppliers bid for a lot, how many are wanted, and the ruling to go on
    with fewer.

    Counted are suppliers, not bids, that are in the race with a price for at least one line.
    """

    lot: AskedLot
    wanted: int
    bidders: int
    ruling: LotRuling | None = None

    @property
    def is_short(self) -> bool:
        return self.bidders < self.wanted

    @property
    def waits(self) -> bool:
        """Whether the buyer has to rule before the award."""
        return self.is_short and self.ruling is None


def turnouts(
    terms: Terms, bidders: Mapping[UUID, int], rulings: Collection[LotRuling]
) -> dict[UUID, Turnout]:
    """One for each lot of which more than one bid is wanted, in their order."""
    found = {}
    for lot in terms.lots:
        wanted, count = terms.least_bidders(lot), bidders.get(lot.id, 0)
        if wanted > 1:
            found[lot.id] = Turnout(lot, wanted, count, _holding(lot.id, count, rulings))
    return found


def _holding(lot_id: UUID, bidders: int, rulings: Iterable[LotRuling]) -> LotRuling | None:
    """The ruling to go on with so many bids; one about more bids than are left does not hold."""
    held = [
        each
        for each in rulings
        if each.lot_id == lot_id
        and each.outcome is TooFewRuling.PROCEED
        and each.bidders <= bidders
    ]
    return held[-1] if held else None


def check_ruled(found: Mapping[UUID, Turnout], lots: Collection[UUID]) -> None:
    """Raise TooFewBids while one of these lots waits for a ruling."""
    waiting = [each for lot_id, each in found.items() if lot_id in lots and each.waits]
    if waiting:
        raise TooFewBids(
            _(
                "Fewer suppliers than asked for bid for lot %(numbers)s. Rule on it first.",
                numbers=", ".join(str(each.lot.number) for each in waiting),
            ),
            lots=[
                {"lot_id": str(each.lot.id), "wanted": each.wanted, "bidders": each.bidders}
                for each in waiting
            ],
        )


def check_short(turnout: Turnout) -> None:
    """Raise EnoughBids where there is nothing to rule on."""
    if not turnout.waits:
        raise EnoughBids(_("This lot does not wait for a ruling about its number of bids."))
