"""What readers see of programmes, accounts and redemptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.loyalty import queries
from marketplace.loyalty.models import EarningRule, Lot, Programme, Redemption, Reward
from marketplace.loyalty.states import REDEMPTION_FLOW, ProgrammeState


@dataclass(frozen=True)
class RuleView:
    rule: EarningRule

    @property
    def from_net(self) -> Money:
        return Money(self.rule.from_net, self.rule.currency)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rule, name)


@dataclass(frozen=True)
class ProgrammeView:
    """A programme with its rules, its rewards and what the reader may do with it."""

    id: UUID
    seller_id: UUID | None
    name: str
    state: ProgrammeState
    valid_months: int
    rules: Sequence[RuleView]
    rewards: Sequence[Reward]
    actions: Sequence[str]
    version: int


@dataclass(frozen=True)
class AccountSummary:
    id: UUID
    programme_id: UUID
    programme: str
    organisation_id: UUID
    balance: int
    debt: int
    expiring: Sequence[Lot]


@dataclass(frozen=True)
class RedemptionView:
    redemption: Redemption
    actions: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.redemption, name)


def runs(actor: Actor, programme: Programme) -> bool:
    """Whether the actor's organisation runs this programme."""
    own = None if actor.org_kind is OrgKind.OPERATOR else actor.org_id
    return actor.may(Permission.LOYALTY_MANAGE) and programme.seller_id == own


def programme_views(
    session: Session, actor: Actor, programmes: Sequence[Programme]
) -> list[ProgrammeView]:
    """Programmes as this actor sees them."""
    rules = queries.rules(session, [programme.id for programme in programmes])
    return [
        ProgrammeView(
            id=programme.id,
            seller_id=programme.seller_id,
            name=programme.name,
            state=programme.state,
            valid_months=programme.valid_months,
            rules=[RuleView(rule) for rule in rules[programme.id]],
            rewards=queries.rewards(session, programme.id),
            actions=["edit", "add-reward"] if runs(actor, programme) else [],
            version=programme.version,
        )
        for programme in programmes
    ]


def account_summary(view: queries.AccountView) -> AccountSummary:
    """An account with its balance."""
    return AccountSummary(
        id=view.account.id,
        programme_id=view.programme.id,
        programme=view.programme.name,
        organisation_id=view.account.organisation_id,
        balance=view.balance,
        debt=view.account.debt,
        expiring=view.expiring,
    )


def redemption_view(actor: Actor, redemption: Redemption) -> RedemptionView:
    """A redemption with what may be done about it."""
    possible = REDEMPTION_FLOW.actions(redemption.state)
    allowed = {
        "cancel": actor.may(Permission.LOYALTY_REDEEM),
        "use": actor.may(Permission.LOYALTY_MANAGE),
    }
    return RedemptionView(redemption, [action for action in possible if allowed[action]])
