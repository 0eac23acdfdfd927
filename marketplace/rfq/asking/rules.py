"""Decisions about an RFQ that need no database: what is missing, what may happen, what warns."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from marketplace.core.clock import instant
from marketplace.core.errors import Conflict, FieldError, Invalid, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.rfq.asking import formula_rules, kind_rules
from marketplace.rfq.asking.formula_rules import FoundInFormula
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqInvitation, RfqQuestion
from marketplace.rfq.terms import cost_terms, criteria_tree, lot_weights, question_rules, rates
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import ACTION_PERMISSIONS, CriterionKind, RfqState

LEAST_BIDDING_TIME = timedelta(seconds=30)
USUAL_BIDDING_TIME = timedelta(hours=24)
FRESH_RATE = timedelta(days=7)
WHOLE = Decimal(100)
MAX_LINES = 5000
MAX_LOTS = 500


class RfqNotReady(Invalid):
    code = "rfq_not_ready"


class DeadlineShortenForbidden(Conflict):
    code = "deadline_shorten_forbidden"


class QuestionsClosed(Conflict):
    code = "questions_closed"


class AlreadyAnswered(Conflict):
    code = "already_answered"


class SupplierNotInvitable(Invalid):
    code = "supplier_not_invitable"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What keeps an RFQ from being published, and what its buyer should think about."""

    reasons: list[FieldError]
    warnings: list[FieldError]
    formulas: list[FoundInFormula] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        return not self.reasons

    @property
    def needs_confirmation(self) -> bool:
        """Whether a formula is published only on confirmation."""
        return any(found.finding.is_irregular for found in self.formulas)


def readiness(
    rfq: Rfq,
    invitations: Sequence[RfqInvitation],
    blocked: Collection[UUID],
    now: datetime,
) -> Readiness:
    """Every reason and warning at once, so that a buyer mends the draft in one go."""
    reasons = [
        *content_reasons(rfq),
        *kind_rules.gaps(rfq),
        *_deadline_gaps(rfq, now),
        *rates.gaps(rfq.rates, _today(rfq, now)),
        *_invitation_gaps(rfq, invitations, blocked),
    ]
    found = formula_rules.findings_of(rfq)
    doubts = [
        *_doubts(rfq, invitations, now),
        *kind_rules.doubts(rfq),
        *formula_rules.warnings(found),
    ]
    return Readiness(reasons, doubts, found)


def content_reasons(rfq: Rfq) -> Iterator[FieldError]:
    """What is missing in lots, lines and criteria before bidders may read them."""
    yield from _content_gaps(rfq)
    yield from _criteria_gaps(rfq)
    yield from formula_rules.gaps(rfq)
    yield from cost_terms.gaps(
        rfq.costs,
        [lot.number for lot in rfq.lots],
        {each.name.casefold(): each.asked for each in rfq.criteria},
    )


def check_ready(found: Readiness, *, confirmed: bool = False) -> None:
    """Raise RfqNotReady with every reason. confirmed: an irregular formula is meant to be."""
    if found.reasons:
        raise RfqNotReady(_("This event cannot be published yet."), errors=found.reasons)
    if found.needs_confirmation and not confirmed:
        formula_rules.refuse_unconfirmed()


def _content_gaps(rfq: Rfq) -> Iterator[FieldError]:
    if rfq.kind is RfqKind.RFI:
        return
    if not rfq.lines:
        yield FieldError("/lines", "required", _("Add at least one line."))
        return
    filled = {line.lot_id for line in rfq.lines}
    for index, lot in enumerate(rfq.lots):
        if lot.id not in filled:
            yield FieldError(
                f"/lots/{index}",
                "empty_lot",
                _("Lot %(number)s has no line. Add one or remove the lot.", number=lot.number),
            )


def _criteria_gaps(rfq: Rfq) -> Iterator[FieldError]:
    places = [criterion.place for criterion in rfq.criteria]
    total = criteria_tree.total(rfq.sections, places)
    if total != WHOLE and (rfq.criteria or rfq.kind is not RfqKind.RFI):
        yield FieldError(
            "/criteria",
            "weights_not_100",
            _("The weights add up to %(total)s instead of 100.", total=f"{total.normalize():f}"),
        )
    yield from criteria_tree.gaps(rfq.sections, places)
    yield from _weightless(rfq)
    prices = [each.name for each in rfq.criteria if each.kind is CriterionKind.PRICE]
    for lot in rfq.lots:
        yield from lot_weights.gaps(
            lot_weights.read(lot.weights),
            lot.number,
            [each.name for each in rfq.criteria],
            prices[0] if prices else None,
        )
    if rfq.kind is RfqKind.RFI:
        return
    if [criterion.kind for criterion in rfq.criteria].count(CriterionKind.PRICE) != 1:
        yield FieldError("/criteria", "one_price_criterion", _("Weigh the price exactly once."))
    if rfq.blind_scoring and len(rfq.criteria) < 2 and rfq.kind is not RfqKind.RFP:
        yield FieldError(
            "/blind_scoring",
            "nothing_to_score",
            _("There is nothing to score before the prices. Add a criterion, or show prices."),
        )


def _weightless(rfq: Rfq) -> Iterator[FieldError]:
    """Criteria that neither earn points nor make up a cost: nobody would know what for."""
    named = {(term.criterion or "").casefold() for term in rfq.costs.terms}
    for lot in rfq.lots:
        named |= {each.criterion.casefold() for each in lot_weights.read(lot.weights)}
    for index, each in enumerate(rfq.criteria):
        if each.section is None and not each.weight and each.name.casefold() not in named:
            yield FieldError(
                f"/criteria/{index}",
                "counts_nowhere",
                _(
                    "Criterion “%(name)s” has no weight, and no lot or cost uses it.",
                    name=each.name,
                ),
            )


def _deadline_gaps(rfq: Rfq, now: datetime) -> Iterator[FieldError]:
    if rfq.bids_due_at is None:
        yield FieldError("/bids_due_at", "required", _("Set the deadline for bids."))
        return
    if rfq.bids_due_at < now + LEAST_BIDDING_TIME:
        yield FieldError(
            "/bids_due_at",
            "deadline_too_soon",
            _("The deadline must be at least %(n)s seconds ahead.", n=LEAST_BIDDING_TIME.seconds),
        )
    if rfq.questions_due_at is not None:
        yield from _question_gaps(rfq.questions_due_at, rfq.bids_due_at)


def _question_gaps(asked_until: datetime, bids_due_at: datetime | None) -> Iterator[FieldError]:
    if bids_due_at is not None and asked_until > bids_due_at:
        yield FieldError(
            "/questions_due_at",
            "questions_after_bids",
            _("Questions must close before the deadline for bids."),
        )


def _invitation_gaps(
    rfq: Rfq, invitations: Sequence[RfqInvitation], blocked: Collection[UUID]
) -> Iterator[FieldError]:
    if not invitations and not rfq.open_to_all:
        words = (
            _("Invite the suppliers of the agreement.")
            if rfq.kind is RfqKind.MINI_COMPETITION
            else _("Invite at least one supplier, or open the event to all qualified suppliers.")
        )
        yield FieldError("/invitations", "required", words)
    for invitation in invitations:
        if invitation.supplier_id in blocked:
            yield FieldError(
                f"/invitations/{invitation.supplier_id}",
                "supplier_blocked",
                _("An invited supplier has been blocked. Take it off the list."),
            )


def _doubts(rfq: Rfq, invitations: Sequence[RfqInvitation], now: datetime) -> Iterator[FieldError]:
    if rfq.bids_due_at is not None and rfq.bids_due_at < now + USUAL_BIDDING_TIME:
        yield FieldError(
            "/bids_due_at",
            "short_bidding_time",
            _("Suppliers have less than 24 hours to bid."),
        )
    if rfq.questions_due_at is not None and rfq.questions_due_at <= now:
        yield FieldError(
            "/questions_due_at", "questions_already_closed", _("The time for questions is over.")
        )
    if len(invitations) == 1 and not rfq.open_to_all:
        yield FieldError(
            "/invitations", "single_supplier", _("Only one supplier is invited: no competition.")
        )
    least = max([rfq.minimum_bids or 1, *(lot.minimum_bids or 1 for lot in rfq.lots)])
    if 0 < len(invitations) < least and not rfq.open_to_all:
        yield FieldError(
            "/invitations",
            "fewer_invited_than_wanted",
            _("Fewer suppliers are invited than have to bid."),
        )
    if any(each.as_of and _today(rfq, now) - each.as_of > FRESH_RATE for each in rfq.rates):
        yield FieldError("/rates", "old_rate", _("A rate is more than a week old."))
    if any(line.delivery_on and line.delivery_on < now.date() for line in rfq.lines):
        yield FieldError("/lines", "delivery_in_the_past", _("A delivery date lies in the past."))


def _today(rfq: Rfq, now: datetime) -> date:
    """The day by the calendar of the RFQ."""
    return now.astimezone(ZoneInfo(rfq.time_zone)).date()


def check_extension(rfq: Rfq, due_at: datetime) -> None:
    """Raise unless the published deadline moves to a later instant."""
    if rfq.bids_due_at is None or due_at <= rfq.bids_due_at:
        detail = _("A published deadline only moves later.")
        raise DeadlineShortenForbidden(
            detail,
            errors=[FieldError("/bids_due_at", DeadlineShortenForbidden.code, detail)],
            bids_due_at=instant(rfq.bids_due_at) if rfq.bids_due_at else None,
        )


def check_questions_extension(rfq: Rfq, due_at: datetime) -> None:
    """Raise unless questions close later than before, and not after the bids."""
    if rfq.questions_due_at is not None and due_at < rfq.questions_due_at:
        detail = _("A published deadline only moves later.")
        raise DeadlineShortenForbidden(
            detail, errors=[FieldError("/questions_due_at", DeadlineShortenForbidden.code, detail)]
        )
    refuse_all(list(_question_gaps(due_at, rfq.bids_due_at)))


def takes_questions(rfq: Rfq, now: datetime) -> bool:
    """Whether bidders may still ask."""
    if rfq.state_at(now) is not RfqState.PUBLISHED:
        return False
    return rfq.questions_due_at is None or now <= rfq.questions_due_at


def check_takes_questions(rfq: Rfq, now: datetime) -> None:
    if not takes_questions(rfq, now):
        closed_at = rfq.questions_due_at or rfq.bids_due_at
        raise QuestionsClosed(
            _("The time for questions about this event is over."),
            questions_due_at=instant(closed_at) if closed_at else None,
        )


def check_unanswered(question: RfqQuestion) -> None:
    if question.answered_at is not None:
        raise AlreadyAnswered(_("This question has been answered already."))


def actions_for(rfq: Rfq, actor: Actor, now: datetime) -> list[str]:
    """What this actor may do with the RFQ now."""
    state = rfq.state_at(now)
    if actor.org_id == rfq.buyer_id:
        possible = [action for action in rfq.flow.actions(state) if action in ACTION_PERMISSIONS]
        if rfq.kind is RfqKind.AUCTION and state is RfqState.OPENED and not rfq.award_held_by:
            possible.append("plan_auction")
        return [
            action
            for action in possible
            if actor.may(ACTION_PERMISSIONS[action])
            and (action != "open_prices" or rfq.prices_sealed)
        ]
    if actor.org_kind is not OrgKind.SUPPLIER or state is not RfqState.PUBLISHED:
        return []
    bidding = {
        "ask": actor.may(Permission.QUESTION_ASK) and takes_questions(rfq, now),
        "bid": actor.may(Permission.BID_SUBMIT),
    }
    return [action for action, allowed in bidding.items() if allowed]


def lot_faults(lots: Sequence[LotDraft], currency: str) -> Iterator[FieldError]:
    """Why these lots cannot be taken."""
    if not lots:
        yield FieldError("/lots", "required", _("An event has at least one lot."))
    if len(lots) > MAX_LOTS:
        yield FieldError("/lots", "too_many", _("Use at most %(n)s lots.", n=MAX_LOTS))
    for index, lot in enumerate(lots):
        if lot.estimate is not None and lot.estimate.currency != currency:
            yield currency_fault(f"/lots/{index}/estimate/currency", currency)
        yield from lot_weights.faults(lot.weights or (), f"/lots/{index}/weights")


def line_faults(
    lines: Sequence[LineDraft], lot_numbers: Collection[int], currency: str, *, already: int = 0
) -> Iterator[FieldError]:
    """Why these lines cannot be taken beside those that are there already."""
    if len(lines) + already > MAX_LINES:
        yield FieldError("/lines", "too_many", _("Use at most %(n)s lines.", n=MAX_LINES))
    for index, line in enumerate(lines):
        if line.lot not in lot_numbers:
            yield FieldError(
                f"/lines/{index}/lot",
                "unknown_lot",
                _("There is no lot %(number)s.", number=line.lot),
            )
        if line.reference_price is not None and line.reference_price.currency != currency:
            yield currency_fault(f"/lines/{index}/reference_price/currency", currency)


def criterion_faults(
    criteria: Sequence[CriterionDraft], sections: Sequence[Section] = ()
) -> Iterator[FieldError]:
    """Why these criteria cannot be taken. Their sum is checked at publication only."""
    names: set[str] = set()
    for index, criterion in enumerate(criteria):
        yield from criteria_tree.place_faults(sections, criterion.place, f"/criteria/{index}")
        yield from formula_rules.faults(criterion, f"/criteria/{index}")
        yield from question_rules.faults(criterion, f"/criteria/{index}")
        if criterion.name.casefold() in names:
            yield FieldError(f"/criteria/{index}/name", "duplicate", _("This name is used twice."))
        names.add(criterion.name.casefold())


def invitation_faults(
    supplier_ids: Sequence[UUID], suppliers: Collection[UUID], blocked: Collection[UUID]
) -> Iterator[FieldError]:
    """Why these suppliers cannot be invited. suppliers: those of them that exist."""
    for index, supplier_id in enumerate(supplier_ids):
        if supplier_id not in suppliers:
            yield FieldError(
                f"/supplier_ids/{index}", "unknown_supplier", _("There is no such supplier.")
            )
        elif supplier_id in blocked:
            yield FieldError(
                f"/supplier_ids/{index}",
                "supplier_blocked",
                _("This supplier is blocked and cannot be invited."),
            )


def currency_fault(pointer: str, currency: str) -> FieldError:
    return FieldError(
        pointer,
        "currency_mismatch",
        _("Amounts of this event are in %(currency)s.", currency=currency),
    )
