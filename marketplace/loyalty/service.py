"""What people do with programmes and points."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, NotAllowed, NotFound, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.loyalty import ledger, queries, rules
from marketplace.loyalty.models import (
    Account,
    EarningRule,
    Lot,
    Movement,
    Programme,
    Redemption,
    Reward,
)
from marketplace.loyalty.states import (
    REDEMPTION_FLOW,
    MovementKind,
    ProgrammeState,
    RedemptionState,
)

CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 12


class ProgrammeExists(Conflict):
    code = "programme_exists"


@requires(Permission.LOYALTY_MANAGE)
def create_programme(
    session: Session, actor: Actor, *, name: str, valid_months: int, rules: Iterable[dict[str, Any]]
) -> Programme:
    """Open the programme of the actor's organisation (the platform's, for the operator)."""
    seller_id = None if actor.org_kind is OrgKind.OPERATOR else actor.organisation_id
    known = session.scalar(
        select(Programme.id).where(Programme.seller_id.is_not_distinct_from(seller_id))
    )
    if known is not None:
        raise ProgrammeExists(_("You have a programme already. Change that one."))
    programme = Programme(seller_id=seller_id, name=name, valid_months=valid_months)
    session.add(programme)
    session.flush()
    _set_rules(session, programme, rules)
    _note(session, actor, programme, "created")
    return programme


@requires(Permission.LOYALTY_MANAGE)
def update_programme(
    session: Session,
    actor: Actor,
    programme_id: UUID,
    changes: dict[str, Any],
    *,
    expected_version: int | None = None,
) -> Programme:
    """Change name, validity, state or rules. Points already earned keep their expiry and rate."""
    programme = _managed(session, actor, programme_id)
    check_version(programme, expected_version)
    for name in {"name", "valid_months", "state"} & changes.keys():
        setattr(programme, name, changes[name])
    if "rules" in changes:
        session.execute(delete(EarningRule).where(EarningRule.programme_id == programme.id))
        _set_rules(session, programme, changes["rules"])
    _note(session, actor, programme, "updated", {"fields": sorted(changes)})
    session.flush()
    return programme


@requires(Permission.LOYALTY_MANAGE)
def add_reward(
    session: Session, actor: Actor, programme_id: UUID, values: dict[str, Any]
) -> Reward:
    """Offer a reward."""
    programme = _managed(session, actor, programme_id)
    reward = Reward(
        programme_id=programme.id,
        name=values["name"],
        points=values["points"],
        amount=values["value"].amount,
        currency=values["value"].currency,
    )
    session.add(reward)
    session.flush()
    _note(session, actor, programme, "reward_added", {"reward_id": str(reward.id)})
    return reward


@requires(Permission.LOYALTY_MANAGE)
def withdraw_reward(session: Session, actor: Actor, programme_id: UUID, reward_id: UUID) -> Reward:
    """Offer a reward no longer. Those redeemed stay good."""
    programme = _managed(session, actor, programme_id)
    reward = _reward(session, programme.id, reward_id)
    reward.active = False
    _note(session, actor, programme, "reward_withdrawn", {"reward_id": str(reward.id)})
    session.flush()
    return reward


@requires(Permission.LOYALTY_REDEEM)
def redeem(
    session: Session, actor: Actor, account_id: UUID, *, reward_id: UUID, request_key: str
) -> Redemption:
    """Spend points on a reward. The same key again is the same redemption.

    Raises NotEnoughPoints; nothing is taken then.
    """
    account = _own_account(session, actor, account_id)
    done = session.scalar(
        select(Redemption).where(
            Redemption.account_id == account.id, Redemption.request_key == request_key
        )
    )
    if done is not None:
        return done
    _check_active(session, account)
    reward = _reward(session, account.programme_id, reward_id)
    now = clock.now()
    lots = queries.open_lots(session, account.id, now)
    takes = rules.takes(lots, reward.points, now)
    redemption = _redemption(account, reward, actor, request_key, now)
    session.add(redemption)
    session.flush()
    ledger.take(session, lots, takes, MovementKind.REDEEM, now, redemption_id=redemption.id)
    audit.record(
        session,
        actor,
        "loyalty.redeemed",
        ("loyalty_redemption", redemption.id),
        {"points": reward.points, "reward_id": str(reward.id)},
    )
    return redemption


@requires(Permission.LOYALTY_REDEEM)
def cancel_redemption(
    session: Session, actor: Actor, account_id: UUID, redemption_id: UUID
) -> Redemption:
    """Give a voucher back that was not used; its points return with their old expiry."""
    account = _own_account(session, actor, account_id)
    redemption = queries.redemption(session, account.id, redemption_id, lock=True)
    redemption.state = REDEMPTION_FLOW.next(redemption.state, "cancel")
    _give_back(session, account, redemption, clock.now())
    audit.record(
        session, actor, "loyalty.redemption_cancelled", ("loyalty_redemption", redemption.id)
    )
    session.flush()
    return redemption


@requires(Permission.LOYALTY_MANAGE)
def use_voucher(session: Session, actor: Actor, code: str) -> Redemption:
    """Whoever runs the programme honours a voucher, once."""
    redemption = session.scalar(
        select(Redemption).where(Redemption.code == code.strip().upper()).with_for_update()
    )
    if redemption is None:
        raise NotFound(_("There is no such voucher."))
    account = queries.account(session, actor, redemption.account_id)
    _managed(session, actor, account.programme_id)
    redemption.state = REDEMPTION_FLOW.next(redemption.state, "use")
    audit.record(
        session,
        actor,
        "loyalty.voucher_used",
        ("loyalty_redemption", redemption.id),
        owner_id=account.organisation_id,
    )
    session.flush()
    return redemption


def _managed(session: Session, actor: Actor, programme_id: UUID) -> Programme:
    """The programme, locked, if the actor's organisation runs it."""
    programme = queries.programme(session, actor, programme_id)
    own = None if actor.org_kind is OrgKind.OPERATOR else actor.org_id
    if programme.seller_id != own:
        raise NotAllowed(_("Another organisation runs this programme."))
    return queries.programme(session, actor, programme_id, lock=True)


def _own_account(session: Session, actor: Actor, account_id: UUID) -> Account:
    account = queries.account(session, actor, account_id, lock=True)
    if account.organisation_id != actor.org_id:
        raise NotAllowed(_("These points belong to another organisation."))
    return account


def _check_active(session: Session, account: Account) -> None:
    programme = session.get_one(Programme, account.programme_id)
    if programme.state is not ProgrammeState.ACTIVE:
        raise rules.ProgrammePaused.raised()


def _reward(session: Session, programme_id: UUID, reward_id: UUID) -> Reward:
    reward = session.scalar(
        select(Reward).where(
            Reward.programme_id == programme_id, Reward.id == reward_id, Reward.active
        )
    )
    if reward is None:
        raise NotFound(_("There is no such reward in this programme."))
    return reward


def _redemption(
    account: Account, reward: Reward, actor: Actor, request_key: str, at: datetime
) -> Redemption:
    return Redemption(
        account_id=account.id,
        reward_id=reward.id,
        reward_name=reward.name,
        state=RedemptionState.GRANTED,
        points=reward.points,
        amount=reward.amount,
        currency=reward.currency,
        code="".join(secrets.choice(CODE_ALPHABET) for _place in range(CODE_LENGTH)),
        request_key=request_key,
        redeemed_by=actor.person_id,
        redeemed_at=at,
    )


def _give_back(session: Session, account: Account, redemption: Redemption, at: datetime) -> None:
    """A new lot for each lot that paid, with its expiry."""
    paid = session.execute(
        select(Movement.points, Lot.expires_at)
        .join(Lot, Lot.id == Movement.lot_id)
        .where(Movement.redemption_id == redemption.id, Movement.kind == MovementKind.REDEEM)
        .order_by(Lot.expires_at, Lot.id)
    ).all()
    for points, expires_at in paid:
        ledger.add_lot(
            session,
            account,
            MovementKind.RESTORE,
            -points,
            at,
            rules.restored_expiry(expires_at, at),
            redemption_id=redemption.id,
        )


def _set_rules(session: Session, programme: Programme, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    seen = [(row["from_net"].currency, row["from_net"].amount) for row in rows]
    refuse_all(
        [
            FieldError(
                f"/rules/{place}/from_net", "duplicate", _("Two rules begin at this amount.")
            )
            for place, key in enumerate(seen)
            if key in seen[:place]
        ]
    )
    session.add_all(
        EarningRule(
            programme_id=programme.id,
            currency=row["from_net"].currency,
            from_net=row["from_net"].amount,
            points_per_unit=row["points_per_unit"],
        )
        for row in rows
    )
    session.flush()


def _note(
    session: Session,
    actor: Actor,
    programme: Programme,
    action: str,
    data: dict[str, Any] | None = None,
) -> None:
    audit.record(
        session,
        actor,
        f"loyalty.programme_{action}",
        ("loyalty_programme", programme.id),
        data,
        owner_id=programme.seller_id,
    )
