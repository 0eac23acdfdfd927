"""Submitting and withdrawing a bid: sealed, signed for, and judged by its arrival alone."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock_guard, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, DomainError, FieldError, NotFound
from marketplace.core.text import _
from marketplace.events.rfq import BidWithdrawn
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.addenda import reading as amending
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids import own as own_bids
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import attempts, receipts, submission
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.receiving.submission import Stored
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BID_FLOW, AttemptOutcome, BidState


@dataclass(frozen=True)
class Submitted:
    """An accepted submission. The read-back key exists here and nowhere else."""

    stored: Stored
    terms: Terms
    content: BidContent
    read_back_key: bytes

    @property
    def bid_id(self) -> UUID:
        return self.stored.bid_id

    @property
    def version(self) -> int:
        return self.stored.version

    @property
    def receipt(self) -> BidAttempt:
        return self.stored.receipt


@requires(Permission.BID_SUBMIT)
def submit(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    arrived_at: datetime,
    content: BidContent | None = None,
    *,
    alternative: int = 0,
    expected: int | None = None,
) -> Submitted:
    """Seal the draft, or the content given, and put it in the place of any earlier version.

    arrived_at: when the last byte of the request was here; it alone decides about lateness. A
    refusal carries a signed statement, to be kept by `keep_refusal`. alternative: which of the
    supplier's bids.
    """
    arrived_at = clock_guard.in_database_time(session, arrived_at)
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    with attempts.refusals_signed(keys, door, actor, arrived_at):
        bid_rules.check_takes_bids(door.rfq, arrived_at)
        bid_rules.check_service_seals(door.rfq)
        if door.bid is not None:
            check_version(door.bid, expected)
            BID_FLOW.next(door.bid.state, "submit")
        terms = Terms.from_json(door.seal.terms)
        alternatives.check_number(terms, alternative)
        whole = _whole(session, keys, door, terms, content)
        number = door.bid.number + 1 if door.bid else 1
        binding = bid_vault.next_binding(door, actor.organisation_id, number)
        sealed, read_back_key = bid_vault.seal(door.seal, binding, whole)
        stored = submission.store(session, actor, keys, door, arrived_at, sealed, binding)
        return Submitted(stored, terms, whole, read_back_key)


@requires(Permission.BID_SUBMIT)
def withdraw(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    arrived_at: datetime,
    *,
    alternative: int = 0,
    expected: int | None = None,
) -> BidAttempt:
    """Take the bid back; until the deadline another one may be submitted."""
    arrived_at = clock_guard.in_database_time(session, arrived_at)
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    if door.bid is None:
        raise NotFound(_("There is no such bid."))
    with attempts.refusals_signed(keys, door, actor, arrived_at):
        bid_rules.check_takes_bids(door.rfq, arrived_at)
        check_version(door.bid, expected)
        door.bid.state = BID_FLOW.next(door.bid.state, "withdraw")
        receipt = receipts.attempt(
            keys,
            attempts.passage(door, actor, arrived_at),
            AttemptOutcome.WITHDRAWN,
            bid_id=door.bid.id,
            number=door.bid.number,
        )
        session.add(receipt)
        audit.record(session, actor, "bid.withdrawn", ("bid", door.bid.id))
        outbox.record(
            session,
            BidWithdrawn(
                bid_id=door.bid.id,
                rfq_id=rfq_id,
                supplier_id=door.bid.supplier_id,
                buyer_id=door.bid.buyer_id,
                withdrawn_at=arrived_at,
                others_stand=_others_stand(session, actor, door.bid),
            ),
            audience=[door.bid.supplier_id],
        )
        session.flush()
    return receipt


def _others_stand(session: Session, actor: Actor, bid: Bid) -> bool:
    """Whether another bid of the supplier for the same RFQ is submitted."""
    listed = own_bids.listed(session, actor, bid.rfq_id)
    return any(each.bid.state is BidState.SUBMITTED and each.bid.id != bid.id for each in listed)


@requires(Permission.BID_SUBMIT)
def keep_refusal(session: Session, actor: Actor, refusal: DomainError) -> None:
    """Write down a refused attempt; in a transaction of its own, since its request has failed."""
    attempt = receipts.from_statement(
        refusal.data["statement"], bytes.fromhex(refusal.data["signature"])
    )
    session.add(attempt)
    audit.record(session, actor, "bid.refused", ("bid_attempt", attempt.id), {"code": refusal.code})


def _whole(
    session: Session, keys: ServiceKeys, door: Door, terms: Terms, content: BidContent | None
) -> BidContent:
    """What is to be sealed: checked against the RFQ, with the draft's documents in place."""
    draft = bid_vault.read_draft(keys, door)
    if content is None and draft is None:
        raise Conflict(_("There is no draft to submit."))
    if content is None:
        amending.check_draft(session, door)
    documents = draft.documents if draft else ()
    whole = replace(content or draft or BidContent(), documents=documents)
    bid_rules.check_content(terms, whole, complete=True, alternative=door.alternative)
    if documents and door.bid is not None:
        kept = bid_queries.document_ids(session, [door.bid.id])
        missing = [document for document in documents if document.id not in kept]
        if missing:
            raise bid_rules.BidInvalid(
                _("A document of the bid is missing. Attach it again."),
                errors=[FieldError("/documents", "unknown_document", d.name) for d in missing],
            )
    return whole
