"""When the service could not be reached: what stands between a deadline and its bids.

Somebody who looks at the service from outside notes each time that it answered (`beat`). A silence
that is longer than tolerated becomes an outage once the next answer comes, whatever had failed:
web, database, network, or the one who looks. While a silence lasts it counts as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base, HasId

# A process that is replaced is away for less than this.
TOLERATED = timedelta(seconds=60)
ONLY = 1


class Beat(Base):
    """The one row: when the service was last seen to answer."""

    __tablename__ = "service_beat"
    __table_args__ = (CheckConstraint("id = 1", name="only"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]


class Outage(HasId, Base):
    """A silence between two answers."""

    __tablename__ = "service_outage"
    __table_args__ = (CheckConstraint("began_at < ended_at", name="order"), Index(None, "ended_at"))

    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]


@dataclass(frozen=True)
class Silence:
    """From the last answer before to the first one after; None while it lasts."""

    began_at: datetime
    ended_at: datetime | None


def beat(session: Session) -> None:
    """The service answered now. Writes down the outage that this ends, if there was one."""
    now = clock.now()
    session.execute(insert(Beat).values(id=ONLY, seen_at=now).on_conflict_do_nothing())
    last = session.scalars(
        select(Beat).with_for_update().execution_options(populate_existing=True)
    ).one()
    if now - last.seen_at > TOLERATED:
        session.add(Outage(began_at=last.seen_at, ended_at=now))
    last.seen_at = max(last.seen_at, now)


def during(session: Session, start: datetime, end: datetime) -> Sequence[Silence]:
    """Every silence that touches this time, oldest first. Nothing where nobody ever looked."""
    known = session.execute(
        select(Outage.began_at, Outage.ended_at)
        .where(Outage.began_at < end, Outage.ended_at > start)
        .order_by(Outage.began_at)
    )
    found = [Silence(row.began_at, row.ended_at) for row in known]
    seen_at = session.scalar(select(Beat.seen_at))
    if seen_at is not None and clock.now() - seen_at > TOLERATED and seen_at < end:
        found.append(Silence(seen_at, None))
    return found
