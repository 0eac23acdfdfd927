"""How proxies lie in the database: locked, as drafts of bids are."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.auctions.english import Proxy
from marketplace.auctions.models import AuctionEntry, AuctionProxy
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import ServiceKeys

# the length of the locked text must not tell how long the number is
WIDTH = 32


def keep(
    session: Session, keys: ServiceKeys, entry: AuctionEntry, floor: Decimal, now: datetime
) -> None:
    """Set the bidder's floor. One that is set anew goes behind equal ones that stood before."""
    statement = insert(AuctionProxy).values(
        auction_lot_id=entry.auction_lot_id,
        supplier_id=entry.supplier_id,
        auction_id=entry.auction_id,
        bid_id=entry.bid_id,
        content=lock(keys, entry.bid_id, entry.auction_lot_id, floor),
        set_at=now,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["auction_lot_id", "supplier_id"],
            set_={name: statement.excluded[name] for name in ("content", "set_at")},
        )
    )


def drop(session: Session, auction_lot_id: UUID, supplier_id: UUID) -> None:
    """Forget the bidder's floor."""
    session.execute(
        delete(AuctionProxy).where(
            AuctionProxy.auction_lot_id == auction_lot_id, AuctionProxy.supplier_id == supplier_id
        )
    )


def lock(keys: ServiceKeys, bid_id: UUID, lot_id: UUID, floor: Decimal) -> bytes:
    """The floor as it is kept."""
    plain = str(floor).rjust(WIDTH).encode()
    return envelopes.lock(keys.draft_key(bid_id), plain, _place(lot_id, bid_id))


def unlock(keys: ServiceKeys, kept: AuctionProxy) -> Proxy:
    """The proxy as it was set; SealBroken when the row is another's or was changed."""
    place = _place(kept.auction_lot_id, kept.bid_id)
    plain = envelopes.unlock(keys.draft_key(kept.bid_id), kept.content, place)
    return Proxy(kept.supplier_id, Decimal(plain.decode().strip()), kept.set_at)


def unlock_all(keys: ServiceKeys, kept: Iterable[AuctionProxy]) -> list[Proxy]:
    """As `unlock`, for a whole lot."""
    return [unlock(keys, each) for each in kept]


def _place(lot_id: UUID, bid_id: UUID) -> bytes:
    return f"auction-proxy|{lot_id}|{bid_id}".encode()
