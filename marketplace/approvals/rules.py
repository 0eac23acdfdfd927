"""Which policy fits, who may decide, when a step is done. Values in, values out."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from marketplace.approvals.models import (
    ApprovalDecision,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStep,
    PolicyStep,
)
from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.core.errors import Conflict, FieldError, Invalid, NotAllowed, refuse_all
from marketplace.core.money import Money
from marketplace.core.text import Text, _
from marketplace.identity.permissions import ROLE_PERMISSIONS, Permission, Role

DECIDING_ROLES = frozenset(
    role for role, granted in ROLE_PERMISSIONS.items() if Permission.APPROVAL_DECIDE in granted
)
MANAGING_ROLES = frozenset(
    role
    for role, granted in ROLE_PERMISSIONS.items()
    if Permission.APPROVAL_POLICY_MANAGE in granted
)
MAX_STEPS = 9


class FourEyesViolation(NotAllowed):
    code = "four_eyes_violation"


class AlreadyDecided(Conflict):
    code = "already_decided"


class ContentChanged(Conflict):
    code = "content_changed"


class NoApprover(Conflict):
    code = "no_approver"


class NotYourTurn(NotAllowed):
    code = "not_your_decision"


@dataclass(frozen=True)
class SubjectLine:
    """One line of what is asked for, as the approver reads it."""

    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    base_quantity: Decimal
    net: Decimal


@dataclass(frozen=True)
class Subject:
    """What is asked for. ``author_ids``: everybody who wrote it, none of whom may decide."""

    kind: str
    id: UUID
    title: str
    url: str
    amount: Money
    fingerprint: str
    category: str = ""
    cost_centre: str | None = None
    partner: str = ""
    note: str = ""
    lines: tuple[SubjectLine, ...] = ()
    author_ids: frozenset[UUID] = frozenset()

    def content(self) -> dict[str, object]:
        """What the request keeps for the approver to read, as JSON."""
        return {
            "partner": self.partner,
            "note": self.note,
            "lines": [
                {
                    "description": line.description,
                    "quantity": str(line.quantity),
                    "unit": line.unit,
                    "unit_price": str(line.unit_price),
                    "base_quantity": str(line.base_quantity),
                    "net": str(line.net),
                }
                for line in self.lines
            ],
        }


@dataclass(frozen=True)
class PlannedStep:
    """A step before it is stored: for requests, policies and previews alike."""

    title: str
    role: Role | None = None
    person_ids: tuple[UUID, ...] = ()
    rule: StepRule = StepRule.ANY_OF


@dataclass(frozen=True)
class Route:
    """The steps a subject has to pass, and the policy they come from (None: the default)."""

    policy: ApprovalPolicy | None
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True)
class Candidates:
    """Who may decide at one step, leaving out the authors."""

    step: PlannedStep
    person_ids: tuple[UUID, ...] = field(default=())


DEFAULT_STEP = PlannedStep(title="", role=Role.APPROVER)


def is_match(policy: ApprovalPolicy, subject: Subject) -> bool:
    """Whether this policy holds for the subject."""
    return (
        policy.active
        and policy.subject_kind in (None, subject.kind)
        and subject.category.startswith(policy.category_prefix)
        and policy.cost_centre in (None, subject.cost_centre)
        and _is_in_range(policy, subject.amount)
    )


def _is_in_range(policy: ApprovalPolicy, amount: Money) -> bool:
    """Over is strict, up to is inclusive; another currency is over every limit."""
    if policy.currency != amount.currency:
        return policy.up_to is None
    if policy.over is not None and amount.amount <= policy.over:
        return False
    return policy.up_to is None or amount.amount <= policy.up_to


def route_of(policies: Iterable[ApprovalPolicy], subject: Subject) -> Route:
    """The steps of the first policy that fits; the default step when none does.

    policies: active ones in order of priority.
    """
    for policy in policies:
        if is_match(policy, subject):
            return Route(policy, tuple(planned(step) for step in policy.steps))
    return Route(None, (DEFAULT_STEP,))


def planned(step: PolicyStep | ApprovalStep) -> PlannedStep:
    """The stored step as a value."""
    return PlannedStep(step.title, step.role, tuple(step.person_ids), step.rule)


def candidates_of(step: PlannedStep, deciders: Set[UUID], authors: Set[UUID]) -> Candidates:
    """Those who may decide at the step: named persons or the role's members, never an author.

    deciders: everybody in the organisation who may decide now.
    """
    named = deciders if step.role else deciders & set(step.person_ids)
    return Candidates(step, tuple(sorted(named - authors)))


def check_reachable(candidates: Sequence[Candidates]) -> None:
    """Raise NoApprover for a step at which nobody could say yes: silence never approves."""
    for position, each in enumerate(candidates, start=1):
        if not each.person_ids:
            raise NoApprover(
                _(
                    "Nobody else in your organisation may decide step %(position)s. "
                    "Ask an administrator to name another approver.",
                    position=position,
                ),
                position=position,
            )


def check_four_eyes(request: ApprovalRequest, person_id: UUID) -> None:
    """Nobody decides on what they wrote or submitted: people count, not roles or keys."""
    if person_id == request.requested_by or person_id in request.author_ids:
        raise FourEyesViolation(_("You wrote or submitted this yourself. Somebody else decides."))


def check_content(request: ApprovalRequest, fingerprint: str | None) -> None:
    """What is decided on must be what was read and what still stands."""
    changed = request.state is RequestState.SUPERSEDED
    if changed or (fingerprint is not None and fingerprint != request.fingerprint):
        raise ContentChanged(
            _("The content changed after this approval was asked for. It has to be asked again."),
            fingerprint=request.fingerprint,
        )


def check_undecided(
    request: ApprovalRequest, step: ApprovalStep | None, person_id: UUID
) -> ApprovalStep:
    """The open step on which this person has not yet spoken; AlreadyDecided with the winner."""
    spoken = _decision_of(step, person_id) if step else None
    if step is None or spoken:
        raise already_decided(spoken or last_decision(request))
    return step


def already_decided(winner: ApprovalDecision | None) -> AlreadyDecided:
    """The refusal, with whose decision stands."""
    if winner is None:
        return AlreadyDecided(_("This has already been decided."))
    return AlreadyDecided(
        _("This has already been decided."),
        winner={
            "person_id": str(winner.person_id),
            "verdict": str(winner.verdict),
            "decided_at": winner.created_at.isoformat(),
        },
    )


def check_decider(
    step: ApprovalStep, person_id: UUID, roles: Set[Role], stood_for: Sequence[UUID]
) -> None:
    """The step asks for this person, by name or by role, or for somebody who delegated to them."""
    if not is_decider(step, person_id, roles) and not stood_for:
        raise NotYourTurn(_("This step is decided by somebody else."))


def is_decider(step: ApprovalStep, person_id: UUID, roles: Set[Role]) -> bool:
    return step.role in roles if step.role else person_id in step.person_ids


def stood_for_at(
    request: ApprovalRequest,
    step: ApprovalStep,
    person_id: UUID,
    roles: Set[Role],
    delegators: Set[UUID],
) -> list[UUID]:
    """For whom else this person's word counts at the step.

    delegators: approvers who delegated to the person for today. Nobody speaks for an author, as
    that would be the author's own yes, nor for who has spoken. Whoever is asked themselves needs
    no delegation where one of many decides.
    """
    if is_decider(step, person_id, roles) and step.rule is StepRule.ANY_OF:
        return []
    asked = delegators if step.role else delegators & set(step.person_ids)
    authors = {request.requested_by, *request.author_ids}
    return sorted(each for each in asked - authors if _decision_of(step, each) is None)


def may_speak(
    request: ApprovalRequest,
    step: ApprovalStep,
    person_id: UUID,
    roles: Set[Role],
    delegators: Set[UUID],
) -> bool:
    """Whether the person's word is still missing at the step, their own or a delegator's."""
    asked = is_decider(step, person_id, roles) or stood_for_at(
        request, step, person_id, roles, delegators
    )
    return bool(asked) and _decision_of(step, person_id) is None


def check_reason(verdict: Verdict, reason: str) -> None:
    """A no and a question need words; a yes does not."""
    if verdict is not Verdict.APPROVE and not reason.strip():
        raise Invalid(
            _("Say why, so that the requester can act on it."),
            errors=[FieldError("/reason", "required", _("Please give a reason."))],
        )


def step_after(step: ApprovalStep, verdict: Verdict, candidates: Set[UUID]) -> StepState:
    """The step's state once the verdict is counted.

    candidates: everybody who may decide at this step now; all of them for "all of".
    """
    if verdict is Verdict.REJECT:
        return StepState.REJECTED
    if verdict is Verdict.RETURN:
        return StepState.RETURNED
    approved = {
        person_id
        for decision in step.decisions
        if decision.verdict is Verdict.APPROVE
        for person_id in _speakers(decision)
    }
    if step.rule is StepRule.ALL_OF and candidates - approved:
        return StepState.OPEN
    return StepState.APPROVED


def open_step(request: ApprovalRequest) -> ApprovalStep | None:
    """The step that waits for a decision."""
    return next((step for step in request.steps if step.state is StepState.OPEN), None)


def next_step(request: ApprovalRequest) -> ApprovalStep | None:
    """The first step that has not had its turn."""
    return next((step for step in request.steps if step.state is StepState.PENDING), None)


def last_decision(request: ApprovalRequest) -> ApprovalDecision | None:
    """The latest word on the request: the reason of a no or of a question."""
    spoken = [decision for step in request.steps for decision in step.decisions]
    return max(spoken, key=lambda decision: decision.created_at, default=None)


def _decision_of(step: ApprovalStep, person_id: UUID) -> ApprovalDecision | None:
    return next((d for d in step.decisions if person_id in _speakers(d)), None)


def _speakers(decision: ApprovalDecision) -> list[UUID]:
    """Everybody for whom the decision counts."""
    return [decision.person_id, *(decision.on_behalf_of or ())]


@dataclass(frozen=True)
class PolicyDraft:
    """A policy as somebody wrote it, before it is stored."""

    name: str
    currency: str
    priority: int = 50
    subject_kind: str | None = None
    over: Decimal | None = None
    up_to: Decimal | None = None
    category_prefix: str = ""
    cost_centre: str | None = None
    active: bool = True
    steps: tuple[PlannedStep, ...] = ()


def check_policy(draft: PolicyDraft, deciders: Set[UUID]) -> None:
    """Raise with every reason why this policy could not work."""
    errors: list[FieldError] = []
    if draft.over is not None and draft.up_to is not None and draft.over >= draft.up_to:
        errors.append(_at("/up_to", "range", _("This limit must be above the other one.")))
    if len(draft.steps) > MAX_STEPS:
        detail = _("Use at most %(n)s steps.", n=MAX_STEPS)
        errors.append(_at("/steps", "too_many", detail))
    for index, step in enumerate(draft.steps):
        errors += _step_errors(f"/steps/{index}", step, deciders)
    refuse_all(errors)


def _step_errors(pointer: str, step: PlannedStep, deciders: Set[UUID]) -> list[FieldError]:
    if bool(step.role) == bool(step.person_ids):
        return [_at(pointer, "who", _("Choose either a role or persons by name."))]
    if step.role and step.role not in DECIDING_ROLES:
        return [_at(f"{pointer}/role", "role", _("People in this role may not approve."))]
    unknown = set(step.person_ids) - deciders
    if unknown:
        detail = _("Choose people of your organisation who may approve.")
        return [_at(f"{pointer}/person_ids", "not_an_approver", detail)]
    return []


def _at(pointer: str, code: str, detail: Text) -> FieldError:
    return FieldError(pointer, code, detail)
