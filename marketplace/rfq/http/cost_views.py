"""Costs of bids as a partner's program gets them."""

from typing import Any

from marketplace.rfq.evaluation import total_costs
from marketplace.rfq.evaluation.ranking import Rank
from marketplace.rfq.evaluation.total_costs import Cost


def of_rank(rank: Rank, currency: str) -> dict[str, Any] | None:
    """Every cost of the bid in the lot; None where the RFQ has none."""
    if not rank.costs:
        return None
    whole = rank.whole_cost
    return {
        "count": rank.costs_count,
        "items": [_cost(each, currency) for each in rank.costs],
        "unknown_costs": list(rank.unknown_costs),
        "whole": None if whole is None else total_costs.rounded(whole, currency),
        "exact_whole": None if whole is None else str(whole),
    }


def _cost(cost: Cost, currency: str) -> dict[str, Any]:
    amount = cost.amount
    return {
        "term_id": cost.asked.id,
        "name": cost.asked.name,
        "source": cost.asked.source,
        "answer": None if cost.said is None else str(cost.said),
        "rate": cost.asked.rate,
        "periods": cost.asked.periods,
        "amount": None if amount is None else total_costs.rounded(amount, currency),
        "exact": None if amount is None else str(amount),
        "reason": "" if cost.is_answered else cost.reason,
    }
