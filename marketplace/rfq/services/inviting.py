"""Whom an RFQ asks, and whether they have looked at it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.events.rfq import SuppliersInvited
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqInvitation
from marketplace.rfq.asking.rows import add_invitations
from marketplace.rfq.terms.states import ACTION_PERMISSIONS, RfqState


@requires(Permission.RFQ_DRAFT)
def invite(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    supplier_ids: Sequence[UUID],
    expected: int | None = None,
) -> Rfq:
    """Ask these suppliers; of a draft they learn at its publication, otherwise now."""
    rfq = _invitable(session, actor, rfq_id, expected)
    audience.check_invitable(session, supplier_ids)
    is_published = rfq.state is RfqState.PUBLISHED
    invited_at = clock.now() if is_published else None
    added = add_invitations(session, rfq, supplier_ids, invited_at=invited_at)
    if added and is_published:
        audience.share_documents(session, actor, rfq, added)
        outbox.record(
            session,
            SuppliersInvited(
                rfq_id=rfq.id,
                buyer_id=rfq.buyer_id,
                invited_at=clock.now(),
                supplier_ids=tuple(added),
            ),
            audience=[rfq.buyer_id],
        )
    if added:
        audit.record(
            session,
            actor,
            "rfq.suppliers.invited",
            ("rfq", rfq.id),
            {"supplier_ids": [str(supplier_id) for supplier_id in added]},
        )
    return rfq


@requires(Permission.RFQ_DRAFT)
def uninvite(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    supplier_id: UUID,
    expected: int | None = None,
) -> Rfq:
    """Take a supplier off the list of a draft."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "edit")
    check_version(rfq, expected)
    session.execute(
        delete(RfqInvitation).where(
            RfqInvitation.rfq_id == rfq_id, RfqInvitation.supplier_id == supplier_id
        )
    )
    audit.record(
        session,
        actor,
        "rfq.supplier.removed",
        ("rfq", rfq.id),
        {"supplier_id": str(supplier_id)},
    )
    return rfq


@requires(Permission.RFQ_READ)
def mark_seen(session: Session, actor: Actor, rfq_id: UUID) -> None:
    """Note that an invited supplier has looked at the RFQ, the first time only."""
    buyer_id = session.scalar(
        update(RfqInvitation)
        .where(
            RfqInvitation.rfq_id == rfq_id,
            RfqInvitation.supplier_id == actor.org_id,
            RfqInvitation.seen_at.is_(None),
        )
        .values(seen_at=clock.now())
        .returning(RfqInvitation.buyer_id)
    )
    if buyer_id is not None:
        audit.record(session, actor, "rfq.invitation.received", ("rfq", rfq_id), owner_id=buyer_id)


def _invitable(session: Session, actor: Actor, rfq_id: UUID, expected: int | None) -> Rfq:
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    action = "edit" if rfq.state is RfqState.DRAFT else "invite"
    rfq.flow.next(rfq.state_at(clock.now()), action)
    if not actor.may(ACTION_PERMISSIONS[action]):
        raise NotAllowed(_("Only those who may publish invite to a published event."))
    check_version(rfq, expected)
    return rfq
