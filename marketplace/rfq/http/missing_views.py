"""The views of bids that leave lines out, for pages and for partners' programs."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.money import Quantity
from marketplace.core.text import label
from marketplace.rfq.asking.models import RfqLine
from marketplace.rfq.evaluation import missing_rules, total_costs
from marketplace.rfq.evaluation.missing_rules import FilledLine, LineView, SeenBid, SeenLot
from marketplace.rfq.services.evaluation import Evaluation


def lots(session: Session, compared: Evaluation, view: LineView) -> list[SeenLot]:
    """The lots in which a bid leaves lines out; none where every bid is whole."""
    estimates = _estimates(session, compared) if view is LineView.ESTIMATE else {}
    return missing_rules.seen(compared.terms, compared.compared, view, estimates)


def whole(session: Session, compared: Evaluation) -> dict[str, Any]:
    """Every view at once."""
    return {
        "rfq_id": compared.rfq.id,
        "currency": compared.terms.currency,
        "views": [
            {
                "view": view,
                "name": label(view),
                "lots": [_lot(compared, seen) for seen in lots(session, compared, view)],
            }
            for view in LineView
        ],
    }


def _estimates(session: Session, compared: Evaluation) -> Mapping[UUID, Decimal]:
    """What the buyer expects one unit of a line to cost."""
    rows = session.execute(
        select(RfqLine.id, RfqLine.reference_price).where(
            RfqLine.rfq_id == compared.rfq.id, RfqLine.reference_price.is_not(None)
        )
    )
    return {line_id: price for line_id, price in rows if price is not None}


def _lot(compared: Evaluation, seen: SeenLot) -> dict[str, Any]:
    return {
        "lot_id": seen.lot.id,
        "number": seen.lot.number,
        "title": seen.lot.title,
        "lines": list(seen.lines),
        "bids": [_bid(compared, bid) for bid in seen.bids],
    }


def _bid(compared: Evaluation, bid: SeenBid) -> dict[str, Any]:
    currency, total = compared.terms.currency, bid.total
    return {
        "bid_id": bid.bid_id,
        "supplier_id": bid.supplier_id,
        "supplier_name": compared.supplier_name(bid.supplier_id),
        "alternative": compared.offer_by_id[bid.bid_id].alternative,
        "name": compared.offer_by_id[bid.bid_id].name,
        "total": None if total is None else total_costs.rounded(total, currency),
        "exact_total": None if total is None else str(total),
        "missing_lines": list(bid.missing),
        "filled": [_filled(each, currency) for each in bid.filled],
        "unfilled_lines": list(bid.unfilled),
        "is_lowest": bid.is_lowest,
        "above_lowest_percent": bid.above,
    }


def _filled(each: FilledLine, currency: str) -> dict[str, Any]:
    return {
        "line_id": each.line.id,
        "number": each.line.number,
        "quantity": Quantity(each.quantity, each.line.unit),
        "exact_unit_price": str(each.unit_price),
        "amount": total_costs.rounded(each.amount, currency),
    }
