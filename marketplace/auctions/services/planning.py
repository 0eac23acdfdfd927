"""Use cases of buyers before the start: plan an auction of an opened RFQ, or call it off."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.auctions import noting, plan_rules, queries, timing
from marketplace.auctions.board import Board
from marketplace.auctions.drafts import AuctionDraft, LotDraft
from marketplace.auctions.errors import AuctionExists, MixedCurrencies, NoCompetition
from marketplace.auctions.models import Auction, AuctionEntry, AuctionLot
from marketplace.auctions.states import AuctionState, AuctionType, EventKind, LotOrder, Skip
from marketplace.core import outbox
from marketplace.core.db import shared_time
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.events.auctions import AuctionPlanned
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.services import evaluation, repricing
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.asked_lots import AskedLot
from marketplace.suppliers import queries as supplier_queries

Bidders = dict[UUID, list[tuple[BidOffer, Decimal]]]


@requires(Permission.RFQ_PUBLISH)
def plan(session: Session, actor: Actor, rfq_id: UUID, draft: AuctionDraft) -> Board:
    """Plan an auction; its bidders are told, and the award waits for it.

    Who has a complete opened bid for a lot takes part in it, unless excluded or blocked. Lots with
    fewer than two bidders are skipped. Raises AuctionInvalid with every reason, AuctionExists,
    AwardHeld, NoCompetition, MixedCurrencies, or PricesHidden while prices are not open.
    """
    auction_id = uuid7()
    found = queries.find(session, actor, rfq_id)
    if found is not None and found.state is not AuctionState.CANCELLED:
        raise AuctionExists(_("This event has an auction already."))
    rfq = repricing.hold(session, actor, rfq_id, auction_id)
    compared = evaluation.read_priced(session, actor, rfq_id)
    bidders = _bidders(session, compared, draft)
    terms = replace(compared.undecided, currency=_currency(compared, bidders))
    lowest = {lot_id: min(total for _o, total in known) for lot_id, known in bidders.items()}
    now = shared_time(session)
    plan_rules.check(draft, terms, lowest, now)
    auction = Auction(
        id=auction_id,
        rfq_id=rfq_id,
        buyer_id=rfq.buyer_id,
        type=draft.type,
        state=AuctionState.PLANNED,
        currency=terms.currency,
        terms=draft.terms.to_json(),
        starts_at=draft.starts_at,
        created_by=actor.person,
    )
    session.add(auction)
    session.flush()
    lots = list(_lots(auction, draft, terms, bidders))
    if all(lot.skipped for lot in lots):
        raise NoCompetition(_("No lot has two bidders, so there is nothing to auction."))
    session.add_all(lots)
    session.flush()
    session.add_all(
        entry for lot in lots if not lot.skipped for entry in _entries(lot, bidders[lot.lot_id])
    )
    session.flush()
    _tell(session, actor, queries.board_of(session, rfq, auction), now)
    session.flush()
    return queries.board(session, actor, rfq_id)


def _currency(compared: Evaluation, bidders: Bidders) -> str:
    """The one currency of all who take part; MixedCurrencies where there are several."""
    found = {
        compared.conversions[offer.bid_id].currency
        for known in bidders.values()
        for offer, _total in known
    }
    if len(found) > 1:
        raise MixedCurrencies(
            _(
                "These bids are in several currencies. A live auction needs one; award by the"
                " comparison, or ask again in one currency."
            ),
            currencies=sorted(found),
        )
    return found.pop() if found else compared.terms.currency


def _bidders(session: Session, compared: Evaluation, draft: AuctionDraft) -> Bidders:
    """Who takes part in which lot, with the total of the opened bid, in the order of arrival.

    Excluded bids are not among the offers that are compared; a line that is offered in part leaves
    a bid incomplete. Of several bids of one supplier the cheapest for the lot takes part.
    """
    offers, terms = compared.offers, compared.undecided
    barred = set(draft.excluded)
    barred |= set(supplier_queries.blocked_ids(session, {each.supplier_id for each in offers}))
    found: Bidders = {}
    for lot in terms.lots:
        lines = [line.id for line in terms.lines_of(lot.id)]
        own: dict[UUID, tuple[BidOffer, Decimal]] = {}
        for offer in offers:
            totals = {each.rfq_line_id: each.total for each in offer.lines if each.quantity is None}
            if offer.supplier_id not in barred and all(line in totals for line in lines):
                total = sum((totals[line] for line in lines), Decimal(0))
                kept = own.get(offer.supplier_id)
                if kept is None or _worth(compared, offer, total) < _worth(compared, *kept):
                    own[offer.supplier_id] = (offer, total)
        if own:
            # in the order of arrival, which decides between equal bids
            found[lot.id] = sorted(own.values(), key=_arrival)
    return found


def _worth(compared: Evaluation, offer: BidOffer, total: Decimal) -> Fraction:
    """In the currency of the RFQ."""
    return compared.conversions[offer.bid_id].exact(total)


def _arrival(bidder: tuple[BidOffer, Decimal]) -> tuple[datetime, UUID]:
    return bidder[0].submitted_at, bidder[0].bid_id


def _lots(
    auction: Auction, draft: AuctionDraft, terms: Terms, bidders: Bidders
) -> Iterator[AuctionLot]:
    """The chosen lots with their times: in a sequence each after the one before."""
    chosen = {lot.lot_id: lot for lot in draft.lots}
    starts_at = draft.starts_at
    for asked in terms.lots:
        if chosen and asked.id not in chosen:
            continue
        lot = _lot(
            auction, asked, chosen.get(asked.id, LotDraft(asked.id)), len(bidders.get(asked.id, ()))
        )
        lot.starts_at = starts_at
        lot.ends_at = starts_at + _length(draft, lot)
        yield lot
        if draft.terms.lot_order is LotOrder.SEQUENCE and not lot.skipped:
            starts_at = lot.ends_at + timedelta(seconds=draft.terms.pause_between)


def _lot(auction: Auction, asked: AskedLot, draft: LotDraft, bidder_count: int) -> AuctionLot:
    skipped = {0: Skip.NO_BIDDER, 1: Skip.ONE_BIDDER}.get(bidder_count)
    return AuctionLot(
        id=uuid7(),
        auction_id=auction.id,
        buyer_id=auction.buyer_id,
        lot_id=asked.id,
        number=asked.number,
        title=asked.title,
        skipped=skipped,
        first_price=draft.first_price.amount if draft.first_price else None,
        step=draft.step.amount if draft.step else None,
        last_price=draft.last_price.amount if draft.last_price else None,
    )


def _length(draft: AuctionDraft, lot: AuctionLot) -> timedelta:
    """Of an English lot as given, of others as long as prices are called; none when skipped."""
    if lot.skipped:
        return timedelta(0)
    if draft.type is AuctionType.ENGLISH:
        return timedelta(seconds=draft.terms.length)
    return draft.terms.level_time * timing.levels_of(lot)


def _entries(
    lot: AuctionLot, bidders: Sequence[tuple[BidOffer, Decimal]]
) -> Iterator[AuctionEntry]:
    """The opened bids as they stand at the start; labels are drawn, so that they tell nothing."""
    labels = list(range(1, len(bidders) + 1))
    secrets.SystemRandom().shuffle(labels)
    for order, (offer, total) in enumerate(bidders):
        yield AuctionEntry(
            auction_lot_id=lot.id,
            supplier_id=offer.supplier_id,
            auction_id=lot.auction_id,
            buyer_id=lot.buyer_id,
            bid_id=offer.bid_id,
            label=labels[order],
            opened_total=total,
            opened_seq=order - len(bidders),
            amount=total,
            seq=order - len(bidders),
            level=0,
        )


def _tell(session: Session, actor: Actor, board: Board, now: datetime) -> None:
    auction = board.auction
    noting.happened(
        session, board, EventKind.PLANNED, data={"starts_at": auction.starts_at.isoformat()}
    )
    noting.audited(
        session,
        actor,
        board,
        "planned",
        {
            "type": str(auction.type),
            "starts_at": auction.starts_at.isoformat(),
            "lots": [lot.number for lot in board.lots if not lot.skipped],
        },
    )
    outbox.record(
        session,
        AuctionPlanned(
            auction_id=auction.id,
            rfq_id=auction.rfq_id,
            buyer_id=auction.buyer_id,
            starts_at=auction.starts_at,
            planned_at=now,
        ),
        audience=[auction.buyer_id],
    )
