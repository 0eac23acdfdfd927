"""Which policy fits, who may decide, when a step is done."""

from decimal import Decimal

import pytest

from marketplace.approvals import rules
from marketplace.approvals.models import (
    ApprovalDecision,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStep,
    PolicyStep,
)
from marketplace.approvals.rules import PlannedStep
from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.core.errors import Invalid
from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.identity.permissions import Role
from tests.factories.approvals import make_subject, policy_draft

A, B, C = (uuid7() for _number in range(3))


def policy(**overrides: object) -> ApprovalPolicy:
    values: dict[str, object] = {
        "name": "Policy",
        "priority": 50,
        "subject_kind": None,
        "currency": "EUR",
        "over": None,
        "up_to": None,
        "category_prefix": "",
        "cost_centre": None,
        "active": True,
        "steps": [],
    }
    return ApprovalPolicy(**(values | overrides))


class TestMatch:
    @pytest.mark.parametrize(
        ("amount", "fits"), [("4999.99", False), ("5000.00", False), ("5000.01", True)]
    )
    def test_over_means_strictly_more(self, amount: str, *, fits: bool) -> None:
        assert rules.is_match(policy(over=Decimal(5000)), make_subject(amount)) is fits

    @pytest.mark.parametrize(
        ("amount", "fits"), [("0.00", True), ("5000.00", True), ("5000.01", False)]
    )
    def test_up_to_includes_the_limit(self, amount: str, *, fits: bool) -> None:
        assert rules.is_match(policy(up_to=Decimal(5000)), make_subject(amount)) is fits

    def test_another_currency_is_over_every_limit(self) -> None:
        foreign = make_subject(amount=Money(Decimal(1), "USD"))
        assert rules.is_match(policy(over=Decimal(5000)), foreign)
        assert not rules.is_match(policy(up_to=Decimal(5000)), foreign)

    def test_category_by_its_beginning(self) -> None:
        furniture = make_subject(category="39112000")
        assert rules.is_match(policy(category_prefix="391"), furniture)
        assert not rules.is_match(policy(category_prefix="30"), furniture)

    def test_cost_centre_and_kind_when_named(self) -> None:
        subject = make_subject(cost_centre="CC-1")
        assert rules.is_match(policy(cost_centre="CC-1", subject_kind="order"), subject)
        assert not rules.is_match(policy(cost_centre="CC-2"), subject)
        assert not rules.is_match(policy(subject_kind="requisition"), subject)

    def test_inactive_policies_hold_for_nothing(self) -> None:
        assert not rules.is_match(policy(active=False), make_subject())


class TestRoute:
    def test_the_first_that_fits_decides(self) -> None:
        first = policy(name="Small", up_to=Decimal(5000))
        second = policy(
            name="Rest", steps=[PolicyStep(title="", role=Role.APPROVER, person_ids=[])]
        )
        assert rules.route_of([first, second], make_subject("10")).policy is first
        assert rules.route_of([first, second], make_subject("9000")).policy is second

    def test_no_policy_means_one_approver(self) -> None:
        route = rules.route_of([], make_subject())
        assert route.policy is None
        assert [step.role for step in route.steps] == [Role.APPROVER]


class TestPeople:
    def test_authors_are_never_candidates(self) -> None:
        step = PlannedStep("", Role.APPROVER)
        assert rules.candidates_of(step, {A, B}, {A}).person_ids == (B,)

    def test_named_people_must_still_be_deciders(self) -> None:
        step = PlannedStep("", None, (A, C))
        assert rules.candidates_of(step, {A, B}, set()).person_ids == (A,)

    def test_a_step_that_nobody_can_decide_is_refused(self) -> None:
        step = PlannedStep("", Role.APPROVER)
        with pytest.raises(rules.NoApprover) as refusal:
            rules.check_reachable([rules.candidates_of(step, {A}, {A})])
        assert refusal.value.data == {"position": 1}

    def test_four_eyes_are_about_people(self) -> None:
        request = ApprovalRequest(requested_by=A, author_ids=[B])
        for author in (A, B):
            with pytest.raises(rules.FourEyesViolation):
                rules.check_four_eyes(request, author)
        rules.check_four_eyes(request, C)


class TestStep:
    def step(self, rule: StepRule, *approved: object) -> ApprovalStep:
        decisions = [ApprovalDecision(person_id=p, verdict=Verdict.APPROVE) for p in approved]
        return ApprovalStep(rule=rule, state=StepState.OPEN, decisions=decisions)

    def test_any_of_needs_one(self) -> None:
        step = self.step(StepRule.ANY_OF, A)
        assert rules.step_after(step, Verdict.APPROVE, {A, B}) is StepState.APPROVED

    def test_all_of_needs_everybody(self) -> None:
        one, both = self.step(StepRule.ALL_OF, A), self.step(StepRule.ALL_OF, A, B)
        assert rules.step_after(one, Verdict.APPROVE, {A, B}) is StepState.OPEN
        assert rules.step_after(both, Verdict.APPROVE, {A, B}) is StepState.APPROVED

    def test_somebody_who_left_is_not_waited_for(self) -> None:
        step = self.step(StepRule.ALL_OF, A)
        assert rules.step_after(step, Verdict.APPROVE, {A}) is StepState.APPROVED

    def test_one_no_ends_it(self) -> None:
        step = self.step(StepRule.ALL_OF, A)
        assert rules.step_after(step, Verdict.REJECT, {A, B}) is StepState.REJECTED
        assert rules.step_after(step, Verdict.RETURN, {A, B}) is StepState.RETURNED

    def test_content_that_changed_is_not_decided(self) -> None:
        waiting = ApprovalRequest(state=RequestState.WAITING, fingerprint="new")
        rules.check_content(waiting, "new")
        with pytest.raises(rules.ContentChanged):
            rules.check_content(waiting, "old")
        superseded = ApprovalRequest(state=RequestState.SUPERSEDED, fingerprint="old")
        with pytest.raises(rules.ContentChanged):
            rules.check_content(superseded, "old")


class TestPolicy:
    def codes(self, *steps: PlannedStep, **overrides: object) -> list[tuple[str, str]]:
        with pytest.raises(Invalid) as refusal:
            rules.check_policy(policy_draft(*steps, **overrides), {A, B})
        return [(error.pointer, error.code) for error in refusal.value.errors]

    def test_every_reason_is_given_at_once(self) -> None:
        assert self.codes(
            PlannedStep(""),
            PlannedStep("", Role.RECEIVER),
            PlannedStep("", None, (C,)),
            PlannedStep("", Role.APPROVER, (A,)),
            over=Decimal(10),
            up_to=Decimal(10),
        ) == [
            ("/up_to", "range"),
            ("/steps/0", "who"),
            ("/steps/1/role", "role"),
            ("/steps/2/person_ids", "not_an_approver"),
            ("/steps/3", "who"),
        ]

    def test_ten_steps_are_too_many(self) -> None:
        assert self.codes(*[PlannedStep("", Role.APPROVER)] * 10) == [("/steps", "too_many")]

    def test_a_policy_may_ask_nobody(self) -> None:
        rules.check_policy(policy_draft(), set())
