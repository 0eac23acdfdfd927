"""The caller, organisations, members and keys for partners."""

import pytest

from marketplace.identity.models import ApiKey, Membership
from marketplace.identity.permissions import OrgKind, Role
from tests.clients import ApiClient
from tests.factories.identity import make_actor, make_organisation


class TestMe:
    def test_it_says_who_the_key_acts_as(self, api, session):
        actor = make_actor(session, OrgKind.SUPPLIER)
        answer = api(actor).get("/me")
        assert answer.status_code == 200
        assert answer.json["person_id"] == str(actor.person_id)
        assert answer.json["organisation_kind"] == "supplier"
        assert answer.json["roles"] == ["supplier"]
        assert "bid:submit" in answer.json["permissions"]
        assert answer.headers["ETag"] == '"1"'

    def test_without_a_key_401(self, client):
        answer = client.get("/me")
        assert answer.status_code == 401
        assert answer.json["code"] == "not_authenticated"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")

    def test_a_change_needs_the_version_that_was_seen(self, api, session):
        partner = api(make_actor(session))
        assert partner.patch("/me", json={"locale": "fr"}).status_code == 428
        assert partner.patch("/me", json={"locale": "fr"}, version=7).status_code == 412
        answer = partner.patch("/me", json={"locale": "fr"}, version=1)
        assert answer.json["locale"] == "fr"

    def test_an_unknown_zone_is_refused(self, api, session):
        answer = api(make_actor(session)).patch("/me", json={"time_zone": "Mars"}, version=1)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["code"] == "unknown_time_zone"


class TestOrganisations:
    def test_the_directory_can_be_searched_by_kind_and_name(self, api, session):
        make_organisation(session, OrgKind.SUPPLIER, name="Boulons Durand")
        make_organisation(session, OrgKind.BUYER, name="Durand Bâtiment")
        answer = api(make_actor(session)).get("/organisations?kind=supplier&q=durand")
        assert [found["name"] for found in answer.json["items"]] == ["Boulons Durand"]

    def test_an_administrator_changes_the_own_one_only(self, api, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        other = make_organisation(session)
        path = f"/organisations/{admin.org_id}"
        answer = api(admin).patch(path, json={"city": "Lyon"}, version=1)
        assert answer.json["city"] == "Lyon"
        refused = api(admin).patch(f"/organisations/{other.id}", json={"city": "X"}, version=1)
        assert refused.status_code == 403


class TestMemberships:
    def test_an_administrator_adds_a_member(self, api, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        new = {"email": "ben@example.com", "name": "Ben", "roles": ["buyer"]}
        answer = api(admin).post("/memberships", json=new)
        assert answer.status_code == 201
        assert answer.json["roles"] == ["buyer"]
        emails = [user["email"] for user in api(admin).get("/users").json["items"]]
        assert "ben@example.com" in emails

    def test_an_address_belongs_to_one_person(self, api, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        make_actor(session, OrgKind.BUYER, email="ben@example.com")
        new = {"email": "BEN@example.com", "name": "Ben", "roles": ["buyer"]}
        answer = api(admin).post("/memberships", json=new)
        assert answer.status_code == 422
        assert answer.json["errors"][0]["code"] == "email_taken"

    @pytest.mark.parametrize("role", [Role.BUYER, Role.AUDITOR])
    def test_others_may_not(self, api, session, role):
        new = {"email": "ben@example.com", "name": "Ben", "roles": ["buyer"]}
        answer = api(make_actor(session, OrgKind.BUYER, role)).post("/memberships", json=new)
        assert answer.status_code == 403

    def test_a_member_of_another_organisation_does_not_exist(self, api, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        other = make_actor(session, OrgKind.BUYER)
        row = session.query(Membership).filter_by(person_id=other.person_id).one()
        answer = api(admin).patch(f"/memberships/{row.id}", json={"active": False}, version=1)
        assert answer.status_code == 404


class TestApiKeys:
    def test_a_new_key_works_within_its_scopes(self, api, app, session):
        actor = make_actor(session)
        made = api(actor).post("/api-keys", json={"name": "ERP", "scopes": ["notice:read"]})
        assert made.status_code == 201
        partner = ApiClient(app, session, key=made.json["key"])
        assert partner.get("/notices").status_code == 200
        assert partner.get("/events").status_code == 403

    def test_a_repeat_does_not_show_the_secret_again(self, api, session):
        partner = api(make_actor(session))
        first = partner.post("/api-keys", json={"name": "ERP"}, idempotency_key="k-1")
        second = partner.post("/api-keys", json={"name": "ERP"}, idempotency_key="k-1")
        assert first.json["id"] == second.json["id"]
        assert "key" not in second.json

    def test_a_revoked_key_ends_at_once(self, api, app, session):
        actor = make_actor(session)
        made = api(actor).post("/api-keys", json={"name": "ERP"})
        partner = ApiClient(app, session, key=made.json["key"])
        assert partner.get("/me").status_code == 200
        assert partner.post(f"/api-keys/{made.json['id']}/revoke").status_code == 200
        assert partner.get("/me").status_code == 401

    def test_the_secret_is_stored_nowhere(self, api, session):
        made = api(make_actor(session)).post("/api-keys", json={"name": "ERP"})
        row = session.get(ApiKey, made.json["id"])
        assert made.json["key"].encode() not in row.key_hash
        assert row.prefix == made.json["key"][:12]
