"""Approvals in the portal: the inbox, the decision, the policy editor."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.approvals import queries, service
from marketplace.approvals.models import ApprovalPolicy
from marketplace.approvals.states import RequestState, StepRule
from marketplace.identity.permissions import Actor, OrgKind, Role
from tests.clients import PortalClient, words
from tests.factories.approvals import ONE_APPROVER, make_policy, make_request
from tests.factories.identity import make_actor, make_organisation

Portal = Callable[[Actor], PortalClient]


class Team:
    def __init__(self, session: Session) -> None:
        company = make_organisation(session)
        roles = (Role.BUYER, Role.APPROVER, Role.ADMIN)
        self.buyer, self.approver, self.admin = (
            make_actor(session, OrgKind.BUYER, role, organisation=company) for role in roles
        )


@pytest.fixture
def team(session: Session) -> Team:
    return Team(session)


class TestInbox:
    def test_it_shows_what_waits_with_its_cost(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        make_request(session, team.buyer)
        page = words(portal(team.approver).get("/approvals"))
        assert "PO-2026-00001 · Chairs" in page
        assert "€1,000.00" in page
        assert team.buyer.name in page

    def test_empty_it_says_what_will_stand_here(self, portal: Portal, team: Team) -> None:
        assert "Nothing waits for you" in words(portal(team.approver).get("/approvals"))
        assert "No requests" in words(portal(team.buyer).get("/approvals"))

    def test_requesters_follow_their_own(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        make_request(session, team.buyer)
        browser = portal(team.buyer)
        assert "Waiting for a decision" in words(browser.get("/approvals"))
        assert "No requests" in words(browser.get("/approvals?state=granted"))


class TestDecision:
    def test_all_facts_on_one_page(self, session: Session, portal: Portal, team: Team) -> None:
        make_policy(session, team.approver, ONE_APPROVER, name="Finance first")
        asked = make_request(session, team.buyer, note="For the new office")
        page = words(portal(team.approver).get(f"/approvals/{asked.id}"))
        for fact in (
            "Mobilier SARL", "Chair", "10 pieces",
            "€100.00", "Finance first", "For the new office", team.buyer.name, "Approve €1,000.00",
        ):  # fmt: skip
            assert fact in page

    def test_two_clicks_approve(self, session: Session, portal: Portal, team: Team) -> None:
        asked = make_request(session, team.buyer)
        answer = portal(team.approver).post(
            f"/approvals/{asked.id}/decide",
            {"verdict": "approve", "fingerprint": asked.fingerprint},
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/approvals")
        found = queries.get(session, team.approver, asked.id)
        assert found.state is RequestState.GRANTED

    def test_rejecting_without_words_keeps_the_page(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        asked = make_request(session, team.buyer)
        path = f"/approvals/{asked.id}/decide"
        answer = portal(team.approver).post(path, {"verdict": "reject", "reason": ""})
        assert answer.status_code == 422
        assert "Please give a reason" in words(answer)
        assert queries.get(session, team.approver, asked.id).state is RequestState.WAITING

    def test_content_that_changed_is_said(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        asked = make_request(session, team.buyer)
        service.supersede(session, team.buyer, "order", asked.subject_id)
        browser = portal(team.approver)
        answer = browser.post(f"/approvals/{asked.id}/decide", {"verdict": "approve"})
        assert answer.status_code == 422
        assert "content changed" in words(answer)

    def test_the_author_sees_why_there_is_no_button(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        asked = make_request(session, team.buyer)
        page = words(portal(team.buyer).get(f"/approvals/{asked.id}"))
        assert "somebody else decides" in page
        assert "Your decision" not in page

    def test_strangers_find_nothing(self, session: Session, portal: Portal, team: Team) -> None:
        asked = make_request(session, team.buyer)
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        assert portal(stranger).get(f"/approvals/{asked.id}").status_code == 404


class TestPolicies:
    path = "/settings/approval-policies"

    def test_a_policy_with_two_steps(self, session: Session, portal: Portal, team: Team) -> None:
        browser = portal(team.admin)
        assert browser.get(f"{self.path}/new").status_code == 200
        answer = browser.post(
            f"{self.path}/new",
            {
                "name": "Large", "currency": "EUR", "priority": "10", "over": "5,000.00",
                "active": "true",
                "steps.0.role": "approver", "steps.0.rule": "any_of",
                "steps.1.role": "", "steps.1.rule": "any_of",
                "steps.2.person_ids": str(team.approver.person_id), "steps.2.rule": "all_of",
            },
        )  # fmt: skip
        assert answer.status_code == 303
        [policy] = service.list_policies(session, team.admin)
        assert (policy.name, policy.priority, policy.over) == ("Large", 10, 5000)
        assert [(step.role, step.rule) for step in policy.steps] == [
            (Role.APPROVER, StepRule.ANY_OF), (None, StepRule.ALL_OF),
        ]  # fmt: skip
        page = words(browser.get(self.path))
        assert "over €5,000.00" in page
        assert team.approver.name in page

    def test_another_step_can_be_had(self, portal: Portal, team: Team) -> None:
        data = {
            "name": "Large", "currency": "EUR", "priority": "10", "add_row": "1",
            "steps.0.role": "approver", "steps.0.rule": "any_of",
        }  # fmt: skip
        answer = portal(team.admin).post(f"{self.path}/new", data)
        assert answer.status_code == 200
        assert 'name="steps.1.role"' in answer.text

    def test_errors_stand_at_the_step(self, session: Session, portal: Portal, team: Team) -> None:
        data = {
            "name": "", "currency": "EUR", "priority": "10",
            "steps.0.role": "receiver", "steps.0.rule": "any_of",
        }  # fmt: skip
        answer = portal(team.admin).post(f"{self.path}/new", data)
        assert answer.status_code == 422
        assert session.scalars(select(ApprovalPolicy)).all() == []

    def test_editing_and_removing(self, session: Session, portal: Portal, team: Team) -> None:
        policy = make_policy(session, team.approver, ONE_APPROVER, name="Old")
        path, version = f"{self.path}/{policy.id}", str(policy.version)
        browser = portal(team.admin)
        assert 'value="Old"' in browser.get(path).text
        data = {
            "name": "New", "currency": "EUR", "priority": "10", "active": "true",
            "version": version, "steps.0.role": "approver", "steps.0.rule": "any_of",
        }  # fmt: skip
        assert browser.post(path, data).status_code == 303
        stale = browser.post(path, data)
        assert stale.status_code == 422
        assert "in the meantime" in words(stale)
        assert browser.post(f"{path}/delete", {"version": "2"}).status_code == 303
        assert "No policies yet" in words(browser.get(self.path))

    def test_a_trial_says_who_would_approve(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        make_policy(session, team.approver, ONE_APPROVER, name="Finance first")
        query = "subject_kind=order&amount.amount=900&amount.currency=EUR"
        page = words(portal(team.approver).get(f"{self.path}?{query}"))
        assert "Finance first" in page
        assert team.approver.name in page

    def test_buyers_do_not_come_here(self, portal: Portal, team: Team) -> None:
        assert portal(team.buyer).get(self.path).status_code == 403
