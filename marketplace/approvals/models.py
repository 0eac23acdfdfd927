"""Tables of policies, requests, their steps, the decisions on them, and delegations."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.core import clock
from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion
from marketplace.core.money import Money
from marketplace.identity.permissions import Role


class ApprovalPolicy(HasId, HasVersion, HasCreated, Base):
    """A rule of the buying organisation: when it holds, and who then decides.

    ``over`` is exclusive and ``up_to`` inclusive; None means no limit on that side.
    """

    __tablename__ = "approval_policy"
    __table_args__ = (
        CheckConstraint("over IS NULL OR over >= 0 AND over < 1e13", name="over"),
        CheckConstraint("up_to IS NULL OR up_to >= 0 AND up_to < 1e13", name="up_to"),
        CheckConstraint("over IS NULL OR up_to IS NULL OR over < up_to", name="range"),
        Index(None, "buyer_id", "priority", "id"),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    priority: Mapped[int]
    subject_kind: Mapped[str | None]
    currency: Mapped[CurrencyCode]
    over: Mapped[Amount | None]
    up_to: Mapped[Amount | None]
    category_prefix: Mapped[str] = mapped_column(default="")
    cost_centre: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime | None]

    steps: Mapped[list["PolicyStep"]] = relationship(
        lazy="raise", order_by="PolicyStep.position", cascade="all, delete-orphan"
    )

    @property
    def over_money(self) -> Money | None:
        return None if self.over is None else Money(self.over, self.currency)

    @property
    def up_to_money(self) -> Money | None:
        return None if self.up_to is None else Money(self.up_to, self.currency)


class PolicyStep(HasId, Base):
    """One step of a policy: a role, or persons by name."""

    __tablename__ = "approval_policy_step"
    __table_args__ = (
        UniqueConstraint("policy_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("(role IS NULL) <> (person_ids = '{}')", name="who"),
    )

    policy_id: Mapped[UUID] = mapped_column(ForeignKey("approval_policy.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str]
    role: Mapped[Role | None]
    person_ids: Mapped[list[UUID]] = mapped_column(default=list)
    rule: Mapped[StepRule] = mapped_column(default=StepRule.ANY_OF)


class ApprovalRequest(HasId, HasVersion, HasCreated, Base):
    """One subject that asks for a yes to the content with this fingerprint.

    ``content`` is what the approver reads: the figures and lines as they were when asked.
    """

    __tablename__ = "approval_request"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND amount < 1e13", name="amount"),
        Index(
            "uq_approval_request_live",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(None, "subject_kind", "subject_id", "created_at"),
        Index(None, "buyer_id", "state", "created_at", "id"),
        Index(None, "buyer_id", "created_at", "id"),
        Index(None, "requested_by"),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    title: Mapped[str]
    url: Mapped[str]
    state: Mapped[RequestState] = mapped_column(default=RequestState.WAITING)
    amount: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    category: Mapped[str] = mapped_column(default="")
    cost_centre: Mapped[str | None]
    fingerprint: Mapped[str]
    content: Mapped[dict[str, Any]]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    author_ids: Mapped[list[UUID]]
    policy_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("approval_policy.id", ondelete="SET NULL")
    )
    policy_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    steps: Mapped[list["ApprovalStep"]] = relationship(
        lazy="raise", order_by="ApprovalStep.position", cascade="all, delete-orphan"
    )

    @property
    def total(self) -> Money:
        """What it would cost."""
        return Money(self.amount, self.currency)


class ApprovalStep(HasId, Base):
    """One step of a request, copied from the policy: a later edit changes no live request."""

    __tablename__ = "approval_step"
    __table_args__ = (
        UniqueConstraint("request_id", "position"),
        Index("ix_approval_step_open", "request_id", postgresql_where=text("state = 'open'")),
    )

    request_id: Mapped[UUID] = mapped_column(ForeignKey("approval_request.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str]
    role: Mapped[Role | None]
    person_ids: Mapped[list[UUID]]
    rule: Mapped[StepRule]
    state: Mapped[StepState] = mapped_column(default=StepState.PENDING)
    opened_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    decisions: Mapped[list["ApprovalDecision"]] = relationship(
        lazy="raise", order_by="ApprovalDecision.created_at", cascade="all, delete-orphan"
    )


class ApprovalDecision(HasId, HasCreated, Base):
    """What one person said at one step, about the content with this fingerprint.

    ``on_behalf_of``: absent approvers for whom it counts too, by their delegations.
    """

    __tablename__ = "approval_decision"
    __table_args__ = (UniqueConstraint("step_id", "person_id"),)

    step_id: Mapped[UUID] = mapped_column(ForeignKey("approval_step.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    on_behalf_of: Mapped[list[UUID]] = mapped_column(default=list, server_default="{}")
    verdict: Mapped[Verdict]
    reason: Mapped[str] = mapped_column(default="")
    fingerprint: Mapped[str]


class ApprovalDelegation(HasId, HasVersion, HasCreated, Base):
    """For these days, both included, the delegate decides where the absent person is asked.

    The days are those of ``time_zone``. A person has one delegate at a time.
    """

    __tablename__ = "approval_delegation"
    __table_args__ = (
        CheckConstraint("person_id <> delegate_id", name="somebody_else"),
        CheckConstraint("first_on <= last_on", name="days"),
        ExcludeConstraint(
            ("buyer_id", "="),
            ("person_id", "="),
            (func.daterange(text("first_on"), text("last_on"), text("'[]'")), "&&"),
            where=text("revoked_at IS NULL"),
            using="gist",
            name="ex_approval_delegation_one_at_a_time",
        ),
        Index(None, "buyer_id", "delegate_id"),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    delegate_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    first_on: Mapped[date]
    last_on: Mapped[date]
    time_zone: Mapped[str]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    arranged_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    revoked_at: Mapped[datetime | None]

    @property
    def in_force(self) -> bool:
        """Whether the delegate decides today."""
        return not self.is_over and self.first_on <= clock.today_in(self.time_zone)

    @property
    def is_over(self) -> bool:
        """Whether it will never hold again."""
        return self.revoked_at is not None or self.last_on < clock.today_in(self.time_zone)
