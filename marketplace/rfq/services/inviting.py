"""Whom an RFQ asks, and whether they have looked at it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.documents import queries as document_queries
from marketplace.documents import service as document_service
from marketplace.events.rfq import SuppliersInvited
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.rfq import queries, rules
from marketplace.rfq.models import Rfq, RfqInvitation
from marketplace.rfq.rows import add_invitations
from marketplace.rfq.states import ACTION_PERMISSIONS, RFQ_FLOW, RfqState
from marketplace.suppliers import queries as supplier_queries


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
    check_invitable(session, supplier_ids)
    is_published = rfq.state is RfqState.PUBLISHED
    invited_at = clock.now() if is_published else None
    added = add_invitations(session, rfq, supplier_ids, invited_at=invited_at)
    if added and is_published:
        share_documents(session, actor, rfq, added)
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
    RFQ_FLOW.next(rfq.state, "edit")
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


def check_invitable(session: Session, supplier_ids: Sequence[UUID]) -> None:
    """Raise SupplierNotInvitable, naming every one who does not exist or is blocked."""
    errors = list(
        rules.invitation_faults(
            supplier_ids,
            _existing(session, supplier_ids),
            supplier_queries.blocked_ids(session, supplier_ids),
        )
    )
    if errors:
        raise rules.SupplierNotInvitable(_("Not everybody can be invited."), errors=errors)


def still_invitable(session: Session, supplier_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the suppliers who could be invited today."""
    existing = _existing(session, supplier_ids)
    blocked = supplier_queries.blocked_ids(session, supplier_ids)
    return [each for each in supplier_ids if each in existing and each not in blocked]


def share_documents(session: Session, actor: Actor, rfq: Rfq, supplier_ids: Sequence[UUID]) -> None:
    """Let those who are asked read the files of the RFQ; all suppliers, where it is open to all."""
    attached = document_queries.attached(session, actor, "rfq", rfq.id)
    ids = [document.id for document in attached]
    if rfq.open_to_all:
        document_service.grant_to_all(session, actor, ids)
    else:
        document_service.grant(session, actor, ids, supplier_ids)


def _invitable(session: Session, actor: Actor, rfq_id: UUID, expected: int | None) -> Rfq:
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    action = "edit" if rfq.state is RfqState.DRAFT else "invite"
    RFQ_FLOW.next(rfq.state_at(clock.now()), action)
    if not actor.may(ACTION_PERMISSIONS[action]):
        raise NotAllowed(_("Inviting to a published RFQ is for those who may publish."))
    check_version(rfq, expected)
    return rfq


def _existing(session: Session, supplier_ids: Sequence[UUID]) -> set[UUID]:
    found = identity_queries.organisations(session, supplier_ids)
    return {
        organisation.id
        for organisation in found.values()
        if organisation.kind is OrgKind.SUPPLIER and organisation.active
    }
