"""Booking in a buyer's ledger: every entry adds up to zero, and stands once."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.payments.models import LedgerEntry, LedgerPosting
from marketplace.payments.rules import Postings, Subject
from marketplace.payments.states import EntryKind


@requires(Permission.PAYMENT_MAKE)
def book(
    session: Session,
    _actor: Actor,
    subject: Subject,
    kind: EntryKind,
    source_id: UUID,
    currency: str,
    postings: Postings,
    booked_on: date,
) -> LedgerEntry | None:
    """Book what `source_id` did; None when it has been booked already, or moves nothing."""
    known = select(LedgerEntry.id).where(
        LedgerEntry.kind == kind, LedgerEntry.source_id == source_id
    )
    if not postings or session.scalar(known) is not None:
        return None
    entry = LedgerEntry(
        buyer_id=subject.buyer_id,
        supplier_id=subject.supplier_id,
        kind=kind,
        source_id=source_id,
        subject_id=subject.id,
        reference=subject.reference,
        currency=currency,
        booked_on=booked_on,
        postings=[
            LedgerPosting(line_no=number, account=account, amount=amount)
            for number, (account, amount) in enumerate(postings, start=1)
        ],
    )
    session.add(entry)
    session.flush()
    return entry
