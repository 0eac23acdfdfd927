"""What people are told about auctions, apart from the live page."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.auctions.models import AuctionEntry
from marketplace.core.text import _
from marketplace.events.auctions import AuctionCancelled, AuctionClosed, AuctionPlanned
from marketplace.identity.permissions import Role
from marketplace.identity.queries import organisation
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.rfq.asking.models import Rfq

register_kind(
    "auction_planned",
    title=_("Invitation to an auction: %(title)s"),
    body=_(
        "%(buyer)s holds an auction among the bidders of %(number)s. It starts at %(starts_at)s."
        " Your bid takes part as it is; look at the page before it starts."
    ),
    button=_("Go to the auction"),
)
register_kind(
    "auction_cancelled",
    title=_("Auction called off: %(title)s"),
    body=_("%(buyer)s has called off the auction for %(number)s. The opened bids count."),
    button=_("Go to the auction"),
)
register_kind(
    "auction_closed",
    title=_("Auction closed: %(title)s"),
    body=_("The auction for %(number)s is closed. Its result has become the prices of the bids."),
    button=_("See the result"),
)


def invite(session: Session, event: AuctionPlanned) -> None:
    """Each bidder for themselves; none learns of another."""
    told = {"starts_at": event.starts_at}
    _tell_bidders(
        session, event.rfq_id, event.auction_id, "auction_planned", event.planned_at, told
    )


def tell_cancelled(session: Session, event: AuctionCancelled) -> None:
    """The bidders need not come."""
    _tell_bidders(
        session, event.rfq_id, event.auction_id, "auction_cancelled", event.cancelled_at, {}
    )


def tell_closed(session: Session, event: AuctionClosed) -> None:
    """The bidders, and the buyer's people who award."""
    _tell_bidders(session, event.rfq_id, event.auction_id, "auction_closed", event.closed_at, {})
    _tell(session, event.rfq_id, event.auction_id, event.buyer_id, Role.BUYER, event.closed_at)


def _tell_bidders(
    session: Session,
    rfq_id: UUID,
    auction_id: UUID,
    kind: str,
    happened: datetime,
    more: Mapping[str, object],
) -> None:
    rfq = session.get_one(Rfq, rfq_id)
    buyer = organisation(session, rfq.buyer_id)
    for supplier_id in _bidders(session, auction_id):
        notify(
            session,
            org_id=supplier_id,
            roles=[Role.SUPPLIER],
            kind=kind,
            url=f"/rfqs/{rfq_id}/auction",
            params={**rfq.named, "buyer": buyer.name, **more},
            occurred_at=happened,
            dedupe_key=f"{kind}:{auction_id}:{supplier_id}",
        )


def _tell(
    session: Session, rfq_id: UUID, auction_id: UUID, org_id: UUID, role: Role, happened: datetime
) -> None:
    rfq = session.get_one(Rfq, rfq_id)
    notify(
        session,
        org_id=org_id,
        roles=[role],
        kind="auction_closed",
        url=f"/rfqs/{rfq_id}/auction",
        params=rfq.named,
        occurred_at=happened,
        dedupe_key=f"auction_closed:{auction_id}:{org_id}",
    )


def _bidders(session: Session, auction_id: UUID) -> Iterable[UUID]:
    return session.scalars(
        select(AuctionEntry.supplier_id)
        .where(AuctionEntry.auction_id == auction_id)
        .distinct()
        .order_by(AuctionEntry.supplier_id)
    )
