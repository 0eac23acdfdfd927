"""How a draft is taken up for a change, and how the change is noted on it."""

from uuid import UUID

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from marketplace.core import clock
from marketplace.core.db import check_version
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq


def editable(session: Session, actor: Actor, rfq_id: UUID, expected: int | None) -> Rfq:
    """The actor's draft, locked, in the version that they saw; a refusal when it is no draft."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "edit")
    check_version(rfq, expected)
    return rfq


def touch(rfq: Rfq) -> None:
    """Note a change of the content, so that the version grows although no field differs."""
    rfq.changed_at = clock.now()
    flag_modified(rfq, "changed_at")
