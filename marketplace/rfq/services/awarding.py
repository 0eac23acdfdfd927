"""The end of an RFQ: an award, by lot or by line, or none at all."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.events.rfq import RfqUnsuccessful
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq import (
    award_rules,
    bid_queries,
    evaluation_queries,
    low_price_rules,
    opening_queries,
    queries,
    standings,
)
from marketplace.rfq.award_rules import Choice, ChosenLine
from marketplace.rfq.bid_content import instant
from marketplace.rfq.bid_models import Award, AwardLine, Bid
from marketplace.rfq.bid_states import BID_FLOW, BidState
from marketplace.rfq.evaluation_models import BidExclusion
from marketplace.rfq.models import Rfq
from marketplace.rfq.ranking import LotRanking, Rank
from marketplace.rfq.services import evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.states import RFQ_FLOW
from marketplace.suppliers import queries as supplier_queries


class ReasonRequired(Invalid):
    code = "reason_required"


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

    Final at once, or after the RFQ's standstill; orders follow from that event.
    reasons: what all bidders read in their letters; the justification stays with the buyer.
    Raises AwardInvalid, ScoresMissing, JustificationRequired, NamesALoser or SupplierIsBlocked.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    RFQ_FLOW.next(rfq.state, "award")
    award_rules.check_not_held(rfq.award_held_by)
    award_rules.check_unreadable_ruled(opening_queries.unreadable(session, rfq_id))
    compared = evaluation.read_priced(session, actor, rfq_id)
    chosen = award_rules.chosen_lines(
        compared.terms, compared.cells, compared.lots, choices, compared.bundles
    )
    award_rules.check_minimums(chosen, compared.minimums)
    award_rules.check_decidable(compared.lots, chosen)
    award_rules.check_justified(chosen, justification)
    _check_low_prices(session, compared, chosen)
    supplier_of = {offer.bid_id: offer.supplier_id for offer in compared.everybody}
    winners = {supplier_of[line.bid_id] for line in chosen}
    losers = [org.name for org in compared.suppliers.values() if org.id not in winners]
    award_rules.check_names_no_loser(reasons, losers)
    award_rules.check_not_blocked(winners, supplier_queries.blocked_ids(session, winners))
    decided = _write(session, actor, rfq, compared, chosen, (justification, reasons))
    _close_bids(session, rfq_id, {line.bid_id for line in chosen})
    standings.begin(session, actor, rfq, decided, winners)
    session.flush()
    session.refresh(decided, ["standing"])
    return decided


@requires(Permission.RFQ_AWARD)
def close_unsuccessful(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, *, expected: int | None = None
) -> Rfq:
    """End the RFQ without an award and tell the bidders so; they can read the reason."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    state = RFQ_FLOW.next(rfq.state, "close_unsuccessful")
    if not reason.strip():
        raise ReasonRequired(
            _("Say why nobody gets this."),
            errors=[FieldError("/reason", "required", _("A reason is needed."))],
        )
    rfq.state = state
    rfq.ended_at = clock.now()
    rfq.end_reason = reason.strip()
    bidders = [bid.supplier_id for bid in bid_queries.readable_bids(session, rfq_id)]
    _close_bids(session, rfq_id, set())
    audit.record(session, actor, "rfq.unsuccessful", ("rfq", rfq_id), {"reason": rfq.end_reason})
    outbox.record(
        session,
        RfqUnsuccessful(rfq_id=rfq_id, buyer_id=rfq.buyer_id, supplier_ids=tuple(bidders)),
        audience=[rfq.buyer_id],
    )
    session.flush()
    return rfq


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
    words: tuple[str, str],
) -> Award:
    justification, reasons = words
    decided = Award(
        id=uuid7(),
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        decided_by=actor.person,
        decided_at=clock.now(),
        justification=justification.strip(),
        reasons=reasons.strip(),
        evidence={
            "lots": [_lot_evidence(lot) for lot in compared.lots],
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
        "currency": rfq.currency,
        "is_best": line.is_best,
    }


def _lot_evidence(lot: LotRanking) -> dict[str, Any]:
    return {"lot_id": str(lot.lot_id), "ranks": [_rank_evidence(rank) for rank in lot.ranks]}


def _exclusion_evidence(ruling: BidExclusion) -> dict[str, Any]:
    return {
        "bid_id": str(ruling.bid_id),
        "supplier_id": str(ruling.supplier_id),
        "ground": str(ruling.ground),
        "reason": ruling.reason,
    }


def _rank_evidence(rank: Rank) -> dict[str, Any]:
    return {
        "place": rank.place,
        "bid_id": str(rank.bid_id),
        "supplier_id": str(rank.supplier_id),
        "submitted_at": instant(rank.submitted_at),
        "total": str(rank.total),
        "missing_lines": list(rank.missing),
        "partial_lines": list(rank.partial),
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


def _close_bids(session: Session, rfq_id: UUID, winning: set[UUID]) -> None:
    """Every opened bid has either won something or not."""
    for action, chosen in (("award", Bid.id.in_(winning)), ("decline", Bid.id.not_in(winning))):
        session.execute(
            update(Bid)
            .where(Bid.rfq_id == rfq_id, Bid.state == BidState.OPENED, chosen)
            .values(state=BID_FLOW.next(BidState.OPENED, action), version=Bid.version + 1),
            execution_options={"synchronize_session": False},
        )
