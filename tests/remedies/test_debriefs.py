"""Debriefs: who may ask, until when, and that no answer tells of another loser."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, Role
from marketplace.notifications.models import Notice
from marketplace.remedies import case_queries, case_rules, reactions
from marketplace.remedies.models import AwardCase, CaseEntry
from marketplace.remedies.services import concluding
from marketplace.remedies.states import CaseAction, CaseKind, CaseState
from marketplace.rfq.awards.rules import NamesALoser
from marketplace.rfq.terms import deadlines
from tests.clients import words
from tests.factories.identity import make_actor
from tests.factories.remedies import make_decided

DEBRIEF = CaseKind.DEBRIEF


@pytest.fixture
def decided(session, drain):
    made = make_decided(session)
    drain()
    return made


class TestAsking:
    def test_has_a_clock_and_is_told_to_the_buyer(self, session, decided, drain):
        case = decided.begin(DEBRIEF, body="  Which scores were low?  ")
        assert (case.state, case.step) == (CaseState.ASKED, None)
        zone = deadlines.zone_of("Europe/Paris")
        assert case.due_at == deadlines.end_of_day(case.opened_at, 15, zone)
        drain()
        (entry,) = case_queries.get(session, decided.loser, case.id).entries
        assert (entry.action, entry.body) == (CaseAction.ASK, "Which scores were low?")
        told = session.scalars(select(Notice).where(Notice.kind == "debrief_asked")).all()
        assert {notice.organisation_id for notice in told} == {decided.sourcing.buyer.org_id}
        assert {notice.url for notice in told} == {f"/cases/{case.id}"}

    def test_is_for_losers_in_time(self, session, decided):
        with pytest.raises(case_rules.NothingLost):
            decided.begin(DEBRIEF, decided.winner)
        with pytest.raises(NotFound):
            decided.begin(DEBRIEF, make_actor(session, decided.loser.org_kind))
        late = decided.standing.decided_at + timedelta(days=17)
        with pytest.raises(case_rules.DebriefOver):
            decided.begin(DEBRIEF, at=late)
        with pytest.raises(case_rules.BodyRequired):
            decided.begin(DEBRIEF, body=" ")
        assert session.scalars(select(AwardCase)).all() == []

    def test_again_needs_an_answer_first(self, decided):
        case = decided.begin(DEBRIEF)
        with pytest.raises(IllegalTransition):
            decided.begin(DEBRIEF, body="And?")
        decided.act(case, "answer")
        again = decided.begin(DEBRIEF, body="And the price?")
        assert (again.id, again.state) == (case.id, CaseState.ASKED)

    def test_not_about_a_withdrawn_decision(self, session, decided):
        rfq_id = decided.sourcing.rfq.id
        concluding.withdraw(session, decided.judge, rfq_id, decided.award_id, "Wrong quantity")
        with pytest.raises(case_rules.DecisionWithdrawn):
            decided.begin(DEBRIEF)


class TestAnswering:
    def test_is_read_by_the_asker_alone(self, session, decided, drain):
        case = decided.begin(DEBRIEF)
        decided.act(case, "answer", body="The winner was cheaper.")
        assert (case.state, case.due_at) == (CaseState.ANSWERED, None)
        drain()
        told = session.scalars(select(Notice).where(Notice.kind == "debrief_answered")).all()
        assert {notice.organisation_id for notice in told} == {decided.loser.org_id}
        other = decided.sourcing.suppliers[2]
        assert case_queries.cases(session, other, decided.sourcing.rfq.id) == []
        with pytest.raises(NotFound):
            case_queries.get(session, other, case.id)

    def test_names_no_other_loser(self, session, decided):
        case = decided.begin(DEBRIEF)
        other = session.get_one(Organisation, decided.sourcing.suppliers[2].org_id).name
        with pytest.raises(NamesALoser) as error:
            decided.act(case, "answer", body=f"{other} was dearer than you.")
        assert error.value.errors[0].pointer == "/body"
        assert case.state is CaseState.ASKED
        own = session.get_one(Organisation, decided.loser.org_id).name
        decided.act(case, "answer", body=f"{own} was dearer than the winner.")

    def test_is_for_buyers(self, session, decided):
        case = decided.begin(DEBRIEF)
        company = session.get_one(Organisation, decided.sourcing.buyer.org_id)
        approver = make_actor(session, company.kind, Role.APPROVER, organisation=company)
        for actor in (approver, decided.loser):
            with pytest.raises(NotAllowed):
                decided.act(case, "answer", actor)
        with pytest.raises(NotFound):
            decided.act(case, "answer", make_actor(session))

    def test_the_buyer_is_reminded_once_when_it_is_overdue(self, session, decided):
        case = decided.begin(DEBRIEF)
        with clock.frozen(case.due_at):
            assert reactions.remind_of_overdue(session, SYSTEM) == 0
        with clock.frozen(case.due_at + timedelta(seconds=1)):
            assert reactions.remind_of_overdue(session, SYSTEM) == 1
            assert reactions.remind_of_overdue(session, SYSTEM) == 0
        told = session.scalars(select(Notice).where(Notice.kind == "case_overdue")).all()
        assert {notice.organisation_id for notice in told} == {decided.sourcing.buyer.org_id}


class TestHttp:
    def test_with_documents_over_the_api(self, api, decided):
        loser, buyer = api(decided.loser), api(decided.judge)
        upload = {"file": (io.BytesIO(b"our sample report"), "report.txt")}
        stored = loser.post("/documents", data=upload)
        assert stored.status_code == 201, stored.json
        rfq_url = f"/rfqs/{decided.sourcing.rfq.id}/cases"
        opened = loser.post(
            rfq_url,
            json={
                "kind": "debrief", "award_id": str(decided.award_id), "body": "Why?",
                "document_ids": [stored.json["id"]],
            },
        )  # fmt: skip
        assert opened.status_code == 201, opened.json
        assert (opened.json["state"], opened.json["actions"]) == ("asked", [])
        url = f"/cases/{opened.json['id']}"
        seen = buyer.get(url).json
        assert seen["actions"] == ["answer"]
        (paper,) = seen["entries"][0]["documents"]
        assert buyer.get(f"/documents/{paper['id']}/content").data == b"our sample report"
        other = api(decided.sourcing.suppliers[2])
        assert other.get(url).status_code == 404
        assert other.get(f"/documents/{paper['id']}").status_code == 404
        wrong = buyer.post(f"{url}/entries", json={"action": "file", "body": "x"})
        assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/action")
        said = buyer.post(f"{url}/entries", json={"action": "answer", "body": "Cheaper."})
        assert (said.status_code, said.json["state"]) == (201, "answered")
        again = loser.get(url).json
        assert again["actions"] == ["ask"]
        assert [(e["party"], e["action"]) for e in again["entries"]] == [
            ("supplier", "ask"), ("buyer", "answer"),
        ]  # fmt: skip
        assert len(buyer.get(rfq_url).json["items"]) == 1
        assert other.get(rfq_url).json["items"] == []

    def test_in_the_portal_with_files(self, portal, session, decided):
        loser, buyer = portal(decided.loser), portal(decided.judge)
        outcome = f"/rfqs/{decided.sourcing.rfq.id}/outcome"
        assert "Ask for a debrief" in words(loser.get(outcome))
        url = f"/rfqs/{decided.sourcing.rfq.id}/awards/{decided.award_id}/debrief"
        assert loser.get(url).status_code == 200
        assert loser.post(url, {"body": ""}).status_code == 422
        sent = loser.post(
            url,
            {"body": "Why?", "files": (io.BytesIO(b"our sample report"), "report.txt")},
            content_type="multipart/form-data",
        )
        assert sent.status_code == 303
        assert "Ask for a debrief" not in words(loser.get(outcome))
        case = session.scalars(select(AwardCase)).one()
        assert "Answer a debrief about" in words(buyer.get("/"))
        page = buyer.get(f"/cases/{case.id}")
        assert "report.txt" in words(page)
        assert "Answer the questions" in words(page)
        refused = buyer.post(f"/cases/{case.id}/entries", {"action": "answer", "body": " "})
        assert refused.status_code == 422
        done = buyer.post(f"/cases/{case.id}/entries", {"action": "answer", "body": "Cheaper."})
        assert done.status_code == 303
        assert "Cheaper." in words(loser.get(f"/cases/{case.id}"))
        assert len(session.scalars(select(CaseEntry)).all()) == 2
        assert portal(decided.sourcing.suppliers[2]).get(f"/cases/{case.id}").status_code == 404
