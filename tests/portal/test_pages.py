"""Home, search, history and jobs in the portal."""

import pytest
from sqlalchemy import text

from marketplace.core import audit, clock, jobs
from marketplace.core.jobs import Job, JobState
from marketplace.core.text import _
from marketplace.identity.permissions import KIND_ROLES, OrgKind, Role
from marketplace.notifications import posting
from marketplace.notifications.kinds import KINDS, Kind
from tests.clients import words
from tests.factories.identity import make_actor, make_organisation

EVERYBODY = [
    (OrgKind.BUYER, Role.ADMIN),
    (OrgKind.BUYER, Role.REQUESTER),
    (OrgKind.BUYER, Role.BUYER),
    (OrgKind.BUYER, Role.APPROVER),
    (OrgKind.BUYER, Role.RECEIVER),
    (OrgKind.BUYER, Role.AUDITOR),
    (OrgKind.SUPPLIER, Role.SUPPLIER),
    (OrgKind.OPERATOR, Role.OPERATOR),
    (OrgKind.OPERATOR, Role.AUDITOR),
]


class TestHome:
    @pytest.mark.parametrize(("kind", "role"), EVERYBODY)
    def test_everybody_has_one_within_ten_statements(self, portal, session, statements, kind, role):
        browser = portal(make_actor(session, kind, role))
        browser.get("/")
        statements.clear()
        answer = browser.get("/")
        assert answer.status_code == 200
        assert len(statements) <= 9, "\n".join(statements)

    def test_so_has_who_does_everything_for_a_buyer(self, portal, session, statements):
        roles = KIND_ROLES[OrgKind.BUYER] - {Role.AUDITOR}
        browser = portal(make_actor(session, OrgKind.BUYER, *roles))
        statements.clear()
        assert browser.get("/").status_code == 200
        assert len(statements) <= 10, "\n".join(statements)

    def test_it_shows_the_bell(self, portal, session, monkeypatch):
        monkeypatch.setitem(KINDS, "hello", Kind(_("Hello"), _("Hello"), _("Open")))
        actor = make_actor(session, OrgKind.BUYER, Role.BUYER)
        posting.notify(
            session, org_id=actor.org_id, person_ids=[actor.person_id], kind="hello", url="/"
        )
        assert "1 unread" in words(portal(actor).get("/"))

    def test_the_operator_sees_failed_jobs(self, portal, session):
        operator = make_actor(session, OrgKind.OPERATOR, Role.OPERATOR)
        make_job(session, state=JobState.DEAD)
        assert "Look into 1 failed job" in words(portal(operator).get("/"))


class TestNavigation:
    def test_a_supplier_sees_no_jobs_and_no_catalogue(self, portal, session):
        page = portal(make_actor(session, OrgKind.SUPPLIER)).get("/").text
        assert 'href="/jobs"' not in page
        assert 'href="/catalog"' not in page
        assert 'href="/rfqs"' in page

    def test_the_present_page_is_marked(self, portal, session):
        page = portal(make_actor(session, OrgKind.BUYER)).get("/settings/members").text
        assert '<a href="/settings/profile" aria-current="page">' in page

    def test_pages_of_jobs_are_for_operators(self, portal, session):
        assert portal(make_actor(session, OrgKind.BUYER)).get("/jobs").status_code == 403


class TestSearch:
    def test_it_finds_colleagues_by_name(self, portal, session):
        actor = make_actor(session, OrgKind.BUYER, name="Zoé Martin")
        assert "Zoé Martin" in words(portal(actor).get("/search?q=zoé"))

    def test_it_does_not_find_people_of_others(self, portal, session):
        make_actor(session, OrgKind.BUYER, name="Secret Person")
        actor = make_actor(session, OrgKind.BUYER)
        assert "Nothing found" in words(portal(actor).get("/search?q=secret"))

    def test_one_letter_is_too_short(self, portal, session):
        actor = make_actor(session, OrgKind.BUYER)
        assert "at least two characters" in words(portal(actor).get("/search?q=a"))

    def test_wildcards_are_letters(self, portal, session):
        actor = make_actor(session, OrgKind.BUYER)
        assert "Nothing found" in words(portal(actor).get("/search?q=%25%25"))


class TestHistory:
    def test_an_auditor_reads_and_verifies_it(self, portal, session):
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        subject = ("rfq", auditor.org_id)
        audit.record(session, auditor, "rfq.published", subject, {"number": "RFQ-1"})
        browser = portal(auditor)
        assert "RFQ-1" in words(browser.get("/audit"))
        page = words(browser.get(f"/audit/rfq/{auditor.org_id}?verify=1"))
        assert "The chain is sound" in page
        assert "1 entry, complete and unaltered" in page

    def test_an_altered_entry_is_found(self, portal, session):
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        subject = ("rfq", auditor.org_id)
        audit.record(session, auditor, "rfq.published", subject, {"number": "RFQ-1"})
        session.flush()
        session.execute(text("SET LOCAL ROLE postgres"))
        session.execute(text("UPDATE audit_event SET data = '{}'"))
        session.execute(text("SET LOCAL ROLE marketplace_worker"))
        page = words(portal(auditor).get(f"/audit/rfq/{auditor.org_id}?verify=1"))
        assert "The chain is broken" in page
        assert "Entry 1: altered" in page

    def test_others_do_not_exist(self, portal, session):
        other = make_actor(session, OrgKind.BUYER)
        audit.record(session, other, "rfq.published", ("rfq", other.org_id))
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        assert portal(auditor).get(f"/audit/rfq/{other.org_id}").status_code == 404

    def test_a_requester_has_no_access(self, portal, session):
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER)
        assert portal(requester).get("/audit").status_code == 403


class TestJobs:
    def test_a_failed_job_is_tried_again(self, portal, session):
        operator = make_actor(session, OrgKind.OPERATOR, Role.OPERATOR)
        job = make_job(session, state=JobState.DEAD, error="ConnectionError: refused")
        browser = portal(operator)
        assert "ConnectionError: refused" in words(browser.get(f"/jobs/{job.id}"))
        assert browser.post(f"/jobs/{job.id}/retry").status_code == 303
        assert session.get(Job, job.id).state is JobState.READY

    def test_a_running_job_is_not(self, portal, session):
        operator = make_actor(session, OrgKind.OPERATOR, Role.OPERATOR)
        job = make_job(session, state=JobState.RUNNING)
        assert portal(operator).post(f"/jobs/{job.id}/retry").status_code == 409

    def test_the_list_narrows_to_a_state(self, portal, session):
        operator = make_actor(session, OrgKind.OPERATOR, Role.OPERATOR)
        make_job(session, name="good.task", state=JobState.DONE)
        make_job(session, name="bad.task", state=JobState.DEAD)
        page = words(portal(operator).get("/jobs?state=dead"))
        assert "bad.task" in page
        assert "good.task" not in page


def make_job(session, **overrides):
    values = {
        "kind": jobs.JobKind.TASK,
        "name": "suppliers.screen",
        "args": {},
        "state": JobState.READY,
        "run_at": clock.now(),
    }
    job = Job(**(values | overrides))
    session.add(job)
    session.flush()
    return job


class TestErrors:
    def test_a_missing_page_says_what_to_do(self, portal, session):
        answer = portal(make_actor(session, OrgKind.BUYER)).get("/nowhere")
        assert answer.status_code == 404
        assert "Check the address" in words(answer)

    def test_in_french_too(self, portal, session):
        organisation = make_organisation(session, locale="fr")
        actor = make_actor(session, OrgKind.BUYER, organisation=organisation)
        answer = portal(actor).get("/jobs")
        assert answer.status_code == 403
        assert "Demandez à un administrateur" in words(answer)
        # where no page is, nobody is asked for; the reader's language counts all the same
        answer = portal(actor).get("/nowhere", headers={"Accept-Language": "en"})
        assert answer.status_code == 404
        assert "Vérifiez l’adresse" in words(answer)
