"""The lots of an RFQ as one reader gets them: how they stand, and what may be done."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor, Permission
from marketplace.rfq.asking.models import Rfq, RfqLot, money_of
from marketplace.rfq.awards import lot_queries, lot_rules, turnout_queries
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_rules import Turnout
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http import views
from marketplace.rfq.services import lots
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.states import RfqState
from marketplace.web.shown import Shown


def whole(session: Session, actor: Actor, rfq_id: UUID) -> Shown:
    """The RFQ in short with its lots. How many bid is the buyer's to know, after the opening."""
    now = clock.now()
    rfq, rows = lots.read(session, actor, rfq_id)
    is_buyer = rfq.buyer_id == actor.org_id
    standings = {each.award_id: each for each in award_queries.standings(session, rfq_id)}
    counts, turnouts = None, {}
    if is_buyer and rfq.opened_at is not None:
        counts = lot_queries.bid_counts(session, rfq_id)
        terms = bid_queries.terms(session, rfq_id)
        turnouts = turnout_queries.turnouts(session, rfq, terms)
    rulings = _rulings(session, rfq) if turnouts else {}
    summary = views.summary(rfq, actor, now)
    return Shown(
        summary,
        summary.actions,
        lots=[
            Shown(
                lot,
                _actions(lot, rfq, actor, turnouts.get(lot.id), now),
                estimate=money_of(lot.estimated_value, rfq.currency) if is_buyer else None,
                award_state=standings[lot.award_id].state if lot.award_id else None,
                bids=None if counts is None else counts[lot.id],
                turnout=turnouts.get(lot.id),
                rulings=rulings.get(lot.id, []),
            )
            for lot in rows
        ],
    )


def _rulings(session: Session, rfq: Rfq) -> Mapping[UUID, list[LotRuling]]:
    found: dict[UUID, list[LotRuling]] = {}
    for ruling in turnout_queries.rulings(session, rfq.id):
        found.setdefault(ruling.lot_id, []).append(ruling)
    return found


def _actions(
    lot: RfqLot, rfq: Rfq, actor: Actor, turnout: Turnout | None, now: datetime
) -> list[str]:
    steps = lot_rules.actions_for(lot, rfq, rfq.state_at(now), actor)
    waits = turnout is not None and turnout.waits and lot.state is LotState.OPEN
    if waits and rfq.state is RfqState.OPENED and actor.may(Permission.RFQ_AWARD):
        return ["rule_on_bids", *steps]
    return steps
