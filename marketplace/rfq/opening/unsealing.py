"""What opening does once the private key is there: verify every bid, write it down, sign minutes.

All in one transaction, each bid checked against its receipt, or none at all.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, clock_guard, outbox
from marketplace.core.clock import instant
from marketplace.events.rfq import RfqOpened
from marketplace.identity.permissions import Actor
from marketplace.rfq.addenda.standing import Stand, confirmed_in
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.documents import document_to_json
from marketplace.rfq.bids.models import BidAttempt, BidVersion
from marketplace.rfq.bids.offer_models import BidMoney, BidOffer, BidUnconfirmed
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.bids.rules import mismatch
from marketplace.rfq.bids.totals import line_total
from marketplace.rfq.opening import closings, outage_queries, unsealed_documents
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.opening.unsealed import (
    OpenedBid,
    Unreadable,
    WholeBid,
    keep_unreadable,
    open_one,
    sorted_out,
)
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import TECHNICAL, ServiceKeys
from marketplace.rfq.sealing.models import RfqSeal, RfqTerms
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BID_FLOW, AttemptOutcome, BidState


@dataclass(frozen=True)
class Opener:
    """Who has brought a share of the private key, and when."""

    person_id: UUID
    part: str
    given_at: datetime

    def to_json(self) -> dict[str, str]:
        return {
            "person_id": str(self.person_id),
            "part": self.part,
            "given_at": instant(self.given_at),
        }


def openable(session: Session, actor: Actor, rfq_id: UUID) -> tuple[Rfq, RfqSeal]:
    """The actor's RFQ, locked, with its seal.

    Raises TooEarly until thirty seconds after the deadline, ClockUnsynced where this process cannot
    tell, and what else stands in the way.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    now = clock_guard.in_database_time(session, clock.now())
    bid_rules.check_may_open(now, bid_rules.deadline_of(rfq))
    outage_queries.check_ruled(session, rfq)
    rfq.flow.next(rfq.state_at(now), "open")
    return rfq, bid_queries.seal(session, rfq_id)


def open_all(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq: Rfq,
    private_key: X25519PrivateKey,
    openers: Sequence[Opener] = (),
) -> RfqOpening:
    """Open every bid of what `openable` answered, and write the minutes.

    openers: who has brought the shares, where several people open. Raises SealMismatch, which
    names the bid, when what lies there is not exactly what the receipts say.
    """
    now = clock.now()
    seal = bid_queries.seal(session, rfq.id)
    rfq.state = rfq.flow.next(rfq.state_at(now), "open")
    # From here on, and in this transaction alone, the database shows the bids to their buyer.
    rfq.opened_at = now
    session.flush()
    chain = closings.whole_chain(session, keys, rfq.id)
    opened, unreadable = sorted_out(
        whole_bids(session, seal, chain), lambda each: _opened(rfq, private_key, each)
    )
    opened = unsealed_documents.checked(session, rfq, opened)
    _set_aside(unreadable)
    session.flush()
    _write(session, rfq, Terms.from_json(seal.terms), opened)
    keep_unreadable(session, actor, unreadable)
    minutes = _minutes(keys, actor, rfq, seal, opened, unreadable, openers)
    digests = [
        *(each.receipt.digest or "" for each in opened),
        *(each.whole.digest for each in unreadable),
    ]
    session.add_all([minutes, closings.outcome_of(session, keys, rfq, minutes, chain, digests)])
    audit.record(
        session,
        actor,
        "rfq.opened",
        ("rfq", rfq.id),
        {
            "bids": len(opened),
            "unreadable": len(unreadable),
            "refused_documents": sum(len(each.refused) for each in opened),
            "openers": [str(each.person_id) for each in openers],
        },
    )
    outbox.record(
        session,
        RfqOpened(rfq_id=rfq.id, buyer_id=rfq.buyer_id, opened_at=now),
        audience=[rfq.buyer_id],
    )
    session.flush()
    return minutes


def whole_bids(
    session: Session,
    seal: RfqSeal,
    chain: Sequence[BidAttempt],
    states: Collection[BidState] = (BidState.SUBMITTED,),
) -> list[WholeBid]:
    """Bids in these states, sealed; SealMismatch unless receipts and envelopes agree exactly."""
    receipts = _standing_receipts(chain)
    bids = session.scalars(
        select(Bid)
        .where(Bid.rfq_id == seal.rfq_id, Bid.state.in_(states))
        .order_by(Bid.submitted_at, Bid.id)
        .execution_options(populate_existing=True)
    ).all()
    for bid in bids:
        if bid.id not in receipts:
            raise mismatch(bid.id, bid.supplier_id, "no_receipt")
    found = {bid.id for bid in bids}
    for receipt in receipts.values():
        if receipt.bid_id not in found:
            raise mismatch(receipt.bid_id, receipt.supplier_id, "bid_missing")
    versions = _versions(session, seal.rfq_id)
    terms = bid_queries.terms_versions(session, seal.rfq_id)
    said = [json.loads(each.statement) for each in chain]
    return [_whole(terms, said, bid, receipts[bid.id], versions.get(bid.id)) for bid in bids]


def _standing_receipts(chain: Sequence[BidAttempt]) -> Mapping[UUID, BidAttempt]:
    """The last word of each bid, where it was a submission and not a withdrawal."""
    last = {each.bid_id: each for each in chain if each.outcome in bid_rules.LAST_WORDS}
    return {
        bid_id: attempt
        for bid_id, attempt in last.items()
        if bid_id is not None and attempt.outcome is AttemptOutcome.ACCEPTED
    }


def _versions(session: Session, rfq_id: UUID) -> Mapping[UUID, BidVersion]:
    """The last submitted version of each bid; earlier ones are not even read."""
    rows = session.scalars(
        select(BidVersion)
        .join(Bid, (Bid.id == BidVersion.bid_id) & (Bid.number == BidVersion.number))
        .where(Bid.rfq_id == rfq_id)
    )
    return {version.bid_id: version for version in rows}


def _whole(
    terms: Mapping[int, RfqTerms],
    said: Sequence[Mapping[str, Any]],
    bid: Bid,
    receipt: BidAttempt,
    version: BidVersion | None,
) -> WholeBid:
    if version is None or (bid.number, bid.submitted_at) != (receipt.number, receipt.arrived_at):
        raise mismatch(bid.id, bid.supplier_id, "version_missing")
    if version.terms_number not in terms:
        raise mismatch(bid.id, bid.supplier_id, "terms_missing")
    fingerprint = terms[version.terms_number].fingerprint
    binding = bid_vault.binding_of(bid, fingerprint)
    sealed = bid_vault.sealed_bid(version)
    if receipt.digest is None or sealed.digest(binding) != receipt.digest:
        raise mismatch(bid.id, bid.supplier_id, "digest_differs")
    own = [each for each in said if each["bid_id"] == str(bid.id)]
    stand = Stand(
        {number: each.terms for number, each in terms.items()},
        version.terms_number,
        confirmed_in(own, version.number),
    )
    return WholeBid(bid, receipt, receipt.digest, sealed, binding, stand)


def _opened(rfq: Rfq, private_key: X25519PrivateKey, each: WholeBid) -> OpenedBid | Unreadable:
    """The envelope that is opened first: the technical one, where there are two."""
    if each.sealed.technical is None:
        return open_one(rfq, private_key, each, each.sealed.main, "")
    return open_one(rfq, private_key, each, each.sealed.technical, TECHNICAL)


def _write(session: Session, rfq: Rfq, terms: Terms, opened: Sequence[OpenedBid]) -> None:
    if not opened:
        return
    session.execute(insert(BidOffer), [_offer(each) for each in opened])
    write_prices(session, terms, opened)
    session.execute(
        update(Bid)
        .where(Bid.rfq_id == rfq.id, Bid.state == BidState.SUBMITTED)
        .values(state=BID_FLOW.next(BidState.SUBMITTED, "open"), version=Bid.version + 1),
        execution_options={"synchronize_session": False},
    )
    for each in opened:
        session.expunge(each.bid)


def _write_unconfirmed(session: Session, opened: Sequence[OpenedBid]) -> None:
    """Note which priced lines do not count."""
    rows = [
        {
            "bid_id": each.bid.id,
            "rfq_id": each.bid.rfq_id,
            "buyer_id": each.bid.buyer_id,
            "supplier_id": each.bid.supplier_id,
            "lines": list(each.unconfirmed),
        }
        for each in opened
        if each.unconfirmed
    ]
    if rows:
        session.execute(insert(BidUnconfirmed), rows)


def _set_aside(unreadable: Sequence[Unreadable]) -> None:
    for each in unreadable:
        bid = each.whole.bid
        bid.state = BID_FLOW.next(bid.state, "fail_to_open")


def _offer(each: OpenedBid) -> dict[str, Any]:
    return {
        "bid_id": each.bid.id,
        "rfq_id": each.bid.rfq_id,
        "buyer_id": each.bid.buyer_id,
        "supplier_id": each.bid.supplier_id,
        "alternative": each.bid.alternative,
        "name": each.content.name,
        "number": each.bid.number,
        "submitted_at": each.receipt.arrived_at,
        "note": each.content.note,
        "delivery_days": each.content.delivery_days,
        "lot_ids": list(each.content.lot_ids),
        "answers": each.content.to_json()["answers"],
        "documents": [document_to_json(document) for document in each.content.documents],
        "refused_documents": [document.to_json() for document in each.refused],
        "data_key": each.data_key,
    }


def write_prices(session: Session, terms: Terms, opened: Sequence[OpenedBid]) -> None:
    """Write down what these bids say about money; those whose prices are sealed say nothing."""
    priced = [each for each in opened if each.content.lines]
    if priced:
        session.execute(insert(BidLine), list(_lines(terms, priced)))
        session.execute(insert(BidMoney), [_money(each) for each in priced])
    _write_unconfirmed(session, opened)


def _money(each: OpenedBid) -> dict[str, Any]:
    least = each.content.minimum_order
    return {
        "bid_id": each.bid.id,
        "buyer_id": each.bid.buyer_id,
        "supplier_id": each.bid.supplier_id,
        "minimum_order": least.amount if least else None,
        "bundles": [bundle.to_json() for bundle in each.content.bundles],
        "currency": each.content.currency,
    }


def _lines(terms: Terms, opened: Sequence[OpenedBid]) -> Iterator[dict[str, Any]]:
    """The rows of what the bids price."""
    for each in opened:
        for line in each.content.lines:
            asked = terms.line_by_id[line.line_id]
            offered = line.offered(asked)
            yield {
                "bid_id": each.bid.id,
                "rfq_line_id": line.line_id,
                "unit_price": line.unit_price,
                "total": line_total(asked, line),
                "note": line.note,
                "quantity": offered if offered < asked.quantity else None,
                "breaks": [step.to_json() for step in line.breaks],
            }


def _minutes(
    keys: ServiceKeys,
    actor: Actor,
    rfq: Rfq,
    seal: RfqSeal,
    opened: Sequence[OpenedBid],
    unreadable: Sequence[Unreadable],
    openers: Sequence[Opener],
) -> RfqOpening:
    now = clock.now()
    statement = envelopes.canonical(
        {
            "kind": "rfq-opening",
            "rfq_id": str(rfq.id),
            "buyer_id": str(rfq.buyer_id),
            "opened_by": str(actor.person),
            "openers": [each.to_json() for each in openers],
            "opened_at": instant(now),
            "bids_due_at": instant(bid_rules.deadline_of(rfq)),
            "fingerprint": seal.fingerprint,
            "bids": [_opened_entry(each) for each in opened],
            "unreadable": [
                {**named(each.whole.bid, each.whole.receipt), **why(each)} for each in unreadable
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


def _opened_entry(each: OpenedBid) -> dict[str, Any]:
    refused = [document.to_json() for document in each.refused]
    return {
        **named(each.bid, each.receipt),
        "unconfirmed": list(each.unconfirmed),
        **({"refused_documents": refused} if refused else {}),
    }


def why(each: Unreadable) -> dict[str, Any]:
    """Why it cannot be read, as minutes write it."""
    errors = [{"pointer": error.pointer, "code": error.code} for error in each.errors]
    return {"reason": each.reason, **({"errors": errors} if errors else {})}


def named(bid: Bid, receipt: BidAttempt) -> dict[str, Any]:
    """Which bid it is, as minutes write it."""
    return {
        "bid_id": str(bid.id),
        "supplier_id": str(bid.supplier_id),
        **({"alternative": bid.alternative} if bid.alternative else {}),
        "number": bid.number,
        "attempt_id": str(receipt.id),
        "arrived_at": instant(receipt.arrived_at),
        "digest": receipt.digest,
    }
