"""Create loyalty."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# the platform's own programme: one point per euro, a hundred points per euro of discount
PLATFORM = UUID("01900000-0000-7000-8000-000000000001")
RUN_BY_US = "seller_id = app_org() OR (seller_id IS NULL AND app_kind() = 'operator')"
ACCOUNT_SEEN = "EXISTS (SELECT 1 FROM loyalty_account a WHERE a.id = account_id)"
PROGRAMME_SEEN = "EXISTS (SELECT 1 FROM loyalty_programme p WHERE p.id = programme_id)"
PROGRAMME_OURS = (
    "EXISTS (SELECT 1 FROM loyalty_programme p WHERE p.id = programme_id"
    " AND (p.seller_id = app_org() OR (p.seller_id IS NULL AND app_kind() = 'operator')))"
)


def upgrade() -> None:
    _programmes()
    _accounts()
    _refunds()


def _programmes() -> None:
    programme = op.create_table(
        "loyalty_programme",
        c.identifier(),
        c.version(),
        c.reference("seller_id", "organisation", nullable=True),
        c.text("name"),
        c.choice("state", "programmestate", "active", "paused"),
        sa.Column("valid_months", sa.Integer, nullable=False, server_default="24"),
        c.created_at(),
        sa.UniqueConstraint("seller_id", postgresql_nulls_not_distinct=True),
        sa.CheckConstraint("valid_months BETWEEN 1 AND 120", name="valid_months"),
    )
    op.bulk_insert(
        programme, [{"id": PLATFORM, "name": "Marketplace", "state": "active", "valid_months": 24}]
    )
    # customers must know what they may earn: everybody signed in reads, its runner writes
    _readable("loyalty_programme", RUN_BY_US)
    rule = op.create_table(
        "loyalty_rule",
        c.identifier(),
        c.reference("programme_id", "loyalty_programme"),
        c.currency(),
        c.amount("from_net"),
        c.decimal("points_per_unit"),
        sa.UniqueConstraint("programme_id", "currency", "from_net"),
        sa.CheckConstraint(
            "points_per_unit > 0 AND points_per_unit < 1000", name="points_per_unit"
        ),
        sa.CheckConstraint("from_net >= 0 AND from_net < 1e13", name="from_net"),
    )
    op.bulk_insert(
        rule,
        [{"programme_id": PLATFORM, "currency": "EUR", "from_net": 0, "points_per_unit": 1}],
    )
    _readable("loyalty_rule", PROGRAMME_OURS)
    reward = op.create_table(
        "loyalty_reward",
        c.identifier(),
        c.reference("programme_id", "loyalty_programme"),
        c.text("name"),
        sa.Column("points", sa.Integer, nullable=False),
        c.amount("amount"),
        c.currency(),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        c.created_at(),
        sa.CheckConstraint("points > 0", name="points"),
        sa.CheckConstraint("amount > 0 AND amount < 1e13", name="amount"),
    )
    op.bulk_insert(
        reward,
        [
            {
                "programme_id": PLATFORM,
                "name": f"{amount} EUR",
                "points": amount * 100,
                "amount": amount,
                "currency": "EUR",
            }
            for amount in (10, 50, 250)
        ],
    )
    op.create_index(
        "ix_loyalty_reward_programme_id_points", "loyalty_reward", ["programme_id", "points"]
    )
    _readable("loyalty_reward", PROGRAMME_OURS)


def _accounts() -> None:
    op.create_table(
        "loyalty_account",
        c.identifier(),
        c.reference("programme_id", "loyalty_programme"),
        c.reference("organisation_id", "organisation"),
        sa.Column("debt", sa.Integer, nullable=False, server_default="0"),
        c.created_at(),
        sa.UniqueConstraint("programme_id", "organisation_id"),
        sa.CheckConstraint("debt >= 0", name="debt"),
    )
    op.create_index("ix_loyalty_account_organisation_id", "loyalty_account", ["organisation_id"])
    rls.protect(
        "loyalty_account",
        f"organisation_id = app_org() OR app_kind() = 'operator' OR {PROGRAMME_OURS}",
    )
    op.create_table(
        "loyalty_lot",
        c.identifier(),
        c.reference("account_id", "loyalty_account"),
        c.reference("order_id", nullable=True),
        c.amount("net", nullable=True),
        sa.Column("refunded_net", sa.Numeric(19, 4), nullable=False, server_default="0"),
        c.decimal("points_per_unit", nullable=True),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("remaining", sa.Integer, nullable=False),
        sa.Column("reversed", sa.Integer, nullable=False, server_default="0"),
        c.instant("earned_at", nullable=False),
        c.instant("expires_at", nullable=False),
        c.created_at(),
        sa.CheckConstraint("remaining BETWEEN 0 AND points", name="remaining"),
        sa.CheckConstraint("reversed BETWEEN 0 AND points", name="reversed"),
    )
    op.create_index(
        "uq_loyalty_lot_account_id_order_id",
        "loyalty_lot",
        ["account_id", "order_id"],
        unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "ix_loyalty_lot_open",
        "loyalty_lot",
        ["account_id", "expires_at"],
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index("ix_loyalty_lot_order_id", "loyalty_lot", ["order_id"])
    rls.protect("loyalty_lot", ACCOUNT_SEEN)
    _redemptions()
    op.create_table(
        "loyalty_movement",
        c.identifier(),
        c.reference("account_id", "loyalty_account"),
        c.reference("lot_id", "loyalty_lot"),
        c.choice("kind", "movementkind", "earn", "redeem", "expire", "reverse", "restore", "repay"),
        sa.Column("points", sa.Integer, nullable=False),
        c.instant("occurred_at", nullable=False),
        c.reference("order_id", nullable=True),
        c.reference("redemption_id", "loyalty_redemption", nullable=True),
        c.created_at(),
        sa.CheckConstraint("points <> 0", name="points"),
    )
    op.create_index(
        "ix_loyalty_movement_account_id_occurred_at",
        "loyalty_movement",
        ["account_id", "occurred_at"],
    )
    op.create_index("ix_loyalty_movement_redemption_id", "loyalty_movement", ["redemption_id"])
    op.create_index("ix_loyalty_movement_lot_id", "loyalty_movement", ["lot_id"])
    rls.protect("loyalty_movement", ACCOUNT_SEEN)
    rls.append_only("loyalty_movement")


def _redemptions() -> None:
    op.create_table(
        "loyalty_redemption",
        c.identifier(),
        c.version(),
        c.reference("account_id", "loyalty_account"),
        c.reference("reward_id", "loyalty_reward"),
        c.text("reward_name"),
        c.choice("state", "redemptionstate", "granted", "used", "cancelled"),
        sa.Column("points", sa.Integer, nullable=False),
        c.amount("amount"),
        c.currency(),
        c.text("code"),
        c.text("request_key"),
        c.reference("redeemed_by", nullable=True),
        c.instant("redeemed_at", nullable=False),
        c.created_at(),
        sa.UniqueConstraint("account_id", "request_key"),
        sa.UniqueConstraint("code"),
    )
    rls.protect("loyalty_redemption", ACCOUNT_SEEN)


def _refunds() -> None:
    op.create_table(
        "loyalty_reversal",
        sa.Column("refund_id", c.UUID, primary_key=True),
        c.reference("order_id"),
        c.amount("net"),
        c.day("reversed_on", nullable=False),
    )
    op.create_table(
        "loyalty_paid_invoice",
        sa.Column("invoice_id", c.UUID, primary_key=True),
        c.reference("order_id"),
        c.amount("gross"),
    )
    # bookkeeping of the worker; no request reads it
    rls.force("loyalty_reversal")
    rls.force("loyalty_paid_invoice")


def _readable(table: str, ours: str) -> None:
    rls.force(table)
    rls.policy(table, "read", "select", using="app_org() IS NOT NULL")
    rls.policy(table, "write", "insert", check=ours)
    rls.policy(table, "change", "update", using=ours)
    rls.policy(table, "remove", "delete", using=ours)
