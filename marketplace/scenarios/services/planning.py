"""Use cases: write a scenario, have it solved, compare, take it as the draft of the award."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, jobs, outbox
from marketplace.core.db import check_version
from marketplace.core.outbox import Event
from marketplace.core.pages import Page
from marketplace.core.text import _
from marketplace.events.scenarios import (
    ScenarioCreated,
    ScenarioDeleted,
    ScenarioProposed,
    ScenarioQueued,
)
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.bids import queries as bid_queries
from marketplace.scenarios import entrants, queries, rules
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.problems import check_current, choices_of, question_of
from marketplace.scenarios.reading import Basis, basis
from marketplace.scenarios.rules import ScenarioDraft
from marketplace.scenarios.states import SCENARIO_FLOW, ScenarioState

SUBJECT = "award_scenario"
SOLVE_TASK = "scenarios.solve"
SLOW_QUEUE = "slow"


@dataclass(frozen=True)
class Compared:
    """Scenarios with the evaluation that they are about."""

    evaluation: Basis
    scenarios: Page[AwardScenario]


@requires(Permission.RFQ_AWARD)
def compare(
    session: Session, actor: Actor, rfq_id: UUID, *, cursor: str | None = None, limit: int = 50
) -> Compared:
    """The scenarios of an RFQ side by side. Raises Sealed before the opening."""
    compared = basis(session, actor, rfq_id)
    return Compared(compared, queries.search(session, actor, rfq_id, cursor=cursor, limit=limit))


@requires(Permission.RFQ_AWARD)
def read(
    session: Session, actor: Actor, rfq_id: UUID, scenario_id: UUID
) -> tuple[AwardScenario, Basis]:
    """One scenario with the evaluation that it is about."""
    compared = basis(session, actor, rfq_id)
    return queries.get(session, actor, rfq_id, scenario_id), compared


@requires(Permission.RFQ_AWARD)
def create(session: Session, actor: Actor, rfq_id: UUID, draft: ScenarioDraft) -> AwardScenario:
    """Write a scenario; raises ScenarioInvalid with every reason, or TooManyScenarios."""
    rfq = _decidable(session, actor, rfq_id)
    compared = basis(session, actor, rfq_id)
    rules.check(draft, compared)
    if queries.count(session, actor, rfq_id) >= rules.MAX_SCENARIOS:
        raise rules.TooManyScenarios(
            _("Delete a scenario first: an event holds at most %(n)s.", n=rules.MAX_SCENARIOS)
        )
    made = AwardScenario(
        rfq_id=rfq_id,
        buyer_id=rfq.buyer_id,
        name=draft.name,
        objective=draft.objective or rules.usual_objective(compared),
        constraints=[each.to_json() for each in draft.constraints],
        time_limit=draft.time_limit,
        state=ScenarioState.DRAFT,
        created_by=actor.person,
        awards=[],
        findings=[],
    )
    session.add(made)
    session.flush()
    event = ScenarioCreated(**_about(made), created_at=made.created_at)
    _announce(session, actor, "created", made, event)
    return made


@requires(Permission.RFQ_AWARD)
def solve(
    session: Session, actor: Actor, rfq_id: UUID, scenario_id: UUID, *, expected: int | None = None
) -> AwardScenario:
    """Have the scenario solved by a worker; what an earlier run found is dropped."""
    _decidable(session, actor, rfq_id)
    found = queries.get(session, actor, rfq_id, scenario_id, lock=True)
    check_version(found, expected)
    state = SCENARIO_FLOW.next(found.state, "solve")
    compared = basis(session, actor, rfq_id)
    question = question_of(compared, found.objective, found.constraints)
    unknown = entrants.unknown_costs(compared)
    rules.check_solvable(compared, found.objective, found.constraints, question.problem, unknown)
    _forget(found)
    found.state = state
    found.run += 1
    found.steps_total = 1 + len(found.constraints)
    found.inputs_digest = question.digest
    found.requested_by = actor.person
    found.requested_at = clock.now()
    session.flush()
    jobs.enqueue(
        session,
        SOLVE_TASK,
        {"scenario_id": str(found.id), "run": found.run, "step": 0},
        dedupe_key=f"{SOLVE_TASK}:{found.id}:{found.run}:0",
        queue=SLOW_QUEUE,
    )
    event = ScenarioQueued(**_about(found), run=found.run, queued_at=found.requested_at)
    _announce(session, actor, "queued", found, event)
    return found


@requires(Permission.RFQ_AWARD)
def propose(
    session: Session, actor: Actor, rfq_id: UUID, scenario_id: UUID, *, expected: int | None = None
) -> Sequence[Choice]:
    """The choices of a solved scenario, for the award by line. Nothing is awarded yet.

    Raises ScenarioOutdated when scores or blocked suppliers are others than when it was solved.
    """
    _decidable(session, actor, rfq_id)
    found = queries.get(session, actor, rfq_id, scenario_id, lock=True)
    check_version(found, expected)
    SCENARIO_FLOW.next(found.state, "propose")
    check_current(found, basis(session, actor, rfq_id))
    event = ScenarioProposed(**_about(found), proposed_at=clock.now())
    _announce(session, actor, "proposed", found, event)
    return choices_of(found)


@requires(Permission.RFQ_AWARD)
def delete(
    session: Session, actor: Actor, rfq_id: UUID, scenario_id: UUID, expected: int | None = None
) -> None:
    """Remove a scenario; a run that is under way comes to nothing."""
    bid_queries.opened(session, actor, rfq_id)
    found = queries.get(session, actor, rfq_id, scenario_id, lock=True)
    check_version(found, expected)
    event = ScenarioDeleted(**_about(found), deleted_at=clock.now())
    _announce(session, actor, "deleted", found, event)
    session.delete(found)
    session.flush()


def _decidable(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """The buyer's RFQ, opened and not yet decided."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = rfq_queries.get_own(session, actor, rfq_id)
    rfq.flow.next(rfq.state, "award")
    return rfq


def _forget(found: AwardScenario) -> None:
    found.steps_done = 0
    found.finished_at = found.total = found.objective_value = found.bound = None
    found.gap = found.seconds = found.relaxation = found.failure = found.solver = None
    found.awards, found.findings = [], []


def _about(found: AwardScenario) -> dict[str, UUID]:
    """What every event of a scenario names."""
    return {"scenario_id": found.id, "rfq_id": found.rfq_id, "buyer_id": found.buyer_id}


def _announce(
    session: Session, actor: Actor, deed: str, found: AwardScenario, event: Event
) -> None:
    """Write down who did it and tell who may care."""
    audit.record(
        session,
        actor,
        f"scenarios.{deed}",
        (SUBJECT, found.id),
        {"rfq_id": str(found.rfq_id), "name": found.name, "constraints": found.constraints},
    )
    outbox.record(session, event, audience=[found.buyer_id])
