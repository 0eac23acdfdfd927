"""The bids' part of migration 0010: sealed versions, signed attempts, opened bids, awards."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls


def bids() -> None:
    _sealed_bids()
    _attempts()
    _opened_bids()
    _awards()
    _bid_policies()


def _sealed_bids() -> None:
    op.create_table(
        "rfq_seal",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id"), primary_key=True),
        c.reference("buyer_id"),
        _bytes("public_key"),
        _bytes("wrapped_private_key"),
        c.text("fingerprint"),
        sa.Column("terms", c.JSONB, nullable=False),
    )
    op.create_table(
        "bid",
        c.identifier(),
        c.version(),
        _of_seal(),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice(
            "state",
            "bidstate",
            *("draft", "submitted", "withdrawn", "opened", "awarded", "not_awarded"),
        ),
        sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        c.instant("submitted_at"),
        c.created_at(),
        sa.UniqueConstraint("rfq_id", "supplier_id", name="uq_bid_rfq_id_supplier_id"),
    )
    op.create_index("ix_bid_supplier_id_created_at_id", "bid", ["supplier_id", "created_at", "id"])
    op.create_table(
        "bid_draft",
        _of_bid(primary_key=True),
        c.reference("supplier_id"),
        _bytes("content"),
        c.instant("saved_at", nullable=False),
    )
    op.create_table(
        "bid_document",
        c.identifier(),
        _of_bid(),
        c.reference("supplier_id"),
        _bytes("content"),
        c.created_at(),
    )
    op.execute("ALTER TABLE bid_document ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_index("ix_bid_document_bid_id", "bid_document", ["bid_id"])
    op.create_table(
        "bid_version",
        _of_bid(primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        c.reference("supplier_id"),
        _bytes("ciphertext"),
        _bytes("key_for_opening"),
        _bytes("key_for_reading_back"),
        c.text("digest"),
        c.instant("arrived_at", nullable=False),
    )
    op.execute("ALTER TABLE bid_version ALTER COLUMN ciphertext SET STORAGE EXTERNAL")


def _attempts() -> None:
    op.create_table(
        "bid_attempt",
        c.identifier(),
        _of_seal(),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.reference("bid_id", nullable=True),
        sa.Column("number", sa.Integer),
        c.choice("outcome", "attemptoutcome", "accepted", "withdrawn", "refused"),
        c.text("code", nullable=True),
        c.text("digest", nullable=True),
        c.instant("arrived_at", nullable=False),
        c.text("statement"),
        _bytes("signature"),
    )
    op.create_index(
        "ix_bid_attempt_rfq_id_supplier_id_arrived_at",
        "bid_attempt",
        ["rfq_id", "supplier_id", "arrived_at"],
    )
    op.create_table(
        "rfq_opening",
        _of_seal(primary_key=True),
        c.reference("buyer_id"),
        c.reference("opened_by"),
        c.instant("opened_at", nullable=False),
        sa.Column("bid_count", sa.Integer, nullable=False),
        c.text("statement"),
        _bytes("signature"),
    )


def _opened_bids() -> None:
    op.create_table(
        "bid_offer",
        _of_bid(primary_key=True),
        _of_seal(),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        sa.Column("number", sa.Integer, nullable=False),
        c.instant("submitted_at", nullable=False),
        c.text("note"),
        sa.Column("delivery_days", sa.Integer),
        sa.Column("lot_ids", c.UUIDS, nullable=False),
        sa.Column("answers", c.JSONB, nullable=False),
        sa.Column("documents", c.JSONB, nullable=False),
    )
    op.create_index("ix_bid_offer_rfq_id", "bid_offer", ["rfq_id"])
    op.create_table(
        "bid_line",
        _of_offer(),
        sa.Column("rfq_line_id", c.UUID, sa.ForeignKey("rfq_line.id"), primary_key=True),
        c.decimal("unit_price"),
        c.amount("total"),
        c.text("note"),
        _positive("unit_price"),
        sa.CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
    )
    op.create_table(
        "bid_score",
        _of_offer(),
        sa.Column("criterion_id", c.UUID, sa.ForeignKey("rfq_criterion.id"), primary_key=True),
        c.decimal("score"),
        c.text("comment"),
        c.reference("scored_by"),
        c.instant("scored_at", nullable=False),
        sa.CheckConstraint("score >= 0 AND score < 1e13", name="score_finite"),
    )


def _awards() -> None:
    op.create_table(
        "award",
        c.identifier(),
        _of_seal(),
        c.reference("buyer_id"),
        c.reference("decided_by"),
        c.instant("decided_at", nullable=False),
        c.text("justification"),
        sa.Column("evidence", c.JSONB, nullable=False),
        c.created_at(),
        sa.UniqueConstraint("rfq_id", name="uq_award_rfq_id"),
    )
    op.create_table(
        "award_line",
        sa.Column("award_id", c.UUID, sa.ForeignKey("award.id"), primary_key=True),
        sa.Column("rfq_line_id", c.UUID, sa.ForeignKey("rfq_line.id"), primary_key=True),
        c.reference("bid_id"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.reference("lot_id"),
        sa.Column("number", sa.Integer, nullable=False),
        c.text("description"),
        c.decimal("quantity"),
        c.unit(),
        c.decimal("unit_price"),
        c.amount("total"),
        c.currency(),
        sa.Column("is_best", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.ForeignKeyConstraint(
            ["bid_id", "rfq_line_id"],
            ["bid_line.bid_id", "bid_line.rfq_line_id"],
            name="fk_award_line_bid_id_rfq_line_id_bid_line",
        ),
        _positive("quantity"),
        _positive("unit_price"),
        sa.CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
    )
    op.create_index("ix_award_line_supplier_id", "award_line", ["supplier_id"])


def _bid_policies() -> None:
    """A buyer reaches no row of a bid, not even to count it, until the RFQ has been opened."""
    own = "supplier_id = app_org()"
    opened = """buyer_id = app_org()
        AND EXISTS (SELECT FROM rfq r WHERE r.id = {0}.rfq_id AND r.opened_at IS NOT NULL)"""
    of_bid = "EXISTS (SELECT FROM bid b WHERE b.id = {0}.bid_id)"
    rls.protect(
        "rfq_seal",
        "EXISTS (SELECT FROM rfq r WHERE r.id = rfq_seal.rfq_id)",
        check="buyer_id = app_org()",
    )
    rls.protect(
        "bid",
        f"{own} OR (state NOT IN ('draft', 'withdrawn') AND {opened.format('bid')})",
    )
    rls.protect("bid_attempt", f"{own} OR ({opened.format('bid_attempt')})")
    rls.protect("bid_offer", f"{own} OR ({opened.format('bid_offer')})")
    rls.protect("bid_draft", own)
    for table in ("bid_document", "bid_version"):
        rls.protect(table, f"{own} OR {of_bid.format(table)}", check=own)
    of_offer = "EXISTS (SELECT FROM bid_offer o WHERE o.bid_id = {0}.bid_id{1})"
    rls.protect("bid_line", of_offer.format("bid_line", ""))
    rls.protect("bid_score", of_offer.format("bid_score", " AND o.buyer_id = app_org()"))
    rls.protect("rfq_opening", "buyer_id = app_org()")
    rls.protect("award", "buyer_id = app_org()")
    rls.protect("award_line", "buyer_id = app_org() OR supplier_id = app_org()")
    for table in ("bid_version", "bid_attempt", "bid_offer", "bid_line", "rfq_opening", "award"):
        rls.append_only(table)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _of_seal(*, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return _key("rfq_id", "rfq_seal.rfq_id", primary_key=primary_key)


def _of_bid(*, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return _key("bid_id", "bid.id", primary_key=primary_key)


def _of_offer() -> sa.Column[sa.Uuid]:
    return _key("bid_id", "bid_offer.bid_id", primary_key=True)


def _key(name: str, to: str, *, primary_key: bool) -> sa.Column[sa.Uuid]:
    return sa.Column(name, c.UUID, sa.ForeignKey(to), primary_key=primary_key, nullable=False)


def _positive(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} > 0 AND {column} < 1e13", name=f"{column}_finite")
