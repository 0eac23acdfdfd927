"""Who is told what about an RFQ: by notice in the portal and by mail."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _, reading_in
from marketplace.events.rfq import (
    DeadlineExtended,
    QuestionAnswered,
    QuestionAsked,
    RfqAmended,
    RfqCancelled,
    RfqPublished,
    RfqResumed,
    RfqSuspended,
    SuppliersInvited,
)
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Role
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.rfq.addenda import wording
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqQuestion

register_kind(
    "rfq_invitation",
    title=_("Invitation to bid: %(title)s"),
    body=_("%(buyer)s asks you for a quotation (%(number)s). Bids are accepted until %(due_at)s."),
    button=_("Read the RFQ"),
)
register_kind(
    "rfp_invitation",
    title=_("Invitation to propose: %(title)s"),
    body=_(
        "%(buyer)s asks you for a proposal (%(number)s). Proposals are accepted until %(due_at)s."
    ),
    button=_("Read the RFP"),
)
register_kind(
    "rfi_invitation",
    title=_("Request for information: %(title)s"),
    body=_(
        "%(buyer)s asks you for information, not for prices (%(number)s). Answers are accepted "
        "until %(due_at)s and stay sealed until then."
    ),
    button=_("Read the RFI"),
)
register_kind(
    "mini_competition_invitation",
    title=_("Mini-competition: %(title)s"),
    body=_(
        "%(buyer)s invites you to a mini-competition (%(number)s) under the agreement "
        "%(agreement)s. Bids are accepted until %(due_at)s."
    ),
    button=_("Read what is asked for"),
)
register_kind(
    "auction_invitation",
    title=_("Invitation to an auction: %(title)s"),
    body=_(
        "%(buyer)s invites you to an auction (%(number)s). Until %(due_at)s you send a sealed bid:"
        " it is where you begin in the live auction that follows."
    ),
    button=_("Read what is asked for"),
)
register_kind(
    "rfq_deadline_extended",
    title=_("Deadline extended: %(title)s"),
    body=_(
        "%(buyer)s has moved the deadline of %(number)s to %(due_at)s. "
        "A bid that you have submitted stays valid; you may replace it until then."
    ),
    button=_("Read more"),
)
register_kind(
    "rfq_amended",
    title=_("Changed: %(title)s"),
    body=_(
        "%(buyer)s has changed %(number)s. %(changes)s Reason: %(reason)s Bids are accepted until "
        "%(due_at)s. What is untouched in a submitted bid stays valid; confirm or replace the "
        "rest."
    ),
    button=_("Read the changes"),
)
register_kind(
    "rfq_suspended",
    title=_("Suspended: %(title)s"),
    body=_(
        "%(buyer)s has suspended %(number)s. No bids are accepted and no deadline passes until it "
        "is resumed. What was submitted stays valid. The reason given: %(reason)s"
    ),
    button=_("Read more"),
)
register_kind(
    "rfq_resumed",
    title=_("Resumed: %(title)s"),
    body=_("%(buyer)s has resumed %(number)s. Bids are accepted until %(due_at)s."),
    button=_("Read more"),
)
register_kind(
    "rfq_cancelled",
    title=_("Cancelled: %(title)s"),
    body=_("%(buyer)s has cancelled %(number)s. The reason given: %(reason)s"),
    button=_("Read more"),
)
register_kind(
    "rfq_question_asked",
    title=_("A question about %(title)s"),
    body=_("A bidder has asked a question about %(number)s. Your answer goes to all bidders."),
    button=_("Answer the question"),
)
register_kind(
    "rfq_question_answered",
    title=_("A question was answered: %(title)s"),
    body=_("%(buyer)s has answered a question about %(number)s. All bidders read the answer."),
    button=_("Read the answer"),
)


def announce_publication(session: Session, event: RfqPublished) -> None:
    """One invitation to each invited supplier; none of them sees another."""
    _tell_invited(session, event.rfq_id, event.supplier_ids)


def announce_invitations(session: Session, event: SuppliersInvited) -> None:
    """The same invitation for those who were asked later."""
    _tell_invited(session, event.rfq_id, event.supplier_ids, event.invited_at)


def announce_extension(session: Session, event: DeadlineExtended) -> None:
    """Everybody who may be working on a bid learns of the new deadline."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell_bidders(
        session,
        rfq,
        "rfq_deadline_extended",
        queries.interested_ids(session, rfq.id),
        {"due_at": event.bids_due_at},
        happened=event.extended_at,
        key=event.bids_due_at.isoformat(),
    )


def announce_addendum(session: Session, event: RfqAmended) -> None:
    """Everybody who may be working on a bid gets the changes once, with the new deadline."""
    rfq, addendum = (
        session.get_one(Rfq, event.rfq_id),
        session.get_one(RfqAddendum, event.addendum_id),
    )
    interested = queries.interested_ids(session, rfq.id)
    known = identity_queries.organisations(session, interested)
    for locale in sorted({each.locale for each in known.values()}):
        with reading_in(locale):
            summary = str(wording.summary(addendum.changes or []))
        _tell_bidders(
            session,
            rfq,
            "rfq_amended",
            [each.id for each in known.values() if each.locale == locale],
            {"due_at": event.bids_due_at, "reason": addendum.reason, "changes": summary},
            happened=addendum.published_at,
            key=str(addendum.id),
            page="/addenda",
        )


def announce_suspension(session: Session, event: RfqSuspended) -> None:
    """Everybody who may be working on a bid learns that they cannot send it for now."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell_bidders(
        session,
        rfq,
        "rfq_suspended",
        queries.interested_ids(session, rfq.id),
        {"reason": event.reason},
        happened=event.suspended_at,
        key=event.suspended_at.isoformat(),
    )


def announce_resumption(session: Session, event: RfqResumed) -> None:
    """Everybody who was told of the suspension, with the deadline that holds now."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell_bidders(
        session,
        rfq,
        "rfq_resumed",
        queries.interested_ids(session, rfq.id),
        {"due_at": event.bids_due_at},
        happened=event.resumed_at,
        key=event.resumed_at.isoformat(),
    )


def announce_cancellation(session: Session, event: RfqCancelled) -> None:
    """Only of RFQs that bidders have seen; a cancelled draft is nobody's business."""
    rfq = session.get_one(Rfq, event.rfq_id)
    if rfq.published_at is None:
        return
    _tell_bidders(
        session,
        rfq,
        "rfq_cancelled",
        queries.interested_ids(session, rfq.id),
        {"reason": rfq.end_reason},
        happened=rfq.ended_at,
    )


def announce_question(session: Session, event: QuestionAsked) -> None:
    """The buyer's people who answer are told that there is a question, not whose."""
    rfq = session.get_one(Rfq, event.rfq_id)
    notify(
        session,
        org_id=rfq.buyer_id,
        kind="rfq_question_asked",
        url=f"/rfqs/{rfq.id}/questions",
        roles=[Role.BUYER],
        params=rfq.named,
        occurred_at=session.get_one(RfqQuestion, event.question_id).asked_at,
        dedupe_key=f"rfq_question_asked:{event.question_id}",
    )


def announce_answer(session: Session, event: QuestionAnswered) -> None:
    """All who may bid read the same answer at the same time."""
    rfq = session.get_one(Rfq, event.rfq_id)
    _tell_bidders(
        session,
        rfq,
        "rfq_question_answered",
        queries.interested_ids(session, rfq.id),
        {},
        happened=session.get_one(RfqQuestion, event.question_id).answered_at,
        key=str(event.question_id),
        page="/questions",
    )


def _tell_invited(
    session: Session,
    rfq_id: UUID,
    supplier_ids: Iterable[UUID],
    happened: datetime | None = None,
) -> None:
    rfq = session.get_one(Rfq, rfq_id)
    _tell_bidders(
        session,
        rfq,
        f"{rfq.kind}_invitation",
        supplier_ids,
        {"due_at": rfq.bids_due_at, "agreement": rfq.agreement_ref},
        happened=happened or rfq.published_at,
    )


def _tell_bidders(
    session: Session,
    rfq: Rfq,
    kind: str,
    supplier_ids: Iterable[UUID],
    params: dict[str, object],
    *,
    happened: datetime | None,
    key: str = "",
    page: str = "",
) -> None:
    """One notice and letter per person of each supplier, never one for several suppliers."""
    buyer = identity_queries.organisation(session, rfq.buyer_id)
    named = {**rfq.named, "buyer": buyer.name}
    for supplier_id in supplier_ids:
        notify(
            session,
            org_id=supplier_id,
            kind=kind,
            url=f"/rfqs/{rfq.id}{page}",
            roles=[Role.SUPPLIER],
            params=named | params,
            occurred_at=happened,
            dedupe_key=f"{kind}:{rfq.id}:{key}",
        )
