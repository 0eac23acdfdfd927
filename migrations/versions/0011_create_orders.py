"""Create orders."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATES = (
    "draft", "awaiting_approval", "approved", "issued", "acknowledged", "refused",
    "partly_received", "received", "completed", "replaced", "cancelled",
)  # fmt: skip
# the supplier knows an order from its issue on
PARTIES = "buyer_id = app_org() OR supplier_id = app_org()"
ORDER_PARTIES = "buyer_id = app_org() OR supplier_id = app_org() AND issued_at IS NOT NULL"


def upgrade() -> None:
    orders()
    lines()
    receipts()
    returns()
    invoices()


def orders() -> None:
    op.create_table(
        "purchase_order",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.reference("supplier_id", "organisation"),
        c.text("supplier_name"),
        c.text("number"),
        sa.Column("revision", sa.Integer, nullable=False),
        c.reference("replaces_id", "purchase_order", nullable=True),
        c.text("title"),
        c.choice("state", "orderstate", *STATES),
        c.currency(),
        c.text("category"),
        c.text("cost_centre", nullable=True),
        c.text("note"),
        sa.Column("over_delivery_percent", sa.Numeric(5, 2), nullable=False),
        sa.Column("issue_when_approved", sa.Boolean, nullable=False),
        sa.Column("payment_terms_days", sa.Integer, nullable=True),
        c.reference("rfq_id", nullable=True),
        c.reference("award_id", nullable=True),
        c.amount("net"),
        c.amount("tax"),
        c.amount("gross"),
        c.text("fingerprint"),
        sa.Column("approved_content", c.JSONB, nullable=True),
        sa.Column("author_ids", c.UUIDS, nullable=False),
        c.reference("created_by", "person", nullable=True),
        c.instant("submitted_at"),
        c.instant("approved_at"),
        c.instant("issued_at"),
        c.instant("acknowledged_at"),
        c.text("supplier_reference", nullable=True),
        c.instant("refused_at"),
        c.text("refusal_reason", nullable=True),
        c.instant("cancelled_at"),
        c.text("cancel_reason", nullable=True),
        c.instant("closed_at"),
        c.instant("completed_at"),
        c.instant("last_movement_at"),
        c.reference("document_id", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "number", "revision"),
        sa.UniqueConstraint("award_id", "supplier_id", "revision"),
        sa.CheckConstraint("net >= 0 AND net < 1e13", name="net"),
        sa.CheckConstraint("gross >= net AND gross < 1e13", name="gross"),
        sa.CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name="payment_terms_days"),
        sa.CheckConstraint("over_delivery_percent BETWEEN 0 AND 100", name="over_delivery_percent"),
    )
    for columns in (
        ["buyer_id", "created_at", "id"],
        ["buyer_id", "state", "created_at", "id"],
        ["supplier_id", "created_at", "id"],
        ["supplier_id", "state", "created_at", "id"],
        ["rfq_id"],
    ):
        op.create_index(f"ix_purchase_order_{'_'.join(columns)}", "purchase_order", columns)
    op.create_index(
        "ix_purchase_order_open",
        "purchase_order",
        ["buyer_id"],
        postgresql_where=sa.text("state IN ('issued', 'acknowledged', 'partly_received')"),
    )
    rls.protect("purchase_order", ORDER_PARTIES)


def lines() -> None:
    op.create_table(
        "order_line",
        c.identifier(),
        sa.Column(
            "order_id",
            c.UUID,
            sa.ForeignKey("purchase_order.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("line_no", sa.Integer, nullable=False),
        c.reference("item_id", nullable=True),
        c.reference("rfq_line_id", nullable=True),
        c.text("sku", nullable=True),
        c.text("description"),
        c.text("category"),
        c.decimal("quantity"),
        c.unit(),
        c.decimal("unit_price"),
        c.decimal("base_quantity"),
        sa.Column("tax_rate", sa.Numeric(5, 2), nullable=False),
        c.amount("net"),
        c.text("delivery_place"),
        c.day("due_on"),
        c.day("confirmed_on"),
        c.decimal("accepted"),
        c.decimal("rejected"),
        c.decimal("returned_accepted"),
        c.decimal("returned_rejected"),
        c.decimal("invoiced"),
        c.decimal("cancelled"),
        sa.UniqueConstraint("order_id", "line_no"),
        sa.CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity"),
        sa.CheckConstraint("unit_price >= 0 AND unit_price < 1e13", name="unit_price"),
        sa.CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity"),
        sa.CheckConstraint("tax_rate BETWEEN 0 AND 100", name="tax_rate"),
        sa.CheckConstraint(
            "accepted >= returned_accepted AND returned_accepted >= 0", name="accepted"
        ),
        sa.CheckConstraint(
            "rejected >= returned_rejected AND returned_rejected >= 0", name="rejected"
        ),
        sa.CheckConstraint("invoiced >= 0", name="invoiced"),
        sa.CheckConstraint("cancelled BETWEEN 0 AND quantity", name="cancelled"),
    )
    rls.protect("order_line", "EXISTS (SELECT 1 FROM purchase_order o WHERE o.id = order_id)")


def receipts() -> None:
    op.create_table(
        "receipt",
        c.identifier(),
        c.reference("order_id", "purchase_order"),
        c.reference("buyer_id", "organisation"),
        c.reference("supplier_id", "organisation"),
        c.text("number"),
        c.text("delivery_note"),
        c.day("received_on", nullable=False),
        c.reference("received_by", "person"),
        c.text("note"),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "number"),
    )
    for columns in (
        ["order_id", "created_at"],
        ["buyer_id", "created_at", "id"],
        ["supplier_id", "created_at", "id"],
    ):
        op.create_index(f"ix_receipt_{'_'.join(columns)}", "receipt", columns)
    rls.protect("receipt", PARTIES)
    op.create_table(
        "receipt_line",
        c.identifier(),
        sa.Column(
            "receipt_id", c.UUID, sa.ForeignKey("receipt.id", ondelete="CASCADE"), nullable=False
        ),
        c.reference("order_line_id", "order_line"),
        sa.Column("line_no", sa.Integer, nullable=False),
        c.unit(),
        c.decimal("accepted"),
        c.decimal("rejected"),
        c.text("reason"),
        c.decimal("returned_accepted"),
        c.decimal("returned_rejected"),
        sa.UniqueConstraint("receipt_id", "order_line_id"),
        sa.CheckConstraint("accepted >= 0 AND accepted < 1e13", name="accepted"),
        sa.CheckConstraint("rejected >= 0 AND rejected < 1e13", name="rejected"),
        sa.CheckConstraint("accepted + rejected > 0", name="something"),
        sa.CheckConstraint(
            "returned_accepted BETWEEN 0 AND accepted AND returned_rejected BETWEEN 0 AND rejected",
            name="returned",
        ),
    )
    op.create_index("ix_receipt_line_order_line_id", "receipt_line", ["order_line_id"])
    rls.protect("receipt_line", "EXISTS (SELECT 1 FROM receipt r WHERE r.id = receipt_id)")


def returns() -> None:
    op.create_table(
        "goods_return",
        c.identifier(),
        c.reference("order_id", "purchase_order"),
        c.reference("buyer_id", "organisation"),
        c.reference("supplier_id", "organisation"),
        c.text("number"),
        c.text("reason"),
        c.reference("returned_by", "person"),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "number"),
    )
    op.create_index(
        "ix_goods_return_order_id_created_at", "goods_return", ["order_id", "created_at"]
    )
    rls.protect("goods_return", PARTIES)
    op.create_table(
        "return_line",
        c.identifier(),
        sa.Column(
            "return_id",
            c.UUID,
            sa.ForeignKey("goods_return.id", ondelete="CASCADE"),
            nullable=False,
        ),
        c.reference("receipt_line_id", "receipt_line"),
        c.choice("bucket", "bucket", "accepted", "rejected"),
        c.decimal("quantity"),
        c.unit(),
        sa.CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity"),
    )
    op.create_index("ix_return_line_return_id", "return_line", ["return_id"])
    op.create_index("ix_return_line_receipt_line_id", "return_line", ["receipt_line_id"])
    rls.protect("return_line", "EXISTS (SELECT 1 FROM goods_return r WHERE r.id = return_id)")


def invoices() -> None:
    op.create_table(
        "order_invoice",
        c.identifier(),
        c.reference("order_id", "purchase_order"),
        c.reference("invoice_id"),
        c.amount("net"),
        c.instant("paid_at"),
        c.created_at(),
        sa.UniqueConstraint("invoice_id"),
    )
    op.create_index("ix_order_invoice_order_id", "order_invoice", ["order_id"])
    rls.protect("order_invoice", "EXISTS (SELECT 1 FROM purchase_order o WHERE o.id = order_id)")
