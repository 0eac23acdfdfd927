"""Putting notices into people's hands: what the reactions of all packages call."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import clock, jobs
from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Role
from marketplace.notifications.kinds import KINDS
from marketplace.notifications.models import MailMessage, Notice

MAIL_AGE_LIMIT = timedelta(days=30)
SEND_TASK = "notifications.send_mail"
CALLS_QUEUE = "calls"


def notify(
    session: Session,
    *,
    org_id: UUID,
    kind: str,
    url: str,
    roles: Iterable[Role] = (),
    person_ids: Iterable[UUID] = (),
    params: Mapping[str, Any] | None = None,
    mail: bool = True,
    occurred_at: datetime | None = None,
    dedupe_key: str | None = None,
) -> int:
    """Tell people of an organisation; returns how many were told.

    To everybody in one of the roles, and to the people named. url: path of the page to open.
    params: fill the kind's words; plain values, instants, dates or Money. mail: also by letter,
    except when what happened (``occurred_at``, now by default) is older than 30 days.
    dedupe_key: nobody is told twice under the same key.
    """
    if kind not in KINDS:
        raise LookupError(f"No notice is called {kind}; register it first.")
    happened = occurred_at or clock.now()
    people = set(person_ids) | _in_roles(session, org_id, roles)
    notices = [
        {
            "id": uuid7(),
            "organisation_id": org_id,
            "person_id": person_id,
            "kind": kind,
            "params": {name: plain(value) for name, value in (params or {}).items()},
            "url": url,
            "dedupe_key": dedupe_key,
            "occurred_at": happened,
            "created_at": clock.now(),
        }
        for person_id in sorted(people)
    ]
    told = _insert_new(session, notices)
    if mail and happened > clock.now() - MAIL_AGE_LIMIT:
        for notice_id in told:
            _queue_letter(session, notice_id, org_id)
    return len(told)


def plain(value: Any) -> Any:
    """A parameter as JSON keeps it."""
    if isinstance(value, Money):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def _in_roles(session: Session, org_id: UUID, roles: Iterable[Role]) -> set[UUID]:
    wanted = tuple(roles)
    if not wanted:
        return set()
    return {person.id for person in identity_queries.people_in_role(session, org_id, *wanted)}


def _insert_new(session: Session, notices: list[dict[str, Any]]) -> list[UUID]:
    if not notices:
        return []
    rows = insert(Notice).values(notices).on_conflict_do_nothing().returning(Notice.id)
    return list(session.scalars(rows))


def _queue_letter(session: Session, notice_id: UUID, org_id: UUID) -> None:
    letter = MailMessage(id=uuid7(), notice_id=notice_id, organisation_id=org_id)
    session.add(letter)
    jobs.enqueue(
        session,
        SEND_TASK,
        {"mail_id": str(letter.id)},
        dedupe_key=f"mail:{letter.id}",
        queue=CALLS_QUEUE,
    )
