"""Putting an opened bid out of the race, and taking it back, until the award."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import Conflict, FieldError, Invalid, NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import lot_queries
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.evaluation.states import ExclusionGround


class AlreadyExcluded(Conflict):
    code = "already_excluded"


class NotExcluded(Conflict):
    code = "not_excluded"


class BidHasWon(Conflict):
    code = "bid_has_won"


class PriceStaysSealed(Conflict):
    code = "price_stays_sealed"


class ExclusionInvalid(Invalid):
    code = "exclusion_invalid"


@requires(Permission.RFQ_EVALUATE)
def exclude(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bid_id: UUID,
    reason: str,
    ground: ExclusionGround = ExclusionGround.RULING,
    criterion_id: UUID | None = None,
) -> BidExclusion:
    """Take a bid out of ranking, comparison and award; its supplier learns why at the end.

    criterion_id: the knock-out criterion that the bid does not meet.
    """
    bid = _ruled_bid(session, actor, rfq_id, bid_id)
    _check(session, rfq_id, bid_id, reason, ground, criterion_id)
    if evaluation_queries.exclusion(session, rfq_id, bid_id) is not None:
        raise AlreadyExcluded(_("This bid is excluded already."))
    excluded = BidExclusion(
        bid_id=bid_id,
        rfq_id=rfq_id,
        buyer_id=bid.buyer_id,
        supplier_id=bid.supplier_id,
        ground=ground,
        criterion_id=criterion_id,
        reason=reason.strip(),
        excluded_by=actor.person,
        excluded_at=clock.now(),
    )
    session.add(excluded)
    session.flush()
    _note(session, actor, "rfq.bid_excluded", excluded, excluded.reason)
    return excluded


@requires(Permission.RFQ_EVALUATE)
def readmit(session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, reason: str) -> None:
    """Take an excluded bid back into the race."""
    _ruled_bid(session, actor, rfq_id, bid_id)
    _check_price_open(queries.get_own(session, actor, rfq_id))
    excluded = evaluation_queries.exclusion(session, rfq_id, bid_id)
    if excluded is None:
        raise NotExcluded(_("This bid is not excluded."))
    session.delete(excluded)
    _note(session, actor, "rfq.bid_readmitted", excluded, reason.strip())
    session.flush()


def _ruled_bid(session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID) -> Bid:
    """The opened bid, with its RFQ locked in a state that still takes rulings."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "evaluate")
    if bid_id in lot_queries.winning_bids(session, rfq_id):
        raise BidHasWon(_("This bid has won a part of the event. Take that decision back first."))
    for bid in bid_queries.readable_bids(session, rfq_id):
        if bid.id == bid_id:
            return bid
    raise NotFound(_("There is no such bid."))


def _check_price_open(rfq: Rfq) -> None:
    """Raise PriceStaysSealed once the prices of all others have been opened."""
    if rfq.prices_opened_at is not None:
        raise PriceStaysSealed(
            _("The prices have been opened without this bid; its price stays sealed for ever.")
        )


def _check(
    session: Session,
    rfq_id: UUID,
    bid_id: UUID,
    reason: str,
    ground: ExclusionGround,
    criterion_id: UUID | None,
) -> None:
    errors = []
    if not reason.strip():
        errors.append(FieldError("/reason", "required", _("A reason is needed.")))
    if ground is ExclusionGround.KNOCK_OUT and criterion_id is None:
        errors.append(
            FieldError("/criterion_id", "required", _("Name the criterion that is not met."))
        )
    if ground is ExclusionGround.ABNORMALLY_LOW and not low_price_rules.was_heard(
        evaluation_queries.inquiry(session, rfq_id, bid_id), clock.now()
    ):
        errors.append(
            FieldError(
                "/ground",
                "not_heard",
                _("Ask the supplier to justify the price first, and wait for the answer."),
            )
        )
    known = {criterion.id for criterion in bid_queries.terms(session, rfq_id).criteria}
    if criterion_id is not None and criterion_id not in known:
        errors.append(
            FieldError("/criterion_id", "unknown_criterion", _("There is no such criterion."))
        )
    if errors:
        raise ExclusionInvalid(_("This bid cannot be excluded like this."), errors=errors)


def _note(session: Session, actor: Actor, action: str, excluded: BidExclusion, reason: str) -> None:
    audit.record(
        session,
        actor,
        action,
        ("rfq", excluded.rfq_id),
        {
            "bid_id": str(excluded.bid_id),
            "supplier_id": str(excluded.supplier_id),
            "ground": str(excluded.ground),
            "reason": reason,
        },
    )
