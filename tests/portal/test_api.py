"""History, jobs and the change feed for partners."""

from uuid import uuid4

from marketplace.core import audit, clock, outbox
from marketplace.core.jobs import JobState
from marketplace.events.identity import MemberAdded
from marketplace.events.rfq import RfqPublished
from marketplace.identity.permissions import OrgKind, Role
from tests.factories.identity import make_actor
from tests.portal.test_pages import make_job


class TestAudit:
    def test_it_lists_what_the_organisation_did(self, api, session):
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        other = make_actor(session, OrgKind.BUYER)
        audit.record(session, auditor, "rfq.created", ("rfq", auditor.org_id), {"number": "R-1"})
        audit.record(session, other, "rfq.created", ("rfq", other.org_id))
        answer = api(auditor).get("/audit?subject_kind=rfq")
        assert answer.status_code == 200
        (entry,) = answer.json["items"]
        assert entry["action"] == "rfq.created"
        assert entry["data"] == {"number": "R-1"}
        assert len(entry["hash"]) == 64

    def test_a_document_can_be_proved(self, api, session):
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        audit.record(session, auditor, "rfq.created", ("rfq", auditor.org_id))
        audit.record(session, auditor, "rfq.published", ("rfq", auditor.org_id))
        proof = api(auditor).get(f"/audit/rfq/{auditor.org_id}/proof").json
        assert (proof["entries"], proof["sound"], proof["broken"]) == (2, True, [])

    def test_without_the_role_403(self, api, session):
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER)
        answer = api(requester).get("/audit")
        assert answer.status_code == 403
        assert answer.json["code"] == "not_allowed"


class TestJobs:
    def test_a_failed_job_offers_to_be_retried(self, api, session):
        operator = make_actor(session, OrgKind.OPERATOR)
        job = make_job(session, state=JobState.DEAD)
        (found,) = api(operator).get("/jobs?state=dead").json["items"]
        assert found["actions"] == ["retry"]
        answer = api(operator).post(f"/jobs/{job.id}/retry")
        assert answer.status_code == 200
        assert answer.json["state"] == "ready"

    def test_only_a_failed_one(self, api, session):
        operator = make_actor(session, OrgKind.OPERATOR)
        job = make_job(session, state=JobState.READY)
        answer = api(operator).post(f"/jobs/{job.id}/retry")
        assert answer.status_code == 409
        assert answer.json["code"] == "job_not_failed"

    def test_a_buyer_sees_none(self, api, session):
        assert api(make_actor(session, OrgKind.BUYER)).get("/jobs").status_code == 403


class TestFeed:
    def test_a_transaction_that_is_not_over_shows_nothing_yet(self, api, session):
        actor = make_actor(session, OrgKind.BUYER)
        outbox.record(session, member_added(actor), audience=[actor.org_id])
        assert api(actor).get("/events").json == {"items": [], "next_after": None}

    def test_a_wrong_position_is_refused(self, api, session):
        answer = api(make_actor(session, OrgKind.BUYER)).get("/events?after=yesterday")
        assert answer.status_code == 422
        assert answer.json["errors"][0]["code"] == "bad_position"


def member_added(actor):
    return MemberAdded(
        membership_id=uuid4(), org_id=actor.org_id, person_id=uuid4(), added_by=actor.person_id
    )


def published(buyer_id, *supplier_ids):
    return RfqPublished(
        rfq_id=uuid4(),
        buyer_id=buyer_id,
        number="RFQ-2026-00001",
        bids_due_at=clock.now(),
        supplier_ids=supplier_ids,
    )
