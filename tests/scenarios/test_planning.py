"""Writing, solving, pricing, relaxing and proposing scenarios of an opened RFQ."""

from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound, Stale
from marketplace.core.jobs import Job, JobState
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import Role
from marketplace.notifications.models import MailMessage, Notice
from marketplace.rfq.awards import choices as award_choices
from marketplace.rfq.bids.rules import Sealed
from marketplace.rfq.services import awarding
from marketplace.scenarios import reactions, rules
from marketplace.scenarios.model import Kind
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.rules import ConstraintDraft, ScenarioDraft, ScenarioInvalid
from marketplace.scenarios.services import planning
from marketplace.scenarios.states import Preset, ScenarioState
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import SupplierState
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.scenarios import at_most, awarded, bids_of, make_compared, make_scenario
from workers.registry import CALLS


def create(sourcing, *constraints, **over):
    draft = ScenarioDraft("Mine", constraints=constraints, **over)
    return planning.create(sourcing.session, sourcing.buyer, sourcing.rfq.id, draft)


def events(session):
    return session.scalars(
        select(OutboxMessage.name)
        .where(OutboxMessage.name.startswith("scenarios."))
        .order_by(OutboxMessage.seq)
    ).all()


class TestCreate:
    def test_names_every_fault_and_writes_nothing(self, session):
        sourcing = make_compared(session)
        supplier = sourcing.suppliers[0].org_id
        faults = [
            ConstraintDraft(Kind.MAX_SUPPLIERS, percent=Decimal(5)),
            ConstraintDraft(Kind.MAX_SHARE, percent=Decimal(101), supplier_ids=[uuid4()]),
            ConstraintDraft(Kind.CAPACITY, amount=Money(Decimal(5), "USD")),
            ConstraintDraft(Kind.FIX, supplier_ids=[supplier], line_id=uuid4()),
            ConstraintDraft(
                Kind.INCUMBENT_SHARE,
                percent=Decimal(5),
                supplier_ids=[each.org_id for each in sourcing.suppliers],
            ),
            ConstraintDraft(Kind.MAX_SUPPLIERS, count=0, lot_ids=[uuid4()]),
        ]
        with pytest.raises(ScenarioInvalid) as error:
            create(sourcing, *faults)
        assert [(each.pointer, each.code) for each in error.value.errors] == [
            ("/constraints/0/count", "required"),
            ("/constraints/0/percent", "not_used"),
            ("/constraints/1/supplier_ids", "unknown_supplier"),
            ("/constraints/1/percent", "out_of_range"),
            ("/constraints/2/amount", "wrong_currency"),
            ("/constraints/3/line_id", "unknown_line"),
            ("/constraints/4/supplier_ids", "one_supplier"),
            ("/constraints/5/lot_ids", "unknown_lot"),
            ("/constraints/5/count", "too_small"),
        ]
        assert session.scalars(select(AwardScenario)).all() == []
        assert events(session) == []

    def test_is_for_those_who_award_after_the_opening(self, session):
        sealed = make_sourcing(session)
        with pytest.raises(Sealed):
            create(sealed)
        sourcing = make_compared(session)
        draft = ScenarioDraft("Mine")
        approver = make_actor(session, sourcing.buyer.org_kind, Role.APPROVER)
        for actor in (approver, sourcing.suppliers[0]):
            with pytest.raises(NotAllowed):
                planning.create(session, actor, sourcing.rfq.id, draft)
        with pytest.raises(NotFound):
            planning.create(session, make_actor(session), sourcing.rfq.id, draft)
        assert session.scalars(select(AwardScenario)).all() == []

    def test_an_rfq_holds_fifty(self, session, monkeypatch):
        sourcing = make_compared(session)
        monkeypatch.setattr(rules, "MAX_SCENARIOS", 1)
        create(sourcing)
        with pytest.raises(rules.TooManyScenarios):
            create(sourcing)

    def test_ends_with_the_award(self, session):
        sourcing = make_compared(session)
        made = create(sourcing)
        first = bids_of(sourcing)[0]
        choices = [award_choices.Choice(first, lot_id=lot.id) for lot in sourcing.lots]
        awarding.award(session, sourcing.buyer, sourcing.rfq.id, choices, "Delivers")
        with pytest.raises(IllegalTransition):
            create(sourcing)
        with pytest.raises(IllegalTransition):
            planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)


class TestSolve:
    def test_only_queues_and_the_job_brings_the_award_with_its_proof(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing, at_most(2), name="Two at most")
        assert (made.state, made.steps_done, made.steps_total) == (ScenarioState.QUEUED, 0, 2)
        assert made.awards == []
        (job,) = session.scalars(select(Job).where(Job.name == planning.SOLVE_TASK))
        assert (job.queue, CALLS[job.name]) == ("slow", "slow")
        drain()
        session.refresh(made)
        # cheapest lines would need three suppliers: 950 + 1900 + 3000
        assert made.state is ScenarioState.SOLVED
        assert awarded(sourcing, made) == [0, 1, 0]
        assert (made.total, made.objective_value, made.bound, made.gap) == (5900, 5900, 5900, 0)
        assert made.is_optimal
        assert made.solver.startswith("HiGHS 1.16")
        assert len(made.inputs_digest) == 64
        assert made.findings == [
            {
                "measured": "2", "slack": "0", "cost": "50", "without": "5850",
                "without_status": "optimal", "is_proven": True,
            }
        ]  # fmt: skip
        assert events(session) == ["scenarios.created", "scenarios.queued", "scenarios.finished"]
        audience = session.scalars(
            select(OutboxMessage.audience).where(OutboxMessage.name == "scenarios.finished")
        ).one()
        assert audience == [sourcing.buyer.org_id]

    def test_who_asked_is_told_without_a_letter(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        drain()
        notice = session.scalars(select(Notice).where(Notice.kind == "scenario_finished")).one()
        assert notice.person_id == sourcing.buyer.person_id
        assert notice.url == f"/rfqs/{sourcing.rfq.id}/scenarios/{made.id}"
        letters = select(MailMessage).where(MailMessage.notice_id == notice.id)
        assert session.scalars(letters).all() == []

    def test_each_constraint_has_its_price(self, session, drain):
        sourcing = make_compared(session)
        third = sourcing.suppliers[2].org_id
        made = make_scenario(
            sourcing,
            ConstraintDraft(Kind.FIX, supplier_ids=[third], line_id=sourcing.lines[1].id),
            ConstraintDraft(Kind.CAPACITY, amount=Money(Decimal(9000), "EUR")),
        )
        drain()
        session.refresh(made)
        assert awarded(sourcing, made) == [2, 2, 0]
        assert made.total == 6550
        assert [(f["cost"], f["slack"]) for f in made.findings] == [("700", "0"), ("0", "5450")]

    def test_what_cannot_be_says_what_to_loosen_and_at_what_price(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(
            sourcing,
            at_most(1),
            ConstraintDraft(Kind.CAPACITY, amount=Money(Decimal(5900), "EUR")),
        )
        drain()
        session.refresh(made)
        assert (made.state, made.total, made.awards) == (ScenarioState.INFEASIBLE, None, [])
        assert [(f["without"], f["cost"]) for f in made.findings] == [
            ("5850", None),
            ("6000", None),
        ]
        (loosened,) = made.relaxation["loosened"]
        # 100 more are a quarter of what that limit can be exceeded by, one more supplier is half
        assert loosened == {"constraint": 1, "limit": "5900", "needed": "6000"}
        assert made.relaxation["total"] == "6000"
        assert made.relaxation["is_proven"] is True

    def test_lines_without_a_price_are_left_out(self, session, drain):
        sourcing = make_compared(session, ["10", None, None], ["11", "5", None])
        made = make_scenario(sourcing)
        drain()
        session.refresh(made)
        assert awarded(sourcing, made) == [0, 1, None]
        assert made.total == 1500

    def test_points_follow_the_ranking(self, session, drain):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        first, second = bids_of(sourcing)
        draft = rules.preset(Preset.BEST_POINTS, "Best")
        made = planning.create(session, sourcing.buyer, sourcing.rfq.id, draft)
        with pytest.raises(rules.ScenarioScoresMissing):
            planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        assert made.state is ScenarioState.DRAFT
        sourcing.score({first: "20", second: "100"})
        planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        session.refresh(made)
        # 60 + 8 points against 30 + 40
        assert awarded(sourcing, made) == [1, 1]
        assert (made.objective_value, made.bound, made.gap) == (70, 70, 0)

    def test_changed_scores_outdate_it_while_it_runs_and_after(self, session, drain):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        first, second = bids_of(sourcing)
        sourcing.score({first: "20", second: "100"})
        floor = ConstraintDraft(Kind.SCORE_FLOOR, percent=Decimal(50))
        made = make_scenario(sourcing, floor)
        sourcing.score({first: "60"})
        drain()
        session.refresh(made)
        assert (made.state, made.failure) == (ScenarioState.FAILED, "inputs_changed")
        planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        session.refresh(made)
        assert awarded(sourcing, made) == [0, 0]
        sourcing.score({first: "40"})
        with pytest.raises(rules.ScenarioOutdated):
            planning.propose(session, sourcing.buyer, sourcing.rfq.id, made.id)

    def test_a_blocked_supplier_gets_nothing(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        drain()
        blocked = sourcing.suppliers[1].org_id
        since = sourcing.rfq.created_at
        session.merge(Supplier(id=blocked, state=SupplierState.BLOCKED, applied_at=since))
        session.flush()
        with pytest.raises(rules.ScenarioOutdated):
            planning.propose(session, sourcing.buyer, sourcing.rfq.id, made.id)
        planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        session.refresh(made)
        assert awarded(sourcing, made) == [2, 0, 0]
        assert made.total == 5950

    def test_a_job_that_is_done_twice_changes_nothing(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        system = reactions.SYSTEM
        plan = reactions.prepare(session, system, str(made.id), 1, 0)
        outcome = reactions.calculate(plan)
        reactions.record(session, outcome)
        session.flush()
        version = made.version
        reactions.record(session, outcome)
        assert reactions.prepare(session, system, str(made.id), 1, 0) is None
        drain()
        session.refresh(made)
        assert (made.state, made.version) == (ScenarioState.SOLVED, version)
        assert events(session).count("scenarios.finished") == 1

    def test_an_older_run_is_left_out(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        assert reactions.prepare(session, reactions.SYSTEM, str(made.id), 1, 0) is None
        drain()
        session.refresh(made)
        assert (made.run, made.state) == (2, ScenarioState.SOLVED)
        states = session.scalars(select(Job.state).where(Job.name == planning.SOLVE_TASK)).all()
        assert set(states) == {JobState.DONE}

    def test_too_little_time_is_said(self, session, drain, monkeypatch):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        nothing = reactions.solver.Solution(reactions.Status.UNKNOWN, 5.0)
        monkeypatch.setattr(reactions.solver, "solve", lambda *_args, **_kw: nothing)
        drain()
        session.refresh(made)
        assert (made.state, made.failure) == (ScenarioState.FAILED, "no_time")


class TestPropose:
    def test_gives_the_choices_of_an_award_and_awards_nothing(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        with pytest.raises(IllegalTransition):
            planning.propose(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        session.refresh(made)
        choices = planning.propose(session, sourcing.buyer, sourcing.rfq.id, made.id)
        assert sourcing.rfq.state == "opened"
        assert events(session)[-1] == "scenarios.proposed"
        decided = awarding.award(session, sourcing.buyer, sourcing.rfq.id, choices)
        assert sum(line.total for line in decided.lines) == made.total == 5850
        assert all(line.is_best for line in decided.lines)

    def test_needs_the_version_that_was_seen(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        drain()
        with pytest.raises(Stale):
            planning.propose(session, sourcing.buyer, sourcing.rfq.id, made.id, expected=1)


class TestDelete:
    def test_leaves_history_and_no_work(self, session, drain):
        sourcing = make_compared(session)
        made = make_scenario(sourcing)
        planning.delete(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        assert session.scalars(select(AwardScenario)).all() == []
        actions = session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.subject_id == made.id)
            .order_by(AuditEvent.seq)
        ).all()
        assert actions == ["scenarios.created", "scenarios.queued", "scenarios.deleted"]
        assert events(session)[-1] == "scenarios.deleted"


class TestTenancy:
    def test_rows_are_their_buyers_alone(self, session):
        sourcing = make_compared(session)
        made = make_scenario(sourcing, solve=False)
        found = text("SELECT id FROM award_scenario")
        for actor, seen in [
            (sourcing.buyer, [made.id]),
            (sourcing.suppliers[0], []),
            (make_actor(session), []),
        ]:
            session.execute(text("SET LOCAL ROLE marketplace_app"))
            take = text("SELECT set_config('app.org', :org, true)")
            session.execute(take, {"org": str(actor.org_id)})
            assert session.scalars(found).all() == seen
            session.execute(text("SET LOCAL ROLE marketplace_worker"))

    def test_another_rfq_does_not_lead_to_it(self, session):
        sourcing = make_compared(session)
        made = make_scenario(sourcing, solve=False)
        other = make_compared(session, buyer=sourcing.buyer)
        with pytest.raises(NotFound):
            planning.read(session, sourcing.buyer, other.rfq.id, made.id)


class TestPresets:
    @pytest.mark.parametrize(
        ("which", "total", "lines"),
        [
            (Preset.CHEAPEST_PER_LINE, 5850, [2, 1, 0]),
            (Preset.SINGLE_SUPPLIER, 6000, [0, 0, 0]),
            (Preset.FEW_SUPPLIERS, 5900, [0, 1, 0]),
            (Preset.BEST_POINTS, 6000, [0, 0, 0]),
        ],
    )
    def test_each_gives_what_its_name_says(self, session, drain, which, total, lines):
        sourcing = make_compared(session)
        made = planning.create(
            session, sourcing.buyer, sourcing.rfq.id, rules.preset(which, "Preset")
        )
        planning.solve(session, sourcing.buyer, sourcing.rfq.id, made.id)
        drain()
        session.refresh(made)
        assert (made.total, awarded(sourcing, made)) == (total, lines)
