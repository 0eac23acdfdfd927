"""The solver's job, step by step, and the notice at its end.

Step 0 looks for the award. Step k looks for it without the k-th constraint, which prices that
constraint. When there is no award, a last step looks for the least relaxation. Each step is a job
of its own: it reads, calculates outside of any transaction, keeps its result and queues the next.
So progress can be seen, nothing is calculated twice after a crash, and no step runs for long.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, jobs, outbox
from marketplace.events.scenarios import ScenarioFinished
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind
from marketplace.scenarios import queries, solver
from marketplace.scenarios.counting import Count, measured, slack
from marketplace.scenarios.engine import Status
from marketplace.scenarios.model import Constraint, Objective, Problem, Taken
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.problems import question_of
from marketplace.scenarios.question import Offered, Question
from marketplace.scenarios.reading import basis
from marketplace.scenarios.services.planning import SLOW_QUEUE, SOLVE_TASK, SUBJECT
from marketplace.scenarios.solver import Solution
from marketplace.scenarios.states import SCENARIO_FLOW, Failure, ScenarioState

PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Plan:
    """One step: what to solve, and for how long."""

    scenario_id: UUID
    run: int
    step: int
    question: Question
    seconds: float

    @property
    def is_relaxation(self) -> bool:
        return self.step > len(self.question.rules)


@dataclass(frozen=True)
class Outcome:
    """What a step found; ``loosened`` by a relaxation alone."""

    plan: Plan
    solution: Solution
    loosened: tuple[int, ...] = ()


def prepare(session: Session, actor: Actor, scenario_id: str, run: int, step: int) -> Plan | None:
    """Read what the step needs; None when the scenario was deleted or asked for anew."""
    found = queries.find(session, actor, UUID(scenario_id))
    if found is None or not _is_awaited(found, run, step):
        return None
    question = _question(session, found)
    return Plan(
        found.id, run, step, question, _seconds(found.time_limit, len(question.rules), step)
    )


def calculate(plan: Plan) -> Outcome:
    """Solve; no transaction is open."""
    problem, rules, given = plan.question.problem, plan.question.rules, plan.question.given
    if plan.is_relaxation:
        relaxed = solver.relax(problem, rules, seconds=plan.seconds, given=given)
        return Outcome(plan, relaxed.solution, relaxed.loosened)
    kept = tuple(rule for number, rule in enumerate(rules, start=1) if number != plan.step)
    return Outcome(plan, solver.solve(problem, kept, seconds=plan.seconds, given=given))


def record(session: Session, outcome: Outcome) -> None:
    """Keep what the step found, then queue the next one or finish."""
    plan = outcome.plan
    found = queries.find(session, SYSTEM, plan.scenario_id, lock=True)
    if found is None or not _is_awaited(found, plan.run, plan.step):
        return
    if found.inputs_digest != plan.question.digest:
        found.failure = Failure.INPUTS_CHANGED
        _finish(session, found, "fail")
    elif plan.step == 0:
        _keep_award(session, found, outcome)
    elif plan.is_relaxation:
        _keep_relaxation(found, outcome)
        _finish(session, found, "refute")
    else:
        _keep_price(found, outcome)
        _go_on(session, found)


def _keep_award(session: Session, found: AwardScenario, outcome: Outcome) -> None:
    solution, question = outcome.solution, outcome.plan.question
    found.solver = solver.VERSION
    found.seconds = _decimal(Fraction(solution.seconds))
    if solution.status is Status.UNKNOWN:
        found.failure = Failure.NO_TIME
        _finish(session, found, "fail")
        return
    if solution.status is Status.INFEASIBLE:
        found.steps_total += 1
    else:
        found.awards = _awards(question, solution.chosen)
        found.total = _decimal(question.total(solution.chosen))
        found.objective_value = _value(question.problem, _as_ordered(question, solution))
        found.bound = _bound(question.problem, solution.bound)
        if found.bound is not None and found.objective is not Objective.POINTS:
            found.bound = min(found.bound, found.objective_value or found.bound)
        found.gap = _decimal(solution.gap, ROUND_CEILING)
    found.findings = [_finding(question.problem, rule, solution) for rule in question.rules]
    _go_on(session, found)


def _keep_price(found: AwardScenario, outcome: Outcome) -> None:
    """What the award would come to without one constraint, and so what that one costs."""
    plan, solution = outcome.plan, outcome.solution
    finding = dict(found.findings[plan.step - 1])
    without = _value(plan.question.problem, solution.objective)
    finding["without"] = _text(without)
    finding["without_status"] = str(solution.status)
    if without is not None and found.objective_value is not None:
        more = found.objective_value - without
        cost = more if found.objective is not Objective.POINTS else -more
        finding["cost"] = _text(max(cost, Decimal(0)))
        finding["is_proven"] = found.is_optimal and solution.is_proven
    found.findings = [*found.findings[: plan.step - 1], finding, *found.findings[plan.step :]]


def _keep_relaxation(found: AwardScenario, outcome: Outcome) -> None:
    problem, rules = outcome.plan.question.problem, outcome.plan.question.rules
    solution = outcome.solution
    if solution.objective is None:
        return
    found.relaxation = {
        "loosened": [
            {
                "constraint": index,
                "limit": str(rules[index].limit),
                "needed": _text(_needed(problem, rules[index], solution.chosen)),
            }
            for index in outcome.loosened
        ],
        "total": _text(_decimal(outcome.plan.question.total(solution.chosen))),
        "objective_value": _text(_value(problem, solution.objective)),
        "is_proven": solution.is_proven,
        "awards": _awards(outcome.plan.question, solution.chosen),
    }


def _go_on(session: Session, found: AwardScenario) -> None:
    found.steps_done += 1
    if found.steps_done == found.steps_total:
        _finish(session, found, "succeed")
        return
    session.flush()
    step = found.steps_done
    jobs.enqueue(
        session,
        SOLVE_TASK,
        {"scenario_id": str(found.id), "run": found.run, "step": step},
        dedupe_key=f"{SOLVE_TASK}:{found.id}:{found.run}:{step}",
        queue=SLOW_QUEUE,
    )


def _finish(session: Session, found: AwardScenario, action: str) -> None:
    found.state = SCENARIO_FLOW.next(found.state, action)
    found.steps_done = found.steps_total
    found.finished_at = clock.now()
    session.flush()
    facts = {"rfq_id": str(found.rfq_id), "state": str(found.state), "total": _text(found.total)}
    audit.record(
        session, SYSTEM, "scenarios.finished", (SUBJECT, found.id), facts, owner_id=found.buyer_id
    )
    outbox.record(
        session,
        ScenarioFinished(
            scenario_id=found.id,
            rfq_id=found.rfq_id,
            buyer_id=found.buyer_id,
            run=found.run,
            state=str(found.state),
            requested_by=found.requested_by or found.created_by,
            finished_at=found.finished_at,
        ),
        audience=[found.buyer_id],
    )


def _is_awaited(found: AwardScenario, run: int, step: int) -> bool:
    return found.state is ScenarioState.QUEUED and (found.run, found.steps_done) == (run, step)


def _question(session: Session, found: AwardScenario) -> Question:
    for_buyer = replace(SYSTEM, org_id=found.buyer_id, org_kind=OrgKind.BUYER)
    compared = basis(session, for_buyer, found.rfq_id)
    return question_of(compared, found.objective, found.constraints)


def _seconds(limit: int, rules: int, step: int) -> float:
    """Two thirds of the time are for the award, the rest in equal parts for the other steps."""
    if not rules:
        return float(limit)
    return limit * 2 / 3 if step == 0 else max(1.0, limit / 3 / (rules + 1))


def _finding(problem: Problem, rule: Constraint, solution: Solution) -> dict[str, Any]:
    """What the award measures against the constraint; its price comes later."""
    known = solution.objective is not None
    return {
        "measured": _text(_decimal(measured(problem, rule, solution.chosen))) if known else None,
        "slack": _text(_decimal(slack(problem, rule, solution.chosen))) if known else None,
        "cost": None,
        "without": None,
        "without_status": None,
        "is_proven": False,
    }


def _needed(problem: Problem, rule: Constraint, chosen: Taken) -> Decimal | None:
    """The limit with which the choice would be allowed: never a little too strict."""
    rounding = ROUND_FLOOR if rule.is_at_least else ROUND_CEILING
    return _decimal(measured(problem, rule, chosen), rounding)


def _awards(question: Question, chosen: Taken) -> list[dict[str, str]]:
    found = [
        {"line_id": str(line), "bid_id": str(offered.bid_id), **_part(offered, share)}
        for index, share in chosen.items()
        for offered in (question.offered[index],)
        for line in offered.lines
    ]
    return sorted(found, key=lambda award: (award["line_id"], award["bid_id"]))


def _part(offered: Offered, share: Fraction) -> dict[str, str]:
    """How much of the line, where it is split or not offered in full."""
    if offered.divided is None or share == 1:
        return {}
    quantity = offered.divided.quantity(share).normalize()
    return {"quantity": f"{quantity:f}", "unit": offered.divided.asked.unit}


def _as_ordered(question: Question, solution: Solution) -> Fraction | None:
    """The objective with each part of a line rounded, as an order has it."""
    if solution.objective is None or question.problem.objective is not Objective.COST:
        return solution.objective
    counted = Count(question.problem, solution.chosen).total
    return solution.objective - counted + question.total(solution.chosen)


def _value(problem: Problem, value: Fraction | None) -> Decimal | None:
    """The objective as people read it: a total, or the points of a line on average."""
    if value is None or problem.objective is Objective.COST:
        return _decimal(value)
    return _decimal(value / len(problem.items))


def _bound(problem: Problem, value: Fraction | None) -> Decimal | None:
    """As `_value`, rounded so that it stays a bound."""
    if value is None or problem.objective is Objective.COST:
        return _decimal(value, ROUND_FLOOR)
    return _decimal(value / len(problem.items), ROUND_CEILING)


def _decimal(value: Fraction | None, rounding: str = ROUND_HALF_EVEN) -> Decimal | None:
    if value is None:
        return None
    numerator, denominator = value.numerator, value.denominator
    exact = Decimal(numerator) / Decimal(denominator)
    return exact.quantize(PLACES, rounding)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
