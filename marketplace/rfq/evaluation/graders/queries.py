"""Reads of graders and their scores. The caller has found the RFQ as its buyer."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Subquery, exists, func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Membership, Person
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLot
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation.graders.models import GraderScore, RfqGrader
from marketplace.rfq.evaluation.graders.rules import GivenBy, Grader
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.terms.states import CriterionKind, RfqState

FRESH = {"populate_existing": True}

# without a weight a criterion is asked for the sake of a cost alone
# and for no points, unless a lot weighs it for itself
_IN_A_LOT = exists().where(
    RfqLot.rfq_id == RfqCriterion.rfq_id,
    RfqLot.weights.contains(
        func.jsonb_build_array(func.jsonb_build_object("criterion", RfqCriterion.name))
    ),
)
_IS_JUDGED = (RfqCriterion.kind != CriterionKind.PRICE) & (
    RfqCriterion.weight.is_distinct_from(0) | _IN_A_LOT
)


def graders(session: Session, rfq_id: UUID) -> list[Grader]:
    """The named people by name; nobody where whoever evaluates scores."""
    rows = session.execute(
        select(RfqGrader, Person.name)
        .join(Person, Person.id == RfqGrader.person_id)
        .where(RfqGrader.rfq_id == rfq_id)
        .order_by(Person.name, Person.id),
        execution_options=FRESH,
    )
    return [
        Grader(
            person_id=row.person_id,
            name=name,
            criterion_ids=frozenset(row.criterion_ids),
            named_at=row.named_at,
            interest=row.interest,
            conflict_reason=row.conflict_reason,
            declared_at=row.declared_at,
        )
        for row, name in rows
    ]


def row(session: Session, rfq_id: UUID, person_id: UUID) -> RfqGrader | None:
    """One named person."""
    return session.get(RfqGrader, (rfq_id, person_id), populate_existing=True)


def scores(session: Session, rfq_id: UUID, person_id: UUID | None = None) -> list[GivenBy]:
    """What everybody gave, or one person. The caller has checked that bids are opened."""
    query = (
        select(GraderScore, Person.name)
        .join(BidOffer, BidOffer.bid_id == GraderScore.bid_id)
        .join(Person, Person.id == GraderScore.person_id)
        .where(BidOffer.rfq_id == rfq_id)
        .order_by(Person.name, Person.id)
    )
    if person_id is not None:
        query = query.where(GraderScore.person_id == person_id)
    return [
        GivenBy(
            person_id=found.person_id,
            name=name,
            bid_id=found.bid_id,
            criterion_id=found.criterion_id,
            score=found.score,
            comment=found.comment,
            scored_at=found.scored_at,
        )
        for found, name in session.execute(query, execution_options=FRESH)
    ]


def judged(session: Session, rfq_id: UUID) -> Sequence[RfqCriterion]:
    """The criteria that people score, as the RFQ has them now."""
    return session.scalars(
        select(RfqCriterion)
        .where(RfqCriterion.rfq_id == rfq_id, _IS_JUDGED)
        .order_by(RfqCriterion.number)
    ).all()


def is_colleague(session: Session, actor: Actor, person_id: UUID) -> bool:
    """Whether this person is an active one of the actor's organisation."""
    found = session.scalar(
        select(Person.id)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Person.id == person_id,
            Person.active,
            Membership.organisation_id == actor.organisation_id,
            Membership.active,
        )
    )
    return found is not None


def duties(actor: Actor) -> Subquery:
    """RFQs on which this person has to declare or to score, with how many scores are missing."""
    in_race = ~exists().where(BidExclusion.bid_id == BidOffer.bid_id)
    bids = (
        select(func.count())
        .select_from(BidOffer)
        .where(BidOffer.rfq_id == Rfq.id, in_race)
        .scalar_subquery()
    )
    is_theirs = (func.cardinality(RfqGrader.criterion_ids) == 0) | (
        RfqCriterion.id == func.any(RfqGrader.criterion_ids)
    )
    criteria = (
        select(func.count())
        .select_from(RfqCriterion)
        .where(RfqCriterion.rfq_id == Rfq.id, _IS_JUDGED, is_theirs)
        .scalar_subquery()
    )
    given = (
        select(func.count())
        .select_from(GraderScore)
        .join(BidOffer, BidOffer.bid_id == GraderScore.bid_id)
        .where(BidOffer.rfq_id == Rfq.id, GraderScore.person_id == RfqGrader.person_id, in_race)
        .scalar_subquery()
    )
    missing_ = bids * criteria - given
    undeclared = RfqGrader.interest.is_(None) & Rfq.state.in_([RfqState.PUBLISHED, RfqState.OPENED])
    unscored = (
        (RfqGrader.interest == Interest.NONE) & (Rfq.state == RfqState.OPENED) & (missing_ > 0)
    )
    return (
        select(RfqGrader.rfq_id, RfqGrader.interest, missing_.label("missing"))
        .join(Rfq, Rfq.id == RfqGrader.rfq_id)
        .where(
            RfqGrader.person_id == actor.person_id,
            RfqGrader.buyer_id == actor.org_id,
            Rfq.quality_locked_at.is_(None),
            undeclared | unscored,
        )
        .subquery("duty")
    )
