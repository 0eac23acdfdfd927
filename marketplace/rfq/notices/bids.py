"""What bidders are told about their own bids; never anything about another's."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.rfq import (
    AwardWithdrawn,
    BidFoundUnreadable,
    BidSubmitted,
    LotsEnded,
    RfiConcluded,
    RfqAwarded,
    RfqUnsuccessful,
)
from marketplace.identity.permissions import Role
from marketplace.identity.queries import organisation
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.terms.kinds import RfqKind

register_kind(
    "bid_received",
    title=_("Your bid has arrived: %(title)s"),
    body=_(
        "Your bid for %(number)s arrived at %(arrived_at)s and is sealed until the opening. You may"
        " replace or withdraw it until %(due_at)s."
    ),
    button=_("Show the receipt"),
)
register_kind(
    "answers_received",
    title=_("Your answers have arrived: %(title)s"),
    body=_(
        "Your answers to %(number)s arrived at %(arrived_at)s and are sealed until the opening. You"
        " may replace or withdraw them until %(due_at)s."
    ),
    button=_("Show the receipt"),
)
register_kind(
    "rfi_concluded",
    title=_("Closed with findings: %(title)s"),
    body=_(
        "%(buyer)s has closed %(number)s. Thank you for your answers. What came out of it:"
        " %(findings)s"
    ),
    button=_("Read more"),
)
register_kind(
    "bid_won",
    title=_("You have won: %(title)s"),
    body=_("%(buyer)s has awarded lines of %(number)s to you. The purchase order follows."),
    button=_("Show what you have won"),
)
register_kind(
    "award_withdrawn",
    title=_("Decision withdrawn: %(title)s"),
    body=_(
        "%(buyer)s has taken back the decision on %(number)s. Your bid is in evaluation again."
        " The reason given: %(reason)s"
    ),
    button=_("Read more"),
)
register_kind(
    "bid_excluded",
    title=_("Your bid was excluded: %(title)s"),
    body=_(
        "%(buyer)s has decided on %(number)s. Your bid was not compared with the others, for this"
        " reason: %(reason)s"
    ),
    button=_("Show your bid"),
)
register_kind(
    "rfq_without_award",
    title=_("Ended without an award: %(title)s"),
    body=_("%(buyer)s has ended %(number)s without an award. Thank you for bidding."),
    button=_("Show your bid"),
)


register_kind(
    "lots_cancelled",
    title=_("Lots cancelled: %(title)s"),
    body=_(
        "%(buyer)s has cancelled lots of %(number)s: %(lots)s. Bids stay valid for the others. The"
        " reason given: %(reason)s"
    ),
    button=_("Show the lots"),
)
register_kind(
    "lots_unsuccessful",
    title=_("Lots without an award: %(title)s"),
    body=_(
        "%(buyer)s has ended lots of %(number)s without an award: %(lots)s. The reason given:"
        " %(reason)s"
    ),
    button=_("Show the lots"),
)
register_kind(
    "bid_unreadable",
    title=_("Your bid cannot be read: %(title)s"),
    body=_(
        "%(buyer)s has opened the bids of %(number)s. Yours is exactly what your receipt says, but"
        " what was sealed cannot be read. The buyer rules on it; you read the reason here."
    ),
    button=_("Show your bid"),
)


def tell_unreadable(session: Session, event: BidFoundUnreadable) -> None:
    """The supplier learns it at once, and keeps the receipt that proves the arrival."""
    bid = session.get_one(Bid, event.bid_id)
    _tell(
        session,
        event.rfq_id,
        "bid_unreadable",
        [event.supplier_id],
        event.found_at,
        key=str(bid.alternative or ""),
        page=alternatives.tab_of(bid.alternative),
    )


def confirm_arrival(session: Session, event: BidSubmitted) -> None:
    """The supplier's people have it in writing that the bid arrived."""
    rfq = session.get_one(Rfq, event.rfq_id)
    kind = "answers_received" if rfq.kind is RfqKind.RFI else "bid_received"
    bid = session.get_one(Bid, event.bid_id)
    notify(
        session,
        org_id=event.supplier_id,
        roles=[Role.SUPPLIER],
        kind=kind,
        url=f"/rfqs/{rfq.id}/{alternatives.tab_of(bid.alternative)}",
        params={
            **rfq.named,
            "arrived_at": event.submitted_at,
            "due_at": rfq.bids_due_at,
        },
        occurred_at=event.submitted_at,
        dedupe_key=f"{kind}:{event.bid_id}:{event.submitted_at.isoformat()}",
    )


def announce_findings(session: Session, event: RfiConcluded) -> None:
    """Whoever had answered reads what came out of it."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell(
        session,
        rfq.id,
        "rfi_concluded",
        event.supplier_ids,
        event.concluded_at,
        findings=rfq.end_reason,
    )


def announce_award(session: Session, event: RfqAwarded) -> None:
    """The award is final: winners may expect their orders. Losers know already."""
    _tell(
        session,
        event.rfq_id,
        "bid_won",
        event.winner_ids,
        event.awarded_at,
        key=str(event.award_id),
        page="outcome",
    )


def announce_withdrawal(session: Session, event: AwardWithdrawn) -> None:
    """All whose bids count again, whether they had won or not."""
    standing = award_queries.standing(session, event.rfq_id, event.award_id)
    _tell(
        session,
        event.rfq_id,
        "award_withdrawn",
        event.bidder_ids,
        event.withdrawn_at,
        key=str(event.award_id),
        page="outcome",
        reason=standing.withdrawal_reason,
    )


def announce_no_award(session: Session, event: RfqUnsuccessful) -> None:
    """Whoever had bid learns that nobody wins."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell_losers(session, event.rfq_id, "rfq_without_award", event.supplier_ids, rfq.ended_at)


def announce_lots(session: Session, event: LotsEnded) -> None:
    """Whoever bid for these lots; before the opening everybody who is interested in the RFQ."""
    rfq = session.get_one(Rfq, event.rfq_id)
    lots = [lot for lot in queries.lots(session, rfq.id) if lot.id in event.lot_ids]
    told = queries.interested_ids(session, rfq.id) if event.sealed else event.supplier_ids
    _tell(
        session,
        rfq.id,
        f"lots_{event.outcome}",
        told,
        event.ended_at,
        key=",".join(str(lot.id) for lot in lots),
        page="lots",
        lots=", ".join(f"{lot.number}. {lot.title}" for lot in lots),
        reason=lots[0].end_reason,
    )


def _tell_losers(
    session: Session,
    rfq_id: UUID,
    kind: str,
    supplier_ids: Iterable[UUID],
    happened: datetime | None,
) -> None:
    """Whose bid was excluded reads why; whose other bid was compared, also that nobody wins."""
    excluded = evaluation_queries.exclusions(session, rfq_id)
    bids = {bid.id: bid for bid in bid_queries.readable_bids(session, rfq_id)}
    racing = {bid.supplier_id for bid in bids.values() if bid.id not in excluded}
    out = {ruling.supplier_id for ruling in excluded.values()} - racing
    losers = tuple(supplier_ids)
    _tell(session, rfq_id, kind, [each for each in losers if each not in out], happened)
    for bid_id, ruling in excluded.items():
        if ruling.supplier_id in losers:
            _tell(
                session,
                rfq_id,
                "bid_excluded",
                [ruling.supplier_id],
                happened,
                key=str(bids[bid_id].alternative or ""),
                page=alternatives.tab_of(bids[bid_id].alternative),
                reason=ruling.reason,
            )


def _tell(
    session: Session,
    rfq_id: UUID,
    kind: str,
    supplier_ids: Iterable[UUID],
    happened: datetime | None,
    *,
    key: str = "",
    page: str = "bids",
    **about: object,
) -> None:
    rfq = session.get_one(Rfq, rfq_id)
    buyer = organisation(session, rfq.buyer_id)
    for supplier_id in supplier_ids:
        notify(
            session,
            org_id=supplier_id,
            roles=[Role.SUPPLIER],
            kind=kind,
            url=f"/rfqs/{rfq.id}/{page}",
            params={**rfq.named, "buyer": buyer.name, **about},
            occurred_at=happened,
            dedupe_key=f"{kind}:{rfq.id}:{supplier_id}:{key}",
        )
