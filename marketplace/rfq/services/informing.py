"""The end of a request for information: findings for those who answered, or an RFQ of it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.events.rfq import RfiConcluded
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.repeating import draft_of
from marketplace.rfq.awards import lot_rules
from marketplace.rfq.bids import information_rules
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.services import drafting


@requires(Permission.RFQ_AWARD)
def close_with_findings(
    session: Session, actor: Actor, rfq_id: UUID, findings: str, *, expected: int | None = None
) -> Rfq:
    """End an opened request for information; those who answered are told, and read the findings."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    state = rfq.flow.next(rfq.state, "close_with_findings")
    rfq.state, rfq.ended_at = state, clock.now()
    rfq.end_reason = lot_rules.checked_reason(findings)
    offers = evaluation_queries.ruled_offers(session, rfq_id, priced=False)
    respondents = tuple(sorted(offer.supplier_id for offer, _ruling in offers))
    outbox.record(
        session,
        RfiConcluded(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            supplier_ids=respondents,
            concluded_at=rfq.ended_at,
        ),
        audience=[rfq.buyer_id, *respondents],
    )
    audit.record(session, actor, "rfq.concluded", ("rfq", rfq.id), {"findings": rfq.end_reason})
    session.flush()
    return rfq


@requires(Permission.RFQ_DRAFT)
def follow_up(session: Session, actor: Actor, rfq_id: UUID, supplier_ids: Sequence[UUID]) -> Rfq:
    """A draft of an RFQ with the lines and questions, and these of the respondents invited.

    Those who were blocked meanwhile are left out. Raises UnknownRespondent.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    rfq.flow.next(rfq.state, "follow_up")
    offers = evaluation_queries.ruled_offers(session, rfq_id, priced=False)
    information_rules.check_respondents(
        supplier_ids, {offer.supplier_id for offer, ruling in offers if ruling is None}
    )
    invitable = audience.still_invitable(session, list(dict.fromkeys(supplier_ids)))
    draft = information_rules.request_of(draft_of(rfq, invitable))
    made = drafting.create(session, actor, draft, {"information": rfq.number})
    audit.record(session, actor, "rfq.followed_up", ("rfq", rfq.id), {"rfq": made.number})
    return made
