"""Programmes, rewards and points."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.events.orders import OrderCompleted
from marketplace.loyalty import ledger
from marketplace.loyalty.models import Account, EarningRule, Lot, Programme, Reward
from marketplace.loyalty.states import MovementKind

EARNED = datetime(2026, 1, 10, 9, tzinfo=UTC)


def platform_programme(session: Session) -> Programme:
    """The one that every installation starts with: one point per euro."""
    return session.scalars(select(Programme).where(Programme.seller_id.is_(None))).one()


def make_programme(
    session: Session, seller_id: UUID, *, points_per_unit: str = "1", **overrides: Any
) -> Programme:
    programme = Programme(seller_id=seller_id, **({"name": "Own points"} | overrides))
    session.add(programme)
    session.flush()
    session.add(
        EarningRule(
            programme_id=programme.id,
            currency="EUR",
            from_net=Decimal(0),
            points_per_unit=Decimal(points_per_unit),
        )
    )
    session.flush()
    return programme


def make_reward(session: Session, programme: Programme, points: int = 100) -> Reward:
    reward = Reward(
        programme_id=programme.id,
        name=f"Voucher for {points}",
        points=points,
        amount=Decimal(10),
        currency="EUR",
    )
    session.add(reward)
    session.flush()
    return reward


def make_account(session: Session, programme: Programme, organisation_id: UUID) -> Account:
    return ledger.locked_account(session, programme.id, organisation_id)


def make_lot(
    session: Session,
    account: Account,
    points: int,
    expires_at: datetime,
    at: datetime = EARNED,
) -> Lot:
    return ledger.add_lot(session, account, MovementKind.EARN, points, at, expires_at)


def order_completed(
    buyer_id: UUID, supplier_id: UUID, net: str = "1000.00", **overrides: Any
) -> OrderCompleted:
    values: dict[str, Any] = {
        "order_id": uuid4(),
        "buyer_id": buyer_id,
        "supplier_id": supplier_id,
        "number": "PO-2026-00001",
        "net": Decimal(net),
        "currency": "EUR",
        "ordered_at": EARNED,
        "completed_at": EARNED,
        "due_quantity": Decimal(1),
        "on_time_quantity": Decimal(1),
        "received_quantity": Decimal(1),
        "rejected_quantity": Decimal(0),
        "agreed_net": Decimal(net),
        "invoiced_net": Decimal(net),
    }
    return OrderCompleted(**(values | overrides))
