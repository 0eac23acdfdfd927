"""Document numbers without gaps: one series per organisation, kind and year."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base


class NumberSeries(Base):
    """The last number given. The row stays locked until the transaction ends: no gaps."""

    __tablename__ = "number_series"

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


def next_number(session: Session, org_id: UUID, prefix: str) -> str:
    """The next number of the series, e.g. ``RFQ-2026-00001``."""
    return next_numbers(session, org_id, prefix, 1)[0]


def next_numbers(session: Session, org_id: UUID, prefix: str, count: int) -> list[str]:
    """As `next_number`, several at once."""
    year = clock.now().year
    statement = insert(NumberSeries).values(org_id=org_id, prefix=prefix, year=year, last=count)
    last = session.execute(
        statement.on_conflict_do_update(
            index_elements=["org_id", "prefix", "year"],
            set_={"last": NumberSeries.last + count},
        ).returning(func.coalesce(NumberSeries.last, 0))
    ).scalar_one()
    return [f"{prefix}-{year}-{number:05d}" for number in range(last - count + 1, last + 1)]
