"""Create customers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OURS = "seller_id = app_org()"
# code, recency, frequency and monetary ranges; the first row that holds a customer's scores counts
STANDARD_SEGMENTS = (
    ("champions", (4, 5), (4, 5), (4, 5)),
    ("loyal", (3, 5), (4, 5), (1, 5)),
    ("big_spenders", (3, 5), (1, 5), (5, 5)),
    ("new", (5, 5), (1, 1), (1, 5)),
    ("promising", (4, 5), (1, 3), (1, 5)),
    ("need_attention", (3, 3), (1, 5), (1, 5)),
    ("at_risk", (1, 2), (3, 5), (1, 5)),
    ("hibernating", (1, 2), (1, 5), (1, 5)),
)


def upgrade() -> None:
    _customers()
    _orders()
    _interactions()
    _settings()


def _customers() -> None:
    op.create_table(
        "customer",
        c.identifier(),
        c.version(),
        c.reference("seller_id", "organisation"),
        c.reference("buyer_id", "organisation"),
        c.currency(),
        sa.Column("orders", sa.Integer, nullable=False, server_default="0"),
        sa.Column("foreign_orders", sa.Integer, nullable=False, server_default="0"),
        _sum("revenue"),
        _sum("refunded"),
        c.instant("first_order_at"),
        c.instant("last_order_at"),
        c.amount("acquisition_cost", nullable=True),
        sa.Column("recency_score", sa.SmallInteger),
        sa.Column("frequency_score", sa.SmallInteger),
        sa.Column("monetary_score", sa.SmallInteger),
        c.text("segment", nullable=True),
        c.amount("lifetime_value", nullable=True),
        sa.Column("low_data", sa.Boolean),
        c.choice(
            "churn",
            "churnhint",
            "active",
            "slowing",
            "at_risk",
            "lost",
            "low_data",
            nullable=True,
        ),
        c.instant("scored_at"),
        c.created_at(),
        sa.UniqueConstraint("seller_id", "buyer_id"),
    )
    op.create_index("ix_customer_seller_id_segment", "customer", ["seller_id", "segment"])
    op.create_index(
        "ix_customer_seller_id_last_order_at", "customer", ["seller_id", "last_order_at"]
    )
    rls.protect("customer", OURS)


def _orders() -> None:
    op.create_table(
        "customer_order",
        sa.Column("order_id", c.UUID, primary_key=True),
        c.reference("customer_id", "customer"),
        c.reference("seller_id"),
        c.text("number"),
        c.amount("net"),
        _sum("refunded"),
        c.currency(),
        c.instant("ordered_at", nullable=False),
        c.instant("completed_at", nullable=False),
        sa.CheckConstraint("refunded BETWEEN 0 AND net", name="refunded"),
    )
    op.create_index(
        "ix_customer_order_customer_id_ordered_at", "customer_order", ["customer_id", "ordered_at"]
    )
    rls.protect("customer_order", OURS)
    op.create_table(
        "customer_invoice",
        sa.Column("invoice_id", c.UUID, primary_key=True),
        c.reference("order_id"),
        c.amount("gross"),
    )
    op.create_table(
        "customer_refund",
        sa.Column("refund_id", c.UUID, primary_key=True),
        c.reference("order_id"),
        c.amount("net"),
    )
    # bookkeeping of the worker; no request reads it
    rls.force("customer_invoice")
    rls.force("customer_refund")


def _interactions() -> None:
    op.create_table(
        "customer_interaction",
        c.identifier(),
        c.reference("customer_id", "customer"),
        c.reference("seller_id"),
        c.choice(
            "kind", "interactionkind", "call", "email", "meeting", "visit", "complaint", "note"
        ),
        c.day("held_on", nullable=False),
        c.text("subject"),
        sa.Column("notes", sa.Text, nullable=False, server_default=""),
        c.day("follow_up_on"),
        c.reference("person_id", nullable=True),
        c.created_at(),
    )
    op.create_index(
        "ix_customer_interaction_customer_id_held_on_id",
        "customer_interaction",
        ["customer_id", "held_on", "id"],
    )
    rls.protect("customer_interaction", OURS)


def _settings() -> None:
    ranges = [
        f"{name}_{end}" for name in ("recency", "frequency", "monetary") for end in ("from", "to")
    ]
    segments = op.create_table(
        "customer_segment_rule",
        c.identifier(),
        c.reference("seller_id", "organisation", nullable=True),
        sa.Column("position", sa.Integer, nullable=False),
        c.text("code"),
        *(sa.Column(name, sa.SmallInteger, nullable=False) for name in ranges),
        sa.UniqueConstraint("seller_id", "position", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint(
            "recency_from BETWEEN 1 AND recency_to AND recency_to <= 5"
            " AND frequency_from BETWEEN 1 AND frequency_to AND frequency_to <= 5"
            " AND monetary_from BETWEEN 1 AND monetary_to AND monetary_to <= 5",
            name="ranges",
        ),
    )
    op.bulk_insert(
        segments,
        [
            {"position": place, "code": code}
            | dict(zip(ranges, (*recency, *frequency, *monetary), strict=True))
            for place, (code, recency, frequency, monetary) in enumerate(STANDARD_SEGMENTS, 1)
        ],
    )
    rls.protect(
        "customer_segment_rule",
        f"{OURS} OR (seller_id IS NULL AND app_org() IS NOT NULL)",
        OURS,
    )
    op.create_table(
        "customer_seller_settings",
        c.version(),
        sa.Column("seller_id", c.UUID, sa.ForeignKey("organisation.id"), primary_key=True),
        c.currency(),
        sa.Column("relation_years", sa.Numeric(19, 6), nullable=False, server_default="4"),
        _sum("acquisition_cost"),
        sa.CheckConstraint("relation_years > 0 AND relation_years <= 50", name="relation_years"),
        sa.CheckConstraint("acquisition_cost >= 0 AND acquisition_cost < 1e13", name="cost"),
    )
    rls.protect("customer_seller_settings", OURS)


def _sum(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(19, 4), nullable=False, server_default="0")
