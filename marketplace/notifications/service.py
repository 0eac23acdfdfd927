"""What readers do with their notices.

`notify` stands in `posting`, because nobody acts when a reaction tells people what has happened.
"""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.notifications import queries
from marketplace.notifications.models import Notice
from marketplace.notifications.posting import notify

__all__ = ["mark_all_read", "mark_read", "notify"]


@requires(Permission.NOTICE_READ)
def mark_read(session: Session, actor: Actor, notice_id: UUID) -> Notice:
    """Note that the person has seen it; the first time counts."""
    notice = queries.get(session, actor, notice_id)
    notice.read_at = notice.read_at or clock.now()
    session.flush()
    return notice


@requires(Permission.NOTICE_READ)
def mark_all_read(session: Session, actor: Actor) -> None:
    """Everything up to now has been seen."""
    session.execute(
        update(Notice)
        .where(
            Notice.person_id == actor.person_id,
            Notice.organisation_id == actor.org_id,
            Notice.read_at.is_(None),
        )
        .values(read_at=clock.now())
    )
