"""Approvals over the API: policies, requests, decisions, previews."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor, OrgKind, Role
from tests.clients import ApiClient
from tests.factories.approvals import make_request
from tests.factories.identity import make_actor, make_organisation

Api = Callable[[Actor], ApiClient]
POLICY = {
    "name": "Finance above 5,000",
    "currency": "EUR",
    "over": "5000",
    "steps": [{"title": "Finance", "role": "approver"}],
}


class Team:
    def __init__(self, session: Session) -> None:
        company = make_organisation(session)
        roles = (Role.BUYER, Role.APPROVER, Role.ADMIN, Role.RECEIVER, Role.APPROVER)
        self.buyer, self.approver, self.admin, self.receiver, self.second = (
            make_actor(session, OrgKind.BUYER, role, organisation=company) for role in roles
        )


@pytest.fixture
def team(session: Session) -> Team:
    return Team(session)


class TestPolicies:
    def test_written_read_rewritten_removed(self, api: Api, team: Team) -> None:
        admin = api(team.admin)
        made = admin.post("/approval-policies", json=POLICY)
        assert made.status_code == 201
        assert made.json["over"] == "5000"
        assert made.json["steps"][0] == {
            "position": 1, "title": "Finance", "role": "approver", "person_ids": [],
            "rule": "any_of",
        }  # fmt: skip
        path = f"/approval-policies/{made.json['id']}"
        assert admin.get(path).headers["ETag"] == '"1"'
        assert admin.put(path, json=POLICY).status_code == 428
        changed = admin.put(path, json=POLICY | {"name": "Other"}, version=1)
        assert (changed.status_code, changed.json["name"]) == (200, "Other")
        assert admin.put(path, json=POLICY, version=1).status_code == 412
        listed = admin.get("/approval-policies").json
        assert [each["name"] for each in listed["items"]] == ["Other"]
        assert admin.delete(path, version=2).status_code == 204
        assert admin.get(path).status_code == 404

    def test_every_reason_is_named(self, api: Api, team: Team) -> None:
        bad = POLICY | {"up_to": "10", "steps": [{"title": "Nobody"}, {"role": "receiver"}]}
        answer = api(team.admin).post("/approval-policies", json=bad)
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            ("/up_to", "range"), ("/steps/0", "who"), ("/steps/1/role", "role"),
        ]  # fmt: skip

    def test_buyers_may_not(self, api: Api, team: Team) -> None:
        assert api(team.buyer).post("/approval-policies", json=POLICY).status_code == 403
        assert api(team.buyer).get("/approval-policies").status_code == 403

    def test_an_idempotency_key_is_required(self, api: Api, team: Team) -> None:
        answer = api(team.admin).post("/approval-policies", json=POLICY, idempotency_key=None)
        assert answer.json["code"] == "idempotency_key_missing"


class TestRequests:
    def test_the_inbox_and_a_decision(self, session: Session, api: Api, team: Team) -> None:
        asked = make_request(session, team.buyer)
        approver = api(team.approver)
        listed = approver.get("/approval-requests?waiting_for_me=true").json
        assert [each["id"] for each in listed["items"]] == [str(asked.id)]
        body = listed["items"][0]
        assert (body["state"], body["actions"]) == ("waiting", ["decide"])
        assert body["total"] == {"amount": "1000.00", "currency": "EUR"}
        assert body["content"]["lines"][0]["description"] == "Chair"
        decided = approver.post(
            f"/approval-requests/{asked.id}/decisions",
            json={"verdict": "approve", "fingerprint": body["fingerprint"]},
        )
        assert (decided.status_code, decided.json["state"]) == (201, "granted")
        assert decided.json["steps"][0]["decisions"][0]["verdict"] == "approve"
        assert approver.get("/approval-requests?waiting_for_me=true").json["items"] == []

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"verdict": "reject"}, 422, "invalid"),
            ({"verdict": "perhaps"}, 422, None),
            ({"verdict": "approve", "fingerprint": "old"}, 409, "content_changed"),
        ],
    )
    def test_refusals(
        self, session: Session, api: Api, team: Team,
        body: dict[str, str], status: int, code: str | None,
    ) -> None:  # fmt: skip
        asked = make_request(session, team.buyer)
        path = f"/approval-requests/{asked.id}/decisions"
        answer = api(team.approver).post(path, json=body)
        assert answer.status_code == status
        assert code in (None, answer.json["code"])
        assert api(team.approver).get(f"/approval-requests/{asked.id}").json["state"] == "waiting"

    def test_four_eyes(self, session: Session, api: Api, team: Team) -> None:
        asked = make_request(session, team.buyer, author_ids=frozenset({team.second.person}))
        path = f"/approval-requests/{asked.id}/decisions"
        answer = api(team.second).post(path, json={"verdict": "approve"})
        assert (answer.status_code, answer.json["code"]) == (403, "four_eyes_violation")

    def test_who_sees_what(self, session: Session, api: Api, team: Team) -> None:
        asked = make_request(session, team.buyer)
        path = f"/approval-requests/{asked.id}"
        assert api(team.buyer).get(path).json["actions"] == []
        assert api(team.receiver).get(path).status_code == 403
        assert api(make_actor(session, OrgKind.SUPPLIER)).get(path).status_code == 403
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        assert api(stranger).get(path).status_code == 404
        decided = api(team.buyer).post(f"{path}/decisions", json={"verdict": "approve"})
        assert decided.status_code == 403

    def test_lists_page_by_cursor(self, session: Session, api: Api, team: Team) -> None:
        ids = [str(make_request(session, team.buyer).id) for _number in range(3)]
        buyer = api(team.buyer)
        first = buyer.get("/approval-requests?limit=2").json
        second = buyer.get(f"/approval-requests?limit=2&cursor={first['next_cursor']}").json
        found = [each["id"] for each in first["items"] + second["items"]]
        assert found == ids[::-1]
        assert buyer.get("/approval-requests?state=granted").json["items"] == []


class TestPreview:
    def test_it_names_the_people_and_stores_nothing(self, api: Api, team: Team) -> None:
        api(team.admin).post("/approval-policies", json=POLICY)
        asked = {"subject_kind": "order", "amount": {"amount": "5000.01", "currency": "EUR"}}
        answer = api(team.buyer).post("/approval-previews", json=asked, idempotency_key=None)
        assert answer.status_code == 200
        assert answer.json["policy_name"] == "Finance above 5,000"
        [step] = answer.json["steps"]
        people = {each["id"] for each in step["candidates"]}
        assert people == {str(team.approver.person_id), str(team.second.person_id)}
        assert api(team.buyer).get("/approval-requests").json["items"] == []
