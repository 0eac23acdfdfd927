"""Award scenarios, made by the use cases themselves."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind
from marketplace.scenarios.model import Kind, Objective
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.rules import ConstraintDraft, ScenarioDraft
from marketplace.scenarios.services import planning
from tests.factories.bids import Sourcing, make_opened
from tests.factories.rfq import a_line

PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]
# One hundred pieces of each line: totals are a hundred times these.
PRICES = (["10", "20", "30"], ["11", "19", "33"], ["9.50", "26", None])


def make_compared(session: Any, *bids: Any, **overrides: Any) -> Sourcing:
    """An opened RFQ of three lines in two lots, where only the price counts."""
    usual: dict[str, Any] = {
        "lots": [LotDraft("Bolts"), LotDraft("Nuts")],
        "lines": [
            a_line(description="Bolt"),
            a_line(description="Washer"),
            a_line(description="Nut", lot=2),
        ],
        "criteria": PRICE_ALONE,
    }
    return make_opened(session, *(bids or PRICES), **(usual | overrides))


def bids_of(sourcing: Sourcing) -> list[UUID]:
    """Bid ids in the order of the suppliers."""
    bids = {
        bid.supplier_id: bid.id
        for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    }
    return [bids[supplier.organisation_id] for supplier in sourcing.suppliers]


def at_most(count: int) -> ConstraintDraft:
    return ConstraintDraft(Kind.MAX_SUPPLIERS, count=count)


def make_scenario(
    sourcing: Sourcing,
    *constraints: ConstraintDraft,
    name: str = "Few suppliers",
    objective: Objective | None = Objective.COST,
    solve: bool = True,
) -> AwardScenario:
    """A scenario of this RFQ; with ``solve`` it waits for the solver."""
    draft = ScenarioDraft(name, objective, constraints)
    made = planning.create(sourcing.session, sourcing.buyer, sourcing.rfq.id, draft)
    if solve:
        planning.solve(sourcing.session, sourcing.buyer, sourcing.rfq.id, made.id)
    return made


def awarded(sourcing: Sourcing, scenario: AwardScenario) -> list[int | None]:
    """By line, the number of the supplier who gets it; None for nobody."""
    bids = [str(bid) for bid in bids_of(sourcing)]
    given = {each["line_id"]: bids.index(each["bid_id"]) for each in scenario.awards}
    return [given.get(str(line.id)) for line in sourcing.lines]
