"""Reads of loyalty that need a permission."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.loyalty import queries
from marketplace.loyalty.models import Account, Movement, Programme, Redemption


@requires(Permission.LOYALTY_READ)
def programmes(session: Session, actor: Actor) -> Sequence[Programme]:
    """The programmes that the actor may see."""
    return queries.programmes(session, actor)


@requires(Permission.LOYALTY_READ)
def programme(session: Session, actor: Actor, programme_id: UUID) -> Programme:
    """One programme, or NotFound."""
    return queries.programme(session, actor, programme_id)


@requires(Permission.LOYALTY_READ)
def accounts(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[queries.AccountView]:
    """A page of the accounts that the actor may see."""
    return queries.search_accounts(session, actor, clock.now(), cursor=cursor, limit=limit)


@requires(Permission.LOYALTY_READ)
def account(session: Session, actor: Actor, account_id: UUID) -> Account:
    """One account, or NotFound."""
    return queries.account(session, actor, account_id)


@requires(Permission.LOYALTY_READ)
def ledger(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Movement]:
    """A page of the account's movements."""
    return queries.ledger(session, actor, account_id, cursor=cursor, limit=limit)


@requires(Permission.LOYALTY_READ)
def redemptions(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Redemption]:
    """A page of the account's redemptions."""
    return queries.redemptions(session, actor, account_id, cursor=cursor, limit=limit)
