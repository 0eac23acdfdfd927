"""Reads of what a further round has left."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import round_rules
from marketplace.rfq.awards.round_rules import Rounds
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import RoundPlace
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.kinds import RfqKind


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


def terms_of(session: Session, rfq_ids: Collection[UUID]) -> dict[UUID, Terms]:
    """The published content of several RFQs. The caller has found them."""
    seals = session.scalars(select(RfqSeal).where(RfqSeal.rfq_id.in_(rfq_ids)))
    return {seal.rfq_id: Terms.from_json(seal.terms) for seal in seals}


def offers_of(session: Session, rfq_ids: Collection[UUID]) -> Sequence[BidOffer]:
    """The opened bids of several RFQs with their prices. The caller has checked `opened`."""
    return session.scalars(
        select(BidOffer).where(BidOffer.rfq_id.in_(rfq_ids)).options(*bid_queries.PRICES)
    ).all()
