"""Reads of RFQs, invitations and questions: what this actor may see, and nothing else."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _, speak_of
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.asking.participants import Bid, RfqInvitation, RfqQuestion, RfqQuestionAsker
from marketplace.rfq.asking.settings_models import SourcingSettings
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import RfqState
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import SupplierState

_org_id: BindParameter[UUID] = bindparam("org_id")
_IS_INVITED = (
    select(RfqInvitation.rfq_id)
    .where(
        RfqInvitation.rfq_id == Rfq.id,
        RfqInvitation.supplier_id == _org_id,
        RfqInvitation.invited_at.is_not(None),
    )
    .exists()
)
_IS_QUALIFIED = (
    select(Supplier.id)
    .where(Supplier.id == _org_id, Supplier.state == SupplierState.QUALIFIED)
    .exists()
)
# Who has begun a bid keeps sight of what it answers to, whatever becomes of the qualification.
_IS_BIDDING = select(Bid.id).where(Bid.rfq_id == Rfq.id, Bid.supplier_id == _org_id).exists()
_VISIBLE: Mapping[OrgKind, ColumnElement[bool]] = {
    OrgKind.BUYER: Rfq.buyer_id == _org_id,
    OrgKind.SUPPLIER: and_(
        Rfq.published_at.is_not(None),
        or_(_IS_INVITED, and_(Rfq.open_to_all, or_(_IS_QUALIFIED, _IS_BIDDING))),
    ),
    OrgKind.OPERATOR: Rfq.published_at.is_not(None),
}
# Lots and criteria are few and come with their RFQ; lines may be thousands. They have a kept
# statement of their own, since selectinload builds one anew for each read.
_CONTENT = (joinedload(Rfq.lots), joinedload(Rfq.criteria))
_LINES = select(RfqLine).where(RfqLine.rfq_id == bindparam("rfq_id")).order_by(RfqLine.number)
_ONE = {
    kind: select(Rfq).where(visible, Rfq.id == bindparam("rfq_id"))
    for kind, visible in _VISIBLE.items()
}
_ONE_WITH_CONTENT = {kind: query.options(*_CONTENT) for kind, query in _ONE.items()}
_LOCKED = {kind: query.with_for_update(of=Rfq) for kind, query in _ONE.items()}
_AS_STORED = {"populate_existing": True}
_LOTS = select(RfqLot).where(RfqLot.rfq_id == bindparam("rfq_id")).order_by(RfqLot.number)
_CRITERIA = (
    select(RfqCriterion)
    .where(RfqCriterion.rfq_id == bindparam("rfq_id"))
    .order_by(RfqCriterion.number)
)
_INVITATIONS = (
    select(RfqInvitation)
    .where(RfqInvitation.rfq_id == bindparam("rfq_id"))
    .order_by(RfqInvitation.created_at, RfqInvitation.supplier_id)
)


def visible_to(actor: Actor) -> Select[Rfq]:
    """RFQs of the actor's organisation, or published ones that it may answer."""
    if actor.is_system:
        return select(Rfq).where(true())
    return select(Rfq).where(_VISIBLE[actor.org_kind]).params(org_id=actor.org_id)


def is_visible(kind: OrgKind) -> ColumnElement[bool]:
    """The condition for one kind of organisation; takes ``org_id``."""
    return _VISIBLE[kind]


def get(session: Session, actor: Actor, rfq_id: UUID, *, lock: bool = False) -> Rfq:
    """The RFQ without its content, or NotFound: what the actor may not see does not exist.

    From here on the request's words, refusals too, are those for an event of its kind.
    """
    return _found(session, (_LOCKED if lock else _ONE), actor, rfq_id)


def get_with_content(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """The RFQ with lots, lines and criteria."""
    rfq = _found(session, _ONE_WITH_CONTENT, actor, rfq_id)
    lines = session.scalars(_LINES, {"rfq_id": rfq_id}, execution_options=_AS_STORED).all()
    set_committed_value(rfq, "lines", lines)
    return rfq


def get_own(session: Session, actor: Actor, rfq_id: UUID, *, lock: bool = False) -> Rfq:
    """As `get`, only for the buyer whose RFQ it is."""
    rfq = get(session, actor, rfq_id, lock=lock)
    if rfq.buyer_id != actor.org_id:
        raise no_such_rfq()
    return rfq


def get_own_with_content(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """As `get_with_content`, only for the buyer whose RFQ it is."""
    rfq = get_with_content(session, actor, rfq_id)
    if rfq.buyer_id != actor.org_id:
        raise no_such_rfq()
    return rfq


def _found(
    session: Session,
    queries: Mapping[OrgKind, Select[Rfq]],
    actor: Actor,
    rfq_id: UUID,
) -> Rfq:
    rows = session.scalars(
        queries[actor.org_kind],
        {"rfq_id": rfq_id, "org_id": actor.org_id},
        execution_options=_AS_STORED,
    )
    rfq = rows.unique().one_or_none()
    if rfq is None:
        raise no_such_rfq()
    speak_of(rfq.kind)
    return rfq


def no_such_rfq() -> NotFound:
    """The refusal that does not tell whether it exists for others."""
    return NotFound(_("There is no such event."))


def search(
    session: Session,
    actor: Actor,
    *,
    state: RfqState | None = None,
    kind: RfqKind | None = None,
    containing: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Rfq]:
    """The newest first; for suppliers what they were asked, by deadline."""
    query = _filtered(visible_to(actor), state, containing, clock.now())
    if kind is not None:
        query = query.where(Rfq.kind == kind)
    order = (
        (Rfq.bids_due_at.asc(), Rfq.id.asc())
        if actor.org_kind is OrgKind.SUPPLIER
        else (Rfq.created_at.desc(), Rfq.id.desc())
    )
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


def _filtered(
    query: Select[Rfq], state: RfqState | None, containing: str, now: datetime
) -> Select[Rfq]:
    if state is RfqState.CLOSED:
        query = query.where(Rfq.state == RfqState.PUBLISHED, Rfq.bids_due_at < now)
    elif state is RfqState.PUBLISHED:
        query = query.where(Rfq.state == RfqState.PUBLISHED, Rfq.bids_due_at >= now)
    elif state is not None:
        query = query.where(Rfq.state == state)
    if containing:
        query = query.where(
            or_(
                Rfq.title.icontains(containing, autoescape=True),
                Rfq.number.icontains(containing, autoescape=True),
            )
        )
    return query


def settings(session: Session, buyer_id: UUID) -> SourcingSettings:
    """How this organisation deals with bidders; the usual, not stored, where it never said so."""
    found = session.get(SourcingSettings, buyer_id)
    return found or SourcingSettings(
        buyer_id=buyer_id,
        addendum_days=2,
        standstill_days=0,
        debrief_days=15,
        dispute_clause="",
        version=0,
    )


def lots(session: Session, rfq_id: UUID) -> Sequence[RfqLot]:
    """In order. The caller has found the RFQ."""
    return session.scalars(_LOTS, {"rfq_id": rfq_id}).all()


def criteria(session: Session, rfq_id: UUID) -> Sequence[RfqCriterion]:
    """In order. The caller has found the RFQ."""
    return session.scalars(_CRITERIA, {"rfq_id": rfq_id}).all()


def lines_by_id(session: Session, rfq_id: UUID) -> dict[UUID, RfqLine]:
    """All lines. The caller has found the RFQ."""
    lines = session.scalars(select(RfqLine).where(RfqLine.rfq_id == rfq_id))
    return {line.id: line for line in lines}


def line(session: Session, rfq_id: UUID, line_id: UUID) -> RfqLine:
    """The line of this RFQ, or NotFound."""
    found = session.get(RfqLine, line_id)
    if found is None or found.rfq_id != rfq_id:
        raise NotFound(_("There is no such line."))
    return found


def lot(session: Session, rfq_id: UUID, lot_id: UUID) -> RfqLot:
    """The lot of this RFQ, or NotFound."""
    found = session.get(RfqLot, lot_id)
    if found is None or found.rfq_id != rfq_id:
        raise NotFound(_("There is no such lot."))
    return found


def criterion(session: Session, rfq_id: UUID, criterion_id: UUID) -> RfqCriterion:
    """The criterion of this RFQ, or NotFound."""
    found = session.get(RfqCriterion, criterion_id)
    if found is None or found.rfq_id != rfq_id:
        raise NotFound(_("There is no such criterion."))
    return found


def line_counts(session: Session, rfq_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many lines each of these RFQs has."""
    if not rfq_ids:
        return {}
    rows = session.execute(
        select(RfqLine.rfq_id, func.count().label("lines"))
        .where(RfqLine.rfq_id.in_(rfq_ids))
        .group_by(RfqLine.rfq_id)
    )
    return {row.rfq_id: row.lines for row in rows}


def invitations(session: Session, rfq_id: UUID) -> Sequence[RfqInvitation]:
    """Whom the buyer asked. The caller has found the RFQ as its buyer."""
    return session.scalars(_INVITATIONS, {"rfq_id": rfq_id}).all()


def invited_ids(session: Session, rfq_id: UUID) -> tuple[UUID, ...]:
    """The suppliers whom the invitation has reached. The caller is the buyer or the system."""
    return tuple(
        invitation.supplier_id
        for invitation in invitations(session, rfq_id)
        if invitation.invited_at is not None
    )


def interested_ids(session: Session, rfq_id: UUID) -> frozenset[UUID]:
    """Suppliers who were invited, have begun a bid or have asked a question.

    For the system alone: until the opening nobody may learn who has bid.
    """
    invited = select(RfqInvitation.supplier_id).where(
        RfqInvitation.rfq_id == rfq_id, RfqInvitation.invited_at.is_not(None)
    )
    bidding = select(Bid.supplier_id).where(Bid.rfq_id == rfq_id)
    asking = (
        select(RfqQuestionAsker.supplier_id)
        .join(RfqQuestion, RfqQuestion.id == RfqQuestionAsker.question_id)
        .where(RfqQuestion.rfq_id == rfq_id)
    )
    return frozenset(session.scalars(union(invited, bidding, asking)))


def own_invitation(session: Session, actor: Actor, rfq_id: UUID) -> RfqInvitation | None:
    """The actor's own invitation, if they have one."""
    return session.scalar(
        select(RfqInvitation).where(
            RfqInvitation.rfq_id == rfq_id, RfqInvitation.supplier_id == actor.org_id
        )
    )


def questions(session: Session, actor: Actor, rfq: Rfq) -> Sequence[RfqQuestion]:
    """All for the buyer, answered and own ones for everybody else, oldest first."""
    query = select(RfqQuestion).where(RfqQuestion.rfq_id == rfq.id)
    if actor.org_id != rfq.buyer_id:
        own = select(RfqQuestionAsker.question_id).where(
            RfqQuestionAsker.supplier_id == actor.org_id
        )
        query = query.where(or_(RfqQuestion.answered_at.is_not(None), RfqQuestion.id.in_(own)))
    return session.scalars(query.order_by(RfqQuestion.asked_at, RfqQuestion.id)).all()


def question(
    session: Session, rfq_id: UUID, question_id: UUID, *, lock: bool = False
) -> RfqQuestion:
    """The question about this RFQ, or NotFound."""
    query = select(RfqQuestion).where(RfqQuestion.id == question_id, RfqQuestion.rfq_id == rfq_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such question."))
    return found


def own_question_ids(session: Session, actor: Actor, rfq_id: UUID) -> frozenset[UUID]:
    """Which of the questions the actor's organisation asked."""
    return frozenset(
        session.scalars(
            select(RfqQuestionAsker.question_id)
            .join(RfqQuestion, RfqQuestion.id == RfqQuestionAsker.question_id)
            .where(RfqQuestion.rfq_id == rfq_id, RfqQuestionAsker.supplier_id == actor.org_id)
        )
    )
