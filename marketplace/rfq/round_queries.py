"""Reads of what a further round has left."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.rfq import round_rules
from marketplace.rfq.kinds import RfqKind
from marketplace.rfq.models import Rfq
from marketplace.rfq.price_models import RoundPlace
from marketplace.rfq.round_rules import Rounds


def rounds(session: Session, rfq: Rfq, racing: Collection[UUID]) -> Rounds:
    """The final places of its auction, where the award follows them.

    racing: the bids that are in the race. The caller has checked `opened`.
    """
    if rfq.kind is not RfqKind.AUCTION:
        return Rounds()
    places = session.scalars(
        select(RoundPlace)
        .where(RoundPlace.rfq_id == rfq.id)
        .order_by(RoundPlace.lot_id, RoundPlace.place)
    )
    return round_rules.rounds(places, racing)
