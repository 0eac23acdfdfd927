"""Deciding for somebody who is away: who may, when, for whom it counts, and what never works."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.approvals import queries, reading, rules, service
from marketplace.approvals.delegation_rules import (
    AlreadyDelegated,
    AlreadyRevoked,
    CircularDelegation,
    DelegationDraft,
)
from marketplace.approvals.models import ApprovalDecision, ApprovalDelegation, ApprovalRequest
from marketplace.approvals.rules import PlannedStep
from marketplace.approvals.services import delegations
from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.core import audit, clock, tenancy
from marketplace.core.errors import Invalid, NotAllowed, NotFound, Stale
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.models import Membership
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.notifications.models import Notice
from tests.factories.approvals import ONE_APPROVER, make_policy, make_request
from tests.factories.identity import make_actor, make_organisation

# in Paris, where the companies of these tests are, the day is one hour ahead of UTC
MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)
FRIDAY = date(2026, 12, 4)
LAST_MOMENT = datetime(2026, 12, 4, 22, 59, tzinfo=UTC)
DAY_AFTER = LAST_MOMENT + timedelta(minutes=1)


class Team:
    """A buyer, an approver who goes away, who stands in, and another one."""

    def __init__(self, session: Session) -> None:
        self.company = make_organisation(session)
        self.session = session
        self.buyer = self.member(Role.BUYER)
        self.absent = self.member(Role.APPROVER)
        self.deputy = self.member(Role.APPROVER, Role.BUYER)
        self.other = self.member(Role.APPROVER)
        self.admin = self.member(Role.ADMIN)

    def member(self, *roles: Role) -> Actor:
        return make_actor(self.session, OrgKind.BUYER, *roles, organisation=self.company)

    def asks(self, *people: Actor, rule: StepRule = StepRule.ANY_OF) -> None:
        """A policy with one step that names these people."""
        names = tuple(person.person for person in people)
        make_policy(self.session, self.other, PlannedStep("Director", None, names, rule))

    def delegate(self, arranger: Actor | None = None, **overrides: object) -> ApprovalDelegation:
        values = {
            "delegate_id": self.deputy.person,
            "first_on": MONDAY.date(),
            "last_on": FRIDAY,
            "reason": "Holiday",
        }
        draft = DelegationDraft(**(values | overrides))  # type: ignore[arg-type]
        return delegations.delegate(self.session, arranger or self.absent, draft)

    def decide(self, actor: Actor, asked: ApprovalRequest, **more: str) -> ApprovalRequest:
        return service.decide(self.session, actor, asked.id, Verdict.APPROVE, **more)

    def sees(self, actor: Actor) -> list[ApprovalRequest]:
        found = list(queries.waiting_for(self.session, actor).items)
        assert queries.count_waiting(self.session, actor) == len(found)
        away = queries.delegators(self.session, actor)
        assert all(reading.actions_of(actor, each, away) == ["decide"] for each in found)
        return found

    def decisions(self) -> list[tuple[object, list[object]]]:
        self.session.flush()
        rows = self.session.scalars(select(ApprovalDecision)).all()
        return [(row.person_id, list(row.on_behalf_of)) for row in rows]


@pytest.fixture
def team(session: Session) -> Team:
    return Team(session)


class TestDeciding:
    def test_the_delegate_decides_where_the_absent_one_is_named(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            assert team.sees(team.deputy) == []
            team.delegate()
            assert team.sees(team.deputy) == [asked]
            assert team.sees(team.other) == []
            team.decide(team.deputy, asked)
        assert asked.state is RequestState.GRANTED
        assert team.decisions() == [(team.deputy.person, [team.absent.person])]
        [entry] = [
            entry
            for entry in audit.history(session, team.company.id, "approval_request", asked.id)
            if entry.action == "approvals.decided"
        ]
        assert entry.data["on_behalf_of"] == [str(team.absent.person)]

    def test_the_absent_one_may_still_decide(self, session: Session, team: Team) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            assert team.sees(team.absent) == [asked]
            team.decide(team.absent, asked)
        assert team.decisions() == [(team.absent.person, [])]

    def test_who_is_asked_themselves_decides_for_themselves(
        self, session: Session, team: Team
    ) -> None:
        make_policy(session, team.other, ONE_APPROVER)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            team.decide(team.deputy, asked)
        assert team.decisions() == [(team.deputy.person, [])]

    def test_where_all_must_approve_one_yes_counts_for_both(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent, team.deputy, team.other, rule=StepRule.ALL_OF)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            team.decide(team.deputy, asked)
            assert asked.steps[0].state is StepState.OPEN
            assert team.sees(team.deputy) == []
            assert team.sees(team.absent) == []
            with pytest.raises(rules.AlreadyDecided):
                team.decide(team.absent, asked)
            team.decide(team.other, asked)
        assert asked.state is RequestState.GRANTED
        assert sorted(team.decisions(), key=str) == sorted(
            [(team.deputy.person, [team.absent.person]), (team.other.person, [])], key=str
        )


class TestChains:
    """OPEN-16: who stands in may be away too; a circle and an absence of all are seen."""

    def test_the_one_at_the_end_decides_for_all_who_are_away(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            team.delegate(team.deputy, delegate_id=team.other.person)
            assert team.sees(team.other) == [asked]
            team.decide(team.other, asked)
        assert asked.state is RequestState.GRANTED
        assert team.decisions() == [(team.other.person, [team.absent.person])]

    def test_after_the_absence_the_request_is_back(self, session: Session, team: Team) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            team.delegate(team.deputy, delegate_id=team.other.person)
        with clock.frozen(DAY_AFTER):
            assert (team.sees(team.deputy), team.sees(team.other)) == ([], [])
            assert team.sees(team.absent) == [asked]
            with pytest.raises(rules.NotYourTurn):
                team.decide(team.other, asked)
        assert (asked.state, team.decisions()) == (RequestState.WAITING, [])

    def test_a_circle_is_refused(self, session: Session, team: Team) -> None:
        with clock.frozen(MONDAY):
            team.delegate()
            team.delegate(team.deputy, delegate_id=team.other.person)
            with pytest.raises(CircularDelegation) as refusal:
                team.delegate(team.other, delegate_id=team.absent.person)
            assert refusal.value.errors[0].pointer == "/delegate_id"
            later = FRIDAY + timedelta(days=1)
            team.delegate(team.other, delegate_id=team.absent.person, first_on=later, last_on=later)
        assert session.scalar(select(func.count()).select_from(ApprovalDelegation)) == 3

    def test_a_circle_that_got_in_frees_nobody_and_hangs_nothing(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            made = team.delegate()
            back = ApprovalDelegation(
                buyer_id=made.buyer_id,
                person_id=team.deputy.person,
                delegate_id=team.absent.person,
                first_on=made.first_on,
                last_on=made.last_on,
                time_zone=made.time_zone,
                arranged_by=team.deputy.person,
            )
            session.add(back)
            session.flush()
            asked = make_request(session, team.buyer)
            assert queries.delegators(session, team.absent) == {team.deputy.person}
            assert (team.sees(team.absent), team.sees(team.other)) == ([asked], [])
            assert asked.state is RequestState.WAITING
            assert told_to(session, "approvals.unreachable") == [asked.id]

    def test_who_can_name_others_is_told_when_nobody_is_there(
        self, session: Session, team: Team, drain
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            team.delegate()
            asked = make_request(session, team.deputy)
            assert asked.state is RequestState.WAITING
            drain()
        told = session.scalars(
            select(Notice.person_id).where(Notice.kind == "approval_unreachable")
        ).all()
        managers = queries.policy_managers(session, team.company.id)
        assert set(told) == set(managers)
        assert team.admin.person in told
        assert told_to(session, "approvals.unreachable") == [asked.id]

    def test_nobody_is_alarmed_while_somebody_is_there(self, session: Session, team: Team) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            team.delegate()
            make_request(session, team.buyer)
        assert told_to(session, "approvals.unreachable") == []


def told_to(session: Session, event: str) -> list[UUID]:
    session.flush()
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.name == event))
    return [UUID(row.payload["request_id"]) for row in rows]


class TestNoSelfApproval:
    def test_the_delegate_who_made_the_order_may_not(self, session: Session, team: Team) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.deputy)
            team.delegate()
            assert team.sees(team.deputy) == []
            with pytest.raises(rules.FourEyesViolation):
                team.decide(team.deputy, asked)
        assert (asked.state, team.decisions()) == (RequestState.WAITING, [])

    def test_nobody_says_the_author_s_yes(self, session: Session, team: Team) -> None:
        team.asks(team.absent, team.other)
        author = frozenset({team.absent.person})
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer, author_ids=author)
            team.delegate()
            assert team.sees(team.deputy) == []
            with pytest.raises(rules.NotYourTurn):
                team.decide(team.deputy, asked)
            assert asked.state is RequestState.WAITING
            team.decide(team.other, asked)
        assert team.decisions() == [(team.other.person, [])]

    def test_a_step_that_asks_the_author_alone_stays_refused(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            team.delegate()
            with pytest.raises(rules.NoApprover):
                make_request(session, team.buyer, author_ids=frozenset({team.absent.person}))


class TestDays:
    @pytest.mark.parametrize(
        ("at", "may"),
        [
            (MONDAY.replace(day=29, hour=22, minute=59), False),
            (MONDAY.replace(day=29, hour=23), True),
            (LAST_MOMENT, True),
            (DAY_AFTER, False),
        ],
    )
    def test_both_days_count_whole_by_the_clocks_of_the_company(
        self, session: Session, team: Team, at: datetime, *, may: bool
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
        with clock.frozen(at):
            assert team.sees(team.deputy) == ([asked] if may else [])
            if may:
                assert team.decide(team.deputy, asked).state is RequestState.GRANTED
                return
            with pytest.raises(rules.NotYourTurn):
                team.decide(team.deputy, asked)
        assert (asked.state, team.decisions()) == (RequestState.WAITING, [])

    def test_ended_early_it_holds_no_more_and_past_decisions_stand(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            first, second = (make_request(session, team.buyer) for _number in range(2))
            made = team.delegate()
            team.decide(team.deputy, first)
            delegations.revoke(session, team.absent, made.id, made.version)
            assert team.sees(team.deputy) == []
            with pytest.raises(rules.NotYourTurn):
                team.decide(team.deputy, second)
            with pytest.raises(AlreadyRevoked):
                delegations.revoke(session, team.absent, made.id)
            with pytest.raises(Stale):
                delegations.revoke(session, team.absent, team.delegate().id, 7)
        assert (first.state, second.state) == (RequestState.GRANTED, RequestState.WAITING)

    def test_who_may_no_longer_approve_cannot_be_stood_in_for(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, team.buyer)
            team.delegate()
            membership = session.scalars(
                select(Membership).where(Membership.person_id == team.absent.person)
            ).one()
            membership.active = False
            session.flush()
            assert team.sees(team.deputy) == []
            with pytest.raises(rules.NotYourTurn):
                team.decide(team.deputy, asked)


class TestArranging:
    def count(self, session: Session) -> int:
        return session.scalar(select(func.count()).select_from(ApprovalDelegation)) or 0

    def refused(self, team: Team, arranger: Actor | None = None, **overrides: object) -> list[str]:
        with clock.frozen(MONDAY), pytest.raises(Invalid) as refusal:
            team.delegate(arranger, **overrides)
        assert self.count(team.session) == 0
        return [f"{error.pointer} {error.code}" for error in refusal.value.errors]

    def test_every_reason_is_told_at_once(self, team: Team) -> None:
        found = self.refused(
            team, delegate_id=team.buyer.person, last_on=MONDAY.date() - timedelta(days=1)
        )
        assert found == ["/delegate_id not_an_approver", "/last_on range"]

    def test_oneself_strangers_and_impossible_days(self, session: Session, team: Team) -> None:
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        assert self.refused(team, delegate_id=team.absent.person) == ["/delegate_id same_person"]
        assert self.refused(team, delegate_id=stranger.person) == ["/delegate_id not_an_approver"]
        assert self.refused(team, person_id=stranger.person) == ["/person_id not_an_approver"]
        assert self.refused(team, first_on=date(2026, 11, 2), last_on=date(2026, 11, 29)) == [
            "/last_on past"
        ]
        assert self.refused(team, last_on=date(2027, 12, 1)) == ["/last_on too_long"]

    def test_somebody_else_may_arrange_it_but_not_for_themselves(self, team: Team) -> None:
        own = {"person_id": team.absent.person, "delegate_id": team.other.person}
        assert self.refused(team, team.other, **own) == ["/delegate_id own_delegate"]
        with clock.frozen(MONDAY):
            made = team.delegate(team.admin, person_id=team.absent.person)
        assert (made.person_id, made.arranged_by) == (team.absent.person, team.admin.person)

    def test_is_for_who_may_write_policies(self, session: Session, team: Team) -> None:
        for actor in (team.buyer, team.member(Role.RECEIVER), team.member(Role.AUDITOR)):
            with pytest.raises(NotAllowed):
                team.delegate(actor, person_id=team.absent.person)
            with pytest.raises(NotAllowed):
                delegations.list_all(session, actor)
        assert self.count(session) == 0

    def test_one_delegate_at_a_time(self, session: Session, team: Team) -> None:
        with clock.frozen(MONDAY):
            made = team.delegate()
            for days in ((FRIDAY, FRIDAY), (date(2026, 11, 1), MONDAY.date())):
                with pytest.raises(AlreadyDelegated):
                    team.delegate(first_on=days[0], last_on=days[1], delegate_id=team.other.person)
            after = FRIDAY + timedelta(days=1)
            team.delegate(first_on=after, last_on=after)
            delegations.revoke(session, team.absent, made.id)
            team.delegate(delegate_id=team.other.person)
        assert self.count(session) == 3

    def test_the_database_too_refuses_a_second_delegate(self, session: Session, team: Team) -> None:
        with clock.frozen(MONDAY):
            made = team.delegate()
        values = {name: getattr(made, name) for name in (
            "buyer_id", "person_id", "first_on", "last_on", "time_zone", "arranged_by",
        )}  # fmt: skip
        session.add(ApprovalDelegation(delegate_id=team.other.person, **values))
        with pytest.raises(IntegrityError, match="one_at_a_time"):
            session.flush()

    def test_is_written_down_and_told(self, session: Session, team: Team, drain) -> None:
        with clock.frozen(MONDAY):
            made = team.delegate(team.admin, person_id=team.absent.person)
            delegations.revoke(session, team.admin, made.id)
        entries = audit.history(session, team.company.id, "approval_delegation", made.id)
        assert sorted(entry.action for entry in entries) == [
            "approvals.delegated",
            "approvals.delegation_revoked",
        ]
        assert entries[0].data == {
            "person_id": str(team.absent.person),
            "delegate_id": str(team.deputy.person),
            "first_on": "2026-11-30",
            "last_on": "2026-12-04",
        }
        drain()
        told = session.scalars(select(Notice.person_id).where(Notice.kind == "approval_delegated"))
        assert set(told) == {team.absent.person, team.deputy.person}

    def test_the_delegate_is_told_of_what_comes_while_standing_in(
        self, session: Session, team: Team
    ) -> None:
        team.asks(team.absent)
        with clock.frozen(MONDAY):
            team.delegate()
            make_request(session, team.buyer)
            make_request(session, team.deputy)
        session.flush()
        asked = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.name == "approvals.requested")
            .order_by(OutboxMessage.seq)
        ).all()
        both, alone = (set(message.payload["approver_ids"]) for message in asked)
        assert both == {str(team.absent.person), str(team.deputy.person)}
        assert alone == {str(team.absent.person)}


class TestTenancy:
    """Each of the two layers alone keeps companies apart."""

    @pytest.fixture
    def made(self, team: Team) -> ApprovalDelegation:
        with clock.frozen(MONDAY):
            return team.delegate()

    def test_the_queries_alone(
        self, session: Session, team: Team, made: ApprovalDelegation
    ) -> None:
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        assert list(delegations.list_all(session, team.admin)) == [made]
        assert list(delegations.list_all(session, stranger)) == []
        with pytest.raises(NotFound):
            delegations.read(session, stranger, made.id)
        with pytest.raises(NotFound):
            delegations.revoke(session, stranger, made.id)
        assert made.revoked_at is None
        with clock.frozen(MONDAY):
            assert queries.delegators(session, stranger) == frozenset()
            assert queries.delegates(session, stranger.organisation_id) == {}
            assert queries.delegates(session, team.company.id) == {
                team.absent.person: team.deputy.person
            }

    def test_the_database_alone(
        self, session: Session, team: Team, made: ApprovalDelegation
    ) -> None:
        stranger = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        session.execute(text("SET LOCAL ROLE marketplace_app"))
        seen = {}
        for name, actor in (("own", team.absent), ("other", stranger)):
            tenancy.enter(session, actor.org_id, actor.org_kind)
            seen[name] = session.scalar(select(func.count()).select_from(ApprovalDelegation))
            changed = session.execute(text("UPDATE approval_delegation SET reason = 'mine'"))
            seen[f"{name} changed"] = changed.rowcount  # type: ignore[attr-defined]
        assert seen == {"own": 1, "own changed": 1, "other": 0, "other changed": 0}

    def test_a_delegation_opens_no_request_of_another_company(
        self, session: Session, team: Team, made: ApprovalDelegation
    ) -> None:
        elsewhere = Team(session)
        elsewhere.asks(elsewhere.absent)
        with clock.frozen(MONDAY):
            asked = make_request(session, elsewhere.buyer)
            assert team.sees(team.deputy) == []
            with pytest.raises(NotFound):
                team.decide(team.deputy, asked)
