"""Whose data a transaction may touch: the second layer, enforced by PostgreSQL itself.

Policies compare rows with the settings ``app.org`` and ``app.kind``, which live as long as the
transaction. Without them the application role sees no tenant's row.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_ENTER = text("SELECT set_config('app.org', :org, true), set_config('app.kind', :kind, true)")


def enter(session: Session, org_id: UUID | None, kind: str = "") -> None:
    """Act for this organisation until the transaction ends."""
    session.execute(_ENTER, {"org": str(org_id) if org_id else "", "kind": kind})
