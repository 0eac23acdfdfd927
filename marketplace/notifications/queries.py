"""Reads of notices: each person sees their own, in the organisation they act for."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.notifications.models import Notice

# Whoever has not read it for a month will not: the bell should count what is news.
NEWS = timedelta(days=30)


def visible_to(actor: Actor) -> Select[Notice]:
    return select(Notice).where(
        Notice.person_id == actor.person_id, Notice.organisation_id == actor.org_id
    )


def search(
    session: Session,
    actor: Actor,
    *,
    unread: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Notice]:
    """A page of one's notices, newest first."""
    query = visible_to(actor)
    if unread:
        query = query.where(Notice.read_at.is_(None))
    return paginate(session, query, order=(Notice.id.desc(),), cursor=cursor, limit=limit)


def get(session: Session, actor: Actor, notice_id: UUID) -> Notice:
    """One's own notice, or NotFound."""
    notice = session.scalar(visible_to(actor).where(Notice.id == notice_id))
    if notice is None:
        raise NotFound(_("There is no such notice."))
    return notice


def unread_count(session: Session, actor: Actor) -> int:
    """How many notices of the last month have not been read."""
    news = (
        visible_to(actor)
        .where(Notice.read_at.is_(None), Notice.created_at > clock.now() - NEWS)
        .with_only_columns(func.count())
    )
    return session.scalar(news) or 0
