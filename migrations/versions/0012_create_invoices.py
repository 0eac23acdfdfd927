"""Create invoices."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# a buyer does not see what the supplier has not sent
BOTH = "supplier_id = app_org() OR (buyer_id = app_org() AND state NOT IN ('draft', 'cancelled'))"
PARENT = "EXISTS (SELECT 1 FROM invoice i WHERE i.id = invoice_id)"


def upgrade() -> None:
    _invoices()
    _lines()
    _findings()
    _tolerances()


def _invoices() -> None:
    op.create_table(
        "invoice",
        c.identifier(),
        c.version(),
        c.choice("kind", "invoicekind", "invoice", "credit_note"),
        c.reference("buyer_id", "organisation"),
        c.reference("supplier_id", "organisation"),
        c.reference("order_id", "purchase_order", nullable=True),
        c.text("order_number", nullable=True),
        c.reference("corrects_id", "invoice", nullable=True),
        c.text("number"),
        c.text("number_key"),
        c.choice(
            "state",
            "invoicestate",
            "draft",
            "submitted",
            "in_variance",
            "matched",
            "approved",
            "paid",
            "rejected",
            "cancelled",
        ),
        c.currency(),
        c.day("issued_on", nullable=False),
        c.day("due_on"),
        c.text("note"),
        c.amount("discount"),
        c.amount("net"),
        c.amount("vat"),
        c.amount("gross"),
        c.amount("credited"),
        c.amount("paid"),
        c.reference("duplicate_of_id", "invoice", nullable=True),
        c.reference("created_by", nullable=True),
        c.instant("submitted_at"),
        c.instant("accepted_at"),
        c.reference("decided_by", nullable=True),
        c.instant("decided_at"),
        c.text("reason", nullable=True),
        c.instant("paid_at"),
        c.created_at(),
        sa.CheckConstraint("gross >= 0 AND gross < 1e13", name="gross"),
        sa.CheckConstraint("net < 1e13 AND vat < 1e13", name="finite"),
        sa.CheckConstraint("kind = 'invoice' OR due_on IS NULL", name="due_on"),
    )
    op.create_index(
        "uq_invoice_number",
        "invoice",
        ["supplier_id", "kind", "number_key", "issued_on"],
        unique=True,
        postgresql_where=sa.text(
            "state NOT IN ('draft', 'rejected', 'cancelled') AND duplicate_of_id IS NULL"
        ),
    )
    for columns in (
        ["supplier_id", "number_key"],
        ["buyer_id", "created_at", "id"],
        ["supplier_id", "created_at", "id"],
        ["order_id"],
        ["corrects_id"],
        ["state", "due_on"],
    ):
        op.create_index(f"ix_invoice_{'_'.join(columns)}", "invoice", columns)
    rls.protect("invoice", BOTH)


def _lines() -> None:
    op.create_table(
        "invoice_line",
        c.identifier(),
        sa.Column(
            "invoice_id", c.UUID, sa.ForeignKey("invoice.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("line_no", sa.Integer, nullable=False),
        c.reference("order_line_id", "order_line", nullable=True),
        c.text("description"),
        c.decimal("quantity"),
        c.unit(),
        c.decimal("unit_price"),
        c.decimal("base_quantity"),
        c.amount("net"),
        sa.Column("vat_rate", sa.Numeric(5, 2), nullable=False),
        c.choice("vat_category", "vatcategory", "S", "Z", "E", "AE", "K", "G", "O"),
        sa.UniqueConstraint("invoice_id", "line_no"),
        sa.CheckConstraint("quantity <> 0 AND abs(quantity) < 1e13", name="quantity"),
        sa.CheckConstraint("unit_price >= 0 AND unit_price < 1e13", name="unit_price"),
        sa.CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity"),
        sa.CheckConstraint("vat_rate BETWEEN 0 AND 100", name="vat_rate"),
    )
    op.create_index("ix_invoice_line_order_line_id", "invoice_line", ["order_line_id"])
    rls.protect("invoice_line", PARENT)


def _findings() -> None:
    op.create_table(
        "invoice_finding",
        c.identifier(),
        sa.Column(
            "invoice_id", c.UUID, sa.ForeignKey("invoice.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=True),
        c.choice(
            "code",
            "findingcode",
            "net_differs",
            "vat_differs",
            "gross_differs",
            "line_net_differs",
            "not_ordered",
            "unit_differs",
            "price_higher",
            "price_lower",
            "quantity_exceeded",
            "vat_rate_differs",
            "currency_differs",
            "probable_duplicate",
            "number_used_before",
        ),
        c.text("expected"),
        c.text("found"),
        c.decimal("difference", nullable=True),
        sa.Column("tolerated", sa.Boolean, nullable=False),
    )
    op.create_index("ix_invoice_finding_invoice_id", "invoice_finding", ["invoice_id"])
    rls.protect("invoice_finding", PARENT)


def _tolerances() -> None:
    op.create_table(
        "match_tolerance",
        c.version(),
        sa.Column("buyer_id", c.UUID, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("price_percent", sa.Numeric(5, 2), nullable=False),
        c.amount("price_amount"),
        sa.Column("quantity_percent", sa.Numeric(5, 2), nullable=False),
        c.amount("rounding"),
        sa.CheckConstraint("price_percent BETWEEN 0 AND 100", name="price_percent"),
        sa.CheckConstraint("quantity_percent BETWEEN 0 AND 100", name="quantity_percent"),
        sa.CheckConstraint("price_amount BETWEEN 0 AND 1000000", name="price_amount"),
        sa.CheckConstraint("rounding BETWEEN 0 AND 100", name="rounding"),
    )
    rls.protect("match_tolerance", "buyer_id = app_org()")
