"""Points in and out of lots. Whoever calls holds the lock of the account."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.ids import uuid7
from marketplace.loyalty import queries, rules
from marketplace.loyalty.models import Account, EarningRule, Lot, Movement, Programme
from marketplace.loyalty.rules import Take
from marketplace.loyalty.states import MovementKind


def locked_account(session: Session, programme_id: UUID, organisation_id: UUID) -> Account:
    """The account, made if need be, and locked."""
    session.execute(
        insert(Account)
        .values(id=uuid7(), programme_id=programme_id, organisation_id=organisation_id)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Account)
        .where(Account.programme_id == programme_id, Account.organisation_id == organisation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def earn(
    session: Session,
    account: Account,
    programme: Programme,
    rule: EarningRule,
    *,
    order_id: UUID,
    net: Decimal,
    at: datetime,
) -> Lot | None:
    """The lot of an order; None when the order has earned before or earns no whole point."""
    points = rules.points_of(net, rule.points_per_unit)
    known = session.scalar(
        select(Lot.id).where(Lot.account_id == account.id, Lot.order_id == order_id)
    )
    if known is not None or points == 0:
        return None
    lot = add_lot(
        session,
        account,
        MovementKind.EARN,
        points,
        at,
        rules.expiry_of(at, programme.valid_months),
        order_id=order_id,
        net=net,
        points_per_unit=rule.points_per_unit,
    )
    _repay(session, account, lot, at)
    return lot


def add_lot(
    session: Session,
    account: Account,
    kind: MovementKind,
    points: int,
    at: datetime,
    expires_at: datetime,
    *,
    order_id: UUID | None = None,
    net: Decimal | None = None,
    points_per_unit: Decimal | None = None,
    redemption_id: UUID | None = None,
) -> Lot:
    """A new lot with the movement that fills it."""
    lot = Lot(
        account_id=account.id,
        order_id=order_id,
        net=net,
        points_per_unit=points_per_unit,
        points=points,
        remaining=points,
        earned_at=at,
        expires_at=expires_at,
    )
    session.add(lot)
    session.flush()
    _move(session, lot, kind, points, at, order_id=order_id, redemption_id=redemption_id)
    return lot


def take(
    session: Session,
    lots: Iterable[Lot],
    takes: Iterable[Take],
    kind: MovementKind,
    at: datetime,
    *,
    order_id: UUID | None = None,
    redemption_id: UUID | None = None,
) -> None:
    """Take points out of lots, one movement for each."""
    by_id = {lot.id: lot for lot in lots}
    for taken in takes:
        lot = by_id[taken.lot_id]
        lot.remaining -= taken.points
        _move(session, lot, kind, -taken.points, at, order_id=order_id, redemption_id=redemption_id)
    session.flush()


def reverse(session: Session, account: Account, lot: Lot, points: int, at: datetime) -> None:
    """Take back points of an order: from its lot, then from other open lots, the rest is owed."""
    lot.reversed += points
    own = min(points, lot.remaining if lot.expires_at > at else 0)
    if own:
        take(session, [lot], [Take(lot.id, own)], MovementKind.REVERSE, at, order_id=lot.order_id)
    # Points of this lot that expired unspent have gone already and are not asked for again.
    rest = points - own - _expired(session, lot, at)
    if rest <= 0:
        return
    others = queries.open_lots(session, account.id, at)
    taken = rules.partial_takes(others, rest, at)
    take(session, others, taken, MovementKind.REVERSE, at, order_id=lot.order_id)
    account.debt += rest - sum(part.points for part in taken)
    session.flush()


def expire(session: Session, lot: Lot) -> None:
    """Write off what is left of a lot, at the moment of its expiry."""
    if lot.remaining:
        take(
            session,
            [lot],
            [Take(lot.id, lot.remaining)],
            MovementKind.EXPIRE,
            lot.expires_at,
            order_id=lot.order_id,
        )


def _expired(session: Session, lot: Lot, at: datetime) -> int:
    """Points of the lot that its holder lost by expiry, written off or about to be."""
    written_off = session.scalars(
        select(Movement.points).where(
            Movement.lot_id == lot.id, Movement.kind == MovementKind.EXPIRE
        )
    ).all()
    pending = lot.remaining if lot.expires_at <= at else 0
    return pending - sum(written_off)


def _repay(session: Session, account: Account, lot: Lot, at: datetime) -> None:
    """New points first repay those owed."""
    owed = min(account.debt, lot.remaining)
    if owed:
        account.debt -= owed
        take(session, [lot], [Take(lot.id, owed)], MovementKind.REPAY, at, order_id=lot.order_id)


def _move(
    session: Session,
    lot: Lot,
    kind: MovementKind,
    points: int,
    at: datetime,
    *,
    order_id: UUID | None,
    redemption_id: UUID | None,
) -> None:
    session.add(
        Movement(
            account_id=lot.account_id,
            lot_id=lot.id,
            kind=kind,
            points=points,
            occurred_at=at,
            order_id=order_id,
            redemption_id=redemption_id,
        )
    )
