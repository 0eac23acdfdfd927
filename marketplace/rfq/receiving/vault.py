"""How bids lie in the database: drafts, documents and versions, all of them locked."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotFound
from marketplace.core.ids import uuid7
from marketplace.core.outbox import OutboxMessage
from marketplace.core.text import _
from marketplace.rfq.addenda.standing import fitted
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.documents import SealedDocument, document_from_json, locked_place
from marketplace.rfq.bids.models import BidAttempt, BidDocument, BidDraft, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.parts import joined, split
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import (
    Binding,
    Cipher,
    Envelope,
    SealBroken,
    SealedBid,
    ServiceKeys,
)
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BidState

# One statement for the whole submission: bid, sealed version, receipt, the end of the draft, and
# what history and others are told. It stores nothing when the bid is not as the caller saw it.
_STORE = text("""
    WITH saved AS (
        INSERT INTO bid (id, rfq_id, buyer_id, supplier_id, alternative, state, number,
            submitted_at, created_at)
        VALUES (:bid_id, :rfq_id, :buyer_id, :supplier_id, :alternative, 'submitted', :number,
            :arrived_at, :now)
        ON CONFLICT (rfq_id, supplier_id, alternative) DO UPDATE
        SET state = 'submitted', number = :number, submitted_at = :arrived_at,
            version = bid.version + 1
        WHERE bid.version = :seen
        RETURNING id, version
    ), sealed AS (
        INSERT INTO bid_version (bid_id, number, supplier_id, ciphertext, key_for_opening,
            key_for_reading_back, technical_ciphertext, technical_key_for_opening,
            technical_key_for_reading_back, cipher, digest, arrived_at, terms_number)
        SELECT id, :number, :supplier_id, :ciphertext, :key_for_opening, :key_for_reading_back,
            CAST(:technical_ciphertext AS bytea), CAST(:technical_key_for_opening AS bytea),
            CAST(:technical_key_for_reading_back AS bytea), :cipher, :digest, :arrived_at,
            :terms_number
        FROM saved
    ), receipt AS (
        INSERT INTO bid_attempt (id, rfq_id, buyer_id, supplier_id, bid_id, number, outcome, digest,
            arrived_at, statement, signature)
        SELECT :attempt_id, :rfq_id, :buyer_id, :supplier_id, id, :number, 'accepted', :digest,
            :arrived_at, :statement, :signature FROM saved
    ), written AS (
        DELETE FROM bid_draft USING saved WHERE bid_draft.bid_id = saved.id
    ), noted AS (
        INSERT INTO audit_event (id, subject_kind, subject_id, action, person_id, org_id, owner_id,
            at, data)
        SELECT :noted_id, :subject_kind, id, :action, :person_id, :org_id, :owner_id, :noted_at,
            :noted FROM saved
    ), announced AS (
        INSERT INTO outbox (id, name, payload, audience, occurred_at)
        SELECT :message_id, :name, :payload, :audience, :occurred_at FROM saved
    )
    SELECT version FROM saved
""").bindparams(
    bindparam("noted", type_=JSONB),
    bindparam("payload", type_=JSONB),
    bindparam("audience", type_=ARRAY(Uuid())),
)


def store_version(
    session: Session,
    receipt: BidAttempt,
    sealed: SealedBid,
    noted: AuditEvent,
    announced: OutboxMessage,
    *,
    terms_number: int,
    seen: int,
) -> int | None:
    """Store a submission and return the bid's new version; None when it had changed meanwhile.

    noted, announced: the entry in the history and the event that go with it. terms_number: the
    terms that it answers. seen: the version of the bid that the caller read, 0 when there was no
    bid.
    """
    return session.execute(
        _STORE,
        {
            "bid_id": receipt.bid_id,
            "rfq_id": receipt.rfq_id,
            "buyer_id": receipt.buyer_id,
            "supplier_id": receipt.supplier_id,
            "alternative": receipt.alternative,
            "number": receipt.number,
            "arrived_at": receipt.arrived_at,
            "now": clock.now(),
            "seen": seen,
            "terms_number": terms_number,
            "cipher": sealed.main.cipher.value,
            **_parts(sealed.main, ""),
            **_parts(sealed.technical, "technical_"),
            "digest": receipt.digest,
            "attempt_id": receipt.id,
            "statement": receipt.statement,
            "signature": receipt.signature,
            **_told(noted, announced),
        },
    ).scalar()


def _told(noted: AuditEvent, announced: OutboxMessage) -> dict[str, Any]:
    return {
        "noted_id": noted.id,
        "subject_kind": noted.subject_kind,
        "action": noted.action,
        "person_id": noted.person_id,
        "org_id": noted.org_id,
        "owner_id": noted.owner_id,
        "noted_at": noted.at,
        "noted": noted.data,
        "message_id": announced.id,
        "name": announced.name,
        "payload": announced.payload,
        "audience": announced.audience,
        "occurred_at": announced.occurred_at,
    }


def _parts(envelope: Envelope | None, prefix: str) -> dict[str, bytes | None]:
    return {
        f"{prefix}ciphertext": envelope.ciphertext if envelope else None,
        f"{prefix}key_for_opening": envelope.key_for_opening if envelope else None,
        f"{prefix}key_for_reading_back": envelope.key_for_reading_back if envelope else None,
    }


def sealed_bid(version: BidVersion) -> SealedBid:
    """The envelopes as they were stored."""
    main = Envelope(
        version.ciphertext, version.key_for_opening, version.key_for_reading_back, version.cipher
    )
    if version.technical_ciphertext is None:
        return SealedBid(main)
    technical = Envelope(
        version.technical_ciphertext,
        version.technical_key_for_opening or b"",
        version.technical_key_for_reading_back or b"",
        version.cipher,
    )
    return SealedBid(main, technical)


def seal(seal: RfqSeal, binding: Binding, content: BidContent) -> tuple[SealedBid, bytes]:
    """The content in as many envelopes as the RFQ has, and the key that reads them back."""
    key = envelopes.new_key()
    if seal.technical_public_key is None:
        plain = envelopes.canonical(content.to_json())
        return SealedBid(envelopes.sealed_for(plain, seal.public_key, key, binding)), key
    technical, prices = map(envelopes.canonical, split(content))
    public = seal.technical_public_key
    sealed = SealedBid(
        envelopes.sealed_for(prices, seal.public_key, key, binding.of(envelopes.PRICE)),
        envelopes.sealed_for(technical, public, key, binding.of(envelopes.TECHNICAL)),
    )
    return sealed, key


def binding_of(bid: Bid, fingerprint: str) -> Binding:
    """Where the last version of a bid belongs. fingerprint: of the terms that it answers."""
    return Binding(
        bid.rfq_id, bid.supplier_id, bid.number, fingerprint, alternative=bid.alternative
    )


def next_binding(door: Door, supplier_id: UUID, number: int) -> Binding:
    """Where the version belongs that is being submitted."""
    return Binding(
        door.rfq.id, supplier_id, number, door.seal.fingerprint, alternative=door.alternative
    )


def read_back(session: Session, door: Door, bid: Bid, key: bytes) -> BidContent | None:
    """The last submitted version; None when the key is not that version's."""
    version = bid_queries.version(session, bid.id, bid.number)
    answered = bid_queries.terms_version(session, bid.rfq_id, version.terms_number)
    binding = binding_of(bid, answered.fingerprint)
    try:
        parts = _read_back_parts(sealed_bid(version), key, binding)
    except SealBroken:
        return None
    return _fitting(door, version.terms_number, joined(*map(json.loads, parts)))


def _read_back_parts(sealed: SealedBid, key: bytes, binding: Binding) -> list[bytes]:
    if sealed.technical is None:
        return [envelopes.read_back(sealed.main, key, binding)]
    return [
        envelopes.read_back(sealed.technical, key, binding.of(envelopes.TECHNICAL)),
        envelopes.read_back(sealed.main, key, binding.of(envelopes.PRICE)),
    ]


def read_draft(keys: ServiceKeys, door: Door) -> BidContent | None:
    """What the supplier is writing, if anything."""
    if door.bid is None or door.draft is None:
        return None
    plain = envelopes.unlock(
        keys.draft_key(door.bid.id), door.draft.content, _draft_place(door.bid.id)
    )
    content = BidContent.from_json(json.loads(envelopes.unpadded(plain)))
    return _fitting(door, door.draft.terms_number, content)


def _fitting(door: Door, answered: int, content: BidContent) -> BidContent:
    """The content without what an addendum has meanwhile taken away."""
    if answered == door.seal.terms_number:
        return content
    return fitted(Terms.from_json(door.seal.terms), content)


def write_draft(
    session: Session, keys: ServiceKeys, door: Door, bid: Bid, content: BidContent
) -> None:
    """Lock the content and keep it as the bid's draft, written for the present terms."""
    draft = door.draft
    plain = envelopes.padded(envelopes.canonical(content.to_json()))
    locked = envelopes.lock(keys.draft_key(bid.id), plain, _draft_place(bid.id))
    if draft is None:
        session.add(
            BidDraft(
                bid_id=bid.id,
                supplier_id=bid.supplier_id,
                content=locked,
                saved_at=clock.now(),
                terms_number=door.seal.terms_number,
            )
        )
    else:
        draft.content = locked
        draft.saved_at = clock.now()
        draft.terms_number = door.seal.terms_number


def lock_proposal(
    keys: ServiceKeys, supplier_id: UUID, door: Door, content: BidContent, seen: int
) -> str:
    """What a preview has shown, locked, for the form that keeps it; documents stay outside.

    seen: the version of the bid that it was compared with.
    """
    said = {"content": replace(content, documents=()).to_json(), "seen": seen}
    plain = envelopes.padded(envelopes.canonical(said))
    rfq_id = door.rfq.id
    place = _proposal_place(rfq_id, supplier_id, door.alternative)
    return urlsafe_b64encode(envelopes.lock(keys.draft_key(rfq_id), plain, place)).decode()


def read_proposal(
    keys: ServiceKeys, supplier_id: UUID, rfq_id: UUID, alternative: int, token: str
) -> tuple[BidContent, int]:
    """The content that was shown and the version it was compared with; SealBroken if not ours."""
    try:
        locked = urlsafe_b64decode(token.encode())
    except ValueError:
        raise SealBroken from None
    place = _proposal_place(rfq_id, supplier_id, alternative)
    plain = envelopes.unpadded(envelopes.unlock(keys.draft_key(rfq_id), locked, place))
    said = json.loads(plain)
    return BidContent.from_json(said["content"]), said["seen"]


def begin(session: Session, supplier_id: UUID, door: Door) -> Bid:
    """The supplier's bid, that there was none of yet: so far it is a draft."""
    bid = Bid(
        id=uuid7(),
        rfq_id=door.rfq.id,
        buyer_id=door.rfq.buyer_id,
        supplier_id=supplier_id,
        alternative=door.alternative,
        state=BidState.DRAFT,
        number=0,
    )
    session.add(bid)
    session.flush()
    return bid


def lock_document(
    bid: Bid, name: str, media_type: str, content: bytes
) -> tuple[BidDocument, SealedDocument]:
    """The locked row, and what must be known to read it again."""
    document = SealedDocument(
        id=uuid7(),
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        key=envelopes.new_key(),
    )
    locked = envelopes.lock(
        document.key, envelopes.padded(content), _document_place(bid.id, document.id)
    )
    stored = BidDocument(id=document.id, bid_id=bid.id, supplier_id=bid.supplier_id, content=locked)
    return stored, document


def opened_document(
    session: Session, offer: BidOffer, document_id: UUID
) -> tuple[SealedDocument, bytes]:
    """A document of an opened bid with its bytes, or NotFound."""
    for known in map(document_from_json, offer.documents):
        if known.id == document_id:
            stored = bid_queries.document(session, offer.bid_id, document_id)
            return known, unlock_document(stored, known, offer)
    raise NotFound(_("There is no such document."))


def unlock_document(stored: BidDocument, document: SealedDocument, bid: Bid | BidOffer) -> bytes:
    """The bytes as they were attached; SealBroken when they are not those.

    bid: to which the document belongs.
    """
    place = _document_place(stored.bid_id, stored.id)
    if stored.cipher is Cipher.AES_256_GCM:
        place = locked_place(bid.rfq_id, bid.supplier_id, bid.alternative, stored.id)
    framed = envelopes.unlock(document.key, stored.content, place, stored.cipher)
    content = envelopes.unpadded(framed)
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise SealBroken
    return content


def _draft_place(bid_id: UUID) -> bytes:
    return f"bid-draft|{bid_id}".encode()


def _proposal_place(rfq_id: UUID, supplier_id: UUID, alternative: int) -> bytes:
    return f"bid-proposal|{rfq_id}|{supplier_id}|{alternative}".encode()


def _document_place(bid_id: UUID, document_id: UUID) -> bytes:
    return f"bid-document|{bid_id}|{document_id}".encode()
