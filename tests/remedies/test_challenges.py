"""Challenges: they hold the award back, are decided by four eyes, and undo it when upheld."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from marketplace.core import clock
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.orders.models import Order
from marketplace.remedies import case_rules, reactions
from marketplace.remedies.models import AwardCase
from marketplace.remedies.rules import AwardChallenged, StandstillOver
from marketplace.remedies.services import concluding
from marketplace.remedies.states import CaseKind, CaseState, CaseStep
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.services import settings
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.states import RfqState
from tests.clients import words
from tests.factories.awards import after, decide
from tests.factories.identity import act_as, make_actor, make_organisation
from tests.factories.remedies import make_decided

CHALLENGE = CaseKind.CHALLENGE


@pytest.fixture
def decided(session):
    return make_decided(session)


@pytest.fixture
def case(decided):
    return decided.begin(CHALLENGE, body="The scores do not follow the published criteria.")


def conclude(decided):
    rfq_id = decided.sourcing.rfq.id
    return concluding.conclude(decided.session, decided.judge, rfq_id, decided.award_id)


class TestFiling:
    def test_begins_with_admission_and_is_told(self, session, decided, case, drain):
        assert (case.state, case.step) == (CaseState.FILED, CaseStep.ADMISSION)
        drain()
        told = session.scalars(select(Notice).where(Notice.kind == "challenge_filed")).all()
        assert {notice.organisation_id for notice in told} == {decided.sourcing.buyer.org_id}

    def test_only_while_the_standstill_runs(self, session, decided):
        until = decided.standing.standstill_until
        with pytest.raises(StandstillOver):
            decided.begin(CHALLENGE, at=until + timedelta(microseconds=1))
        assert session.scalars(select(AwardCase)).all() == []
        assert decided.begin(CHALLENGE, at=until).opened_at == until

    def test_once_at_a_time_for_each_supplier(self, decided, case):
        with pytest.raises(case_rules.CaseIsOpen) as error:
            decided.begin(CHALLENGE)
        assert error.value.data["case_id"] == str(case.id)
        assert decided.begin(CHALLENGE, decided.sourcing.suppliers[2]).id != case.id

    def test_by_whoever_was_invited_and_nobody_else(self, session):
        silent = make_actor(session, OrgKind.SUPPLIER)
        bidders = [make_actor(session, OrgKind.SUPPLIER) for _number in range(3)]
        decided = make_decided(session, bidders=[*bidders, silent])
        assert decided.begin(CHALLENGE, silent).state is CaseState.FILED
        with pytest.raises(NotFound):
            decided.begin(CHALLENGE, make_actor(session, OrgKind.SUPPLIER))

    def test_not_where_nothing_stands_still(self, session):
        decided = make_decided(session, days=0)
        with pytest.raises(case_rules.NoStandstill):
            decided.begin(CHALLENGE)


class TestHolding:
    def test_an_open_challenge_keeps_the_award_from_being_final(
        self, session, decided, case, drain
    ):
        with after(decided.standing):
            assert reactions.conclude_due(session, SYSTEM) == 0
            with pytest.raises(AwardChallenged) as error:
                conclude(decided)
            assert [each["case_id"] for each in error.value.data["challenges"]] == [str(case.id)]
            decided.act(case, "admit")
            assert reactions.conclude_due(session, SYSTEM) == 0
            decided.act(case, "reject")
            assert reactions.conclude_due(session, SYSTEM) == 1
        assert decided.standing.state is AwardState.FINAL
        drain()
        assert len(session.scalars(select(Order)).all()) == 1

    @pytest.mark.parametrize("end", ["dismiss", "withdraw"])
    def test_it_ends_in_other_ways_too(self, session, decided, case, end):
        decided.act(case, end, decided.loser if end == "withdraw" else decided.judge)
        assert case.closed_at is not None
        assert case.due_at is None
        with after(decided.standing):
            assert conclude(decided).state is AwardState.FINAL

    def test_the_buyer_may_give_in_even_after_the_standstill(self, session, decided, case):
        rfq_id = decided.sourcing.rfq.id
        with after(decided.standing):
            concluding.withdraw(session, decided.judge, rfq_id, decided.award_id, "They are right")
        assert case.state is CaseState.VOID
        assert decided.sourcing.rfq.state is RfqState.OPENED


class TestDeciding:
    def test_needs_somebody_else_than_who_decided(self, session, decided, case):
        for action in ("admit", "dismiss"):
            with pytest.raises(case_rules.FourEyes):
                decided.act(case, action, decided.sourcing.buyer)
        decided.act(case, "admit")
        for action in ("uphold", "reject"):
            with pytest.raises(case_rules.FourEyes):
                decided.act(case, action, decided.sourcing.buyer)
        assert case.state is CaseState.ADMITTED

    def test_is_for_those_who_may(self, session, decided, case):
        company = session.get_one(Organisation, decided.sourcing.buyer.org_id)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=company)
        for actor in (requester, decided.loser):
            with pytest.raises(NotAllowed):
                decided.act(case, "admit", actor)
        with pytest.raises(NotFound):
            decided.act(case, "admit", make_actor(session))
        approver = make_actor(session, OrgKind.BUYER, Role.APPROVER, organisation=company)
        assert decided.act(case, "admit", approver).state is CaseState.ADMITTED

    def test_needs_reasons(self, decided, case):
        with pytest.raises(case_rules.BodyRequired):
            decided.act(case, "admit", body=" ")
        assert case.state is CaseState.FILED

    def test_upheld_means_back_to_evaluation(self, session, decided, case, drain):
        other = decided.begin(CHALLENGE, decided.sourcing.suppliers[2])
        decided.act(case, "admit")
        decided.act(case, "uphold", body="A criterion was weighed wrongly.")
        assert (case.state, other.state) == (CaseState.UPHELD, CaseState.VOID)
        assert decided.standing.state is AwardState.WITHDRAWN
        assert decided.sourcing.rfq.state is RfqState.OPENED
        assert {bid.state for bid in session.scalars(select(Bid))} == {BidState.OPENED}
        # who challenged, and why it was upheld, is not told to the others
        assert decided.standing.withdrawal_reason == "A challenge against the decision was upheld."
        drain()
        kinds = {
            (notice.organisation_id, notice.kind)
            for notice in session.scalars(select(Notice))
            if notice.kind in ("challenge_decided", "award_withdrawn")
        }
        assert (decided.winner.org_id, "award_withdrawn") in kinds
        assert (decided.loser.org_id, "challenge_decided") in kinds
        assert (decided.winner.org_id, "challenge_decided") not in kinds
        with pytest.raises(IllegalTransition):
            decided.act(case, "reject")
        assert decide(decided.sourcing, 1, reason="As ruled").state is AwardState.STANDSTILL


class TestSteps:
    def test_go_on_by_either_party_with_a_clock_each(self, decided, case):
        with pytest.raises(IllegalTransition):
            decided.act(case, "escalate")
        decided.act(case, "admit")
        assert case.step is CaseStep.TALK
        decided.act(case, "reply", decided.loser, "We would like to meet.")
        assert (case.state, case.step) == (CaseState.ADMITTED, CaseStep.TALK)
        talk_due = case.due_at
        decided.act(case, "escalate", decided.loser)
        assert case.step is CaseStep.WRITTEN_ANSWER
        assert case.due_at - talk_due == timedelta(days=5)
        with pytest.raises(case_rules.NoFurtherStep):
            decided.act(case, "escalate")

    def test_mediation_and_arbitration_come_with_the_clause(self, session):
        company = make_organisation(session)
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN, organisation=company)
        settings.update(
            session, admin, standstill_days=0, debrief_days=15, dispute_clause="CMAP, Paris"
        )
        buyer = make_actor(session, organisation=company)
        decided = make_decided(session, buyer=buyer)
        case = decided.begin(CHALLENGE)
        decided.act(case, "admit")
        steps = []
        for _step in range(3):
            decided.act(case, "escalate")
            steps.append(case.step)
        assert steps == [CaseStep.WRITTEN_ANSWER, CaseStep.MEDIATION, CaseStep.ARBITRATION]
        with pytest.raises(case_rules.NoFurtherStep):
            decided.act(case, "escalate", decided.loser)


class TestTenants:
    def test_rows_of_a_case_are_its_parties_alone(self, connection, session, decided, case):
        session.flush()
        seen = {}
        for name, actor in (
            ("loser", decided.loser), ("buyer", decided.judge), ("winner", decided.winner),
            ("stranger", make_actor(session)),
        ):  # fmt: skip
            session.flush()
            with connection.begin_nested() as savepoint:
                connection.execute(text("SET LOCAL ROLE marketplace_app"))
                act_as(session, actor)
                seen[name] = [
                    connection.scalar(text(f"SELECT count(*) FROM {table}"))
                    for table in ("award_case", "case_entry", "award_standing", "award")
                ]
                savepoint.rollback()
        assert seen == {
            "loser": [1, 1, 1, 0], "buyer": [1, 1, 1, 1],
            "winner": [0, 0, 1, 0], "stranger": [0, 0, 0, 0],
        }  # fmt: skip


class TestHttp:
    def test_over_the_api(self, api, decided):
        loser, decider, judge = (
            api(actor) for actor in (decided.loser, decided.sourcing.buyer, decided.judge)
        )
        base = f"/rfqs/{decided.sourcing.rfq.id}"
        body = {"kind": "challenge", "award_id": str(decided.award_id), "body": "Wrong weights."}
        filed = loser.post(f"{base}/cases", json=body)
        assert filed.status_code == 201, filed.json
        assert filed.json["actions"] == ["reply", "withdraw"]
        again = loser.post(f"{base}/cases", json=body)
        assert (again.status_code, again.json["code"]) == (409, "case_is_open")
        url = f"/cases/{filed.json['id']}"
        assert decider.get(url).json["actions"] == ["reply"]
        assert judge.get(url).json["actions"] == ["reply", "admit", "dismiss"]
        refused = decider.post(f"{url}/entries", json={"action": "admit", "body": "Fine"})
        assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")
        with clock.frozen(decided.standing.standstill_until + timedelta(minutes=1)):
            held = judge.post(f"{base}/awards/{decided.award_id}/conclude")
            assert (held.status_code, held.json["code"]) == (409, "award_challenged")
            assert held.json["challenges"][0]["case_id"] == filed.json["id"]
            (award,) = judge.get(f"{base}/awards").json["items"]
            assert (award["challenge_ids"], award["actions"]) == (
                [filed.json["id"]], ["withdraw"],
            )  # fmt: skip
        others = api(decided.winner).get(f"{base}/awards").json["items"]
        assert others[0]["challenge_ids"] == []
        judge.post(f"{url}/entries", json={"action": "admit", "body": "We look into it."})
        done = judge.post(f"{url}/entries", json={"action": "uphold", "body": "You are right."})
        assert (done.status_code, done.json["state"]) == (201, "upheld")
        assert judge.get(base).json["state"] == "opened"

    def test_in_the_portal(self, portal, session, decided, statements):
        loser, judge = portal(decided.loser), portal(decided.judge)
        base = f"/rfqs/{decided.sourcing.rfq.id}"
        assert "Challenge the decision" in words(loser.get(f"{base}/outcome"))
        url = f"{base}/awards/{decided.award_id}/challenge"
        assert loser.get(url).status_code == 200
        assert loser.post(url, {"body": "Wrong weights."}).status_code == 303
        case = session.scalars(select(AwardCase)).one()
        statements.clear()
        page = words(judge.get(f"{base}/outcome"))
        assert len(statements) <= 10
        assert "The award is held back" in page
        page = words(judge.get(f"/cases/{case.id}"))
        assert "Admit the challenge: talks begin" in page
        assert "Admission now" in page
        decider = portal(decided.sourcing.buyer)
        assert "Admit the challenge" not in words(decider.get(f"/cases/{case.id}"))
        entry = {"action": "admit", "body": "We look into it."}
        assert decider.post(f"/cases/{case.id}/entries", entry).status_code == 403
        assert judge.post(f"/cases/{case.id}/entries", entry).status_code == 303
        entry = {"action": "withdraw", "body": ""}
        assert loser.post(f"/cases/{case.id}/entries", entry).status_code == 303
        session.refresh(case)
        assert case.state is CaseState.WITHDRAWN
        assert "Withdrawn" in words(judge.get(f"/cases/{case.id}"))
