"""Signing in and the settings pages, as a browser without JavaScript sees them."""

import re

import pytest
from sqlalchemy import select

from marketplace.identity import authentication
from marketplace.identity.models import ApiKey, Membership, Person
from marketplace.identity.permissions import OrgKind, Role
from marketplace.web.context import SESSION_COOKIE
from tests.clients import words
from tests.factories.identity import actor_of, make_actor, make_organisation, make_person

PASSWORD = "a long enough sentence"


@pytest.fixture
def anna(session):
    organisation = make_organisation(session, OrgKind.BUYER, name="Atelier")
    return make_person(
        session,
        organisation,
        Role.BUYER,
        email="anna@example.com",
        name="Anna",
        password_hash=authentication.hash_password(PASSWORD),
    )


def enter(client, **data):
    form = {"email": "anna@example.com", "password": PASSWORD, **data}
    return client.browser.post("/sign-in", data=form)


class TestSignIn:
    def test_a_stranger_is_sent_to_sign_in_and_back(self, client):
        answer = client.browser.get("/settings/profile")
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/sign-in?next=/settings/profile"

    def test_the_right_password_opens_a_session(self, client, anna):
        answer = enter(client, next="/settings/profile")
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/settings/profile"
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"{SESSION_COOKIE}=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Anna" in client.browser.get("/settings/profile").text

    @pytest.mark.parametrize(
        "next_page", ["https://evil.example", "//evil.example", "/\\evil", "/" + "x" * 2000]
    )
    def test_it_never_leads_to_another_site(self, client, anna, next_page):
        assert enter(client, next=next_page).headers["Location"] == "/"

    def test_a_wrong_password_and_an_unknown_address_look_alike(self, client, anna):
        wrong = enter(client, password="something else entirely")
        unknown = enter(client, email="nobody@example.com")
        assert wrong.status_code == unknown.status_code == 422
        assert "do not fit together" in words(wrong)
        assert words(wrong).replace("anna@", "nobody@") == words(unknown)
        assert SESSION_COOKIE not in wrong.headers.get("Set-Cookie", "")

    def test_after_eight_failures_even_the_right_password_must_wait(self, client, anna):
        for _attempt in range(8):
            enter(client, password="something else entirely")
        answer = enter(client)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"

    def test_signing_out_ends_the_session_on_the_server(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        browser.post("/sign-out")
        browser.browser.set_cookie(SESSION_COOKIE, "stolen")
        assert browser.get("/settings/profile").status_code == 302

    def test_a_form_of_another_site_is_refused(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        answer = browser.post("/settings/profile", {"csrf_token": "guessed", "name": "Eve"})
        assert answer.status_code == 400
        assert session.get(Person, anna.id).name == "Anna"


class TestLanguage:
    def test_it_is_kept_with_the_person(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        answer = browser.post("/language", {"language": "fr", "next": "/settings/profile"})
        assert answer.headers["Location"] == "/settings/profile"
        assert 'lang="fr"' in browser.get("/settings/profile").text
        assert session.get(Person, anna.id).locale == "fr"

    def test_a_stranger_may_choose_it_too(self, client):
        client.browser.post("/language", data={"language": "fr", "next": "/sign-in"})
        assert "Mot de passe" in client.browser.get("/sign-in").text

    def test_the_theme_is_remembered(self, client):
        client.browser.post("/theme", data={"theme": "dark", "next": "/sign-in"})
        assert 'data-bs-theme="dark"' in client.browser.get("/sign-in").text


class TestProfile:
    def test_a_name_can_be_changed(self, portal, session, anna):
        data = {"name": "Anna Blanc", "locale": "en", "time_zone": "Europe/Lisbon"}
        assert portal(actor_of(session, anna)).post("/settings/profile", data).status_code == 303
        person = session.get(Person, anna.id)
        assert (person.name, person.time_zone) == ("Anna Blanc", "Europe/Lisbon")

    def test_a_wrong_zone_is_shown_at_its_field(self, portal, session, anna):
        data = {"name": "Anna", "locale": "en", "time_zone": "Mars/Olympus"}
        answer = portal(actor_of(session, anna)).post("/settings/profile", data)
        assert answer.status_code == 422
        assert 'id="f-time_zone-error"' in answer.text

    def test_a_new_password_needs_the_old_one(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        new = "another long sentence"
        wrong = browser.post("/settings/password", {"current": "not mine", "new": new})
        assert wrong.status_code == 422
        right = browser.post("/settings/password", {"current": PASSWORD, "new": new})
        assert right.status_code == 303
        assert browser.get("/settings/profile").status_code == 200


class TestMembers:
    def test_an_administrator_invites_and_the_person_chooses_a_password(
        self, portal, client, session, drain, settings
    ):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        browser = portal(admin)
        data = {"name": "Ben", "email": "ben@example.com", "roles": ["buyer", "receiver"]}
        assert browser.post("/settings/members", data).status_code == 303
        drain()
        link = mailed_link(settings, "ben@example.com")
        assert "Ben" in client.browser.get(link).text
        answer = client.browser.post(link, data={"new": PASSWORD})
        assert answer.status_code == 303
        assert client.browser.get("/settings/profile").status_code == 200
        assert client.browser.get(link).status_code == 404

    def test_a_link_that_was_tampered_with_is_worth_nothing(self, client, session, drain, settings):
        other = make_person(session, make_organisation(session), Role.BUYER)
        session.flush()
        path = f"/password/{other.id}/{other.id}/9999999999/0000000000000000?token=x"
        assert client.browser.get(path).status_code == 404

    def test_roles_of_another_kind_of_organisation_are_refused(self, portal, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        data = {"name": "Ben", "email": "ben@example.com", "roles": ["operator"]}
        answer = portal(admin).post("/settings/members", data)
        assert answer.status_code == 422
        assert session.scalars(select(Person).where(Person.email == "ben@example.com")).all() == []

    def test_the_last_administrator_stays(self, portal, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        membership = session.scalars(
            select(Membership).where(Membership.person_id == admin.person_id)
        ).one()
        data = {"roles": ["buyer"], "active": "true", "version": membership.version}
        answer = portal(admin).post(f"/settings/members/{membership.id}", data)
        assert answer.status_code == 422
        assert session.get(Membership, membership.id).roles == ["admin"]

    def test_others_do_not_manage_members(self, portal, session, anna):
        actor = actor_of(session, anna)
        data = {"name": "Ben", "email": "ben@example.com", "roles": ["buyer"]}
        assert portal(actor).post("/settings/members", data).status_code == 403


class TestForgottenPassword:
    def test_both_answers_are_the_same(self, client, anna):
        known = client.browser.post("/password/forgotten", data={"email": anna.email})
        unknown = client.browser.post("/password/forgotten", data={"email": "no@example.com"})
        assert known.status_code == unknown.status_code == 303
        assert known.headers["Location"] == unknown.headers["Location"]

    def test_the_link_works_once(self, client, anna, drain, settings):
        client.browser.post("/password/forgotten", data={"email": anna.email})
        drain()
        link = mailed_link(settings, anna.email)
        assert client.browser.post(link, data={"new": "short"}).status_code == 422
        assert client.browser.post(link, data={"new": "quite a new sentence"}).status_code == 303
        assert client.browser.get(link).status_code == 404


class TestApiKeys:
    def test_the_secret_is_shown_once(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        answer = browser.post("/settings/api-keys", {"name": "ERP", "scopes": ["rfq:read"]})
        key = re.search(r"mkt_[\w-]+", answer.text)
        assert key
        row = session.scalars(select(ApiKey)).one()
        assert row.key_hash == authentication.digest(key.group())
        assert row.scopes == ["rfq:read"]
        assert key.group() not in browser.get("/settings/api-keys").text

    @pytest.mark.parametrize("typed", ["2026-11-25T25:00", "2026-02-30T12:00", "0000-01-01T00:00"])
    def test_a_moment_that_does_not_exist_is_refused_beside_its_field(self, session, portal, typed):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        form = {"name": "ERP", "scopes": ["rfq:read"], "expires_at": typed}
        answer = portal(admin).post("/settings/api-keys", form)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert f'value="{typed}"' in answer.text
        assert session.scalars(select(ApiKey)).all() == []

    def test_a_revoked_key_stays_in_the_list(self, portal, session, anna):
        browser = portal(actor_of(session, anna))
        browser.post("/settings/api-keys", {"name": "ERP"})
        row = session.scalars(select(ApiKey)).one()
        assert browser.post(f"/settings/api-keys/{row.id}/revoke").status_code == 303
        assert "Revoked" in words(browser.get("/settings/api-keys"))


def mailed_link(settings, address):
    """The link in the newest letter to this address."""
    letters = sorted(settings.mail_dir.glob("*.eml"), key=lambda path: path.stat().st_mtime)
    for path in reversed(letters):
        text = path.read_text().replace("=\n", "").replace("=3D", "=")
        if f"To: {address}" in text:
            found = re.search(r"(/password/\S+token=[0-9a-f]{64})", text)
            assert found
            return found.group(1)
    raise AssertionError(f"no letter to {address}")
