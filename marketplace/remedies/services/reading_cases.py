"""Cases as their two parties read them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.remedies import case_queries
from marketplace.remedies.models import AwardCase
from marketplace.rfq.asking import queries as rfq_queries


@requires(Permission.BID_READ)
def cases(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[AwardCase]:
    """The supplier's own cases, or all of the buyer's, newest first."""
    rfq_queries.get(session, actor, rfq_id)
    return case_queries.cases(session, actor, rfq_id)


@requires(Permission.BID_READ)
def overview(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[AwardCase]:
    """As `cases`, without what was said in them. The caller has found the RFQ."""
    return case_queries.cases(session, actor, rfq_id, whole=False)


@requires(Permission.BID_READ)
def case(session: Session, actor: Actor, case_id: UUID) -> AwardCase:
    """One case; NotFound for those of others."""
    return case_queries.get(session, actor, case_id)
