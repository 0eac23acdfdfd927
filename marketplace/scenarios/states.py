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
        Failure.INPUTS_CHANGED: _(
            "Scores or blocked suppliers changed while it was being solved. Solve it again."
        ),
        Preset.CHEAPEST_PER_LINE: _("Cheapest for each line"),
        Preset.SINGLE_SUPPLIER: _("Cheapest single supplier"),
        Preset.FEW_SUPPLIERS: _("Only a few suppliers"),
        Preset.BEST_POINTS: _("Best by ranking points"),
        Objective.COST: _("Lowest total"),
        Objective.TOTAL_COST: _("Lowest total cost"),
        Objective.POINTS: _("Most ranking points"),
        Kind.MAX_SUPPLIERS: _("Maximum number of suppliers"),
        Kind.MIN_SUPPLIERS: _("Minimum number of suppliers"),
        Kind.MAX_LOT_SUPPLIERS: _("Maximum number of suppliers in each lot"),
        Kind.MIN_LOT_SUPPLIERS: _("Minimum number of suppliers in each lot"),
        Kind.MIN_LOT_SHARE: _("Minimum share of a winner in each lot, in per cent"),
        Kind.MIN_VALUE: _("Minimum value for these suppliers"),
        Kind.FIXED_COST: _("Cost of working with a supplier"),
        Kind.RESERVE_PRICE: _("Reserve price of a line"),
        Kind.MAX_SHARE: _("Maximum share of a supplier, in per cent"),
        Kind.MIN_SHARE: _("Minimum share of these suppliers, in per cent"),
        Kind.INCUMBENT_SHARE: _("Minimum share of the present supplier, in per cent"),
        Kind.CAPACITY: _("Maximum value for a supplier"),
        Kind.MIN_ORDER_VALUE: _("Minimum value of an order"),
        Kind.INDIVISIBLE_LOT: _("A lot goes to one supplier"),
        Kind.EXCLUDE: _("Suppliers who are left out"),
        Kind.FIX: _("Supplier who gets this line"),
        Kind.SCORE_FLOOR: _("Minimum score, in per cent of the best possible"),
        Kind.MAX_ITEMS: _("Maximum number of lines for a supplier"),
    }
)
