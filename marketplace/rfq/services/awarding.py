"""The end of an RFQ: an award, by lot or by line, or none at all."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.clock import instant
from marketplace.core.db import check_version
from marketplace.core.ids import uuid7
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import choices as award_choices
from marketplace.rfq.awards import lot_endings, lot_rules, round_rules, standings, turnout_rules
from marketplace.rfq.awards import rules as award_rules
from marketplace.rfq.awards.choices import Choice, ChosenLine
from marketplace.rfq.awards.models import Award, AwardLine
from marketplace.rfq.awards.round_rules import Departure
from marketplace.rfq.awards.turnout_rules import Turnout
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.evaluation.ranking import LotRanking, Rank
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.services import evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.lot_states import LotState
from marketplace.suppliers import queries as supplier_queries


@requires(Permission.RFQ_AWARD)
def award(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    choices: Sequence[Choice],
    justification: str = "",
    *,
    reasons: str = "",
    expected: int | None = None,
) -> Award:
    """Give lots and lines to bids, and keep the ranking as it stood as evidence.

    Ends the lots of which something is given away; the others stay open for further decisions.
    Final at once, or after the RFQ's standstill; orders follow from that event.
    reasons: what all bidders read in their letters; the justification stays with the buyer.
    An event of kind auction goes to the winners of its auction, or with a justification that says
    why not (NotTheAuctionWinner, AuctionNotHeld).
    Raises AwardInvalid, ScoresMissing, JustificationRequired, NamesALoser, SupplierIsBlocked,
    LotEnded or TooFewBids.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state, "award")
    award_rules.check_not_held(rfq.award_held_by)
    award_rules.check_unreadable_ruled(opening_queries.unreadable(session, rfq_id))
    compared = evaluation.read_priced(session, actor, rfq_id)
    chosen = award_choices.chosen_lines(
        compared.terms,
        compared.cells,
        compared.lots,
        choices,
        compared.bundles,
        compared.rounds.winners,
    )
    covered = {line.asked.lot_id for line in chosen}
    lot_rules.check_open(compared.rfq_lots, covered)
    turnout_rules.check_ruled(compared.turnouts, covered)
    award_rules.check_bids_of_suppliers(chosen, compared.supplier_of)
    award_rules.check_minimums(chosen, compared.minimums)
    award_rules.check_decidable(compared.lots, chosen)
    award_rules.check_costs_known(compared.lots, chosen)
    departing = round_rules.departures(compared.rounds, chosen)
    round_rules.check_follows(departing, justification)
    award_rules.check_justified(chosen, justification)
    _check_low_prices(session, compared, chosen)
    supplier_of = compared.supplier_of
    winners = {supplier_of[line.bid_id] for line in chosen}
    losers = [org.name for org in compared.suppliers.values() if org.id not in winners]
    award_rules.check_names_no_loser(reasons, losers)
    award_rules.check_not_blocked(winners, supplier_queries.blocked_ids(session, winners))
    decided = _write(session, actor, rfq, compared, chosen, departing, (justification, reasons))
    lot_endings.award(session, rfq, decided.id, covered)
    standings.begin(session, actor, rfq, decided, winners)
    if departing:
        _note_departures(session, actor, rfq, departing, decided)
    session.flush()
    session.refresh(decided, ["standing"])
    return decided


@requires(Permission.RFQ_AWARD)
def close_unsuccessful(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, *, expected: int | None = None
) -> Rfq:
    """End all lots that are still open without an award; their bidders can read the reason."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state, "close_unsuccessful")
    reason = lot_rules.checked_reason(reason)
    lots = [lot for lot in queries.lots(session, rfq_id) if lot.state is LotState.OPEN]
    lot_endings.without_award(session, rfq, lots, "close_unsuccessful", reason)
    audit.record(session, actor, "rfq.unsuccessful", ("rfq", rfq_id), {"reason": reason})
    return rfq


def _note_departures(
    session: Session, actor: Actor, rfq: Rfq, departing: Sequence[Departure], decided: Award
) -> None:
    audit.record(
        session,
        actor,
        "rfq.auction_departed",
        ("rfq", rfq.id),
        {
            "award_id": str(decided.id),
            "reason": decided.justification,
            "lots": [
                {"lot_id": str(each.lot_id), "held": each.held, "lines": list(each.lines)}
                for each in departing
            ],
        },
    )


def _check_low_prices(session: Session, compared: Evaluation, chosen: Sequence[ChosenLine]) -> None:
    """Where the RFQ asks for it, no abnormally low bid wins before its price was accepted."""
    if not compared.rfq.low_price_check:
        return
    low_price_rules.check_ruled(
        low_price_rules.flagged(compared.lots),
        {(line.asked.lot_id, line.bid_id) for line in chosen},
        evaluation_queries.inquiries(session, compared.rfq.id),
    )


def _write(
    session: Session,
    actor: Actor,
    rfq: Rfq,
    compared: Evaluation,
    chosen: Sequence[ChosenLine],
    departing: Sequence[Departure],
    words: tuple[str, str],
) -> Award:
    justification, reasons = words
    covered = {line.asked.lot_id for line in chosen}
    decided = Award(
        id=uuid7(),
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        decided_by=actor.person,
        decided_at=clock.now(),
        justification=justification.strip(),
        reasons=reasons.strip(),
        evidence={
            "lots": [
                _lot_evidence(compared, lot)
                | _ruling_evidence(compared.turnouts.get(lot.lot_id))
                | round_rules.evidence(compared.rounds, departing, lot.lot_id)
                for lot in compared.lots
                if lot.lot_id in covered
            ],
            "excluded": [_exclusion_evidence(each.ruling) for each in compared.excluded],
        },
    )
    session.add(decided)
    session.flush()
    session.execute(insert(AwardLine), [_line(rfq, decided, compared, line) for line in chosen])
    session.refresh(decided, ["lines"])
    return decided


def _line(rfq: Rfq, decided: Award, compared: Evaluation, line: ChosenLine) -> dict[str, Any]:
    offer = next(offer for offer in compared.offers if offer.bid_id == line.bid_id)
    return {
        "award_id": decided.id,
        "rfq_line_id": line.asked.id,
        "bid_id": line.bid_id,
        "buyer_id": rfq.buyer_id,
        "supplier_id": offer.supplier_id,
        "lot_id": line.asked.lot_id,
        "number": line.asked.number,
        "description": line.asked.description,
        "quantity": line.quantity,
        "unit": line.asked.unit,
        "unit_price": line.unit_price,
        "total": line.total,
        "currency": line.currency,
        "is_best": line.is_best,
    }


def _lot_evidence(compared: Evaluation, lot: LotRanking) -> dict[str, Any]:
    ranks = [_rank_evidence(rank) | _which(compared.offer_by_id[rank.bid_id]) for rank in lot.ranks]
    return {"lot_id": str(lot.lot_id), "ranks": ranks}


def _which(offer: BidOffer) -> dict[str, Any]:
    """Said only of alternatives."""
    return {"alternative": offer.alternative, "name": offer.name} if offer.alternative else {}


def _ruling_evidence(turnout: Turnout | None) -> dict[str, Any]:
    """Said only where the lot is awarded with fewer bids than were asked for."""
    ruling = turnout.ruling if turnout and turnout.is_short else None
    if turnout is None or ruling is None:
        return {}
    return {
        "too_few_bids": {
            "wanted": turnout.wanted,
            "bidders": turnout.bidders,
            "reason": ruling.reason,
            "ruled_by": str(ruling.ruled_by),
            "ruled_at": instant(ruling.created_at),
        }
    }


def _exclusion_evidence(ruling: BidExclusion) -> dict[str, Any]:
    return {
        "bid_id": str(ruling.bid_id),
        "supplier_id": str(ruling.supplier_id),
        "ground": str(ruling.ground),
        "reason": ruling.reason,
    }


def _cost_evidence(rank: Rank) -> dict[str, Any]:
    """Said only where the RFQ asks for costs beside the price."""
    if not rank.costs:
        return {}
    return {
        "costs": [
            {
                "name": cost.asked.name,
                "amount": None if cost.amount is None else str(cost.amount),
                "reason": cost.reason,
            }
            for cost in rank.costs
        ],
        "costs_count": rank.costs_count,
        "whole_cost": None if rank.whole_cost is None else str(rank.whole_cost),
    }


def _converted_evidence(rank: Rank) -> dict[str, str]:
    """What the total was worth, where the bid is in a currency of its own."""
    if not rank.conversion.is_needed:
        return {}
    return {
        "currency": rank.conversion.currency,
        "rate": str(rank.conversion.rate),
        "converted": str(rank.conversion.shown(rank.total).amount),
        "exact_converted": str(rank.compared),
    }


def _rank_evidence(rank: Rank) -> dict[str, Any]:
    return {
        "place": rank.place,
        "bid_id": str(rank.bid_id),
        "supplier_id": str(rank.supplier_id),
        "submitted_at": instant(rank.submitted_at),
        "total": str(rank.total),
        **_converted_evidence(rank),
        "missing_lines": list(rank.missing),
        "partial_lines": list(rank.partial),
        "unconfirmed_lines": list(rank.unconfirmed),
        "unknown_costs": list(rank.unknown_costs),
        **_cost_evidence(rank),
        "tied": rank.tied,
        "points": [
            {
                "criterion": part.criterion.name,
                **({"section": part.criterion.section} if part.criterion.section else {}),
                "weight": str(part.criterion.weight),
                "value": None if part.value is None else str(part.value),
                "reference": str(part.reference),
                "exact": str(part.exact),
            }
            | ({"mean": str(part.mean)} if part.mean is not None else {})
            for part in rank.points
        ],
    }
