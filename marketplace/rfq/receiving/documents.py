"""Documents that bidders have locked themselves: reads, and what a submission does with them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, undefer

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.bids.models import BidAttempt, BidDocument
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.bids.rules import BidInvalid
from marketplace.rfq.terms.bid_states import AttemptOutcome


def one_by_one(session: Session, document_ids: Collection[UUID]) -> Iterator[BidDocument]:
    """These documents with their locked bytes, never many at a time: together they may be large."""
    query = (
        select(BidDocument)
        .where(BidDocument.id.in_(document_ids))
        .order_by(BidDocument.id)
        .options(undefer(BidDocument.content))
        .execution_options(yield_per=1)
    )
    for stored in session.scalars(query):
        yield stored
        session.expunge(stored)


def of_bid(session: Session, bid_id: UUID) -> Sequence[BidDocument]:
    """The documents that are kept for this bid, in the order in which they came; without bytes."""
    query = select(BidDocument).where(BidDocument.bid_id == bid_id)
    return session.scalars(query.order_by(BidDocument.created_at, BidDocument.id)).all()


def sizes(session: Session, bid_id: UUID) -> dict[UUID, int]:
    """How many bytes each document of the bid has, locked."""
    size = func.octet_length(BidDocument.content)
    rows = session.execute(select(BidDocument.id, size).where(BidDocument.bid_id == bid_id))
    return {row[0]: row[1] for row in rows}


def held(session: Session, bid_id: UUID, document_ids: Collection[UUID]) -> dict[UUID, str]:
    """The digests of those of these documents that are kept for the bid; they stay until the end.

    Locked in share: whoever would remove one of them waits, and then finds it submitted.
    """
    query = (
        select(BidDocument.id, BidDocument.digest)
        .where(BidDocument.bid_id == bid_id, BidDocument.id.in_(document_ids))
        .order_by(BidDocument.id)
        .with_for_update(read=True)
    )
    return {row.id: row.digest or "" for row in session.execute(query)}


def last_submission(session: Session, bid_id: UUID) -> BidAttempt | None:
    """The receipt of the last version, withdrawn meanwhile or not."""
    return session.scalar(
        select(BidAttempt)
        .where(BidAttempt.bid_id == bid_id, BidAttempt.outcome == AttemptOutcome.ACCEPTED)
        .order_by(BidAttempt.number.desc())
        .limit(1)
    )


def named(session: Session, door: Door, document_ids: Collection[UUID]) -> Mapping[str, str]:
    """The digests by id, for the receipt; BidInvalid where one of these documents is not there."""
    if not document_ids:
        return {}
    found = held(session, door.bid.id, document_ids) if door.bid else {}
    missing = [
        FieldError(
            f"/documents/{index}",
            "unknown_document",
            _("This document has not arrived. Send it first, and then the bid."),
        )
        for index, each in enumerate(document_ids)
        if each not in found
    ]
    if missing:
        raise BidInvalid(_("A document of the bid is missing. Attach it again."), errors=missing)
    return {str(each): digest for each, digest in found.items()}


def forget_others(session: Session, door: Door, document_ids: Collection[UUID]) -> None:
    """Remove what the version that has just been submitted does not name: nothing needs it."""
    if door.bid is not None:
        session.execute(
            delete(BidDocument).where(
                BidDocument.bid_id == door.bid.id, BidDocument.id.not_in(document_ids)
            )
        )
