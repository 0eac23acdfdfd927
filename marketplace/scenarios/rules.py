"""What a scenario may ask: one table says which facts each kind of constraint takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.scenarios.model import Kind, Objective, Problem
from marketplace.scenarios.states import Preset

MAX_SCENARIOS = 50
MAX_CONSTRAINTS = 50
DEFAULT_SECONDS = 30


class ScenarioInvalid(Invalid):
    code = "scenario_invalid"


class ScenarioScoresMissing(Conflict):
    code = "scores_missing"


class ScenarioCostsMissing(Conflict):
    code = "costs_missing"


class ScenarioOutdated(Conflict):
    code = "scenario_outdated"


class NothingToAward(Conflict):
    code = "nothing_to_award"


class TooManyScenarios(Conflict):
    code = "too_many_scenarios"


class Unit(StrEnum):
    """What a limit is counted in; the name is that of its field."""

    COUNT = "count"
    PERCENT = "percent"
    AMOUNT = "amount"


class Need(StrEnum):
    """Whether a fact must, may or must not be given."""

    NO = "no"
    MAY = "may"
    MUST = "must"
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind of constraint takes. ``limit`` is the one that goes without saying."""

    unit: Unit | None
    suppliers: Need = Need.NO
    lots: Need = Need.NO
    line: Need = Need.NO
    limit: Decimal = Decimal(1)


SHAPES: Mapping[Kind, Shape] = {
    Kind.MAX_SUPPLIERS: Shape(Unit.COUNT, lots=Need.MAY),
    Kind.MIN_SUPPLIERS: Shape(Unit.COUNT, lots=Need.MAY),
    Kind.MAX_LOT_SUPPLIERS: Shape(Unit.COUNT, lots=Need.MAY),
    Kind.MIN_LOT_SUPPLIERS: Shape(Unit.COUNT, lots=Need.MAY),
    Kind.MAX_SHARE: Shape(Unit.PERCENT, suppliers=Need.MAY, lots=Need.MAY),
    Kind.MIN_SHARE: Shape(Unit.PERCENT, suppliers=Need.MUST, lots=Need.MAY),
    Kind.MIN_LOT_SHARE: Shape(Unit.PERCENT, lots=Need.MAY),
    Kind.INCUMBENT_SHARE: Shape(Unit.PERCENT, suppliers=Need.ONE, lots=Need.MAY),
    Kind.CAPACITY: Shape(Unit.AMOUNT, suppliers=Need.MAY, lots=Need.MAY),
    Kind.MIN_VALUE: Shape(Unit.AMOUNT, suppliers=Need.MUST, lots=Need.MAY),
    Kind.MIN_ORDER_VALUE: Shape(Unit.AMOUNT, suppliers=Need.MAY),
    Kind.FIXED_COST: Shape(Unit.AMOUNT, suppliers=Need.MAY),
    Kind.RESERVE_PRICE: Shape(Unit.AMOUNT, line=Need.MUST),
    Kind.INDIVISIBLE_LOT: Shape(None, lots=Need.MAY),
    Kind.EXCLUDE: Shape(None, suppliers=Need.MUST, line=Need.MAY, limit=Decimal(0)),
    Kind.FIX: Shape(None, suppliers=Need.ONE, line=Need.MUST),
    Kind.SCORE_FLOOR: Shape(Unit.PERCENT),
    Kind.MAX_ITEMS: Shape(Unit.COUNT, suppliers=Need.MAY),
}


@dataclass(frozen=True)
class ConstraintDraft:
    """A constraint as somebody writes it."""

    kind: Kind
    count: int | None = None
    percent: Decimal | None = None
    amount: Money | None = None
    supplier_ids: Sequence[UUID] = ()
    lot_ids: Sequence[UUID] = ()
    line_id: UUID | None = None

    @property
    def limit(self) -> Decimal:
        """The number, whatever it counts."""
        shape = SHAPES[self.kind]
        if shape.unit is Unit.COUNT:
            return Decimal(self.count or 0)
        if shape.unit is Unit.PERCENT:
            return self.percent or Decimal(0)
        if shape.unit is Unit.AMOUNT:
            return self.amount.amount if self.amount else Decimal(0)
        return shape.limit

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "limit": str(self.limit),
            "supplier_ids": [str(each) for each in dict.fromkeys(self.supplier_ids)],
            "lot_ids": [str(each) for each in dict.fromkeys(self.lot_ids)],
            "line_id": str(self.line_id) if self.line_id else None,
        }


def lots_in(stored: Mapping[str, Any]) -> list[str]:
    """The lots of a constraint as it is kept; the first ones kept one lot only."""
    if "lot_ids" in stored:
        return list(stored["lot_ids"])
    return [stored["lot_id"]] if stored["lot_id"] else []


@dataclass(frozen=True)
class ScenarioDraft:
    """A scenario as somebody writes it. ``objective`` None: the lowest price or cost, as ranked."""

    name: str
    objective: Objective | None = None
    constraints: Sequence[ConstraintDraft] = ()
    time_limit: int = DEFAULT_SECONDS


def preset(which: Preset, name: str, suppliers: int = 2) -> ScenarioDraft:
    """A scenario that every buyer wants to see first."""
    at_most = Kind.MAX_SUPPLIERS
    if which is Preset.SINGLE_SUPPLIER:
        return ScenarioDraft(name, constraints=[ConstraintDraft(at_most, count=1)])
    if which is Preset.FEW_SUPPLIERS:
        return ScenarioDraft(name, constraints=[ConstraintDraft(at_most, count=suppliers)])
    if which is Preset.BEST_POINTS:
        whole = [ConstraintDraft(Kind.INDIVISIBLE_LOT)]
        return ScenarioDraft(name, Objective.POINTS, whole)
    return ScenarioDraft(name)


def usual_objective(compared: Evaluation) -> Objective:
    """The lowest of what the ranking measures prices by."""
    return Objective.TOTAL_COST if compared.terms.costs.count else Objective.COST


def objectives(compared: Evaluation) -> list[Objective]:
    """What a scenario of this RFQ may aim at, the usual one first."""
    if not compared.terms.costs.terms:
        return [Objective.COST, Objective.POINTS]
    usual = usual_objective(compared)
    return sorted(Objective, key=lambda each: (each is not usual, each is Objective.POINTS))


def check(draft: ScenarioDraft, compared: Evaluation) -> None:
    """Raise ScenarioInvalid with every reason."""
    errors = [
        error
        for index, each in enumerate(draft.constraints)
        for error in _errors(each, compared, f"/constraints/{index}")
    ]
    if draft.objective is Objective.TOTAL_COST and not compared.terms.costs.terms:
        detail = _("This event asks for no costs beside the price.")
        errors.append(FieldError("/objective", "no_costs", detail))
    if errors:
        raise ScenarioInvalid(_("These constraints cannot be used."), errors=errors)


def check_solvable(
    compared: Evaluation,
    objective: Objective,
    constraints: Iterable[dict[str, Any]],
    problem: Problem,
    unknown_costs: Mapping[str, Sequence[str]],
) -> None:
    """Raise while the answer rests on scores or costs that are not known, or nothing is offered.

    unknown_costs: by bid, the names of those that nobody has said.
    """
    kinds = {each["kind"] for each in constraints}
    if compared.missing_scores and (objective is Objective.POINTS or Kind.SCORE_FLOOR in kinds):
        raise ScenarioScoresMissing(
            _("Score every bid first; this scenario depends on the scores.")
        )
    if unknown_costs and objective is Objective.TOTAL_COST:
        raise ScenarioCostsMissing(
            _("Costs of a bid are unknown. Enter them, or exclude the bid, and solve then."),
            bids=unknown_costs,
        )
    if not problem.options:
        raise NothingToAward(_("No bid can be awarded under this objective."))


def _errors(each: ConstraintDraft, compared: Evaluation, place: str) -> Iterable[FieldError]:
    shape = SHAPES[each.kind]
    given = {Unit.COUNT: each.count, Unit.PERCENT: each.percent, Unit.AMOUNT: each.amount}
    for unit, value in given.items():
        need = Need.MUST if unit is shape.unit else Need.NO
        yield from _needed(need, value is not None, f"{place}/{unit}")
    yield from _needed(shape.suppliers, bool(each.supplier_ids), f"{place}/supplier_ids")
    yield from _needed(shape.lots, bool(each.lot_ids), f"{place}/lot_ids")
    yield from _needed(shape.line, each.line_id is not None, f"{place}/line_id")
    yield from _unknown(each, compared, place)
    yield from _out_of_range(each, shape, compared.terms.currency, place)


def _needed(need: Need, given: bool, pointer: str) -> Iterable[FieldError]:  # noqa: FBT001
    if given and need is Need.NO:
        yield FieldError(pointer, "not_used", _("This kind of constraint does not use this."))
    if not given and need in (Need.MUST, Need.ONE):
        yield FieldError(pointer, "required", _("This is missing."))


def _unknown(each: ConstraintDraft, compared: Evaluation, place: str) -> Iterable[FieldError]:
    bidding = {offer.supplier_id for offer in compared.offers}
    if set(each.supplier_ids) - bidding:
        yield FieldError(
            f"{place}/supplier_ids", "unknown_supplier", _("This supplier has not bid.")
        )
    if SHAPES[each.kind].suppliers is Need.ONE and len(set(each.supplier_ids)) > 1:
        yield FieldError(f"{place}/supplier_ids", "one_supplier", _("Name one supplier."))
    if set(each.lot_ids) - compared.open_lots:
        yield FieldError(f"{place}/lot_ids", "unknown_lot", _("This is not part of the event."))
    if each.line_id and each.line_id not in compared.undecided.line_by_id:
        yield FieldError(f"{place}/line_id", "unknown_line", _("This is not part of the event."))


def _out_of_range(
    each: ConstraintDraft, shape: Shape, currency: str, place: str
) -> Iterable[FieldError]:
    pointer = f"{place}/{shape.unit}"
    if each.count is not None and each.count < 1:
        yield FieldError(pointer, "too_small", _("This must be at least one."))
    if each.percent is not None and not 0 <= each.percent <= 100:
        yield FieldError(pointer, "out_of_range", _("Give a share from 0 to 100."))
    if each.amount is not None and each.amount.currency != currency:
        yield FieldError(
            pointer,
            "wrong_currency",
            _("Amounts of this event are in %(currency)s.", currency=currency),
        )
