"""Tables of the supplier's file and of the checks made on it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion
from marketplace.suppliers.states import (
    BankAccountState,
    CertificateKind,
    CheckKind,
    Outcome,
    RunState,
    SupplierState,
    Trigger,
    Verdict,
)


class Supplier(HasVersion, HasCreated, Base):
    """The file of one supplier organisation, whose id it shares.

    ``outcome`` is that of the last finished run; None before the first one.
    """

    __tablename__ = "supplier"
    __table_args__ = (Index(None, "state", "applied_at"), Index(None, "outcome"))

    id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    state: Mapped[SupplierState] = mapped_column(default=SupplierState.REGISTERED)
    outcome: Mapped[Outcome | None]
    description: Mapped[str] = mapped_column(default="", server_default="")
    website: Mapped[str | None]
    contact_email: Mapped[str | None]
    categories: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    owners: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    applied_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    screened_at: Mapped[datetime | None]
    next_review_on: Mapped[date | None]


class BankAccount(HasId, HasVersion, HasCreated, Base):
    """Bank details: proposed by one person, confirmed by another, usable after a cooling period."""

    __tablename__ = "supplier_bank_account"
    __table_args__ = (
        Index(None, "supplier_id", "created_at"),
        Index(
            "uq_supplier_bank_account_proposed",
            "supplier_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
        CheckConstraint("confirmed_by <> proposed_by", name="second_person"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    holder: Mapped[str]
    iban: Mapped[str]
    state: Mapped[BankAccountState] = mapped_column(default=BankAccountState.PROPOSED)
    proposed_by: Mapped[UUID]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    usable_from: Mapped[datetime | None]


class Certificate(HasId, HasVersion, HasCreated, Base):
    """A paper of the supplier with its validity."""

    __tablename__ = "supplier_certificate"
    __table_args__ = (
        Index(None, "supplier_id", "kind"),
        Index(None, "valid_until"),
        CheckConstraint("valid_until >= issued_on", name="validity"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    kind: Mapped[CertificateKind]
    reference: Mapped[str]
    issuer: Mapped[str] = mapped_column(default="", server_default="")
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    document_id: Mapped[UUID | None]
    verdict: Mapped[Verdict] = mapped_column(default=Verdict.SUBMITTED)
    verdict_by: Mapped[UUID | None]
    verdict_at: Mapped[datetime | None]
    verdict_reason: Mapped[str] = mapped_column(default="", server_default="")
    warned_at: Mapped[datetime | None]


class Filing(HasId, HasVersion, HasCreated, Base):
    """Figures of one financial year as filed. None: not filed, which is not zero."""

    __tablename__ = "supplier_filing"
    __table_args__ = (UniqueConstraint("supplier_id", "year"),)

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    year: Mapped[int]
    currency: Mapped[CurrencyCode]
    total_assets: Mapped[Amount | None]
    current_assets: Mapped[Amount | None]
    current_liabilities: Mapped[Amount | None]
    total_liabilities: Mapped[Amount | None]
    equity: Mapped[Amount | None]
    retained_earnings: Mapped[Amount | None]
    ebit: Mapped[Amount | None]
    sales: Mapped[Amount | None]


class DueDiligenceRun(HasId, HasVersion, HasCreated, Base):
    """One round of checks."""

    __tablename__ = "due_diligence_run"
    __table_args__ = (
        Index(None, "supplier_id", "created_at"),
        Index(
            "uq_due_diligence_run_waiting",
            "supplier_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    trigger: Mapped[Trigger]
    state: Mapped[RunState] = mapped_column(default=RunState.WAITING)
    requested_by: Mapped[UUID | None]
    outcome: Mapped[Outcome | None]
    completed_at: Mapped[datetime | None]
    checks: Mapped[list["DueDiligenceCheck"]] = relationship(
        lazy="raise", order_by="DueDiligenceCheck.position"
    )


class DueDiligenceCheck(HasId, Base):
    """One question with its answer and the evidence for it; never changed afterwards."""

    __tablename__ = "due_diligence_check"
    __table_args__ = (UniqueConstraint("run_id", "position"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("due_diligence_run.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    position: Mapped[int]
    kind: Mapped[CheckKind]
    finding: Mapped[str]
    outcome: Mapped[Outcome]
    source: Mapped[str]
    source_version: Mapped[str]
    source_date: Mapped[date | None]
    query: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    digest: Mapped[str]
    checked_at: Mapped[datetime]


class Decision(HasId, HasCreated, Base):
    """What somebody decided about a supplier, and why."""

    __tablename__ = "supplier_decision"
    __table_args__ = (Index(None, "supplier_id", "created_at"),)

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("due_diligence_run.id"))
    action: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    reason: Mapped[str]
    decided_by: Mapped[UUID | None]
    decided_for: Mapped[UUID | None]


class SanctionsList(HasId, HasCreated, Base):
    """One loaded version of a list; old ones are kept, one per source is in force."""

    __tablename__ = "sanctions_list"
    __table_args__ = (
        UniqueConstraint("source", "version"),
        Index(
            "uq_sanctions_list_in_force",
            "source",
            unique=True,
            postgresql_where=text("in_force"),
        ),
    )

    source: Mapped[str]
    version: Mapped[str]
    published_on: Mapped[date]
    digest: Mapped[str]
    names: Mapped[int]
    in_force: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    loaded_by: Mapped[UUID | None]


class SanctionsName(HasId, Base):
    """One name or alias of a listed person or organisation."""

    __tablename__ = "sanctions_name"
    __table_args__ = (Index(None, "list_id"),)

    list_id: Mapped[UUID] = mapped_column(ForeignKey("sanctions_list.id"))
    reference: Mapped[str]
    name: Mapped[str]
    normalised: Mapped[str]
    country: Mapped[str | None] = mapped_column(CHAR(2))
    programme: Mapped[str] = mapped_column(default="", server_default="")
    identifiers: Mapped[list[str]] = mapped_column(default=list, server_default="{}")


class ClearedHit(HasId, HasCreated, Base):
    """A hit that a person judged to be somebody else: later runs show it, but do not count it."""

    __tablename__ = "sanctions_cleared_hit"
    __table_args__ = (UniqueConstraint("supplier_id", "source", "reference", "asked"),)

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    source: Mapped[str]
    reference: Mapped[str]
    asked: Mapped[str]
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_decision.id"))
