"""Create suppliers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REVIEWERS = "app_kind() IN ('buyer', 'operator')"
FILE = f"supplier_id = app_org() OR {REVIEWERS}"
STATES = ("registered", "in_review", "qualified", "rejected", "blocked")
OUTCOMES = ("clear", "review", "block", "unknown")


def upgrade() -> None:
    _suppliers()
    _papers()
    _runs()
    _decisions()
    _sanctions()
    _facts()
    _scores()


def _suppliers() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", c.UUID, sa.ForeignKey("organisation.id"), primary_key=True),
        c.version(),
        c.choice("state", "supplierstate", *STATES),
        c.choice("outcome", "outcome", *OUTCOMES, nullable=True),
        _blank("description"),
        c.text("website", nullable=True),
        c.text("contact_email", nullable=True),
        _texts("categories"),
        _texts("owners"),
        c.instant("applied_at", nullable=False),
        c.instant("decided_at"),
        c.instant("screened_at"),
        c.day("next_review_on"),
        c.created_at(),
    )
    op.create_index("ix_supplier_state_applied_at", "supplier", ["state", "applied_at"])
    op.create_index("ix_supplier_outcome", "supplier", ["outcome"])
    rls.protect("supplier", f"id = app_org() OR {REVIEWERS}")
    op.create_table(
        "supplier_bank_account",
        c.identifier(),
        c.version(),
        c.reference("supplier_id", "supplier"),
        c.text("holder"),
        c.text("iban"),
        c.choice("state", "bankaccountstate", "proposed", "confirmed", "rejected"),
        c.reference("proposed_by"),
        c.reference("confirmed_by", nullable=True),
        c.instant("confirmed_at"),
        c.instant("usable_from"),
        c.created_at(),
        sa.CheckConstraint("confirmed_by <> proposed_by", name="second_person"),
    )
    op.create_index(
        "ix_supplier_bank_account_supplier_id_created_at",
        "supplier_bank_account",
        ["supplier_id", "created_at"],
    )
    op.create_index(
        "uq_supplier_bank_account_proposed",
        "supplier_bank_account",
        ["supplier_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    rls.protect("supplier_bank_account", FILE)


def _papers() -> None:
    op.create_table(
        "supplier_certificate",
        c.identifier(),
        c.version(),
        c.reference("supplier_id", "supplier"),
        c.choice(
            "kind",
            "certificatekind",
            "registration_extract",
            "social_security",
            "liability_insurance",
            "iso_9001",
            "iso_14001",
            "iso_27001",
            "other",
        ),
        c.text("reference"),
        _blank("issuer"),
        c.day("issued_on", nullable=False),
        c.day("valid_until"),
        c.reference("document_id", nullable=True),
        c.choice("verdict", "verdict", "submitted", "verified", "rejected"),
        c.reference("verdict_by", nullable=True),
        c.instant("verdict_at"),
        _blank("verdict_reason"),
        c.instant("warned_at"),
        c.created_at(),
        sa.CheckConstraint("valid_until >= issued_on", name="validity"),
    )
    op.create_index(
        "ix_supplier_certificate_supplier_id_kind", "supplier_certificate", ["supplier_id", "kind"]
    )
    op.create_index("ix_supplier_certificate_valid_until", "supplier_certificate", ["valid_until"])
    rls.protect("supplier_certificate", FILE)
    op.create_table(
        "supplier_filing",
        c.identifier(),
        c.version(),
        c.reference("supplier_id", "supplier"),
        sa.Column("year", sa.Integer, nullable=False),
        c.currency(),
        *(
            c.amount(name, nullable=True)
            for name in (
                "total_assets",
                "current_assets",
                "current_liabilities",
                "total_liabilities",
                "equity",
                "retained_earnings",
                "ebit",
                "sales",
            )
        ),
        c.created_at(),
        sa.UniqueConstraint("supplier_id", "year"),
    )
    rls.protect("supplier_filing", FILE)


def _runs() -> None:
    op.create_table(
        "due_diligence_run",
        c.identifier(),
        c.version(),
        c.reference("supplier_id", "supplier"),
        c.choice("trigger", "trigger", "registration", "on_demand", "list_update", "change"),
        c.choice("state", "runstate", "waiting", "done"),
        c.reference("requested_by", nullable=True),
        c.choice("outcome", "outcome", *OUTCOMES, nullable=True),
        c.instant("completed_at"),
        c.created_at(),
    )
    op.create_index(
        "ix_due_diligence_run_supplier_id_created_at",
        "due_diligence_run",
        ["supplier_id", "created_at"],
    )
    op.create_index(
        "uq_due_diligence_run_waiting",
        "due_diligence_run",
        ["supplier_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    rls.protect("due_diligence_run", FILE)
    op.create_table(
        "due_diligence_check",
        c.identifier(),
        c.reference("run_id", "due_diligence_run"),
        c.reference("supplier_id", "supplier"),
        sa.Column("position", sa.Integer, nullable=False),
        c.choice("kind", "checkkind", "identity", "bank", "sanctions", "financial", "certificates"),
        c.text("finding"),
        c.choice("outcome", "outcome", *OUTCOMES),
        c.text("source"),
        c.text("source_version"),
        c.day("source_date"),
        sa.Column("query", c.JSONB, nullable=False),
        sa.Column("evidence", c.JSONB, nullable=False),
        c.text("digest"),
        c.instant("checked_at", nullable=False),
        sa.UniqueConstraint("run_id", "position"),
    )
    # what was found about a supplier is not for the supplier's eyes
    rls.protect("due_diligence_check", REVIEWERS)
    rls.append_only("due_diligence_check")


def _decisions() -> None:
    op.create_table(
        "supplier_decision",
        c.identifier(),
        c.reference("supplier_id", "supplier"),
        c.reference("run_id", "due_diligence_run", nullable=True),
        c.text("action"),
        c.text("from_state"),
        c.text("to_state"),
        c.text("reason"),
        c.reference("decided_by", nullable=True),
        c.reference("decided_for", nullable=True),
        c.created_at(),
    )
    op.create_index(
        "ix_supplier_decision_supplier_id_created_at",
        "supplier_decision",
        ["supplier_id", "created_at"],
    )
    rls.protect("supplier_decision", FILE)
    rls.append_only("supplier_decision")


def _sanctions() -> None:
    op.create_table(
        "sanctions_list",
        c.identifier(),
        c.text("source"),
        c.text("version"),
        c.day("published_on", nullable=False),
        c.text("digest"),
        sa.Column("names", sa.Integer, nullable=False),
        _flag("in_force", default="true"),
        c.reference("loaded_by", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("source", "version"),
    )
    op.create_index(
        "uq_sanctions_list_in_force",
        "sanctions_list",
        ["source"],
        unique=True,
        postgresql_where=sa.text("in_force"),
    )
    rls.protect("sanctions_list", REVIEWERS, "app_kind() = 'operator'")
    op.create_table(
        "sanctions_name",
        c.identifier(),
        c.reference("list_id", "sanctions_list"),
        c.text("reference"),
        c.text("name"),
        c.text("normalised"),
        sa.Column("country", sa.CHAR(2)),
        _blank("programme"),
        _texts("identifiers"),
    )
    op.create_index("ix_sanctions_name_list_id", "sanctions_name", ["list_id"])
    rls.protect("sanctions_name", REVIEWERS, "app_kind() = 'operator'")
    op.create_table(
        "sanctions_cleared_hit",
        c.identifier(),
        c.reference("supplier_id", "supplier"),
        c.text("source"),
        c.text("reference"),
        c.text("asked"),
        c.reference("decision_id", "supplier_decision"),
        c.created_at(),
        sa.UniqueConstraint("supplier_id", "source", "reference", "asked"),
    )
    rls.protect("sanctions_cleared_hit", REVIEWERS)


def _facts() -> None:
    op.create_table(
        "supplier_order_fact",
        sa.Column("order_id", c.UUID, primary_key=True),
        c.reference("supplier_id"),
        c.reference("buyer_id"),
        _blank("number"),
        c.instant("issued_at"),
        c.instant("last_received_at"),
        c.instant("completed_at"),
        c.decimal("lead_time_days", nullable=True),
        c.currency(nullable=True),
        c.decimal("due_quantity", nullable=True),
        c.decimal("on_time_quantity", nullable=True),
        c.decimal("received_quantity", nullable=True),
        c.decimal("rejected_quantity", nullable=True),
        c.amount("agreed_net", nullable=True),
        c.amount("invoiced_net", nullable=True),
    )
    op.create_index(
        "ix_supplier_order_fact_supplier_id_completed_at",
        "supplier_order_fact",
        ["supplier_id", "completed_at"],
    )
    op.create_index("ix_supplier_order_fact_buyer_id", "supplier_order_fact", ["buyer_id"])
    rls.protect("supplier_order_fact", "buyer_id = app_org() OR supplier_id = app_org()")
    op.create_table(
        "supplier_rfq_fact",
        sa.Column("rfq_id", c.UUID, primary_key=True),
        c.reference("buyer_id"),
        c.instant("opened_at"),
    )
    op.create_table(
        "supplier_invitation_fact",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("supplier_rfq_fact.rfq_id"), primary_key=True),
        sa.Column("supplier_id", c.UUID, primary_key=True),
        _flag("invited"),
        c.instant("bid_at"),
        c.instant("withdrawn_at"),
        _flag("counted"),
        _flag("counted_response"),
    )
    # before the opening these would tell who has bid: for the worker alone
    rls.force("supplier_rfq_fact")
    rls.force("supplier_invitation_fact")


def _scores() -> None:
    op.create_table(
        "supplier_kpi_month",
        sa.Column("supplier_id", c.UUID, sa.ForeignKey("supplier.id"), primary_key=True),
        sa.Column("buyer_id", c.UUID, primary_key=True),
        sa.Column("month", sa.Date, primary_key=True),
        _count("orders"),
        _sum("due_quantity"),
        _sum("on_time_quantity"),
        _sum("received_quantity"),
        _sum("rejected_quantity"),
        _count("price_orders"),
        _sum("price_variance"),
        _count("lead_time_orders"),
        _sum("lead_time_days"),
        _count("invitations"),
        _count("responses"),
        sa.CheckConstraint("orders >= 0 AND responses <= invitations", name="counts"),
    )
    op.create_index(
        "ix_supplier_kpi_month_buyer_id_supplier_id",
        "supplier_kpi_month",
        ["buyer_id", "supplier_id"],
    )
    op.create_index("ix_supplier_kpi_month_month", "supplier_kpi_month", ["month"])
    rls.protect("supplier_kpi_month", "buyer_id = app_org() OR supplier_id = app_org()")
    op.create_table(
        "supplier_scorecard",
        c.identifier(),
        c.reference("supplier_id", "supplier"),
        c.day("period", nullable=False),
        sa.Column("months", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("observations", sa.Integer, nullable=False),
        sa.Column("buyers", sa.Integer, nullable=False),
        sa.Column("raw", sa.Numeric(5, 1)),
        sa.Column("score", sa.Numeric(5, 1)),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("figures", c.JSONB, nullable=False),
        c.text("digest"),
        c.created_at(),
        sa.UniqueConstraint("supplier_id", "months", "period", "version"),
    )
    op.create_index(
        "ix_supplier_scorecard_period_months", "supplier_scorecard", ["period", "months"]
    )
    rls.protect("supplier_scorecard", FILE)
    rls.append_only("supplier_scorecard")


def _blank(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _texts(name: str) -> sa.Column[Any]:
    return sa.Column(name, c.TEXTS, nullable=False, server_default="{}")


def _flag(name: str, *, default: str = "false") -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(default))


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _sum(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(19, 6), nullable=False, server_default="0")
