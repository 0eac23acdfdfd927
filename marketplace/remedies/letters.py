"""What a letter says: one bidder's own bid in full, of the others the winners and nothing else.

From the evidence that was kept with the award, so that a letter tells what the decision rested on.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core import shares
from marketplace.core.shares import shown as rounded_points
from marketplace.core.shares import written
from marketplace.remedies.states import LetterKind
from marketplace.rfq.awards.models import AwardLine
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.asked_lots import AskedLot

Json = dict[str, Any]
# what tells why a bid has no place
UNRANKED = ("missing_lines", "partial_lines", "unconfirmed_lines", "unknown_costs")


@dataclass(frozen=True)
class Decision:
    """An award with all that its letters are made of. ``bid_for``: suppliers with their lots."""

    terms: Terms
    evidence: Mapping[str, Any]
    lines: Sequence[AwardLine]
    names: Mapping[UUID, str]
    bid_for: Collection[tuple[UUID, UUID]]
    reasons: str
    dispute_clause: str


def content_for(decision: Decision, supplier_id: UUID) -> Json:
    """What this supplier is told; amounts as decimal strings, each bid's in its own currency."""
    return {
        "currency": decision.terms.currency,
        "reasons": decision.reasons,
        "dispute_clause": decision.dispute_clause,
        "excluded": [
            {"ground": ruling["ground"], "reason": ruling["reason"]}
            for ruling in decision.evidence.get("excluded", ())
            if ruling["supplier_id"] == str(supplier_id)
        ],
        "lots": [
            _lot(decision, lot, ranks, supplier_id)
            for lot, ranks in _decided(decision)
            if _is_told(decision, lot, supplier_id)
        ],
    }


def kind_of(content: Json) -> LetterKind:
    """Everything, a part or nothing of what the supplier bid for."""
    if not any(lot["won"] for lot in content["lots"]):
        return LetterKind.LOST
    whole = all(lot["won"] and not lot["winners"] for lot in content["lots"])
    return LetterKind.WON if whole else LetterKind.PARTLY_WON


def _decided(decision: Decision) -> Iterator[tuple[AskedLot, list[Json]]]:
    """The lots that the decision is about, with the bids for them."""
    asked = {str(lot.id): lot for lot in decision.terms.lots}
    for lot in decision.evidence["lots"]:
        yield asked[lot["lot_id"]], lot["ranks"]


def _is_told(decision: Decision, lot: AskedLot, supplier_id: UUID) -> bool:
    """Bidders read of the lots that they bid for; where that is unknown, of all."""
    known = {lot_id for bidder, lot_id in decision.bid_for if bidder == supplier_id}
    return not known or lot.id in known


def _lot(decision: Decision, lot: AskedLot, ranks: list[Json], supplier_id: UUID) -> Json:
    lines = [line for line in decision.lines if line.lot_id == lot.id]
    return {
        "lot_id": str(lot.id),
        "number": lot.number,
        "title": lot.title,
        "bids": [_bid(decision, rank) for rank in ranks if rank["supplier_id"] == str(supplier_id)],
        "won": [_line(line) for line in lines if line.supplier_id == supplier_id],
        "winners": list(_winners(decision, lines, ranks, supplier_id)),
    }


def _bid(decision: Decision, rank: Json) -> Json:
    judged = {criterion.name: criterion for criterion in decision.terms.judged}
    return {
        **_which(rank),
        "place": rank["place"],
        "total": rank["total"],
        **{name: rank[name] for name in ("currency", "converted") if name in rank},
        **{name: rank[name] for name in UNRANKED if name in rank},
        **_costs(rank),
        "points": _points(rank),
        "criteria": [
            {
                "name": part["criterion"],
                **({"section": part["section"]} if "section" in part else {}),
                "weight": _plain(str(written(shares.read(part["weight"])))),
                "points": str(rounded_points(Fraction(part["exact"]))),
                # of a price the reference would tell another bid's total
                "score": _plain(part["value"]) if part["criterion"] in judged else None,
                "max_score": judged[part["criterion"]].max_score
                if part["criterion"] in judged
                else None,
            }
            for part in rank["points"]
        ],
    }


def _costs(rank: Json) -> Json:
    """The bidder's own costs beside the price, where the RFQ names some."""
    if "costs" not in rank:
        return {}
    return {
        "costs": [{"name": each["name"], "amount": each["amount"]} for each in rank["costs"]],
        "costs_count": rank["costs_count"],
        "whole_cost": rank["whole_cost"],
    }


def _line(line: AwardLine) -> Json:
    return {
        "number": line.number,
        "description": line.description,
        "quantity": str(line.quantity),
        "unit": line.unit,
        "total": str(line.total),
        "currency": line.currency,
    }


def _winners(
    decision: Decision, lines: Sequence[AwardLine], ranks: list[Json], supplier_id: UUID
) -> Iterator[Json]:
    """Everybody else who gets something of the lot: name, amount and total points."""
    bids = dict.fromkeys(line.bid_id for line in lines if line.supplier_id != supplier_id)
    by_bid = {rank["bid_id"]: rank for rank in ranks}
    for bid_id in bids:
        won = [line for line in lines if line.bid_id == bid_id]
        rank = by_bid[str(bid_id)]
        yield {
            "supplier_id": str(won[0].supplier_id),
            "name": decision.names[won[0].supplier_id],
            **_which(rank),
            "total": str(sum((line.total for line in won), Decimal(0))),
            "currency": won[0].currency,
            **_converted(decision.terms, won),
            "lines": [line.number for line in won],
            "place": rank["place"],
            "points": _points(rank),
        }


def _converted(terms: Terms, won: Sequence[AwardLine]) -> dict[str, str]:
    """What was won in the currency of the RFQ, where it is in another."""
    total = sum((line.total for line in won), Decimal(0))
    worth = terms.conversion(won[0].currency).shown_beside(total)
    return {"converted": str(worth.amount)} if worth else {}


def _which(rank: Json) -> Json:
    """Which of a bidder's bids it is; nothing of main bids."""
    if "alternative" not in rank:
        return {}
    return {"alternative": rank["alternative"], "alternative_name": rank["name"]}


def _points(rank: Json) -> str:
    exact = sum((Fraction(part["exact"]) for part in rank["points"]), Fraction(0))
    return str(rounded_points(exact))


def _plain(number: str | None) -> str | None:
    """Without zeros that only the column's scale gave it."""
    return None if number is None else f"{Decimal(number).normalize():f}"
