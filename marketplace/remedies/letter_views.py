"""A letter as its reader gets it: amounts as money, quantities with their unit."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.core.money import Money, Quantity
from marketplace.core.text import _
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.bids import alternatives
from marketplace.rfq.evaluation import total_costs
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.web.shown import Shown

Json = dict[str, Any]


def whole(letter: AwardLetter, **more: object) -> Shown:
    """The letter with its lots."""
    content = letter.content
    return Shown(
        letter,
        (),
        lots=[_lot(lot, content["currency"]) for lot in content["lots"]],
        reasons=content["reasons"],
        excluded=[
            {"ground": ExclusionGround(ruling["ground"]), "reason": ruling["reason"]}
            for ruling in content["excluded"]
        ],
        dispute_clause=content["dispute_clause"],
        **more,
    )


def _lot(lot: Json, currency: str) -> Json:
    return {
        **lot,
        "bids": [_bid(bid, currency) for bid in lot["bids"]],
        "won": [_line(line) for line in lot["won"]],
        "winners": [
            {
                **winner,
                "total": Money(Decimal(winner["total"]), winner["currency"]),
                "converted": _converted(winner, currency),
                "points": Decimal(winner["points"]),
                "bidder": _named(winner["name"], winner),
            }
            for winner in lot["winners"]
        ],
    }


def _bid(bid: Json, currency: str) -> Json:
    return {
        **bid,
        "which": _named(str(_("Your bid")), bid) if "alternative" in bid else "",
        # named only where it is another than that of the RFQ
        "total": Money(Decimal(bid["total"]), bid.get("currency", currency)),
        "converted": _converted(bid, currency),
        **_costs(bid, currency),
        "points": Decimal(bid["points"]),
        "criteria": [
            {
                **part,
                "weight": Decimal(part["weight"]),
                "points": Decimal(part["points"]),
                "score": None if part["score"] is None else Decimal(part["score"]),
            }
            for part in bid["criteria"]
        ],
    }


def _costs(bid: Json, currency: str) -> Json:
    """Costs in the currency of the RFQ; letters of before have none."""
    whole = _rounded(bid.get("whole_cost"), currency)
    return {
        "costs": [
            {"name": each["name"], "amount": _rounded(each["amount"], currency)}
            for each in bid.get("costs", ())
        ],
        "whole_cost": whole,
        # what the price points were given for
        "judged_price": whole if bid.get("costs_count") else None,
    }


def _rounded(amount: str | None, currency: str) -> Money | None:
    return None if amount is None else total_costs.rounded(Fraction(amount), currency)


def _converted(told: Json, currency: str) -> Money | None:
    """What the amount was worth in the currency of the RFQ, where it is in another."""
    converted = told.get("converted")
    return None if converted is None else Money(Decimal(converted), currency)


def _named(bidder: str, said: Json) -> str:
    """With the number and name of the alternative, where it is one."""
    return str(
        alternatives.named(bidder, said.get("alternative", 0), said.get("alternative_name", ""))
    )


def _line(line: Json) -> Json:
    return {
        **line,
        "quantity": Quantity(Decimal(line["quantity"]), line["unit"]),
        "total": Money(Decimal(line["total"]), line["currency"]),
    }
