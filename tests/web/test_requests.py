"""How requests are refused, repeated and traced, whatever the resource."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core.audit import AuditEvent
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking.models import Rfq
from tests.factories.identity import make_actor

DRAFT = {"title": "Office chairs"}


def count(session, model) -> int:
    return session.scalar(select(func.count()).select_from(model))


class TestProblems:
    def test_nobody_is_told_to_send_a_key(self, client):
        answer = client.get("/me")
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="marketplace"'
        assert answer.json["code"] == "not_authenticated"
        assert answer.json["type"] == "/problems/not-authenticated"
        assert answer.json["instance"] == "/api/v1/me"

    def test_the_language_is_the_callers(self, client):
        answer = client.get("/me", headers={"Accept-Language": "fr-CA, en;q=0.5"})
        assert answer.json["title"] == "Connectez-vous"
        assert answer.json["code"] == "not_authenticated"

    @pytest.mark.parametrize(
        ("method", "path", "kwargs", "status", "code"),
        [
            ("GET", "/nothing", {}, 404, "not_found"),
            ("DELETE", "/me", {}, 405, "method_not_allowed"),
            ("GET", "/rfqs?colour=red", {}, 422, "invalid"),
            ("GET", "/rfqs?limit=0", {}, 422, "invalid"),
            ("GET", "/rfqs?cursor=x", {}, 422, "bad_cursor"),
            ("GET", "/rfqs/42", {}, 404, "not_found"),
            (
                "POST",
                "/rfqs",
                {"data": b"{", "content_type": "application/json"},
                400,
                "unreadable",
            ),
            ("POST", "/rfqs", {"data": b"a=1"}, 415, "unsupported_media_type"),
            ("POST", "/rfqs", {"json": [1]}, 422, "invalid"),
            ("POST", "/rfqs", {"json": {"title": 3}}, 422, "invalid"),
            ("PATCH", "/rfqs/{id}", {"json": DRAFT}, 428, "precondition_required"),
        ],
    )
    def test_what_is_refused(self, api, session, method, path, kwargs, status, code):
        answer = api(make_actor(session)).call(
            method, path.format(id=uuid4()), headers={"Idempotency-Key": "k"}, **kwargs
        )
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert count(session, Rfq) == 0

    def test_each_reason_has_its_place(self, api, session):
        answer = api(make_actor(session)).post(
            "/rfqs", json={"title": "", "currency": "EURO", "colour": "red"}
        )
        assert {error["pointer"] for error in answer.json["errors"]} == {
            "/title",
            "/currency",
            "/colour",
        }

    def test_too_large_is_413(self, api, session):
        answer = api(make_actor(session)).call(
            "POST", "/rfqs", data=b"x" * (33 * 1024 * 1024), content_type="application/json"
        )
        assert (answer.status_code, answer.json["code"]) == (413, "too_large")

    def test_a_role_without_the_permission_is_403(self, api, session):
        receiver = make_actor(session, OrgKind.BUYER, Role.RECEIVER)
        answer = api(receiver).post("/rfqs", json=DRAFT)
        assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")
        assert answer.json["permission"] == "rfq:draft"
        assert count(session, Rfq) == 0

    def test_a_request_id_comes_back(self, client):
        answer = client.get("/me", headers={"X-Request-Id": "order-4711-abc"})
        assert answer.headers["X-Request-Id"] == "order-4711-abc"
        assert answer.json["request_id"] == "order-4711-abc"
        forged = client.get("/me", headers={"X-Request-Id": "a\tb" * 3})
        assert forged.headers["X-Request-Id"] != "a\tb" * 3


class TestIdempotency:
    def test_the_same_request_is_done_once(self, api, session):
        partner = api(make_actor(session))
        first = partner.post("/rfqs", json=DRAFT, idempotency_key="k1")
        again = partner.post("/rfqs", json=DRAFT, idempotency_key="k1")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json == first.json
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert count(session, Rfq) == 1

    def test_a_key_is_bound_to_its_body_and_its_organisation(self, api, session):
        one, other = api(make_actor(session)), api(make_actor(session))
        one.post("/rfqs", json=DRAFT, idempotency_key="k1")
        reused = one.post("/rfqs", json={"title": "Tables"}, idempotency_key="k1")
        assert (reused.status_code, reused.json["code"]) == (422, "idempotency_key_reused")
        independent = other.post("/rfqs", json={"title": "Tables"}, idempotency_key="k1")
        assert independent.status_code == 201
        assert count(session, Rfq) == 2

    def test_a_refused_request_leaves_the_key_free(self, api, session):
        partner = api(make_actor(session))
        refused = partner.post("/rfqs", json={"title": ""}, idempotency_key="k1")
        assert refused.status_code == 422
        assert partner.post("/rfqs", json=DRAFT, idempotency_key="k1").status_code == 201

    def test_an_absurd_key_is_refused(self, api, session):
        answer = api(make_actor(session)).post("/rfqs", json=DRAFT, idempotency_key="k" * 256)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_missing")


class TestVersions:
    def test_a_lost_update_is_refused(self, api, session):
        partner = api(make_actor(session))
        made = partner.post("/rfqs", json=DRAFT)
        path, version = f"/rfqs/{made.json['id']}", made.headers["ETag"].strip('"')
        changed = partner.patch(path, json={"title": "Tables"}, version=version)
        assert changed.status_code == 200
        lost = partner.patch(path, json={"title": "Lamps"}, version=version)
        assert (lost.status_code, lost.json["code"]) == (412, "stale")
        assert session.scalars(select(Rfq.title)).one() == "Tables"

    def test_what_others_own_does_not_exist(self, api, session):
        made = api(make_actor(session)).post("/rfqs", json=DRAFT)
        stranger = api(make_actor(session))
        random_id = stranger.get(f"/rfqs/{uuid4()}").json
        theirs = stranger.get(f"/rfqs/{made.json['id']}").json
        for body in (random_id, theirs):
            body.pop("instance")
            body.pop("request_id")
        assert theirs == random_id
        assert theirs["status"] == 404

    def test_every_change_is_in_the_history(self, api, session):
        actor = make_actor(session)
        made = api(actor).post("/rfqs", json=DRAFT)
        events = session.scalars(select(AuditEvent).where(AuditEvent.subject_kind == "rfq")).all()
        assert [(e.action, str(e.subject_id), e.person_id) for e in events] == [
            ("rfq.created", made.json["id"], actor.person_id)
        ]


class TestPages:
    def test_strangers_are_sent_to_sign_in(self, app):
        answer = app.test_client().get("/catalog?q=chair")
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/sign-in?next=/catalog?q%3Dchair"

    def test_a_page_whose_address_is_too_long_to_come_back_to(self, client):
        answer = client.browser.get("/catalog?q=" + "x" * 2000)
        assert answer.headers["Location"] == "/sign-in?next=/catalog"

    def test_a_form_without_its_token_is_refused(self, portal, session):
        browser = portal(make_actor(session))
        answer = browser.browser.post("/settings/profile", data={"name": "Eve"})
        assert answer.status_code == 400

    def test_a_form_from_another_site_is_refused(self, portal, session):
        browser = portal(make_actor(session))
        answer = browser.post(
            "/settings/profile", {"name": "Eve"}, headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 400

    def test_pages_forbid_foreign_scripts(self, portal, session):
        answer = portal(make_actor(session)).get("/settings/profile")
        assert answer.status_code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' 'nonce-" in policy
        assert "unsafe" not in policy
