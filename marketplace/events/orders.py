"""What orders announce, from the first draft to the last delivery paid."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class OrderCreated(Event):
    name: ClassVar[str] = "orders.created"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str


@event
@dataclass(frozen=True)
class OrderApproved(Event):
    name: ClassVar[str] = "orders.approved"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    approved_at: datetime


@event
@dataclass(frozen=True)
class OrderIssued(Event):
    """The order binds the buyer from now on; the supplier sees it."""

    name: ClassVar[str] = "orders.issued"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    issued_at: datetime


@event
@dataclass(frozen=True)
class OrderAcknowledged(Event):
    name: ClassVar[str] = "orders.acknowledged"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    issued_at: datetime
    acknowledged_at: datetime


@event
@dataclass(frozen=True)
class OrderRefused(Event):
    name: ClassVar[str] = "orders.refused"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    refused_at: datetime


@event
@dataclass(frozen=True)
class OrderCancelled(Event):
    name: ClassVar[str] = "orders.cancelled"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    was_issued: bool
    cancelled_at: datetime


@dataclass(frozen=True)
class ReceivedLine:
    """One line of a delivery: what it brought, and when the line was due."""

    line_no: int
    ordered: Decimal
    accepted: Decimal
    rejected: Decimal
    unit: str
    due_on: date | None
    received_on: date


@event
@dataclass(frozen=True)
class GoodsReceived(Event):
    name: ClassVar[str] = "orders.goods_received"

    receipt_id: UUID
    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    received_at: datetime
    lines: tuple[ReceivedLine, ...]


@event
@dataclass(frozen=True)
class GoodsReturned(Event):
    name: ClassVar[str] = "orders.goods_returned"

    return_id: UUID
    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    returned_at: datetime


@event
@dataclass(frozen=True)
class OrderCompleted(Event):
    """Delivered (or closed short), invoiced and paid.

    Carries the plain figures that supplier KPIs, loyalty and customer analytics need, because
    those packages lie below orders and cannot ask. Quantities are sums over the lines, each in
    the line's own unit; `on_time_quantity` counts what was accepted on or before the due day.
    """

    name: ClassVar[str] = "orders.completed"

    order_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    number: str
    net: Decimal
    currency: str
    ordered_at: datetime
    completed_at: datetime
    due_quantity: Decimal
    on_time_quantity: Decimal
    received_quantity: Decimal
    rejected_quantity: Decimal
    agreed_net: Decimal
    invoiced_net: Decimal
