"""Further rounds after the opening: while one goes on nothing is awarded, then its prices count."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import round_queries
from marketplace.rfq.awards import rules as award_rules
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import repricing
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidRepricing, CurrentLine, RoundPlace
from marketplace.rfq.bids.repricing import RoundResult


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
def take_over(session: Session, actor: Actor, results: Sequence[RoundResult]) -> None:
    """Put the totals of rounds in place of the opened prices, line by line; the award may go on.

    Evaluation, scenarios and award use the new prices; the opened ones stay beside them. The places
    are what the award of an event of kind auction follows. Each RFQ is part of one result; many
    take as many statements as one.
    """
    rfqs = _locked(session, actor, {each.rfq_id for each in results})
    prices = list(_rows(session, rfqs, results))
    if prices:
        session.execute(insert(BidRepricing), prices)
    places = [row for each in results for row in _places(rfqs[each.rfq_id], each)]
    if places:
        session.execute(insert(RoundPlace), places)
    _release_all(session, results)
    counts = Counter(row["source_id"] for row in prices)
    audit.record_many(
        session,
        [
            audit.event(
                actor,
                "rfq.repriced",
                ("rfq", each.rfq_id),
                {"auction_id": str(each.source_id), "lines": counts[each.source_id]},
                owner_id=rfqs[each.rfq_id].buyer_id,
            )
            for each in results
        ],
    )
    for line in [known for known in session if isinstance(known, CurrentLine)]:
        session.expire(line)


def _release_all(session: Session, results: Sequence[RoundResult]) -> None:
    """As `release`, for all at once; a version per RFQ, as for every change."""
    held = Rfq.award_held_by.in_([each.source_id for each in results])
    session.execute(
        update(Rfq)
        .where(Rfq.id.in_([each.rfq_id for each in results]), held)
        .values(award_held_by=None, version=Rfq.version + 1),
        execution_options={"synchronize_session": "fetch"},
    )


def _locked(session: Session, actor: Actor, rfq_ids: Collection[UUID]) -> dict[UUID, Rfq]:
    """In one order, so that two who lock several do not wait for each other."""
    rows = session.scalars(
        queries.visible_to(actor).where(Rfq.id.in_(rfq_ids)).order_by(Rfq.id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    return {rfq.id: rfq for rfq in rows}


def _places(rfq: Rfq, result: RoundResult) -> Iterator[dict[str, Any]]:
    base = {"rfq_id": rfq.id, "buyer_id": rfq.buyer_id, "source_id": result.source_id}
    for each in result.places:
        yield base | asdict(each)


def _rows(
    session: Session, rfqs: Mapping[UUID, Rfq], results: Sequence[RoundResult]
) -> Iterator[dict[str, Any]]:
    terms = round_queries.terms_of(session, list(rfqs))
    offers = {offer.bid_id: offer for offer in round_queries.offers_of(session, list(rfqs))}
    now = clock.now()
    for result in results:
        asked_for = terms[result.rfq_id]
        for each in result.totals:
            offer = offers[each.bid_id]
            opened = _opened_totals(offer)
            lines = [(asked, opened[asked.id]) for asked in asked_for.lines_of(each.lot_id)]
            currency = offer.currency or asked_for.currency
            for price in repricing.scaled(lines, each.amount, currency):
                yield {
                    "bid_id": offer.bid_id,
                    "rfq_line_id": price.line_id,
                    "rfq_id": result.rfq_id,
                    "buyer_id": offer.buyer_id,
                    "supplier_id": offer.supplier_id,
                    "unit_price": price.unit_price,
                    "total": price.total,
                    "source_id": result.source_id,
                    "repriced_at": now,
                }


def _opened_totals(offer: BidOffer) -> dict[UUID, Any]:
    return {line.rfq_line_id: line.opened_total for line in offer.lines}
