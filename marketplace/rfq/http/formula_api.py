"""Price formulas for partners: which there are, and what one does to prices."""

from typing import Any

from flask.views import MethodView

from marketplace.core.errors import refuse_all
from marketplace.rfq.asking import formula_rules
from marketplace.rfq.http import formula_views
from marketplace.rfq.http.formula_schemas import (
    FormulaListSchema,
    FormulaSimulationInputSchema,
    FormulaSimulationSchema,
)
from marketplace.rfq.scoring.formulas import FAMILIES
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor

blp = ApiBlueprint(
    "price-formulas",
    __name__,
    url_prefix="/rfqs/price-formulas",
    description="How the price of a bid earns points",
)


@blp.route("")
class Formulas(MethodView):
    @blp.response(200, FormulaListSchema)
    def get(self) -> dict[str, Any]:
        """List the formulas with their explanation."""
        current_actor()
        return {"items": list(FAMILIES.values())}


@blp.route("/simulate")
class Simulation(MethodView):
    @blp.arguments(FormulaSimulationInputSchema)
    @blp.response(200, FormulaSimulationSchema)
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """The points of these totals, and what is doubtful about the formula. Nothing is kept."""
        current_actor()
        formula = data["price_formula"]
        refuse_all(list(formula_rules.parameter_faults(formula, "/price_formula")))
        return formula_views.simulation(formula, data["weight"], data["totals"])
