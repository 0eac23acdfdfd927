"""A person of several organisations changes between them in the portal."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from marketplace.core.audit import AuditEvent
from marketplace.identity import authentication
from marketplace.identity.models import Membership, PortalSession
from marketplace.identity.permissions import OrgKind, Role
from marketplace.identity.registration import actor_for
from marketplace.web.context import SESSION_COOKIE
from tests.clients import PortalClient, words
from tests.factories.identity import make_actor, make_organisation, make_person
from tests.factories.rfq import make_rfq

PASSWORD = "a long enough sentence"
OFFER = "Act for another organisation"


@pytest.fixture
def atelier(session):
    return make_organisation(session, OrgKind.BUYER, name="Atelier")


@pytest.fixture
def garage(session):
    return make_organisation(session, OrgKind.BUYER, name="Garage")


@pytest.fixture
def anna(session, atelier, garage):
    person = make_person(
        session,
        atelier,
        Role.BUYER,
        email="anna@example.com",
        name="Anna",
        password_hash=authentication.hash_password(PASSWORD),
    )
    session.add(Membership(person_id=person.id, organisation_id=garage.id, roles=[Role.BUYER]))
    session.flush()
    return person


@pytest.fixture
def browser(portal, atelier, anna):
    return portal(actor_for(atelier, anna, [Role.BUYER]))


def enter(browser, organisation):
    return browser.post(f"/organisations/{organisation.id}/enter")


def go_on(browser, app, session):
    """The same browser with the new session's token in its forms."""
    return PortalClient(app, session, browser.browser.get_cookie(SESSION_COOKIE).value)


def deeds(session, person):
    rows = session.execute(
        select(AuditEvent.action, AuditEvent.org_id, AuditEvent.data)
        .where(AuditEvent.subject_id == person.id)
        .order_by(AuditEvent.seq)
    )
    return [tuple(row) for row in rows]


class TestChange:
    def test_pages_show_the_new_organisation_alone(self, session, browser, anna, atelier, garage):
        make_rfq(session, actor_for(atelier, anna, [Role.BUYER]), title="Chairs for the atelier")
        make_rfq(session, actor_for(garage, anna, [Role.BUYER]), title="Tyres for the garage")
        make_person(session, garage, Role.APPROVER, name="Gaston")
        before = words(browser.get("/rfqs"))
        assert f"{OFFER} Garage" in before
        assert ("Chairs" in before, "Tyres" in before) == (True, False)
        answer = enter(browser, garage)
        assert (answer.status_code, answer.location) == (303, "/")
        after = words(browser.get("/rfqs"))
        assert "You act for Garage now." in after
        assert f"{OFFER} Atelier" in after
        assert ("Chairs" in after, "Tyres" in after) == (False, True)
        assert "Gaston" in words(browser.get("/settings/members"))

    def test_each_side_has_its_own_half_in_its_history(
        self, session, browser, anna, atelier, garage
    ):
        enter(browser, garage)
        assert deeds(session, anna) == [
            ("person.organisation_left", atelier.id, {}),
            ("person.organisation_entered", garage.id, {}),
        ]

    def test_the_former_session_and_its_forms_end(self, session, app, browser, garage):
        former = browser.browser.get_cookie(SESSION_COOKIE).value
        enter(browser, garage)
        assert PortalClient(app, session, former).get("/rfqs").status_code == 302
        assert browser.post("/settings/profile", {"name": "Anne"}).status_code == 400
        assert session.scalars(select(PortalSession.organisation_id)).all() == [garage.id]

    def test_signing_in_leads_to_the_last_choice(self, session, app, browser, client, garage):
        form = {"email": "anna@example.com", "password": PASSWORD}
        client.browser.post("/sign-in", data=form)
        assert f"{OFFER} Garage" in words(client.browser.get("/"))
        enter(browser, garage)
        go_on(browser, app, session).post("/sign-out")
        client.browser.delete_cookie(SESSION_COOKIE)
        client.browser.post("/sign-in", data=form)
        assert f"{OFFER} Atelier" in words(client.browser.get("/"))


class TestRefusal:
    def test_an_organisation_of_others(self, session, browser, anna, atelier):
        strange = make_organisation(session, OrgKind.BUYER, name="Strangers")
        answer = enter(browser, strange)
        assert answer.status_code == 403
        assert "You are not a member of this organisation." in words(answer)
        assert browser.post(f"/organisations/{uuid4()}/enter").status_code == 403
        assert enter(browser, atelier).status_code == 403
        assert deeds(session, anna) == []
        assert session.scalars(select(PortalSession.organisation_id)).all() == [atelier.id]

    @pytest.mark.parametrize("ended", ["membership", "organisation"])
    def test_what_has_ended_is_neither_offered_nor_entered(self, session, browser, garage, ended):
        if ended == "organisation":
            garage.active = False
        else:
            membership = select(Membership).where(Membership.organisation_id == garage.id)
            session.scalars(membership).one().active = False
        assert OFFER not in words(browser.get("/settings/profile"))
        assert enter(browser, garage).status_code == 403

    def test_a_form_of_another_site(self, browser, garage):
        answer = browser.post(f"/organisations/{garage.id}/enter", {"csrf_token": "guessed"})
        assert answer.status_code == 400

    def test_nothing_is_offered_to_members_of_one_organisation(self, session, portal):
        assert OFFER not in words(portal(make_actor(session)).get("/settings/profile"))


def test_a_new_password_ends_the_sessions_in_every_organisation(
    session, app, browser, anna, garage
):
    elsewhere = authentication.open_session(session, anna.id, garage.id, garage.kind)
    answer = browser.post(
        "/settings/password", {"current": PASSWORD, "new": "another long sentence"}
    )
    assert answer.status_code == 303
    assert PortalClient(app, session, elsewhere).get("/rfqs").status_code == 302
    assert browser.get("/settings/profile").status_code == 200
