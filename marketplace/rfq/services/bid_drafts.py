"""Writing a bid: the draft, its documents, and reading back what was submitted."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.documents import rules as document_rules
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.addenda import reading as amending
from marketplace.rfq.addenda.reading import Amended
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BID_FLOW


class WrongReadBackKey(NotFound):
    code = "wrong_read_back_key"


@dataclass(frozen=True)
class OwnBid:
    """A supplier's view of their bid.

    draft: what is being written. sealed: the submitted version, if its key was given. amended:
    what addenda since its submission mean for it, if there were any.
    """

    door: Door
    terms: Terms
    draft: BidContent | None
    sealed: BidContent | None
    amended: Amended | None = None

    @property
    def needs_confirmation(self) -> bool:
        """Whether lines drop out at the deadline unless the supplier does something."""
        return self.amended is not None and bool(self.amended.to_confirm)


@requires(Permission.BID_READ)
def read(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    read_back_key: bytes | None = None,
    *,
    alternative: int = 0,
) -> OwnBid:
    """The supplier's bid: its draft, and its sealed version if the key for that is given.

    A key of another version reads nothing; it is no fault, since every replacement outdates it.
    NotFound for an alternative that there is not and cannot be.
    """
    door = bid_queries.door(session, actor, rfq_id, alternative)
    terms = Terms.from_json(door.seal.terms)
    if door.bid is None and alternative > terms.alternatives:
        raise NotFound(_("There is no such bid."))
    sealed = None
    # where bidders seal themselves, the service does not read back either, whatever it is sent
    reads_back = read_back_key and not door.rfq.client_sealing
    if door.bid is not None and door.bid.number and reads_back and read_back_key:
        sealed = bid_vault.read_back(session, door, door.bid, read_back_key)
    draft = bid_vault.read_draft(keys, door)
    return OwnBid(door, terms, draft, sealed, amending.of_bid(session, door))


@requires(Permission.BID_SUBMIT)
def save(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    content: BidContent,
    *,
    alternative: int = 0,
    expected: int | None = None,
    terms_number: int | None = None,
) -> Bid:
    """Keep the draft of a bid; a submitted bid stays valid beside its draft.

    Documents are attached one by one and stay as they are. terms_number: the terms that it was
    written for, where the caller knows them. Raises BidInvalid for what cannot belong to this RFQ,
    gaps are allowed, NoSuchAlternative and TermsChanged.
    """
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    if terms_number not in (None, door.seal.terms_number):
        raise bid_rules.TermsChanged(
            _(
                "The buyer has changed the event while you were writing. Look at the changes and "
                "save again."
            ),
            terms_number=door.seal.terms_number,
        )
    terms = Terms.from_json(door.seal.terms)
    alternatives.check_number(terms, alternative)
    bid_rules.check_content(terms, content, complete=False, alternative=alternative)
    bid = _started(session, actor, door, expected)
    kept = bid_vault.read_draft(keys, door)
    whole = replace(content, documents=kept.documents if kept else ())
    return _write(session, actor, keys, door, bid, whole, "bid.saved")


@requires(Permission.BID_SUBMIT)
def revise(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    read_back_key: bytes,
    *,
    alternative: int = 0,
) -> Bid:
    """Begin a replacement with a copy of the submitted version, documents included."""
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    sealed = None
    if door.bid is not None and door.bid.number:
        sealed = bid_vault.read_back(session, door, door.bid, read_back_key)
    if sealed is None:
        raise WrongReadBackKey(_("This key does not open the submitted bid."))
    bid = _started(session, actor, door, None)
    return _write(session, actor, keys, door, bid, sealed, "bid.saved")


@requires(Permission.BID_SUBMIT)
def attach(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    *,
    filename: str,
    content_type: str | None,
    content: bytes,
    alternative: int = 0,
) -> SealedDocument:
    """Add a document to the draft. Its bytes are locked at once; submission sends only its key.

    content_type: as the sender declares it; the content decides and must agree.
    """
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    alternatives.check_number(Terms.from_json(door.seal.terms), alternative)
    draft = bid_vault.read_draft(keys, door) or BidContent()
    bid_rules.check_room(draft.documents)
    name = document_rules.clean_name(filename)
    kind = document_rules.checked_type(name, content_type, content)
    bid = _started(session, actor, door, None)
    stored, document = bid_vault.lock_document(bid, name, kind, content)
    session.add(stored)
    whole = replace(draft, documents=(*draft.documents, document))
    _write(session, actor, keys, door, bid, whole, "bid.document_added")
    return document


@requires(Permission.BID_SUBMIT)
def detach(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    document_id: UUID,
    *,
    alternative: int = 0,
) -> None:
    """Take a document out of the draft."""
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    bid_rules.check_takes_drafts(door.rfq, clock.now())
    draft = bid_vault.read_draft(keys, door) or BidContent()
    kept = tuple(document for document in draft.documents if document.id != document_id)
    if len(kept) == len(draft.documents):
        raise _no_such_document()
    bid = _started(session, actor, door, None)
    _write(session, actor, keys, door, bid, replace(draft, documents=kept), "bid.document_removed")


@requires(Permission.BID_READ)
def document(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    bid_id: UUID,
    document_id: UUID,
    read_back_key: bytes | None = None,
) -> tuple[SealedDocument, bytes]:
    """A document of the supplier's own bid before the opening, with its bytes."""
    which = bid_queries.own_bid(session, actor, rfq_id, bid_id).alternative
    own = read(session, actor, keys, rfq_id, read_back_key, alternative=which)
    bid = own.door.bid
    for content in (own.draft, own.sealed):
        for known in content.documents if content else ():
            if bid is not None and known.id == document_id:
                stored = bid_queries.document(session, bid_id, document_id)
                return known, bid_vault.unlock_document(stored, known, bid)
    raise _no_such_document()


def _started(session: Session, actor: Actor, door: Door, expected: int | None) -> Bid:
    """The supplier's bid with a new version, made when there is none yet."""
    bid_rules.check_service_seals(door.rfq)
    bid = door.bid
    if bid is None:
        return bid_vault.begin(session, actor.organisation_id, door)
    check_version(bid, expected)
    bid.state = BID_FLOW.next(bid.state, "save")
    # what changes stands in the draft; the bid's version must tell of it all the same
    flag_modified(bid, "state")
    return bid


def _write(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    door: Door,
    bid: Bid,
    content: BidContent,
    action: str,
) -> Bid:
    bid_vault.write_draft(session, keys, door, bid, content)
    audit.record(session, actor, action, ("bid", bid.id))
    session.flush()
    return bid


def _no_such_document() -> NotFound:
    return NotFound(_("There is no such document."))
