"""What becomes of a scenario, and what its choices are called."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels
from marketplace.scenarios.model import Kind, Objective


class ScenarioState(StrEnum):
    DRAFT = "draft"
    QUEUED = "queued"
    SOLVED = "solved"
    INFEASIBLE = "infeasible"
    FAILED = "failed"


class Failure(StrEnum):
    """Why a scenario has no result."""

    NO_TIME = "no_time"
    INPUTS_CHANGED = "inputs_changed"


class Preset(StrEnum):
    """Scenarios that every buyer wants to see first."""

    CHEAPEST_PER_LINE = "cheapest_per_line"
    SINGLE_SUPPLIER = "single_supplier"
    FEW_SUPPLIERS = "few_suppliers"
    BEST_POINTS = "best_points"


SCENARIO_FLOW = Flow(
    _("a scenario"),
    {
        (ScenarioState.DRAFT, "solve"): ScenarioState.QUEUED,
        (ScenarioState.QUEUED, "solve"): ScenarioState.QUEUED,
        (ScenarioState.SOLVED, "solve"): ScenarioState.QUEUED,
        (ScenarioState.INFEASIBLE, "solve"): ScenarioState.QUEUED,
        (ScenarioState.FAILED, "solve"): ScenarioState.QUEUED,
        (ScenarioState.QUEUED, "succeed"): ScenarioState.SOLVED,
        (ScenarioState.QUEUED, "refute"): ScenarioState.INFEASIBLE,
        (ScenarioState.QUEUED, "fail"): ScenarioState.FAILED,
        (ScenarioState.SOLVED, "propose"): ScenarioState.SOLVED,
    },
)
# What people do; the other steps are the solver's.
ACTIONS = ("solve", "propose")

register_labels(
    {
        ScenarioState.DRAFT: _("Draft"),
        ScenarioState.QUEUED: _("Being solved"),
        ScenarioState.SOLVED: _("Solved"),
        ScenarioState.INFEASIBLE: _("Impossible as it stands"),
        ScenarioState.FAILED: _("Failed"),
        Failure.NO_TIME: _("No award was found within the time limit. Give it more time."),
        Failure.INPUTS_CHANGED: _("Scores changed while it was being solved. Solve it again."),
        Preset.CHEAPEST_PER_LINE: _("Cheapest for each line"),
        Preset.SINGLE_SUPPLIER: _("Cheapest single supplier"),
        Preset.FEW_SUPPLIERS: _("At most so many suppliers"),
        Preset.BEST_POINTS: _("Best by ranking points"),
        Objective.COST: _("Lowest total"),
        Objective.POINTS: _("Most ranking points"),
        Kind.MAX_SUPPLIERS: _("At most so many suppliers win"),
        Kind.MIN_SUPPLIERS: _("At least so many suppliers win"),
        Kind.MAX_SHARE: _("At most so many per cent of the value for a supplier"),
        Kind.MIN_SHARE: _("At least so many per cent of the value for these suppliers"),
        Kind.INCUMBENT_SHARE: _("At least so many per cent stay with the present supplier"),
        Kind.CAPACITY: _("At most this value for a supplier"),
        Kind.MIN_ORDER_VALUE: _("At least this value for a supplier who wins"),
        Kind.INDIVISIBLE_LOT: _("A lot goes to one supplier"),
        Kind.EXCLUDE: _("These suppliers do not get it"),
        Kind.FIX: _("This supplier gets this line"),
        Kind.SCORE_FLOOR: _("Only suppliers with at least so many per cent of the score"),
        Kind.MAX_ITEMS: _("At most so many lines for a supplier"),
    }
)
