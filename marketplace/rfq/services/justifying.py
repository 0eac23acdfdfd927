"""Abnormally low prices: the buyer asks, the bidder justifies in time, the buyer rules."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.documents import service as document_service
from marketplace.events.low_prices import LowPriceAnswered, LowPriceAsked
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.models import LowPriceInquiry
from marketplace.rfq.evaluation.states import ExclusionGround, LowPriceRuling
from marketplace.rfq.services import evaluation, excluding
from marketplace.rfq.terms import deadlines

USUAL_DAYS = 1


@requires(Permission.RFQ_EVALUATE)
def ask(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bid_id: UUID,
    question: str,
    due_at: datetime | None = None,
) -> LowPriceInquiry:
    """Ask the supplier of an abnormally low bid to justify it, usually in one working day."""
    rfq = _evaluable(session, actor, rfq_id)
    compared = evaluation.read_priced(session, actor, rfq_id)
    low_price_rules.check_flagged(low_price_rules.flagged(compared.lots), bid_id)
    if evaluation_queries.inquiry(session, rfq_id, bid_id) is not None:
        raise low_price_rules.AlreadyAsked(_("This supplier has been asked already."))
    now = clock.now()
    until = due_at or deadlines.working_days_after(now, USUAL_DAYS, ZoneInfo(rfq.time_zone))
    low_price_rules.check_question(question, until, now)
    offer = next(each for each in compared.offers if each.bid_id == bid_id)
    asked = LowPriceInquiry(
        bid_id=bid_id,
        rfq_id=rfq_id,
        buyer_id=rfq.buyer_id,
        supplier_id=offer.supplier_id,
        question=question.strip(),
        asked_by=actor.person,
        asked_at=now,
        due_at=until,
    )
    session.add(asked)
    _note(session, actor, "rfq.low_price_asked", asked)
    outbox.record(
        session,
        LowPriceAsked(
            rfq_id=rfq_id,
            buyer_id=rfq.buyer_id,
            bid_id=bid_id,
            supplier_id=offer.supplier_id,
            due_at=until,
            asked_at=now,
        ),
        audience=[rfq.buyer_id, offer.supplier_id],
    )
    session.flush()
    return asked


@requires(Permission.BID_SUBMIT)
def answer(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    text: str,
    document_ids: Sequence[UUID] = (),
    *,
    alternative: int = 0,
) -> LowPriceInquiry:
    """Justify the own price until the deadline; the last answer counts."""
    asked = own(session, actor, rfq_id, alternative)
    now = clock.now()
    low_price_rules.check_takes_answer(asked, now)
    asked.answer, asked.answered_at, asked.answered_by = text.strip(), now, actor.person
    for document_id in dict.fromkeys(document_ids):
        document_service.attach(session, actor, document_id, "bid", asked.bid_id)
    document_service.grant(session, actor, document_ids, [asked.buyer_id])
    _note(session, actor, "rfq.low_price_answered", asked)
    outbox.record(
        session,
        LowPriceAnswered(
            rfq_id=rfq_id,
            buyer_id=asked.buyer_id,
            bid_id=asked.bid_id,
            supplier_id=asked.supplier_id,
            answered_at=now,
        ),
        audience=[asked.buyer_id, asked.supplier_id],
    )
    session.flush()
    return asked


@requires(Permission.RFQ_EVALUATE)
def rule(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bid_id: UUID,
    outcome: LowPriceRuling,
    reason: str,
) -> LowPriceInquiry:
    """Accept the price, or exclude the bid once its supplier was heard."""
    _evaluable(session, actor, rfq_id)
    asked = evaluation_queries.inquiry(session, rfq_id, bid_id)
    if asked is None:
        raise NotFound(_("This supplier has not been asked."))
    now = clock.now()
    low_price_rules.check_may_rule(asked, outcome, reason, now)
    asked.outcome, asked.reason = outcome, reason.strip()
    asked.ruled_at, asked.ruled_by = now, actor.person
    _note(session, actor, "rfq.low_price_ruled", asked, outcome=str(outcome), reason=asked.reason)
    session.flush()
    if outcome is LowPriceRuling.EXCLUDED:
        ground = ExclusionGround.ABNORMALLY_LOW
        excluding.exclude(session, actor, rfq_id, bid_id, asked.reason, ground)
    return asked


@requires(Permission.BID_READ)
def own(session: Session, actor: Actor, rfq_id: UUID, alternative: int = 0) -> LowPriceInquiry:
    """What the supplier is asked about their own bid, or NotFound."""
    queries.get(session, actor, rfq_id)
    found = evaluation_queries.own_inquiry(session, actor, rfq_id, alternative)
    if found is None:
        raise NotFound(_("Nobody has asked you to justify your price."))
    return found


def _evaluable(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "evaluate")
    return rfq


def _note(
    session: Session, actor: Actor, action: str, asked: LowPriceInquiry, **data: object
) -> None:
    audit.record(
        session,
        actor,
        action,
        ("rfq", asked.rfq_id),
        {"bid_id": str(asked.bid_id), "supplier_id": str(asked.supplier_id), **data},
        owner_id=asked.buyer_id,
    )
