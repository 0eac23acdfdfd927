"""Reads of programmes, accounts and the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.loyalty.models import (
    Account,
    EarningRule,
    Lot,
    Movement,
    Programme,
    Redemption,
    Reward,
)
from marketplace.loyalty.states import ProgrammeState


@dataclass(frozen=True)
class AccountView:
    """An account with what its holder wants to know."""

    account: Account
    programme: Programme
    balance: int
    lots: Sequence[Lot]

    @property
    def expiring(self) -> Sequence[Lot]:
        return self.lots[:3]

    @property
    def id(self) -> UUID:
        return self.account.id

    @property
    def debt(self) -> int:
        return self.account.debt


def programmes_visible_to(actor: Actor) -> Select[Programme]:
    """Every active programme is public to buyers; paused ones to who runs them."""
    if actor.org_kind is OrgKind.SUPPLIER:
        return select(Programme).where(
            or_(Programme.seller_id == actor.org_id, Programme.seller_id.is_(None))
        )
    return select(Programme)


def programmes(session: Session, actor: Actor) -> Sequence[Programme]:
    """The programmes that the actor may see, the platform's first."""
    return session.scalars(
        programmes_visible_to(actor).order_by(
            Programme.seller_id.is_not(None), Programme.name, Programme.id
        )
    ).all()


def programme(
    session: Session, actor: Actor, programme_id: UUID, *, lock: bool = False
) -> Programme:
    """The programme, or NotFound."""
    query = programmes_visible_to(actor).where(Programme.id == programme_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such programme."))
    return found


def programme_for(session: Session, seller_id: UUID) -> Programme | None:
    """Where orders from this seller earn: its own active programme, else the platform's."""
    found = session.scalars(
        select(Programme)
        .where(
            Programme.state == ProgrammeState.ACTIVE,
            or_(Programme.seller_id == seller_id, Programme.seller_id.is_(None)),
        )
        .order_by(Programme.seller_id.is_(None))
    )
    return found.first()


def rules(session: Session, programme_ids: Iterable[UUID]) -> dict[UUID, list[EarningRule]]:
    """Earning rules by programme, lowest amount first."""
    found: dict[UUID, list[EarningRule]] = {pid: [] for pid in programme_ids}
    rows = session.scalars(
        select(EarningRule)
        .where(EarningRule.programme_id.in_(found))
        .order_by(EarningRule.currency, EarningRule.from_net)
    )
    for row in rows:
        found[row.programme_id].append(row)
    return found


def rewards(session: Session, programme_id: UUID, *, active: bool = True) -> Sequence[Reward]:
    """What points buy in a programme, cheapest first."""
    query = select(Reward).where(Reward.programme_id == programme_id)
    if active:
        query = query.where(Reward.active)
    return session.scalars(query.order_by(Reward.points, Reward.id)).all()


def accounts_visible_to(actor: Actor) -> Select[Account]:
    """An organisation sees its own accounts; a seller those of its programme; the operator all."""
    if actor.org_kind is OrgKind.OPERATOR:
        return select(Account)
    own_programmes = select(Programme.id).where(Programme.seller_id == actor.org_id)
    return select(Account).where(
        or_(Account.organisation_id == actor.org_id, Account.programme_id.in_(own_programmes))
    )


def account(session: Session, actor: Actor, account_id: UUID, *, lock: bool = False) -> Account:
    """The account, or NotFound."""
    query = accounts_visible_to(actor).where(Account.id == account_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such points account."))
    return found


def search_accounts(
    session: Session, actor: Actor, at: datetime, *, cursor: str | None = None, limit: int = 50
) -> Page[AccountView]:
    """A page of accounts with their balances, oldest first."""
    page = paginate(
        session,
        accounts_visible_to(actor),
        order=(Account.created_at, Account.id),
        cursor=cursor,
        limit=limit,
    )
    return Page(views(session, page.items, at), page.next_cursor)


def own_accounts(session: Session, actor: Actor, at: datetime) -> list[AccountView]:
    """The accounts of the actor's own organisation."""
    accounts = session.scalars(
        select(Account)
        .where(Account.organisation_id == actor.org_id)
        .order_by(Account.created_at, Account.id)
    ).all()
    return views(session, accounts, at)


def views(session: Session, accounts: Sequence[Account], at: datetime) -> list[AccountView]:
    """Accounts with programme, balance and open lots, in three statements whatever their number."""
    programmes = {
        row.id: row
        for row in session.scalars(
            select(Programme).where(Programme.id.in_({a.programme_id for a in accounts}))
        )
    }
    lots: dict[UUID, list[Lot]] = {account.id: [] for account in accounts}
    for lot in session.scalars(_open_lots(lots, at)):
        lots[lot.account_id].append(lot)
    return [
        AccountView(
            account=account,
            programme=programmes[account.programme_id],
            balance=sum(lot.remaining for lot in lots[account.id]),
            lots=lots[account.id],
        )
        for account in accounts
    ]


def open_lots(session: Session, account_id: UUID, at: datetime) -> Sequence[Lot]:
    """Lots with points left, the one that expires first in front."""
    return session.scalars(_open_lots([account_id], at)).all()


def balance(session: Session, account_id: UUID, at: datetime) -> int:
    """Points at any moment, past or present: what had moved by then in lots open at the time."""
    total = session.scalar(
        select(func.coalesce(func.sum(Movement.points), 0))
        .join(Lot, Lot.id == Movement.lot_id)
        .where(
            Movement.account_id == account_id,
            Movement.occurred_at <= at,
            Lot.expires_at > at,
        )
    )
    return int(total or 0)


def ledger(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Movement]:
    """A page of the account's movements, newest first."""
    account(session, actor, account_id)
    return paginate(
        session,
        select(Movement).where(Movement.account_id == account_id),
        order=(Movement.occurred_at.desc(), Movement.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def redemptions(
    session: Session,
    actor: Actor,
    account_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Redemption]:
    """A page of the account's redemptions, newest first."""
    account(session, actor, account_id)
    return paginate(
        session,
        select(Redemption).where(Redemption.account_id == account_id),
        order=(Redemption.created_at.desc(), Redemption.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def redemption(
    session: Session, account_id: UUID, redemption_id: UUID, *, lock: bool = False
) -> Redemption:
    """One redemption of the account, or NotFound."""
    query = select(Redemption).where(
        Redemption.account_id == account_id, Redemption.id == redemption_id
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such redemption."))
    return found


def _open_lots(account_ids: Iterable[UUID], at: datetime) -> Select[Lot]:
    return (
        select(Lot)
        .where(Lot.account_id.in_(list(account_ids)), Lot.remaining > 0, Lot.expires_at > at)
        .order_by(Lot.expires_at, Lot.id)
    )
