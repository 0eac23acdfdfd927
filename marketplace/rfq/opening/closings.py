"""The closing of an RFQ, computed from what is stored whenever somebody asks after the deadline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.clock import instant
from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.opening import proof_queries
from marketplace.rfq.opening.models import RfqOpening, RfqOutcome
from marketplace.rfq.proofs import papers
from marketplace.rfq.proofs.papers import Opened, Place, Signed
from marketplace.rfq.receiving import receipts
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.sealing.models import RfqSeal


@dataclass(frozen=True)
class Closed:
    """The published closing, and what only the opening reveals of it."""

    signed: Signed
    seal: RfqSeal
    seed: bytes


def closing_of(session: Session, keys: ServiceKeys, rfq: Rfq, now: datetime) -> Closed:
    """The digest list of this deadline. The caller has found the RFQ as somebody who may read it.

    Raises TooEarly until thirty seconds after the deadline: bids may still be on their way.
    """
    due_at = bid_rules.deadline_of(rfq)
    if not bid_rules.is_closed(rfq, now):
        raise bid_rules.TooEarly(
            _("The digests of the bids are published thirty seconds after the deadline."),
            opens_at=instant(due_at + bid_rules.DRAIN),
        )
    seal = bid_queries.seal(session, rfq.id)
    seed = keys.closing_seed(rfq.id, instant(due_at))
    listed = proof_queries.closing_list(session, rfq.id, now, seed)
    if listed is None:
        raise queries.no_such_rfq()
    place = Place(str(rfq.id), str(rfq.buyer_id), instant(due_at), seal.fingerprint)
    return Closed(papers.closing(keys, place, listed), seal, seed)


def outcome_of(
    session: Session,
    keys: ServiceKeys,
    rfq: Rfq,
    minutes: RfqOpening,
    chain: Sequence[BidAttempt],
    digests: Sequence[str],
) -> RfqOutcome:
    """What this opening proves to everybody who may read the RFQ.

    chain: every attempt until now. digests: those of the opened bids.
    """
    closed, due_at = closing_of(session, keys, rfq, minutes.opened_at), bid_rules.deadline_of(rfq)
    opened = Opened(
        opened_at=instant(minutes.opened_at),
        closed_at=max((each.seq for each in chain if each.arrived_at <= due_at), default=0),
        chain=[papers.sha256(attempt.statement.encode()) for attempt in chain],
        digests=digests,
    )
    signed_minutes = Signed(minutes.statement, minutes.signature)
    signed = papers.outcome(keys, closed.signed, closed.seed, opened, signed_minutes)
    return RfqOutcome(
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        statement=signed.statement,
        signature=signed.signature,
    )


def whole_chain(session: Session, keys: ServiceKeys, rfq_id: UUID) -> Sequence[BidAttempt]:
    """Every attempt on an opened RFQ, in order.

    Raises SealMismatch, naming the place, unless all are there and as they were signed.
    """
    public_key = keys.public_key()
    # the head first: a late attempt may be refused, and chained, at this very moment
    head = proof_queries.head(session, rfq_id)
    attempts = proof_queries.attempts(session, rfq_id)
    links = papers.links(papers.sha256(attempt.statement.encode()) for attempt in attempts)
    for place, (attempt, link) in enumerate(zip(attempts, links, strict=True), start=1):
        if not receipts.is_genuine(attempt, public_key):
            raise bid_rules.mismatch(attempt.bid_id, attempt.supplier_id, "receipt_forged")
        if attempt.seq != place:
            raise bid_rules.mismatch(None, None, "attempt_missing", attempt=place)
        if attempt.link != link:
            raise bid_rules.mismatch(attempt.bid_id, attempt.supplier_id, "chain_broken")
    if head is not None and head.seq > len(attempts):
        raise bid_rules.mismatch(None, None, "attempt_missing", attempt=len(attempts) + 1)
    return attempts
