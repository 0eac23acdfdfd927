"""Documents that bidders lock themselves: taken before the submission, which only names them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import Conflict, FieldError, Invalid, NotFound
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidDocument
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.bids.rules import MAX_DOCUMENTS
from marketplace.rfq.opening.unsealed_documents import submitted_with
from marketplace.rfq.receiving import documents as bid_documents
from marketplace.rfq.sealing.envelopes import Cipher, is_padded
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BID_FLOW, BidState

# those of the submitted version, and as many of the one that is being written
MOST_KEPT = 2 * MAX_DOCUMENTS
# a file of 10 MB with its length is padded to this; nonce and tag come on top
LARGEST = 16 * 1024 * 1024 + 28


class MalformedDocument(Invalid):
    code = "malformed_document"


class DocumentExists(Conflict):
    code = "document_exists"


class TooManyDocuments(Conflict):
    code = "too_many_documents"


class DocumentSubmitted(Conflict):
    code = "document_submitted"


@dataclass(frozen=True)
class LockedDocument:
    """A document as it lies locked; whether the last submission has named it."""

    id: UUID
    size: int
    digest: str
    is_submitted: bool


@requires(Permission.BID_SUBMIT)
def stage(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    document_id: UUID,
    locked: bytes,
    alternative: int = 0,
) -> LockedDocument:
    """Keep the locked bytes of a document until a submission names it; the same again is no fault.

    document_id: chosen by the bidder, and bound into the bytes. Raises MalformedDocument,
    DocumentExists for other bytes under a known id, TooManyDocuments.
    """
    door = _door(session, actor, rfq_id, alternative)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    alternatives.check_number(Terms.from_json(door.seal.terms), alternative)
    _check_form(locked)
    digest = hashlib.sha256(locked).hexdigest()
    bid = door.bid or _begun(session, actor, door)
    BID_FLOW.next(bid.state, "save")
    known = bid_documents.of_bid(session, bid.id)
    if not any(each.id == document_id for each in known):
        _check_room(known)
        _keep(session, bid, document_id, locked, digest)
        audit.record(session, actor, "bid.document_added", ("bid", bid.id))
        known = bid_documents.of_bid(session, bid.id)
    if not any((each.id, each.digest) == (document_id, digest) for each in known):
        raise DocumentExists(_("There is another document under this id. Choose a new one."))
    submitted = _submitted(session, bid)
    return LockedDocument(document_id, len(locked), digest, str(document_id) in submitted)


@requires(Permission.BID_READ)
def listed(
    session: Session, actor: Actor, rfq_id: UUID, alternative: int = 0
) -> Sequence[LockedDocument]:
    """What is kept for the supplier's own bid."""
    door = _door(session, actor, rfq_id, alternative, share=False)
    if door.bid is None:
        return []
    submitted = _submitted(session, door.bid)
    sizes = bid_documents.sizes(session, door.bid.id)
    return [
        LockedDocument(each.id, sizes[each.id], each.digest or "", str(each.id) in submitted)
        for each in bid_documents.of_bid(session, door.bid.id)
    ]


@requires(Permission.BID_READ)
def locked_bytes(
    session: Session, actor: Actor, rfq_id: UUID, document_id: UUID, alternative: int = 0
) -> bytes:
    """A document of the supplier's own bid as it lies locked, to be opened where its key is."""
    door = _door(session, actor, rfq_id, alternative, share=False)
    if door.bid is None:
        raise _no_such_document()
    return bid_queries.document(session, door.bid.id, document_id).content


@requires(Permission.BID_SUBMIT)
def drop(
    session: Session, actor: Actor, rfq_id: UUID, document_id: UUID, alternative: int = 0
) -> None:
    """Remove a document that no submission needs; DocumentSubmitted for one of the last version."""
    door = _door(session, actor, rfq_id, alternative)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    bid = door.bid
    found = bid and session.scalar(
        select(BidDocument.id)
        .where(BidDocument.id == document_id, BidDocument.bid_id == bid.id)
        .with_for_update()
    )
    if bid is None or found is None:
        raise _no_such_document()
    # asked once the row is held: a submission that named it meanwhile has come to its end
    if str(document_id) in _submitted(session, bid):
        raise DocumentSubmitted(
            _("Your submitted bid has this document. Submit a version without it first.")
        )
    session.execute(delete(BidDocument).where(BidDocument.id == document_id))
    audit.record(session, actor, "bid.document_removed", ("bid", bid.id))


def _door(
    session: Session, actor: Actor, rfq_id: UUID, alternative: int, *, share: bool = True
) -> Door:
    door = bid_queries.door(session, actor, rfq_id, alternative, share=share)
    bid_rules.check_client_seals(door.rfq)
    return door


def _begun(session: Session, actor: Actor, door: Door) -> Bid:
    """The supplier's bid, that there was none of yet; several first documents may come at once."""
    session.execute(
        insert(Bid)
        .values(
            id=uuid7(),
            rfq_id=door.rfq.id,
            buyer_id=door.rfq.buyer_id,
            supplier_id=actor.organisation_id,
            alternative=door.alternative,
            state=BidState.DRAFT,
            number=0,
            version=1,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Bid).where(
            Bid.rfq_id == door.rfq.id,
            Bid.supplier_id == actor.organisation_id,
            Bid.alternative == door.alternative,
        )
    ).one()


def _submitted(session: Session, bid: Bid) -> Mapping[str, str]:
    receipt = bid_documents.last_submission(session, bid.id) if bid.number else None
    return submitted_with(receipt.statement) if receipt else {}


def _check_form(locked: bytes) -> None:
    if not is_padded(locked) or len(locked) > LARGEST:
        detail = _("This does not have the size of a padded, locked document of at most 10 MB.")
        raise MalformedDocument(
            detail, errors=[FieldError("/file", MalformedDocument.code, detail)]
        )


def _check_room(known: Sequence[BidDocument]) -> None:
    if len(known) >= MOST_KEPT:
        raise TooManyDocuments(
            _("At most %(count)s documents are kept for a bid. Remove one first.", count=MOST_KEPT)
        )


def _keep(session: Session, bid: Bid, document_id: UUID, locked: bytes, digest: str) -> None:
    """Two that send the same document at the same moment both succeed."""
    session.execute(
        insert(BidDocument)
        .values(
            id=document_id,
            bid_id=bid.id,
            supplier_id=bid.supplier_id,
            content=locked,
            cipher=Cipher.AES_256_GCM,
            digest=digest,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def _no_such_document() -> NotFound:
    return NotFound(_("There is no such document."))
