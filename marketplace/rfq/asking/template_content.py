"""The content of a template as JSON and back, to the last digit."""

from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from marketplace.core.money import Money, Quantity
from marketplace.rfq.scoring.answers import AnswerSpec
from marketplace.rfq.scoring.formulas import PriceFormula
from marketplace.rfq.terms import lot_weights
from marketplace.rfq.terms.cost_states import PriceBasis
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import (
    Address,
    CriterionDraft,
    Header,
    LineDraft,
    LotDraft,
    RfqDraft,
)
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule

_ADDRESS = ("street", "postal_code", "city", "country")


def to_json(draft: RfqDraft) -> dict[str, Any]:
    """Everything that `repeating.draft_of` takes over, except where the RFQ came from."""
    header = cast(dict[str, Any], dict(draft.header))
    return {
        "header": {
            **header,
            "kind": str(header["kind"]),
            "envelopes": str(header["envelopes"]),
            "delivery": {name: getattr(header["delivery"], name) for name in _ADDRESS},
            "estimate": _money_out(header["estimate"]),
            "allows": [str(each) for each in header["allows"]],
            "rates": [each.currency for each in header["rates"]],
        },
        "lots": [
            {
                "title": lot.title,
                "description": lot.description,
                "estimate": _money_out(lot.estimate),
                "minimum_bids": lot.minimum_bids,
                "weights": [each.to_json() for each in lot.weights or ()],
            }
            for lot in draft.lots
        ],
        "lines": [_line_out(line) for line in draft.lines],
        "criteria": [_criterion_out(criterion) for criterion in draft.criteria],
        "price_basis": str(draft.costs.basis),
        "cost_terms": [each.to_json() for each in draft.costs.terms],
        "sections": [{"name": each.name, "weight": str(each.weight)} for each in draft.sections],
        "supplier_ids": [str(each) for each in draft.supplier_ids],
    }


def from_json(data: dict[str, Any]) -> RfqDraft:
    """The draft that `to_json` was given."""
    header = data["header"]
    read = {
        **header,
        # templates from before there were kinds do not say it
        "kind": RfqKind(header.get("kind", RfqKind.RFQ)),
        "envelopes": EnvelopeRule(header["envelopes"]),
        "delivery": Address(**header["delivery"]),
        "estimate": _money_in(header["estimate"]),
        "allows": [OfferKind(each) for each in header["allows"]],
        # templates of before have no further currencies
        "rates": [ExchangeRate(each) for each in header.get("rates", ())],
    }
    return RfqDraft(
        header=cast(Header, read),
        lots=[
            LotDraft(
                lot["title"],
                lot["description"],
                _money_in(lot["estimate"]),
                # templates of before say nothing of it
                lot.get("minimum_bids"),
                lot_weights.read(lot.get("weights")),
            )
            for lot in data["lots"]
        ],
        lines=[_line_in(line) for line in data["lines"]],
        criteria=[_criterion_in(criterion) for criterion in data["criteria"]],
        sections=[Section(each["name"], Decimal(each["weight"])) for each in data["sections"]],
        supplier_ids=[UUID(each) for each in data["supplier_ids"]],
        # as do those from before there were costs
        costs=Costs(
            PriceBasis(data.get("price_basis", PriceBasis.BID_TOTAL)),
            tuple(CostTerm.from_json(each) for each in data.get("cost_terms", ())),
        ),
    )


def _line_out(line: LineDraft) -> dict[str, Any]:
    return {
        "lot": line.lot,
        "item_id": None if line.item_id is None else str(line.item_id),
        "description": line.description,
        "quantity": [str(line.quantity.value), line.quantity.unit],
        "category_code": line.category_code,
        "delivery_place": line.delivery_place,
        "reference_price": _money_out(line.reference_price),
    }


def _line_in(line: dict[str, Any]) -> LineDraft:
    value, unit = line["quantity"]
    return LineDraft(
        quantity=Quantity(Decimal(value), unit),
        description=line["description"],
        lot=line["lot"],
        item_id=None if line["item_id"] is None else UUID(line["item_id"]),
        category_code=line["category_code"],
        delivery_place=line["delivery_place"],
        reference_price=_money_in(line["reference_price"]),
    )


def _criterion_out(criterion: CriterionDraft) -> dict[str, Any]:
    formula, answer = criterion.price_formula, criterion.answer
    return {
        "name": criterion.name,
        "kind": str(criterion.kind),
        "weight": None if criterion.weight is None else str(criterion.weight),
        "max_score": criterion.max_score,
        "section": criterion.section,
        "importance": criterion.importance,
        "price_formula": None if formula is None else formula.to_json(),
        "answer": None if answer is None else answer.to_json(),
    }


def _criterion_in(data: dict[str, Any]) -> CriterionDraft:
    formula, answer, weight = data["price_formula"], data["answer"], data["weight"]
    return CriterionDraft(
        data["name"],
        CriterionKind(data["kind"]),
        None if weight is None else Decimal(weight),
        data["max_score"],
        None if formula is None else PriceFormula.from_json(formula),
        None if answer is None else AnswerSpec.from_json(answer),
        data["section"],
        data["importance"],
    )


def _money_out(money: Money | None) -> list[str] | None:
    return None if money is None else [str(money.amount), money.currency]


def _money_in(data: list[str] | None) -> Money | None:
    return None if data is None else Money(Decimal(data[0]), data[1])
