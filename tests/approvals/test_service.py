"""Asking, deciding, taking back; and who may not."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.approvals import queries, rules, service
from marketplace.approvals.models import ApprovalDecision, ApprovalRequest
from marketplace.approvals.rules import PlannedStep
from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.core import audit
from marketplace.core.errors import Invalid, NotAllowed, NotFound, Stale
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.notifications.models import Notice
from tests.factories.approvals import (
    ONE_APPROVER,
    make_policy,
    make_request,
    make_subject,
    policy_draft,
)
from tests.factories.identity import make_actor, make_organisation


class Team:
    """A buying company: who asks and who decides."""

    def __init__(self, session: Session) -> None:
        self.company = make_organisation(session)
        self.session = session
        self.requester = self.member(Role.BUYER)
        self.first = self.member(Role.APPROVER)
        self.second = self.member(Role.APPROVER)

    def member(self, *roles: Role) -> Actor:
        return make_actor(self.session, OrgKind.BUYER, *roles, organisation=self.company)


@pytest.fixture
def team(session: Session) -> Team:
    return Team(session)


def announced(session: Session) -> list[str]:
    session.flush()
    names = session.scalars(select(OutboxMessage.name).order_by(OutboxMessage.seq))
    return [name for name in names if name.startswith("approvals.")]


def decide(
    session: Session, actor: Actor, asked: ApprovalRequest, verdict: Verdict, **more: str
) -> ApprovalRequest:
    return service.decide(session, actor, asked.id, verdict, **more)


class TestRequest:
    def test_without_a_policy_one_approver_is_asked(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        assert asked.state is RequestState.WAITING
        assert asked.policy_name is None
        assert [(step.role, step.state) for step in asked.steps] == [
            (Role.APPROVER, StepState.OPEN)
        ]
        assert announced(session) == ["approvals.requested"]

    def test_a_policy_that_asks_nobody_grants_at_once(self, session: Session, team: Team) -> None:
        make_policy(session, team.first, up_to=Decimal(5000), name="Small")
        asked = make_request(session, team.requester, "5000.00")
        assert (asked.state, asked.policy_name) == (RequestState.GRANTED, "Small")
        assert announced(session) == ["approvals.granted"]

    def test_an_amount_of_zero_is_no_exception(self, session: Session, team: Team) -> None:
        assert make_request(session, team.requester, "0.00").state is RequestState.WAITING

    def test_steps_open_one_after_the_other(self, session: Session, team: Team) -> None:
        named = PlannedStep("Director", None, (team.second.person,))
        make_policy(session, team.first, ONE_APPROVER, named)
        asked = make_request(session, team.requester)
        assert [step.state for step in asked.steps] == [StepState.OPEN, StepState.PENDING]
        decide(session, team.first, asked, Verdict.APPROVE)
        assert [step.state for step in asked.steps] == [StepState.APPROVED, StepState.OPEN]
        with pytest.raises(rules.NotYourTurn):
            decide(session, team.first, asked, Verdict.APPROVE)
        decide(session, team.second, asked, Verdict.APPROVE)
        assert asked.state is RequestState.GRANTED
        assert announced(session) == [
            "approvals.requested", "approvals.requested", "approvals.granted",
        ]  # fmt: skip

    def test_nobody_to_ask_refuses_and_writes_nothing(self, session: Session) -> None:
        alone = make_actor(session, OrgKind.BUYER, Role.BUYER, Role.APPROVER)
        with pytest.raises(rules.NoApprover):
            make_request(session, alone)
        assert session.scalars(select(ApprovalRequest)).all() == []
        assert announced(session) == []

    def test_a_later_edit_of_the_policy_changes_no_live_request(
        self, session: Session, team: Team
    ) -> None:
        policy = make_policy(session, team.first, ONE_APPROVER)
        asked = make_request(session, team.requester)
        service.update_policy(session, team.first, policy.id, policy_draft())
        assert decide(session, team.first, asked, Verdict.APPROVE).state is RequestState.GRANTED


class TestDecide:
    def test_a_yes_grants_for_exactly_this_content(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        decide(session, team.first, asked, Verdict.APPROVE, fingerprint=asked.fingerprint)
        assert (asked.state, asked.decided_at is not None) == (RequestState.GRANTED, True)
        event = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "approvals.granted")
        ).one()
        assert event.payload["fingerprint"] == asked.fingerprint
        actions = [
            entry.action
            for entry in audit.history(session, team.company.id, "approval_request", asked.id)
        ]
        assert actions == ["approvals.requested", "approvals.decided", "approvals.granted"]

    @pytest.mark.parametrize(
        ("verdict", "state", "event"),
        [
            (Verdict.REJECT, RequestState.REJECTED, "approvals.rejected"),
            (Verdict.RETURN, RequestState.RETURNED, "approvals.returned"),
        ],
    )
    def test_a_no_and_a_question_end_it(
        self, session: Session, team: Team, verdict: Verdict, state: RequestState, event: str
    ) -> None:
        make_policy(session, team.first, ONE_APPROVER, ONE_APPROVER)
        asked = make_request(session, team.requester)
        decide(session, team.first, asked, verdict, reason="Too dear")
        assert asked.state is state
        assert [step.state for step in asked.steps][1] is StepState.DROPPED
        assert announced(session)[-1] == event

    @pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.RETURN])
    def test_a_no_needs_words(self, session: Session, team: Team, verdict: Verdict) -> None:
        asked = make_request(session, team.requester)
        with pytest.raises(Invalid):
            decide(session, team.first, asked, verdict, reason="  ")
        assert session.scalars(select(ApprovalDecision)).all() == []

    def test_all_of_waits_for_everybody(self, session: Session, team: Team) -> None:
        make_policy(session, team.first, PlannedStep("", Role.APPROVER, (), StepRule.ALL_OF))
        asked = make_request(session, team.requester)
        assert decide(session, team.first, asked, Verdict.APPROVE).state is RequestState.WAITING
        assert decide(session, team.second, asked, Verdict.APPROVE).state is RequestState.GRANTED

    def test_the_second_of_any_of_hears_who_decided(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        decide(session, team.first, asked, Verdict.APPROVE)
        with pytest.raises(rules.AlreadyDecided) as refusal:
            decide(session, team.second, asked, Verdict.REJECT, reason="No")
        assert refusal.value.data["winner"]["person_id"] == str(team.first.person_id)
        assert refusal.value.data["winner"]["verdict"] == "approve"
        assert len(session.scalars(select(ApprovalDecision)).all()) == 1

    def test_the_same_person_speaks_once(self, session: Session, team: Team) -> None:
        make_policy(session, team.first, PlannedStep("", Role.APPROVER, (), StepRule.ALL_OF))
        asked = make_request(session, team.requester)
        decide(session, team.first, asked, Verdict.APPROVE)
        with pytest.raises(rules.AlreadyDecided):
            decide(session, team.first, asked, Verdict.APPROVE)

    def test_nobody_approves_their_own_through_a_second_role(
        self, session: Session, team: Team
    ) -> None:
        both = team.member(Role.BUYER, Role.APPROVER)
        asked = make_request(session, both)
        with pytest.raises(rules.FourEyesViolation) as refusal:
            decide(session, both, asked, Verdict.APPROVE)
        assert refusal.value.code == "four_eyes_violation"
        assert asked.state is RequestState.WAITING

    def test_nobody_approves_what_they_wrote_and_another_submitted(
        self, session: Session, team: Team
    ) -> None:
        author = team.member(Role.REQUESTER, Role.APPROVER)
        asked = make_request(session, team.requester, author_ids=frozenset({author.person}))
        with pytest.raises(rules.FourEyesViolation):
            decide(session, author, asked, Verdict.APPROVE)

    def test_named_people_only(self, session: Session, team: Team) -> None:
        make_policy(session, team.first, PlannedStep("", None, (team.second.person,)))
        asked = make_request(session, team.requester)
        with pytest.raises(rules.NotYourTurn):
            decide(session, team.first, asked, Verdict.APPROVE)

    @pytest.mark.parametrize("role", [Role.BUYER, Role.REQUESTER, Role.RECEIVER, Role.AUDITOR])
    def test_other_roles_do_not_decide(self, session: Session, team: Team, role: Role) -> None:
        asked = make_request(session, team.requester)
        with pytest.raises(NotAllowed):
            decide(session, team.member(role), asked, Verdict.APPROVE)

    def test_other_organisations_find_nothing(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        with pytest.raises(NotFound):
            decide(session, stranger, asked, Verdict.APPROVE)


class TestVoid:
    def test_changed_content_voids_what_waits(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        service.supersede(session, team.requester, "order", asked.subject_id)
        assert asked.state is RequestState.SUPERSEDED
        with pytest.raises(rules.ContentChanged) as refusal:
            decide(session, team.first, asked, Verdict.APPROVE)
        assert refusal.value.code == "content_changed"

    def test_and_what_was_granted(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        decide(session, team.first, asked, Verdict.APPROVE)
        service.supersede(session, team.requester, "order", asked.subject_id)
        assert asked.state is RequestState.SUPERSEDED

    def test_a_decision_on_another_text_is_refused(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        with pytest.raises(rules.ContentChanged):
            decide(session, team.first, asked, Verdict.APPROVE, fingerprint="0" * 64)
        assert asked.state is RequestState.WAITING

    def test_withdrawing_twice_is_the_same(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        for _time in range(2):
            service.withdraw(session, team.requester, "order", asked.subject_id)
        assert asked.state is RequestState.WITHDRAWN
        again = service.request(session, team.requester, make_subject(id=asked.subject_id))
        assert again.state is RequestState.WAITING


class TestInbox:
    def test_it_holds_what_this_person_can_decide(self, session: Session, team: Team) -> None:
        asked = make_request(session, team.requester)
        own = make_request(session, team.member(Role.BUYER, Role.APPROVER))
        page = queries.waiting_for(session, team.first)
        assert [each.id for each in page.items] == [asked.id, own.id]
        assert queries.count_waiting(session, team.first) == 2
        decide(session, team.second, asked, Verdict.APPROVE)
        assert [each.id for each in queries.waiting_for(session, team.first).items] == [own.id]
        assert queries.count_waiting(session, team.requester) == 0

    def test_authors_do_not_see_their_own_there(self, session: Session, team: Team) -> None:
        both = team.member(Role.BUYER, Role.APPROVER)
        make_request(session, both)
        assert queries.count_waiting(session, both) == 0
        assert queries.count_waiting(session, team.first) == 1


class TestPolicies:
    def test_priority_decides(self, session: Session, team: Team) -> None:
        make_policy(session, team.first, ONE_APPROVER, name="Late", priority=90)
        make_policy(session, team.first, name="Early", priority=10)
        route, _candidates = service.preview(session, team.requester, make_subject())
        assert route.policy is not None
        assert route.policy.name == "Early"

    def test_a_preview_stores_nothing(self, session: Session, team: Team) -> None:
        _route, [step] = service.preview(session, team.requester, make_subject())
        assert set(step.person_ids) == {team.first.person, team.second.person}
        assert session.scalars(select(ApprovalRequest)).all() == []

    def test_an_edit_of_another_version_is_refused(self, session: Session, team: Team) -> None:
        policy = make_policy(session, team.first, ONE_APPROVER)
        edited = service.update_policy(
            session, team.first, policy.id, policy_draft(ONE_APPROVER, ONE_APPROVER), 1
        )
        assert (edited.version, len(edited.steps)) == (2, 2)
        with pytest.raises(Stale):
            service.update_policy(session, team.first, policy.id, policy_draft(), 1)

    def test_removing_one_keeps_the_name_in_past_requests(
        self, session: Session, team: Team
    ) -> None:
        policy = make_policy(session, team.first, ONE_APPROVER, name="Finance")
        asked = make_request(session, team.requester)
        service.delete_policy(session, team.first, policy.id)
        session.flush()
        session.expire_all()
        asked = queries.get(session, team.first, asked.id)
        assert (asked.policy_id, asked.policy_name) == (None, "Finance")

    def test_buyers_do_not_write_policies(self, session: Session, team: Team) -> None:
        with pytest.raises(NotAllowed):
            service.create_policy(session, team.requester, policy_draft())

    def test_policies_of_others_do_not_exist(self, session: Session, team: Team) -> None:
        policy = make_policy(session, team.first)
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        with pytest.raises(NotFound):
            service.delete_policy(session, stranger, policy.id)
        assert service.list_policies(session, stranger) == []


def test_approvers_and_requesters_are_told(
    session: Session, team: Team, drain: Callable[[], int]
) -> None:
    asked = make_request(session, team.requester, kind="requisition")
    decide(session, team.first, asked, Verdict.REJECT, reason="Not now")
    drain()
    told = session.execute(select(Notice.person_id, Notice.kind, Notice.url)).all()
    assert set(told) == {
        (team.first.person_id, "approval_requested", f"/approvals/{asked.id}"),
        (team.second.person_id, "approval_requested", f"/approvals/{asked.id}"),
        (team.requester.person_id, "approval_rejected", asked.url),
    }
