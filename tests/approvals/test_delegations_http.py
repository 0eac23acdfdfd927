"""Delegations over the API and in the portal."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.approvals import queries
from marketplace.approvals.models import ApprovalDelegation
from marketplace.approvals.rules import PlannedStep
from marketplace.approvals.states import RequestState
from marketplace.identity.permissions import Actor, OrgKind, Role
from tests.clients import ApiClient, PortalClient, words
from tests.factories.approvals import make_policy, make_request
from tests.factories.identity import make_actor, make_organisation

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
PAGE = "/settings/approval-delegations"


class Team:
    def __init__(self, session: Session) -> None:
        company = make_organisation(session)

        def member(*roles: Role, **more: str) -> Actor:
            return make_actor(session, OrgKind.BUYER, *roles, organisation=company, **more)

        self.buyer = member(Role.BUYER)
        self.absent = member(Role.APPROVER, name="Bernard Loin")
        self.deputy = member(Role.APPROVER, name="Anne Proche")
        self.french = member(Role.ADMIN, locale="fr")
        named = PlannedStep("Director", None, (self.absent.person,))
        make_policy(session, self.deputy, named)


@pytest.fixture
def team(session: Session) -> Team:
    return Team(session)


def body(team: Team, **overrides: str) -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {
        "person_id": str(team.absent.person_id),
        "delegate_id": str(team.deputy.person_id),
        # a day's room on both sides: the company's clocks are ahead of UTC
        "first_on": (today - timedelta(days=1)).isoformat(),
        "last_on": (today + timedelta(days=3)).isoformat(),
        "reason": "Holiday",
        **overrides,
    }


class TestApi:
    def test_arranged_used_and_ended(self, session: Session, api: Api, team: Team) -> None:
        asked = make_request(session, team.buyer)
        absent, deputy = api(team.absent), api(team.deputy)
        assert deputy.get("/approval-requests?waiting_for_me=true").json["items"] == []
        made = absent.post("/approval-delegations", json=body(team))
        assert made.status_code == 201, made.json
        assert (made.json["in_force"], made.json["revoked_at"]) == (True, None)
        assert made.json["reason"] == "Holiday"
        [waiting] = deputy.get("/approval-requests?waiting_for_me=true").json["items"]
        assert (waiting["id"], waiting["actions"]) == (str(asked.id), ["decide"])

        decided = deputy.post(
            f"/approval-requests/{asked.id}/decisions", json={"verdict": "approve"}
        )
        assert (decided.status_code, decided.json["state"]) == (201, "granted")
        [decision] = decided.json["steps"][0]["decisions"]
        assert decision["person_id"] == str(team.deputy.person_id)
        assert decision["on_behalf_of"] == [str(team.absent.person_id)]

        path = f"/approval-delegations/{made.json['id']}"
        assert absent.get(path).headers["ETag"] == '"1"'
        assert absent.post(f"{path}/revoke").status_code == 428
        ended = absent.post(f"{path}/revoke", version=1)
        assert (ended.status_code, ended.json["in_force"]) == (200, False)
        again = absent.post(f"{path}/revoke", version=2)
        assert (again.status_code, again.json["code"]) == (409, "already_revoked")
        [listed] = absent.get("/approval-delegations").json["items"]
        assert listed == ended.json

    def test_refusals(self, session: Session, api: Api, team: Team) -> None:
        absent = api(team.absent)
        own = absent.post(
            "/approval-delegations", json=body(team, delegate_id=str(team.absent.person_id))
        )
        assert (own.status_code, own.json["errors"][0]["pointer"]) == (422, "/delegate_id")
        assert api(team.buyer).post("/approval-delegations", json=body(team)).status_code == 403
        assert absent.post("/approval-delegations", json=body(team)).status_code == 201
        twice = absent.post("/approval-delegations", json=body(team))
        assert (twice.status_code, twice.json["code"]) == (409, "already_delegated")
        stranger = api(make_actor(session, OrgKind.BUYER, Role.APPROVER))
        assert stranger.get("/approval-delegations").json["items"] == []
        path = f"/approval-delegations/{twice.json['delegation_id']}"
        assert stranger.get(path).status_code == 404
        assert stranger.post(f"{path}/revoke", version=1).status_code == 404


class TestPages:
    def test_arranged_shown_in_the_decision_and_ended(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        asked = make_request(session, team.buyer)
        absent, deputy = portal(team.absent), portal(team.deputy)
        assert "Everybody decides themselves" in words(absent.get(PAGE))
        answer = absent.post(PAGE, body(team))
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
        page = words(absent.get(PAGE))
        for fact in ("Bernard Loin", "Anne Proche", "Holiday", "In force"):
            assert fact in page

        path = f"/approvals/{asked.id}"
        assert "You decide here for Bernard Loin, who is away." in words(deputy.get(path))
        form = {"verdict": "approve", "fingerprint": asked.fingerprint}
        assert deputy.post(f"{path}/decide", form).status_code == 303
        assert queries.get(session, team.deputy, asked.id).state is RequestState.GRANTED
        assert "Anne Proche for Bernard Loin" in words(deputy.get(path))

        made = session.scalars(select(ApprovalDelegation)).one()
        ended = absent.post(f"{PAGE}/{made.id}/revoke", {"version": "1"})
        assert ended.status_code == 303
        assert "Ended early" in words(absent.get(PAGE))

    def test_a_refusal_keeps_the_form(self, session: Session, portal: Portal, team: Team) -> None:
        refused = portal(team.absent).post(PAGE, body(team, last_on="2020-01-01"))
        assert refused.status_code == 422
        assert "The last day is not before the first." in words(refused)
        assert 'value="2020-01-01"' in refused.text
        assert session.scalars(select(ApprovalDelegation)).all() == []

    def test_in_french_for_an_administrator(
        self, session: Session, portal: Portal, team: Team
    ) -> None:
        browser = portal(team.french)
        assert browser.post(PAGE, body(team)).status_code == 303
        page = words(browser.get(PAGE))
        for fact in ("Délégations", "Décide à sa place", "En vigueur", "Qui est absent"):
            assert fact in page

    def test_only_who_may_write_policies(self, portal: Portal, team: Team) -> None:
        browser = portal(team.buyer)
        assert browser.get(PAGE).status_code == 403
        assert browser.post(PAGE, body(team)).status_code == 403
