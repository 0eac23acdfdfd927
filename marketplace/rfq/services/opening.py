"""Opening: all bids in one transaction, each verified against its receipt, or none at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.text import _
from marketplace.events.rfq import RfqOpened
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq import (
    bid_queries,
    bid_rules,
    bid_vault,
    envelopes,
    outage_queries,
    queries,
    receipts,
)
from marketplace.rfq.bid_content import (
    BidContent,
    Terms,
    document_to_json,
    instant,
    line_total,
)
from marketplace.rfq.bid_models import (
    Bid,
    BidAttempt,
    BidLine,
    BidOffer,
    BidVersion,
    RfqOpening,
    RfqSeal,
)
from marketplace.rfq.bid_rules import SealMismatch
from marketplace.rfq.bid_states import BID_FLOW, AttemptOutcome, BidState
from marketplace.rfq.envelopes import Binding, SealBroken, ServiceKeys
from marketplace.rfq.models import Rfq
from marketplace.rfq.states import RFQ_FLOW


@dataclass(frozen=True)
class OpenedBid:
    """A bid whose seal was whole."""

    bid: Bid
    receipt: BidAttempt
    content: BidContent


@requires(Permission.RFQ_OPEN)
def open_bids(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, passphrase: str
) -> RfqOpening:
    """Open every bid of the RFQ and write the minutes.

    Raises TooEarly until thirty seconds after the deadline, WrongPassphrase, and SealMismatch,
    which names the bid, when what lies there is not exactly what the receipts say.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    now = clock.now()
    bid_rules.check_may_open(now, bid_rules.deadline_of(rfq))
    outage_queries.check_ruled(session, rfq)
    rfq.state = RFQ_FLOW.next(rfq.state_at(now), "open")
    seal = bid_queries.seal(session, rfq_id)
    private_key = _private_key(seal, passphrase)
    # From here on, and in this transaction alone, the database shows the bids to their buyer.
    rfq.opened_at = now
    session.flush()
    opened = _verified(session, keys, seal, private_key)
    _write(session, rfq, Terms.from_json(seal.terms), opened)
    minutes = _minutes(keys, actor, rfq, seal, now, opened)
    session.add(minutes)
    audit.record(
        session, actor, "rfq.opened", ("rfq", rfq.id), {"bids": len(opened)},
    )  # fmt: skip
    outbox.record(
        session,
        RfqOpened(rfq_id=rfq.id, buyer_id=rfq.buyer_id, opened_at=now),
        audience=[rfq.buyer_id],
    )
    session.flush()
    return minutes


def _private_key(seal: RfqSeal, passphrase: str) -> X25519PrivateKey:
    pair = envelopes.KeyPair(seal.public_key, seal.wrapped_private_key)
    try:
        return envelopes.free_private_key(pair, seal.rfq_id, passphrase)
    except SealBroken:
        raise bid_rules.WrongPassphrase(
            _("This is not the opening passphrase of this RFQ. Nothing was opened.")
        ) from None


def _verified(
    session: Session, keys: ServiceKeys, seal: RfqSeal, private_key: X25519PrivateKey
) -> list[OpenedBid]:
    """Every submitted bid, decrypted; SealMismatch unless receipts and envelopes agree exactly."""
    standing = _standing_receipts(session, keys, seal.rfq_id)
    bids = session.scalars(
        select(Bid)
        .where(Bid.rfq_id == seal.rfq_id, Bid.state == BidState.SUBMITTED)
        .order_by(Bid.submitted_at, Bid.id)
        .execution_options(populate_existing=True)
    ).all()
    for bid in bids:
        if bid.id not in standing:
            raise _mismatch(bid.id, bid.supplier_id, "no_receipt")
    found = {bid.id for bid in bids}
    for receipt in standing.values():
        if receipt.bid_id not in found:
            raise _mismatch(receipt.bid_id, receipt.supplier_id, "bid_missing")
    versions = _versions(session, seal.rfq_id)
    opened = [
        _opened(seal, private_key, bid, standing[bid.id], versions.get(bid.id)) for bid in bids
    ]
    _check_documents(session, opened)
    return opened


def _standing_receipts(
    session: Session, keys: ServiceKeys, rfq_id: UUID
) -> Mapping[UUID, BidAttempt]:
    """The last word of each bid, where it was a submission and not a withdrawal."""
    public_key = keys.public_key()
    last: dict[UUID, BidAttempt] = {}
    attempts = session.scalars(
        select(BidAttempt)
        .where(BidAttempt.rfq_id == rfq_id, BidAttempt.outcome != AttemptOutcome.REFUSED)
        .order_by(BidAttempt.number, BidAttempt.outcome)
    )
    for attempt in attempts:
        if attempt.bid_id is None or not receipts.is_genuine(attempt, public_key):
            raise _mismatch(attempt.bid_id, attempt.supplier_id, "receipt_forged")
        last[attempt.bid_id] = attempt
    return {
        bid_id: attempt
        for bid_id, attempt in last.items()
        if attempt.outcome is AttemptOutcome.ACCEPTED
    }


def _versions(session: Session, rfq_id: UUID) -> Mapping[UUID, BidVersion]:
    """The last submitted version of each bid; earlier ones are not even read."""
    rows = session.scalars(
        select(BidVersion)
        .join(Bid, (Bid.id == BidVersion.bid_id) & (Bid.number == BidVersion.number))
        .where(Bid.rfq_id == rfq_id)
    )
    return {version.bid_id: version for version in rows}


def _opened(
    seal: RfqSeal,
    private_key: X25519PrivateKey,
    bid: Bid,
    receipt: BidAttempt,
    version: BidVersion | None,
) -> OpenedBid:
    if version is None or (bid.number, bid.submitted_at) != (receipt.number, receipt.arrived_at):
        raise _mismatch(bid.id, bid.supplier_id, "version_missing")
    binding = Binding(bid.rfq_id, bid.supplier_id, bid.number, seal.fingerprint)
    envelope = bid_vault.envelope_of(version)
    if envelope.digest(binding) != receipt.digest:
        raise _mismatch(bid.id, bid.supplier_id, "digest_differs")
    try:
        plain = envelopes.open_envelope(envelope, private_key, binding)
    except SealBroken:
        raise _mismatch(bid.id, bid.supplier_id, "does_not_open") from None
    return OpenedBid(bid, receipt, BidContent.from_json(json.loads(plain)))


def _check_documents(session: Session, opened: Sequence[OpenedBid]) -> None:
    kept = bid_queries.document_ids(session, [each.bid.id for each in opened])
    for each in opened:
        if any(document.id not in kept for document in each.content.documents):
            raise _mismatch(each.bid.id, each.bid.supplier_id, "document_missing")


def _mismatch(bid_id: UUID | None, supplier_id: UUID, reason: str) -> SealMismatch:
    return SealMismatch(
        _("A bid is not as its receipt says. Nothing was opened; tell the operator."),
        bid_id=str(bid_id) if bid_id else None,
        supplier_id=str(supplier_id),
        reason=reason,
    )


def _write(session: Session, rfq: Rfq, terms: Terms, opened: Sequence[OpenedBid]) -> None:
    if not opened:
        return
    session.execute(insert(BidOffer), [_offer(each) for each in opened])
    session.execute(insert(BidLine), list(_lines(terms, opened)))
    session.execute(
        update(Bid)
        .where(Bid.rfq_id == rfq.id, Bid.state == BidState.SUBMITTED)
        .values(state=BID_FLOW.next(BidState.SUBMITTED, "open"), version=Bid.version + 1),
        execution_options={"synchronize_session": False},
    )
    for each in opened:
        session.expunge(each.bid)


def _offer(each: OpenedBid) -> dict[str, Any]:
    return {
        "bid_id": each.bid.id,
        "rfq_id": each.bid.rfq_id,
        "buyer_id": each.bid.buyer_id,
        "supplier_id": each.bid.supplier_id,
        "number": each.bid.number,
        "submitted_at": each.receipt.arrived_at,
        "note": each.content.note,
        "delivery_days": each.content.delivery_days,
        "lot_ids": list(each.content.lot_ids),
        "answers": each.content.to_json()["answers"],
        "documents": [document_to_json(document) for document in each.content.documents],
    }


def _lines(terms: Terms, opened: Sequence[OpenedBid]) -> Iterator[dict[str, Any]]:
    for each in opened:
        for line in each.content.lines:
            asked = terms.line_by_id[line.line_id]
            yield {
                "bid_id": each.bid.id,
                "rfq_line_id": line.line_id,
                "unit_price": line.unit_price,
                "total": line_total(asked, line.unit_price, terms.currency),
                "note": line.note,
            }


def _minutes(
    keys: ServiceKeys,
    actor: Actor,
    rfq: Rfq,
    seal: RfqSeal,
    now: datetime,
    opened: Sequence[OpenedBid],
) -> RfqOpening:
    statement = envelopes.canonical(
        {
            "kind": "rfq-opening",
            "rfq_id": str(rfq.id),
            "buyer_id": str(rfq.buyer_id),
            "opened_by": str(actor.person),
            "opened_at": instant(now),
            "bids_due_at": instant(bid_rules.deadline_of(rfq)),
            "fingerprint": seal.fingerprint,
            "bids": [
                {
                    "bid_id": str(each.bid.id),
                    "supplier_id": str(each.bid.supplier_id),
                    "number": each.bid.number,
                    "attempt_id": str(each.receipt.id),
                    "arrived_at": instant(each.receipt.arrived_at),
                    "digest": each.receipt.digest,
                }
                for each in opened
            ],
        }
    )
    return RfqOpening(
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        opened_by=actor.person,
        opened_at=now,
        bid_count=len(opened),
        statement=statement.decode(),
        signature=keys.sign(statement),
    )
