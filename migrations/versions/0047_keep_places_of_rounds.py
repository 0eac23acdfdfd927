"""Keep the final places of auctions, which the award of an auction follows."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "round_place",
        sa.Column("lot_id", c.UUID, sa.ForeignKey("rfq_lot.id"), primary_key=True),
        sa.Column("bid_id", c.UUID, primary_key=True),
        c.reference("rfq_id"),
        c.reference("buyer_id"),
        c.reference("source_id"),
        sa.Column("place", sa.Integer, nullable=False),
        c.amount("amount"),
        sa.ForeignKeyConstraint(["bid_id"], ["bid_offer.bid_id"]),
        sa.ForeignKeyConstraint(["rfq_id"], ["rfq_seal.rfq_id"]),
        sa.CheckConstraint("place > 0", name="place_positive"),
        sa.CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
    )
    op.create_index("ix_round_place_rfq_id", "round_place", ["rfq_id"])
    rls.protect("round_place", "buyer_id = app_org()")
    rls.append_only("round_place")
    _places_of_closed_auctions()


def _places_of_closed_auctions() -> None:
    """Auctions that closed before this was kept: by their last prices, the earlier bid first."""
    op.execute(
        """
        INSERT INTO round_place (lot_id, bid_id, rfq_id, buyer_id, source_id, place, amount)
        SELECT l.lot_id, e.bid_id, a.rfq_id, a.buyer_id, a.id,
            row_number() OVER (PARTITION BY l.id ORDER BY e.amount, e.seq), e.amount
        FROM auction_entry e JOIN auction_lot l ON l.id = e.auction_lot_id
            JOIN auction a ON a.id = l.auction_id
        WHERE a.state = 'closed' AND l.skipped IS NULL
        """
    )
