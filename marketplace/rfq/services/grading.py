"""Several graders: naming them, their declarations of interest, and what each of them scores."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import FieldError, NotFound
from marketplace.core.text import _
from marketplace.events.rfq import GraderConflicted, GraderNamed
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.identity.queries import organisations
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqCriterion
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.graders import giving, rules
from marketplace.rfq.evaluation.graders import queries as grader_queries
from marketplace.rfq.evaluation.graders.models import RfqGrader
from marketplace.rfq.evaluation.graders.rules import GivenBy, Grader, Progress
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing.officers import queries as officer_queries
from marketplace.rfq.terms.asked import Criterion, Terms


@dataclass(frozen=True)
class Overview:
    """The graders of an RFQ, and how far each of them is; nobody's scores."""

    rfq: Rfq
    criteria: Sequence[RfqCriterion]
    progress: Sequence[Progress]


@dataclass(frozen=True)
class Sheet:
    """What one grader scores: bids without their prices, and their own scores alone."""

    rfq: Rfq
    grader: Grader
    terms: Terms
    criteria: Sequence[Criterion]
    offers: Sequence[BidOffer]
    suppliers: dict[UUID, Organisation]
    given: dict[tuple[UUID, UUID], GivenBy]

    def bidder_name(self, offer: BidOffer) -> str:
        """The supplier of a bid, and which of theirs it is."""
        return str(offer.bidder(self.suppliers[offer.supplier_id].name))

    @property
    def missing(self) -> int:
        return len(self.criteria) * len(self.offers) - len(self.given)


@requires(Permission.RFQ_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> Overview:
    """Who scores and who is done, for everybody of the buyer."""
    return _overview(session, queries.get_own(session, actor, rfq_id))


@requires(Permission.RFQ_EVALUATE)
def name(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    person_id: UUID,
    criterion_ids: Collection[UUID] = (),
) -> Overview:
    """Let a person of the organisation score, perhaps some of the criteria alone."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rules.check_changeable(rfq.state, rfq.quality_locked_at)
    wanted = list(dict.fromkeys(criterion_ids))
    errors = list(_faults(session, actor, rfq, person_id, wanted))
    if errors:
        raise rules.GraderInvalid(_("This person cannot be a grader."), errors=errors)
    if grader_queries.row(session, rfq_id, person_id):
        raise rules.AlreadyNamed(_("This person is a grader already."))
    now = clock.now()
    session.add(
        RfqGrader(
            rfq_id=rfq_id,
            person_id=person_id,
            buyer_id=rfq.buyer_id,
            criterion_ids=wanted,
            named_by=actor.person,
            named_at=now,
        )
    )
    audit.record(
        session,
        actor,
        "rfq.grader_named",
        ("rfq", rfq_id),
        {"person_id": str(person_id), "criterion_ids": [str(each) for each in wanted]},
    )
    outbox.record(
        session,
        GraderNamed(rfq_id=rfq_id, buyer_id=rfq.buyer_id, person_id=person_id, named_at=now),
        audience=[rfq.buyer_id],
    )
    session.flush()
    return _overview(session, rfq)


@requires(Permission.RFQ_EVALUATE)
def remove(session: Session, actor: Actor, rfq_id: UUID, person_id: UUID) -> Overview:
    """Take a grader back, who has neither scored nor declared a conflict."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rules.check_changeable(rfq.state, rfq.quality_locked_at)
    found = grader_queries.row(session, rfq_id, person_id)
    if found is None:
        raise NotFound(_("This person is not a grader of this event."))
    if found.interest is Interest.CONFLICT:
        raise rules.GraderStays(_("A declared conflict of interest stays recorded."))
    if grader_queries.scores(session, rfq_id, person_id):
        raise rules.GraderStays(_("This person has scored. Scores are not taken out by the buyer."))
    session.delete(found)
    audit.record(
        session, actor, "rfq.grader_removed", ("rfq", rfq_id), {"person_id": str(person_id)}
    )
    session.flush()
    return _overview(session, rfq)


@requires(Permission.RFQ_READ)
def declare(
    session: Session, actor: Actor, rfq_id: UUID, interest: Interest, reason: str = ""
) -> Overview:
    """Say whether anything ties the grader to a bidder; later only that something does.

    With a conflict the person does not score, and what they gave does not count.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    found = grader_queries.row(session, rfq_id, actor.person)
    if found is None:
        raise rules.NotAGrader(_("Only the graders who were named for this event score its bids."))
    quality_rules.check_unlocked(rfq)
    rules.check_changeable(rfq.state, rfq.quality_locked_at)
    if found.interest is Interest.CONFLICT:
        raise rules.ConflictDeclared(_("You have declared a conflict. That stays."))
    why = _reason(interest, reason)
    if found.interest is interest:
        return _overview(session, rfq)
    found.interest, found.conflict_reason, found.declared_at = interest, why, clock.now()
    audit.record(
        session,
        actor,
        "rfq.interest_declared",
        ("rfq", rfq_id),
        {"interest": str(interest), "reason": why},
    )
    if interest is Interest.CONFLICT:
        outbox.record(
            session,
            GraderConflicted(
                rfq_id=rfq_id,
                buyer_id=rfq.buyer_id,
                person_id=actor.person,
                declared_at=found.declared_at,
            ),
            audience=[rfq.buyer_id],
        )
    session.flush()
    return _overview(session, rfq)


@requires(Permission.RFQ_READ)
def sheet(session: Session, actor: Actor, rfq_id: UUID) -> Sheet:
    """What the actor scores. Raises NotAGrader, DeclarationRequired or HasConflict."""
    rfq = bid_queries.opened(session, actor, rfq_id)
    return _sheet(session, rfq, _scoring(session, actor, rfq_id))


@requires(Permission.RFQ_READ)
def give(session: Session, actor: Actor, rfq_id: UUID, given: Sequence[GivenScore]) -> Sheet:
    """Give or change the actor's own scores; raises ScoresInvalid with every reason."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    graders = grader_queries.graders(session, rfq_id)
    grader = rules.find(graders, actor.person)
    rfq.flow.next(rfq.state, "evaluate")
    quality_rules.check_unlocked(rfq)
    giving.give(session, actor, rfq_id, graders, given)
    return _sheet(session, rfq, grader)


@requires(Permission.BID_READ)
def scores(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[GivenBy]:
    """What every grader gave. Raises ScoresHidden before the scores are locked."""
    rfq = bid_queries.opened(session, actor, rfq_id)
    if rfq.quality_locked_at is None:
        raise rules.ScoresHidden(_("Scores of others are shown once all scores are locked."))
    return grader_queries.scores(session, rfq_id)


@requires(Permission.RFQ_READ)
def document(
    session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, document_id: UUID
) -> tuple[SealedDocument, bytes]:
    """A document of an opened bid with its bytes, for who scores it."""
    bid_queries.opened(session, actor, rfq_id)
    _scoring(session, actor, rfq_id)
    offer = bid_queries.offer(session, rfq_id, bid_id, priced=False)
    return bid_vault.opened_document(session, offer, document_id)


def _scoring(session: Session, actor: Actor, rfq_id: UUID) -> Grader:
    grader = rules.find(grader_queries.graders(session, rfq_id), actor.person)
    rules.check_may_score(grader)
    return grader


def _sheet(session: Session, rfq: Rfq, grader: Grader) -> Sheet:
    terms = bid_queries.terms(session, rfq.id)
    ruled = evaluation_queries.ruled_offers(session, rfq.id, priced=False)
    offers = [offer for offer, ruling in ruled if ruling is None]
    racing = {offer.bid_id for offer in offers}
    criteria = [each for each in terms.judged if grader.judges(each.id)]
    asked = {each.id for each in criteria}
    return Sheet(
        rfq=rfq,
        grader=grader,
        terms=terms,
        criteria=criteria,
        offers=offers,
        suppliers=organisations(session, (offer.supplier_id for offer in offers)),
        given={
            (each.bid_id, each.criterion_id): each
            for each in grader_queries.scores(session, rfq.id, grader.person_id)
            if each.bid_id in racing and each.criterion_id in asked
        },
    )


def _overview(session: Session, rfq: Rfq) -> Overview:
    graders = grader_queries.graders(session, rfq.id)
    criteria = grader_queries.judged(session, rfq.id)
    bids: set[UUID] = set()
    given: list[GivenBy] = []
    if graders and rfq.opened_at is not None:
        excluded = evaluation_queries.exclusions(session, rfq.id)
        readable = bid_queries.readable_bids(session, rfq.id)
        bids = {bid.id for bid in readable if bid.id not in excluded}
        given = grader_queries.scores(session, rfq.id)
    asked = {each.id for each in criteria}
    return Overview(rfq, criteria, rules.progress(graders, asked, bids, given))


def _reason(interest: Interest, reason: str) -> str | None:
    if interest is Interest.NONE:
        return None
    if not reason.strip():
        raise rules.DeclarationInvalid(
            _("Say what ties you to a bidder."),
            errors=[FieldError("/reason", "required", _("A reason is needed."))],
        )
    return reason.strip()


def _faults(
    session: Session, actor: Actor, rfq: Rfq, person_id: UUID, criterion_ids: Sequence[UUID]
) -> Iterator[FieldError]:
    if not grader_queries.is_colleague(session, actor, person_id):
        yield FieldError("/person_id", "unknown_person", _("Choose a person of your organisation."))
    elif officer_queries.is_bidders_person(session, rfq.id, person_id):
        yield FieldError(
            "/person_id",
            "bidders_person",
            _("This person belongs to somebody who may bid."),
        )
    known = {each.id for each in grader_queries.judged(session, rfq.id)}
    for index, criterion_id in enumerate(criterion_ids):
        if criterion_id not in known:
            yield FieldError(
                f"/criterion_ids/{index}",
                "unknown_criterion",
                _("This criterion is not scored by people."),
            )
