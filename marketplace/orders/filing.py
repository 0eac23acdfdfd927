"""The paper of an order: set once when it is issued, kept as a document for both parties."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.documents import service as documents
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind
from marketplace.orders import pdf, queries
from marketplace.orders.models import Order
from marketplace.orders.subjects import SUBJECT


def paper(session: Session, actor: Actor, order_id: UUID) -> tuple[str, bytes]:
    """Name and bytes: the filed document, or a fresh one while there is none."""
    order = queries.get(session, actor, order_id)
    if order.document_id is not None:
        document, content = documents.fetch(session, actor, order.document_id)
        return document.filename, content
    return pdf.filename(order), _set(session, order)


def file(session: Session, order: Order) -> None:
    """Keep the issued order as a document of the buyer that the supplier may read. Once."""
    if order.document_id is not None:
        return
    clerk = replace(SYSTEM, org_id=order.buyer_id, org_kind=OrgKind.BUYER)
    document = documents.store(
        session, clerk, pdf.filename(order), "application/pdf", _set(session, order)
    )
    documents.attach(session, clerk, document.id, SUBJECT, order.id)
    documents.grant(session, clerk, [document.id], [order.supplier_id])
    order.document_id = document.id


def _set(session: Session, order: Order) -> bytes:
    parties = identity_queries.organisations(session, [order.buyer_id, order.supplier_id])
    return pdf.render(order, parties[order.buyer_id], parties[order.supplier_id])
