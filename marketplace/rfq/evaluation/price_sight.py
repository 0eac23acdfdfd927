"""The first sight of prices under blind scoring, which fixes the scores for good."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.evaluation import quality_rules


def prices_shown(session: Session, actor: Actor, rfq: Rfq) -> bool:
    """Whether the buyer's people may read prices now; whoever does so first is noted."""
    if quality_rules.prices_hidden(rfq):
        return False
    if rfq.blind_scoring and rfq.prices_seen_at is None:
        _note(session, actor, rfq)
    return True


def _note(session: Session, actor: Actor, rfq: Rfq) -> None:
    """Only the first counts. The version stays: nobody's form is outdated by a reader."""
    seen = session.scalar(
        update(Rfq)
        .where(Rfq.id == rfq.id, Rfq.prices_seen_at.is_(None))
        .values(prices_seen_at=clock.now())
        .returning(Rfq.prices_seen_at),
        execution_options={"synchronize_session": False},
    )
    if seen is not None:
        audit.record(session, actor, "rfq.prices_seen", ("rfq", rfq.id))
    session.refresh(rfq, ["prices_seen_at"])
