"""The ledger against the database: field cases, repeats, and a model it must agree with."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import Conflict, NotAllowed
from marketplace.events.invoices import InvoicePaid
from marketplace.events.payments import PaymentRefunded
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.loyalty import ledger, queries, reactions, rules, service
from marketplace.loyalty.models import Account, Lot, Movement, Redemption
from marketplace.loyalty.states import MovementKind, ProgrammeState
from tests.factories.identity import make_actor, make_organisation
from tests.factories.loyalty import (
    EARNED,
    make_account,
    make_lot,
    make_programme,
    make_reward,
    order_completed,
    platform_programme,
)

D = Decimal


@pytest.fixture
def buyer(session: Session):
    return make_actor(session)


@pytest.fixture
def seller(session: Session):
    return make_organisation(session, OrgKind.SUPPLIER)


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


YEAR_END = day(12, 31)


class TestOpen05:
    def test_a_spent_lot_that_expires_takes_nothing_with_it(self, session, buyer, seller) -> None:
        """100 points to 30 June and 100 to 31 December, 100 spent in May: 100 on 1 July."""
        programme = make_programme(session, seller.id)
        account = make_account(session, programme, buyer.org_id)
        first = make_lot(session, account, 100, day(6, 30))
        second = make_lot(session, account, 100, day(12, 31))
        reward = make_reward(session, programme, 100)
        with clock.frozen(day(5, 10)):
            service.redeem(session, buyer, account.id, reward_id=reward.id, request_key="k")
        with clock.frozen(day(7, 1)):
            assert reactions.expire_lots(session, SYSTEM) == 0
            assert queries.balance(session, account.id, clock.now()) == 100
        assert (first.remaining, second.remaining) == (0, 100)
        balances = [
            queries.balance(session, account.id, at)
            for at in (day(5, 1), day(5, 11), day(6, 29), day(7, 1), day(12, 30), day(12, 31))
        ]
        assert balances == [200, 100, 100, 100, 100, 0]

    def test_expiry_writes_off_only_what_is_left(self, session, buyer, seller) -> None:
        account = make_account(session, make_programme(session, seller.id), buyer.org_id)
        lot = make_lot(session, account, 100, day(6, 30))
        ledger.take(session, [lot], [rules.Take(lot.id, 70)], MovementKind.REDEEM, day(5, 1))
        with clock.frozen(day(7, 15)):
            assert reactions.expire_lots(session, SYSTEM) == 1
            assert reactions.expire_lots(session, SYSTEM) == 0
        moved = session.scalars(select(Movement).where(Movement.kind == MovementKind.EXPIRE)).one()
        assert (moved.points, moved.occurred_at) == (-30, day(6, 30))


class TestEarn:
    def test_an_order_earns_once(self, session, buyer, seller) -> None:
        event = order_completed(buyer.org_id, seller.id, "1234.56")
        for _time in range(3):
            reactions.award_points(session, event)
        [view] = queries.own_accounts(session, buyer, EARNED)
        assert (view.programme.id, view.balance) == (platform_programme(session).id, 1234)
        assert session.scalar(select(func.count()).select_from(Movement)) == 1

    def test_a_sellers_own_programme_takes_the_platforms_place(
        self, session, buyer, seller
    ) -> None:
        own = make_programme(session, seller.id, points_per_unit="0.1")
        reactions.award_points(session, order_completed(buyer.org_id, seller.id))
        other = make_organisation(session, OrgKind.SUPPLIER)
        reactions.award_points(session, order_completed(buyer.org_id, other.id))
        views = queries.own_accounts(session, buyer, EARNED)
        assert {view.programme.id: view.balance for view in views} == {
            own.id: 100,
            platform_programme(session).id: 1000,
        }

    def test_a_paused_programme_and_a_foreign_currency_earn_nothing(
        self, session, buyer, seller
    ) -> None:
        make_programme(session, seller.id, state=ProgrammeState.PAUSED)
        platform_programme(session).state = ProgrammeState.PAUSED
        reactions.award_points(session, order_completed(buyer.org_id, seller.id))
        platform_programme(session).state = ProgrammeState.ACTIVE
        reactions.award_points(session, order_completed(buyer.org_id, seller.id, currency="CHF"))
        assert queries.own_accounts(session, buyer, EARNED) == []


class TestRedeem:
    def test_takes_points_once_per_key(self, session, buyer, seller) -> None:
        account, reward = self.ready(session, buyer, seller, 250)
        with clock.frozen(day(5, 1)):
            one = service.redeem(
                session, buyer, account.id, reward_id=reward.id, request_key="same"
            )
            two = service.redeem(
                session, buyer, account.id, reward_id=reward.id, request_key="same"
            )
            assert one.id == two.id
            assert queries.balance(session, account.id, clock.now()) == 150

    def test_refuses_what_is_not_there_and_takes_nothing(self, session, buyer, seller) -> None:
        account, reward = self.ready(session, buyer, seller, 99)
        with clock.frozen(day(5, 1)), pytest.raises(Conflict) as refused:
            service.redeem(session, buyer, account.id, reward_id=reward.id, request_key="k")
        assert refused.value.code == "not_enough_points"
        assert session.scalar(select(func.count()).select_from(Redemption)) == 0
        assert queries.balance(session, account.id, day(5, 1)) == 99

    def test_cancelling_gives_the_points_back_with_their_expiry(
        self, session, buyer, seller
    ) -> None:
        account, reward = self.ready(session, buyer, seller, 60, day(6, 30))
        make_lot(session, account, 60, day(12, 31))
        with clock.frozen(day(5, 1)):
            redemption = service.redeem(
                session, buyer, account.id, reward_id=reward.id, request_key="k"
            )
            service.cancel_redemption(session, buyer, account.id, redemption.id)
            with pytest.raises(Conflict):
                service.cancel_redemption(session, buyer, account.id, redemption.id)
            lots = queries.open_lots(session, account.id, clock.now())
        assert sorted((lot.expires_at, lot.remaining) for lot in lots) == [
            (day(6, 30), 60),
            (day(12, 31), 20),
            (day(12, 31), 40),
        ]

    def test_is_for_the_own_account_and_the_right_role(self, session, buyer, seller) -> None:
        account, reward = self.ready(session, buyer, seller, 100)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER)
        with pytest.raises(NotAllowed):
            service.redeem(session, requester, account.id, reward_id=reward.id, request_key="k")

    def test_the_database_itself_refuses_a_negative_lot(self, session, buyer, seller) -> None:
        account, _reward = self.ready(session, buyer, seller, 10)
        lot = session.scalars(select(Lot).where(Lot.account_id == account.id)).one()
        lot.remaining = -1
        with pytest.raises(IntegrityError):
            session.flush()

    def ready(self, session, buyer, seller, points: int, expires: datetime = YEAR_END):
        programme = make_programme(session, seller.id)
        account = make_account(session, programme, buyer.org_id)
        make_lot(session, account, points, expires)
        return account, make_reward(session, programme, 100)


class TestRefund:
    def earned(self, session, buyer, seller, net: str = "1000.00"):
        make_programme(session, seller.id, points_per_unit="0.1")
        event = order_completed(buyer.org_id, seller.id, net)
        reactions.award_points(session, event)
        paid = InvoicePaid(
            invoice_id=uuid4(),
            order_id=event.order_id,
            buyer_id=buyer.org_id,
            supplier_id=seller.id,
            number="F-1",
            gross=D(net) * D("1.2"),
            currency="EUR",
            due_on=None,
            paid_at=EARNED,
        )
        reactions.note_paid_invoice(session, paid)
        return paid, session.scalars(select(Account)).one()

    def refund(self, paid: InvoicePaid, gross: str) -> PaymentRefunded:
        return PaymentRefunded(
            payment_id=uuid4(),
            refund_id=uuid4(),
            subject_kind="invoice",
            subject_id=paid.invoice_id,
            buyer_id=paid.buyer_id,
            supplier_id=paid.supplier_id,
            amount=D(gross),
            currency="EUR",
            refunded_at=EARNED,
        )

    def test_a_tenth_back_leaves_ninety_points(self, session, buyer, seller) -> None:
        """OPEN-33."""
        paid, account = self.earned(session, buyer, seller)
        event = self.refund(paid, "120.00")
        with clock.frozen(EARNED + timedelta(days=1)):
            reactions.take_back_points(session, event)
            reactions.take_back_points(session, event)
            assert queries.balance(session, account.id, clock.now()) == 90

    def test_thirds_add_up_to_the_whole(self, session, buyer, seller) -> None:
        paid, account = self.earned(session, buyer, seller)
        with clock.frozen(EARNED + timedelta(days=1)):
            for _part in range(3):
                reactions.take_back_points(session, self.refund(paid, "400.00"))
            assert queries.balance(session, account.id, clock.now()) == 0

    def test_points_already_spent_become_a_debt_that_the_next_ones_repay(
        self, session, buyer, seller
    ) -> None:
        paid, account = self.earned(session, buyer, seller)
        lot = session.scalars(select(Lot)).one()
        ledger.take(session, [lot], [rules.Take(lot.id, 80)], MovementKind.REDEEM, EARNED)
        with clock.frozen(EARNED + timedelta(days=1)):
            reactions.take_back_points(session, self.refund(paid, "600.00"))
            assert queries.balance(session, account.id, clock.now()) == 0
            assert account.debt == 30
        again = order_completed(buyer.org_id, seller.id, completed_at=EARNED + timedelta(days=2))
        reactions.award_points(session, again)
        assert account.debt == 0
        assert queries.balance(session, account.id, EARNED + timedelta(days=2)) == 70


def test_the_balance_is_the_sum_of_the_open_lots_at_any_date(session, buyer, seller) -> None:
    """Two hundred random steps against a model of lots in plain Python."""
    programme = make_programme(session, seller.id)
    account = make_account(session, programme, buyer.org_id)
    chance = random.Random(5)
    model: list[list] = []  # [remaining, expiry]
    at, expected = day(1, 1), {}
    for _step in range(200):
        at += timedelta(hours=chance.randint(1, 60))
        model = [entry for entry in model if entry[1] > at]
        if chance.random() < 0.5:
            points, life = chance.randint(1, 300), chance.randint(1, 60)
            make_lot(session, account, points, at + timedelta(days=life), at)
            model.append([points, at + timedelta(days=life)])
        else:
            wanted = chance.randint(1, 400)
            lots = queries.open_lots(session, account.id, at)
            taken = rules.partial_takes(lots, wanted, at)
            ledger.take(session, lots, taken, MovementKind.REDEEM, at)
            for entry in sorted(model, key=lambda entry: entry[1]):
                share = min(entry[0], wanted)
                entry[0] -= share
                wanted -= share
        if chance.random() < 0.2:
            with clock.frozen(at):
                reactions.expire_lots(session, SYSTEM)
        expected[at] = sum(entry[0] for entry in model)
    with clock.frozen(at):
        reactions.expire_lots(session, SYSTEM)
    found = {moment: queries.balance(session, account.id, moment) for moment in expected}
    assert found == expected
    assert min(found.values()) >= 0
