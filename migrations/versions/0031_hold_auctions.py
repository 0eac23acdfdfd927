"""Auctions, and the prices that they put in place of opened ones."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# Who decides over a bid has to see everybody's: for one auction, and one transaction, at a time.
APP_AUCTION = """
    CREATE FUNCTION app_auction() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.auction', true), '')::uuid $$
"""
OPENED = """buyer_id = app_org()
    AND EXISTS (SELECT FROM rfq r WHERE r.id = {0}.rfq_id AND r.opened_at IS NOT NULL)"""


def upgrade() -> None:
    op.execute(APP_AUCTION)
    op.add_column("rfq", sa.Column("award_held_by", c.UUID))
    _repricing()
    _auction()
    _lots()
    _entries()
    _bids()
    _events()
    _policies()


def _repricing() -> None:
    op.create_table(
        "bid_repricing",
        sa.Column("bid_id", c.UUID, primary_key=True),
        sa.Column("rfq_line_id", c.UUID, primary_key=True),
        c.reference("rfq_id"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.decimal("unit_price"),
        c.amount("total"),
        c.reference("source_id"),
        c.instant("repriced_at", nullable=False),
        sa.ForeignKeyConstraint(["rfq_id"], ["rfq_seal.rfq_id"]),
        sa.ForeignKeyConstraint(
            ["bid_id", "rfq_line_id"],
            ["bid_line.bid_id", "bid_line.rfq_line_id"],
            name="fk_bid_repricing_bid_id_rfq_line_id_bid_line",
        ),
        _finite("unit_price", "> 0"),
        _finite("total", ">= 0"),
    )
    op.create_index("ix_bid_repricing_rfq_id", "bid_repricing", ["rfq_id"])


def _auction() -> None:
    op.create_table(
        "auction",
        c.identifier(),
        c.version(),
        c.reference("rfq_id"),
        c.reference("buyer_id"),
        c.choice("type", "auctiontype", "english", "dutch", "japanese"),
        c.choice(
            "state",
            "auctionstate",
            *("planned", "running", "paused", "ended", "closed", "cancelled"),
        ),
        c.currency(),
        sa.Column("terms", c.JSONB, nullable=False),
        c.instant("starts_at", nullable=False),
        c.instant("paused_at"),
        c.instant("closed_at"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("last_event", sa.BigInteger, nullable=False, server_default="0"),
        c.reference("created_by"),
        c.created_at(),
        sa.ForeignKeyConstraint(["rfq_id"], ["rfq_seal.rfq_id"]),
    )
    op.create_index(
        "uq_auction_rfq_id",
        "auction",
        ["rfq_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index(
        "ix_auction_waiting",
        "auction",
        ["starts_at"],
        postgresql_where=sa.text("state IN ('planned', 'paused')"),
    )
    op.create_index(
        "ix_auction_buyer_id_created_at_id", "auction", ["buyer_id", "created_at", "id"]
    )


def _lots() -> None:
    op.create_table(
        "auction_lot",
        c.identifier(),
        c.reference("auction_id", "auction"),
        c.reference("buyer_id"),
        c.reference("lot_id", "rfq_lot"),
        sa.Column("number", sa.Integer, nullable=False),
        c.text("title"),
        c.choice("skipped", "skip", "no_bidder", "one_bidder", nullable=True),
        c.amount("first_price", nullable=True),
        c.amount("step", nullable=True),
        c.amount("last_price", nullable=True),
        c.instant("starts_at", nullable=False),
        c.instant("ends_at", nullable=False),
        sa.Column("extra_ms", sa.BigInteger, nullable=False, server_default="0"),
        c.instant("ended_at"),
        sa.Column("overtimes", sa.Integer, nullable=False, server_default="0"),
        sa.Column("bid_count", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("auction_id", "number", name="uq_auction_lot_auction_id_number"),
        _finite("first_price", "> 0"),
        _finite("step", "> 0"),
        _finite("last_price", "> 0"),
    )


def _entries() -> None:
    op.create_table(
        "auction_entry",
        sa.Column("auction_lot_id", c.UUID, sa.ForeignKey("auction_lot.id"), primary_key=True),
        sa.Column("supplier_id", c.UUID, primary_key=True),
        c.reference("auction_id", "auction"),
        c.reference("buyer_id"),
        c.reference("bid_id"),
        sa.Column("label", sa.Integer, nullable=False),
        c.amount("opened_total"),
        sa.Column("opened_seq", sa.Integer, nullable=False),
        c.amount("amount"),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False, server_default="0"),
        c.instant("left_at"),
        sa.ForeignKeyConstraint(["bid_id"], ["bid_offer.bid_id"]),
        sa.UniqueConstraint(
            "auction_lot_id", "label", name="uq_auction_entry_auction_lot_id_label"
        ),
        _finite("opened_total", ">= 0"),
        _finite("amount", ">= 0"),
    )
    op.create_index("ix_auction_entry_auction_id", "auction_entry", ["auction_id"])
    op.create_index("ix_auction_entry_supplier_id", "auction_entry", ["supplier_id"])
    op.create_table(
        "auction_proxy",
        sa.Column("auction_lot_id", c.UUID, primary_key=True),
        sa.Column("supplier_id", c.UUID, primary_key=True),
        c.reference("auction_id"),
        c.reference("bid_id"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        c.instant("set_at", nullable=False),
        sa.ForeignKeyConstraint(
            ["auction_lot_id", "supplier_id"],
            ["auction_entry.auction_lot_id", "auction_entry.supplier_id"],
            name="fk_auction_proxy_auction_lot_id_supplier_id_auction_entry",
        ),
    )


def _bids() -> None:
    op.create_table(
        "auction_bid",
        c.identifier(),
        c.reference("auction_id", "auction"),
        c.reference("auction_lot_id", "auction_lot"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        sa.Column("seq", sa.Integer, nullable=False),
        c.amount("amount"),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("answers", sa.Integer),
        c.instant("placed_at", nullable=False),
        c.reference("placed_by", nullable=True),
        c.instant("withdrawn_at"),
        c.reference("withdrawn_by", nullable=True),
        c.text("withdrawal_reason", nullable=True),
        sa.UniqueConstraint("auction_lot_id", "seq", name="uq_auction_bid_auction_lot_id_seq"),
        _finite("amount", ">= 0"),
    )
    op.create_index(
        "ix_auction_bid_auction_id_supplier_id", "auction_bid", ["auction_id", "supplier_id"]
    )


def _events() -> None:
    op.create_table(
        "auction_event",
        sa.Column("auction_id", c.UUID, sa.ForeignKey("auction.id"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        c.reference("buyer_id"),
        c.choice(
            "kind",
            "eventkind",
            *("planned", "started", "bid", "withdrawn", "left", "extended", "paused", "resumed"),
            *("closed", "cancelled"),
        ),
        c.reference("auction_lot_id", nullable=True),
        c.instant("at", nullable=False),
        sa.Column("data", c.JSONB, nullable=False),
    )


def _policies() -> None:
    """Rivals' rows are within a bidder's reach only while one auction is decided or shown."""
    own = "buyer_id = app_org() OR supplier_id = app_org()"
    entered = "auction_id = app_auction()"
    takes_part = """EXISTS (SELECT FROM auction_entry e
        WHERE e.auction_id = {0} AND e.supplier_id = app_org())"""
    rls.protect(
        "bid_repricing",
        f"supplier_id = app_org() OR ({OPENED.format('bid_repricing')})",
        check="buyer_id = app_org()",
    )
    rls.protect("auction", f"buyer_id = app_org() OR {takes_part.format('auction.id')}")
    rls.protect(
        "auction_lot", f"buyer_id = app_org() OR {takes_part.format('auction_lot.auction_id')}"
    )
    for table in ("auction_entry", "auction_bid"):
        rls.protect(table, f"{own} OR {entered}")
    rls.protect("auction_proxy", f"supplier_id = app_org() OR {entered}")
    rls.protect("auction_event", f"buyer_id = app_org() OR {entered}")
    for table in ("bid_repricing", "auction_event"):
        rls.append_only(table)
    op.execute("REVOKE DELETE ON auction_bid FROM marketplace_app, marketplace_worker")


def _finite(column: str, lowest: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} {lowest} AND {column} < 1e13", name=f"{column}_finite")
