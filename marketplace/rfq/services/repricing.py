"""Further rounds after the opening: while one goes on nothing is awarded, then its prices count."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq import award_rules, bid_queries, queries, repricing
from marketplace.rfq.bid_models import BidOffer
from marketplace.rfq.models import Rfq
from marketplace.rfq.price_models import BidRepricing, CurrentLine, RoundPlace
from marketplace.rfq.repricing import LotPlace, LotTotal


@requires(Permission.RFQ_PUBLISH)
def hold(session: Session, actor: Actor, rfq_id: UUID, source_id: UUID) -> Rfq:
    """Let the award wait for a further round. Raises AwardHeld when it waits for one already."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "award")
    award_rules.check_not_held(rfq.award_held_by)
    rfq.award_held_by = source_id
    session.flush()
    return rfq


@requires(Permission.RFQ_PUBLISH)
def release(session: Session, actor: Actor, rfq_id: UUID, source_id: UUID) -> None:
    """The round has ended or was called off; nothing happens when the award waits for another."""
    rfq = queries.get(session, actor, rfq_id, lock=True)
    if rfq.award_held_by == source_id:
        rfq.award_held_by = None
    session.flush()


@requires(Permission.RFQ_PUBLISH)
def reprice(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    source_id: UUID,
    totals: Sequence[LotTotal],
    places: Sequence[LotPlace],
) -> None:
    """Put the totals of a round in place of the opened prices, line by line.

    Evaluation, scenarios and award use the new prices; the opened ones stay beside them.
    places: the final ranking, which the award of an event of kind auction follows.
    """
    rfq = queries.get(session, actor, rfq_id, lock=True)
    rows = list(_rows(session, rfq, source_id, totals))
    if rows:
        session.execute(insert(BidRepricing), rows)
    if places:
        session.execute(
            insert(RoundPlace),
            [
                {"rfq_id": rfq_id, "buyer_id": rfq.buyer_id, "source_id": source_id, **asdict(each)}
                for each in places
            ],
        )
    audit.record(
        session,
        actor,
        "rfq.repriced",
        ("rfq", rfq_id),
        {"auction_id": str(source_id), "lines": len(rows)},
        owner_id=rfq.buyer_id,
    )
    session.flush()
    for line in [known for known in session if isinstance(known, CurrentLine)]:
        session.expire(line)


def _rows(
    session: Session, rfq: Rfq, source_id: UUID, totals: Sequence[LotTotal]
) -> Iterator[dict[str, Any]]:
    terms = bid_queries.terms(session, rfq.id)
    offers = {offer.bid_id: offer for offer in bid_queries.offers(session, rfq.id)}
    now = clock.now()
    for each in totals:
        offer = offers[each.bid_id]
        opened = _opened_totals(offer)
        lines = [(asked, opened[asked.id]) for asked in terms.lines_of(each.lot_id)]
        currency = offer.currency or terms.currency
        for price in repricing.scaled(lines, each.amount, currency):
            yield {
                "bid_id": offer.bid_id,
                "rfq_line_id": price.line_id,
                "rfq_id": rfq.id,
                "buyer_id": rfq.buyer_id,
                "supplier_id": offer.supplier_id,
                "unit_price": price.unit_price,
                "total": price.total,
                "source_id": source_id,
                "repriced_at": now,
            }


def _opened_totals(offer: BidOffer) -> dict[UUID, Any]:
    return {line.rfq_line_id: line.opened_total for line in offer.lines}
