"""Notices and letters: who is told, in which words, and what goes out."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.jobs import Job
from marketplace.core.money import Money
from marketplace.core.text import _, reading_in
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications import kinds
from marketplace.notifications.models import MailMessage, Notice
from marketplace.notifications.posting import notify
from marketplace.notifications.states import MailState
from marketplace.notifications.wording import words_of
from marketplace.portal import speakers
from marketplace.settings import Smtp, using
from tests.conftest import WORKER_ROLE, OneConnection
from tests.factories.identity import make_actor, make_organisation, make_person
from tests.smtp_server import mail_server
from workers.runner import Runner

PARAMS = {
    "number": "RFQ-2026-00007",
    "total": Money(Decimal("1250.50"), "EUR"),
    "due_at": datetime(2027, 3, 10, 11, 0, tzinfo=UTC),
    "delivered_on": date(2027, 3, 1),
}


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setitem(
        kinds.KINDS,
        "test_notice",
        kinds.Kind(
            title=_("Order %(number)s", number=""),
            body=_("%(total)s, %(delivered_on)s, %(absent)s", total="", delivered_on="", absent=""),
            button=_("Open"),
        ),
    )


def tell(session, org_id, **overrides):
    arguments = {"kind": "test_notice", "url": "/rfqs/1", "params": PARAMS, "org_id": org_id}
    return notify(session, **(arguments | overrides))


class TestWhoIsTold:
    def test_everybody_in_the_role_and_the_people_named_once_each(self, session):
        company = make_organisation(session)
        buyer = make_person(session, company, Role.BUYER)
        make_person(session, company, Role.BUYER, Role.APPROVER)
        make_person(session, company, Role.RECEIVER)
        told = tell(session, company.id, roles=[Role.BUYER], person_ids=[buyer.id])
        assert told == 2

    def test_suspended_people_are_not(self, session):
        company = make_organisation(session)
        make_person(session, company, Role.BUYER, active=False)
        assert tell(session, company.id, roles=[Role.BUYER]) == 0

    def test_nobody_is_told_twice_under_the_same_key(self, session):
        actor = make_actor(session)
        arguments = {"person_ids": [actor.person_id], "dedupe_key": "rfq:1"}
        assert tell(session, actor.org_id, **arguments) == 1
        assert tell(session, actor.org_id, **arguments) == 0
        assert len(session.scalars(select(MailMessage)).all()) == 1

    def test_an_unknown_kind_is_a_fault_of_the_program(self, session):
        actor = make_actor(session)
        with pytest.raises(LookupError):
            tell(session, actor.org_id, kind="nonsense", person_ids=[actor.person_id])


class TestWords:
    def test_values_are_shown_as_the_reader_writes_them(self, session):
        actor = make_actor(session)
        tell(session, actor.org_id, person_ids=[actor.person_id])
        notice = session.scalars(select(Notice)).one()
        english = words_of(notice, "Europe/Paris")
        assert english.title == "Order RFQ-2026-00007"
        assert english.body == "€1,250.50, 1\u00a0Mar\u00a02027, —"
        assert english.until == "10\u00a0Mar\u00a02027, 12:00\u00a0CET"
        with reading_in("fr"):
            until = words_of(notice, "Europe/Lisbon").until
            assert until == "10\u00a0mars\u00a02027, 11:00\u00a0WET"

    def test_a_kind_that_is_gone_shows_its_name(self, session):
        notice = Notice(kind="old_kind", params={}, url="/")
        assert words_of(notice, "UTC").title == "Old kind"


class TestLetters:
    def letters(self, settings, address):
        found = []
        for path in settings.mail_dir.glob("*.eml"):
            letter = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
            if letter["To"] == address:
                found.append(letter)
        return found

    def test_one_goes_to_each_recipient_in_their_language(self, session, drain, settings):
        company = make_organisation(session, locale="fr", name="Atelier & Fils")
        person = make_person(session, company, Role.BUYER, email="luc@atelier.example", name="Luc")
        tell(session, company.id, person_ids=[person.id])
        drain()
        (letter,) = self.letters(settings, "luc@atelier.example")
        assert letter["Subject"] == "Order RFQ-2026-00007"
        assert letter["Auto-Submitted"] == "auto-generated"
        text = letter.get_body(("plain",)).get_content()
        assert "Bonjour Luc," in text
        assert "Ouvrir\nhttp://127.0.0.1:8000/rfqs/1\n" in text
        assert "Atelier & Fils" in text
        html = letter.get_body(("html",)).get_content()
        assert "Atelier &amp; Fils" in html
        assert html.count("<a ") == 1
        assert session.scalars(select(MailMessage)).one().state is MailState.SENT

    def test_a_subject_cannot_carry_headers(self, session, drain, settings):
        actor = make_actor(session, email="eve@example.com")
        params = {"number": "1\r\nBcc: all@example.com"}
        tell(session, actor.org_id, person_ids=[actor.person_id], params=params)
        drain()
        (letter,) = self.letters(settings, "eve@example.com")
        assert letter["Bcc"] is None
        assert letter["Subject"] == "Order 1 Bcc: all@example.com"

    def test_what_happened_long_ago_is_told_in_the_portal_alone(self, session):
        actor = make_actor(session)
        long_ago = clock.now() - timedelta(days=31)
        tell(session, actor.org_id, person_ids=[actor.person_id], occurred_at=long_ago)
        assert len(session.scalars(select(Notice)).all()) == 1
        assert session.scalars(select(MailMessage)).all() == []

    def test_a_letter_that_waited_too_long_stays(self, session, drain, settings):
        actor = make_actor(session, email="late@example.com")
        with clock.frozen(clock.now() - timedelta(days=40)):
            tell(session, actor.org_id, person_ids=[actor.person_id])
        drain()
        assert self.letters(settings, "late@example.com") == []
        assert session.scalars(select(MailMessage)).one().state is MailState.SKIPPED

    def test_jobs_carry_ids_and_nothing_else(self, session):
        actor = make_actor(session)
        tell(session, actor.org_id, person_ids=[actor.person_id])
        job = session.scalars(select(Job)).one()
        assert job.args.keys() == {"mail_id"}
        assert job.queue == "calls"

    def test_nobody_gets_mail_who_asked_for_none(self, session):
        actor = make_actor(session)
        tell(session, actor.org_id, person_ids=[actor.person_id], mail=False)
        assert session.scalars(select(MailMessage)).all() == []


class TestOneLetterEach:
    """OPEN-40: nobody reads who else was written to, and one bad address stops nobody."""

    @pytest.fixture
    def server(self):
        with mail_server() as server:
            yield server

    @pytest.fixture
    def send(self, connection, session, settings, server):
        """Do each job that is due as a worker does, with the letters going to the server."""
        smtp = Smtp("127.0.0.1", server.port, None, None, "none")
        runner = Runner(OneConnection(connection, WORKER_ROLE))

        def run() -> None:
            session.flush()
            with using(replace(settings, smtp=smtp)):
                for job_id in session.scalars(select(Job.id).order_by(Job.id)).all():
                    runner.run(job_id)
            session.expire_all()

        return run

    def test_each_message_names_one_recipient_everywhere(self, session, server, send):
        company = make_organisation(session, OrgKind.SUPPLIER)
        addresses = [f"{name}@supplier.example" for name in ("ann", "bob", "cy")]
        people = [make_person(session, company, email=address).id for address in addresses]
        tell(session, company.id, person_ids=people)
        send()
        assert sorted(d.recipients for d in server.deliveries) == [[each] for each in addresses]
        for delivery in server.deliveries:
            (own,) = delivery.recipients
            assert delivery.message["To"] == own
            assert (delivery.message["Cc"], delivery.message["Reply-To"]) == (None, None)
            others = set(addresses) - {own}
            assert not [other for other in others if other in delivery.message.as_string()]

    def test_a_refused_address_stops_nobody_and_nobody_gets_it_twice(self, session, server, send):
        company = make_organisation(session, OrgKind.SUPPLIER)
        addresses = [f"{name}@supplier.example" for name in ("ann", "bob", "cy")]
        people = [make_person(session, company, email=address).id for address in addresses]
        server.refused.add("bob@supplier.example")
        tell(session, company.id, person_ids=people)
        send()
        served = [["ann@supplier.example"], ["cy@supplier.example"]]
        assert sorted(d.recipients for d in server.deliveries) == served

        server.refused.clear()
        with clock.frozen(clock.now() + timedelta(hours=1)):
            send()
        assert sorted(d.recipients for d in server.deliveries) == sorted(
            [*served, ["bob@supplier.example"]]
        )
        states = session.scalars(select(MailMessage.state)).all()
        assert states == [MailState.SENT] * 3

    @pytest.mark.parametrize("address", ["eve@b.example\r\nBcc: all@b.example", "a\x07@b.example"])
    def test_an_address_with_control_characters_is_refused(self, api, session, address):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        member = {"email": address, "name": "Eve", "roles": ["buyer"]}
        answer = api(admin).post("/memberships", json=member)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == ["/email"]
        assert session.scalars(select(MailMessage)).all() == []


def test_the_portal_knows_the_words_of_every_notice():
    root = Path(speakers.__file__).parents[1]
    speaking = {
        path
        for path in root.rglob("*.py")
        if "register_kind(" in path.read_text() and path.name != "kinds.py"
    }
    assert speaking == {Path(module.__file__) for module in speakers.SPEAKERS}


class TestReading:
    def test_the_api_speaks_the_callers_language(self, api, session):
        actor = make_actor(session, OrgKind.SUPPLIER)
        tell(session, actor.org_id, person_ids=[actor.person_id])
        (notice,) = api(actor).get("/notices?unread=true").json["items"]
        assert notice["title"] == "Order RFQ-2026-00007"
        assert notice["read_at"] is None
        read = api(actor).post(f"/notices/{notice['id']}/read")
        assert read.json["read_at"] is not None
        assert api(actor).get("/notices?unread=true").json["items"] == []

    def test_others_notices_do_not_exist(self, api, session):
        owner = make_actor(session)
        tell(session, owner.org_id, person_ids=[owner.person_id])
        notice = session.scalars(select(Notice)).one()
        assert api(make_actor(session)).post(f"/notices/{notice.id}/read").status_code == 404

    def test_a_colleague_does_not_see_them_either(self, api, session):
        company = make_organisation(session)
        owner = make_actor(session, organisation=company)
        colleague = make_actor(session, organisation=company)
        tell(session, company.id, person_ids=[owner.person_id])
        assert api(colleague).get("/notices").json["items"] == []

    def test_opening_one_in_the_portal_marks_it(self, portal, session):
        actor = make_actor(session)
        tell(session, actor.org_id, person_ids=[actor.person_id], url="/settings/profile")
        notice = session.scalars(select(Notice)).one()
        answer = portal(actor).post(f"/notices/{notice.id}/open")
        assert answer.headers["Location"] == "/settings/profile"
        assert session.get(Notice, notice.id).read_at is not None

    def test_all_at_once(self, portal, session):
        actor = make_actor(session)
        tell(session, actor.org_id, person_ids=[actor.person_id])
        portal(actor).post("/notices/read")
        assert "No notices" in portal(actor).get("/notices?show=unread").text
