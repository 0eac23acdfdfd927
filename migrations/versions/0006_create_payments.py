"""Create payments."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BOTH = "buyer_id = app_org() OR supplier_id = app_org()"
BUYER = "buyer_id = app_org()"


def upgrade() -> None:
    _payments()
    _refunds()
    _notices()
    _issues()
    _ledger()
    _marks()


def _payments() -> None:
    op.create_table(
        "payment",
        c.identifier(),
        c.version(),
        c.text("number"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.text("subject_kind"),
        c.reference("subject_id"),
        c.text("reference"),
        c.amount("amount"),
        c.currency(),
        c.choice(
            "state",
            "paymentstate",
            "requested",
            "open",
            "processing",
            "captured",
            "failed",
            "cancelling",
            "cancelled",
        ),
        c.choice("method", "paymentmethod", "card", "sepa_debit", nullable=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        c.text("failure_code", nullable=True),
        c.text("checkout_id", nullable=True),
        c.text("checkout_url", nullable=True),
        c.text("intent_id", nullable=True),
        sa.Column("received", sa.Numeric(19, 4), nullable=False, server_default="0"),
        sa.Column("refunded", sa.Numeric(19, 4), nullable=False, server_default="0"),
        c.reference("requested_by", nullable=True),
        c.instant("captured_at"),
        c.instant("ended_at"),
        c.created_at(),
        sa.UniqueConstraint("subject_kind", "subject_id", "attempt"),
        sa.UniqueConstraint("checkout_id"),
        sa.UniqueConstraint("intent_id"),
        sa.CheckConstraint("amount > 0 AND amount < 1e13", name="amount_finite"),
        sa.CheckConstraint("received >= 0 AND received < 1e13", name="received_finite"),
        sa.CheckConstraint(
            "refunded >= 0 AND refunded <= received", name="refunded_at_most_received"
        ),
    )
    op.create_index(
        "uq_payment_live",
        "payment",
        ["subject_kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'open', 'processing')"),
    )
    for side in ("buyer_id", "supplier_id"):
        columns = [side, "created_at", "id"]
        op.create_index(f"ix_payment_{'_'.join(columns)}", "payment", columns)
    rls.protect("payment", BOTH)


def _refunds() -> None:
    op.create_table(
        "refund",
        c.identifier(),
        c.version(),
        c.reference("payment_id", "payment"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.amount("amount"),
        c.currency(),
        c.text("reason", nullable=True),
        c.choice("state", "refundstate", "requested", "succeeded", "failed"),
        c.text("provider_id", nullable=True),
        c.reference("requested_by", nullable=True),
        c.instant("refunded_at"),
        c.created_at(),
        sa.UniqueConstraint("provider_id"),
        sa.CheckConstraint("amount > 0 AND amount < 1e13", name="amount_finite"),
    )
    op.create_index("ix_refund_payment_id", "refund", ["payment_id"])
    op.create_index("ix_refund_buyer_id_created_at_id", "refund", ["buyer_id", "created_at", "id"])
    rls.protect("refund", BOTH)


def _notices() -> None:
    op.create_table(
        "stripe_notice",
        c.identifier(),
        c.text("event_id"),
        c.text("kind"),
        c.text("checkout_id", nullable=True),
        c.text("intent_id", nullable=True),
        c.reference("payment_id", nullable=True),
        sa.Column("live", sa.Boolean, nullable=False),
        c.instant("received_at", nullable=False),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("ix_stripe_notice_received_at", "stripe_notice", ["received_at"])
    # whoever holds the signing secret may add; nobody but the worker reads
    rls.force("stripe_notice")
    rls.policy("stripe_notice", "receive", "insert", check="true")


def _issues() -> None:
    op.create_table(
        "payment_issue",
        c.identifier(),
        c.version(),
        c.reference("payment_id", "payment"),
        c.reference("buyer_id"),
        c.choice(
            "code",
            "issuecode",
            "amount_differs",
            "currency_differs",
            "overpaid",
            "provider_refused",
        ),
        c.amount("expected"),
        c.amount("received"),
        c.currency(),
        c.text("note", nullable=True),
        c.instant("resolved_at"),
        c.reference("resolved_by", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("payment_id", "code"),
    )
    op.create_index(
        "ix_payment_issue_buyer_id_resolved_at", "payment_issue", ["buyer_id", "resolved_at"]
    )
    rls.protect("payment_issue", BUYER)


def _ledger() -> None:
    op.create_table(
        "ledger_entry",
        c.identifier(),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice("kind", "entrykind", "invoice", "credit_note", "payment", "refund"),
        c.reference("source_id"),
        c.reference("subject_id"),
        c.text("reference"),
        c.currency(),
        c.day("booked_on", nullable=False),
        c.created_at(),
        sa.UniqueConstraint("kind", "source_id"),
    )
    op.create_index(
        "ix_ledger_entry_buyer_id_created_at_id", "ledger_entry", ["buyer_id", "created_at", "id"]
    )
    op.create_index("ix_ledger_entry_subject_id", "ledger_entry", ["subject_id"])
    op.create_table(
        "ledger_posting",
        c.identifier(),
        c.reference("entry_id", "ledger_entry"),
        sa.Column("line_no", sa.Integer, nullable=False),
        c.choice("account", "account", "expense", "vat_recoverable", "payables", "bank"),
        c.amount("amount"),
        sa.UniqueConstraint("entry_id", "line_no"),
        sa.CheckConstraint("amount <> 0 AND amount < 1e13", name="amount_finite"),
    )
    rls.protect("ledger_entry", BUYER)
    rls.protect(
        "ledger_posting",
        "EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = entry_id)",
    )
    rls.append_only("ledger_entry")
    rls.append_only("ledger_posting")
    op.execute(_BALANCE)


# Checked at the commit, when all postings of the entry are there.
_BALANCE = """
CREATE FUNCTION check_ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM ledger_posting WHERE entry_id = NEW.entry_id) <> 0 THEN
        RAISE EXCEPTION 'The postings of ledger entry % do not add up to zero.', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_balances AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_balance();
"""


def _marks() -> None:
    op.create_table(
        "reconcile_mark",
        sa.Column("name", sa.Text, primary_key=True),
        c.instant("until", nullable=False),
        sa.Column("found", c.JSONB, nullable=False, server_default=sa.text("'{}'")),
    )
    rls.force("reconcile_mark")
