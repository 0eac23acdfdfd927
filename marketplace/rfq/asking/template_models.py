"""The table of RFQ templates."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId, HasVersion
from marketplace.rfq.terms.kinds import RfqKind


class RfqTemplate(HasId, HasVersion, HasCreated, Base):
    """What an RFQ asked for, kept under a name. It lives on when that RFQ changes.

    ``content`` is as `template_content` writes it, and read only when a draft is made of it.
    """

    __tablename__ = "rfq_template"
    __table_args__ = (UniqueConstraint("buyer_id", "name"),)

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    kind: Mapped[RfqKind] = mapped_column(default=RfqKind.RFQ, server_default=RfqKind.RFQ.value)
    title: Mapped[str]
    line_count: Mapped[int]
    supplier_count: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, deferred=True)
    created_by: Mapped[UUID | None]
