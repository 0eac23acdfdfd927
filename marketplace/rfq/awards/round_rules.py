"""How the award of an event of kind auction follows the auction, and what departs from it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.awards.choices import ChosenLine
from marketplace.rfq.awards.rules import JustificationRequired
from marketplace.rfq.bids.price_models import RoundPlace


class AuctionNotHeld(JustificationRequired):
    code = "auction_not_held"


class NotTheAuctionWinner(JustificationRequired):
    code = "not_the_auction_winner"


@dataclass(frozen=True, slots=True)
class Rounds:
    """What is known of the auction of an event: the final places in its lots, best first.

    ``binding``: the event is of kind auction, and so its award follows them. Of other kinds nothing
    is known here.
    """

    binding: bool = False
    places: Mapping[UUID, Sequence[RoundPlace]] = field(default_factory=dict)
    racing: Collection[UUID] = ()

    @property
    def winners(self) -> dict[UUID, UUID]:
        """The bid that stands first in each auctioned lot, of those that are in the race."""
        found: dict[UUID, UUID] = {}
        for lot_id, places in self.places.items():
            for each in places:
                if each.bid_id in self.racing:
                    found.setdefault(lot_id, each.bid_id)
        return found

    def of_lot(self, lot_id: UUID) -> Sequence[RoundPlace]:
        return self.places.get(lot_id, ())


def rounds(places: Iterable[RoundPlace], racing: Collection[UUID]) -> Rounds:
    """The places by lot, of an event of kind auction."""
    by_lot: dict[UUID, list[RoundPlace]] = {}
    for each in sorted(places, key=lambda place: place.place):
        by_lot.setdefault(each.lot_id, []).append(each)
    return Rounds(binding=True, places=by_lot, racing=racing)


@dataclass(frozen=True, slots=True)
class Departure:
    """A lot of an event of kind auction that is not awarded as its auction ended.

    held: whether there was an auction of the lot at all.
    """

    lot_id: UUID
    held: bool
    lines: tuple[int, ...]


def departures(found: Rounds, chosen: Sequence[ChosenLine]) -> list[Departure]:
    """Where the choice is not that of the auction; of other kinds nowhere."""
    if not found.binding:
        return []
    winners = found.winners
    departing: dict[UUID, list[int]] = {}
    for line in chosen:
        if winners.get(line.asked.lot_id) != line.bid_id:
            departing.setdefault(line.asked.lot_id, []).append(line.asked.number)
    return [
        Departure(lot_id, bool(found.of_lot(lot_id)), tuple(lines))
        for lot_id, lines in departing.items()
    ]


def check_follows(departing: Sequence[Departure], justification: str) -> None:
    """Raise AuctionNotHeld or NotTheAuctionWinner where a departure has no written reason."""
    if not departing or justification.strip():
        return
    lines = [number for each in departing for number in each.lines]
    if all(each.held for each in departing):
        detail = _("Say why these lines do not go to the winner of the auction.")
        refused: type[JustificationRequired] = NotTheAuctionWinner
    else:
        detail = _("Say why this is awarded without an auction.")
        refused = AuctionNotHeld
    raise refused(detail, errors=[FieldError("/justification", refused.code, detail)], lines=lines)


def evidence(found: Rounds, departing: Sequence[Departure], lot_id: UUID) -> dict[str, Any]:
    """How the auction of a lot ended and whether the award follows it, to be kept with it."""
    places = found.of_lot(lot_id)
    if not found.binding:
        return {}
    return {
        "auction": {
            "held": bool(places),
            "followed": not any(each.lot_id == lot_id for each in departing),
            "places": [
                {"place": each.place, "bid_id": str(each.bid_id), "amount": str(each.amount)}
                for each in places
            ],
        }
    }
