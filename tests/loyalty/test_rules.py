"""Points by exact figures, and properties that hold for every history."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.loyalty import rules
from marketplace.loyalty.rules import NotEnoughPoints, Take

D = Decimal
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    currency: str
    from_net: Decimal
    points_per_unit: Decimal


@dataclass(frozen=True)
class Lot:
    id: UUID
    remaining: int
    expires_at: datetime


def lot(remaining: int, days: int) -> Lot:
    return Lot(uuid4(), remaining, START + timedelta(days=days))


class TestEarning:
    @pytest.mark.parametrize(
        ("net", "rate", "points"),
        [
            ("1000.00", "0.1", 100),
            ("999.99", "1", 999),
            ("0.99", "1", 0),
            ("0.00", "1", 0),
            ("-5.00", "1", 0),
            ("33.33", "1.5", 49),
        ],
    )
    def test_whole_points_rounded_down(self, net: str, rate: str, points: int) -> None:
        assert rules.points_of(D(net), D(rate)) == points

    def test_the_highest_amount_reached_counts(self) -> None:
        table = [Rule("EUR", D(0), D(1)), Rule("EUR", D(500), D(2)), Rule("USD", D(0), D(3))]
        found = {
            net: rules.rule_for(table, D(net), "EUR") for net in ("499.99", "500.00", "700.00")
        }
        assert [r and r.points_per_unit for r in found.values()] == [1, 2, 2]

    def test_a_currency_without_rule_earns_nothing(self) -> None:
        assert rules.rule_for([Rule("EUR", D(0), D(1))], D(100), "CHF") is None

    @pytest.mark.parametrize(
        ("earned", "months", "expires"),
        [
            (datetime(2026, 1, 31, tzinfo=UTC), 1, datetime(2026, 2, 28, tzinfo=UTC)),
            (datetime(2026, 11, 25, tzinfo=UTC), 24, datetime(2028, 11, 25, tzinfo=UTC)),
            (datetime(2028, 2, 29, tzinfo=UTC), 12, datetime(2029, 2, 28, tzinfo=UTC)),
            (datetime(2026, 12, 1, tzinfo=UTC), 1, datetime(2027, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_expiry_is_a_calendar_day(
        self, earned: datetime, months: int, expires: datetime
    ) -> None:
        assert rules.expiry_of(earned, months) == expires


class TestSpending:
    def test_what_expires_first_pays_first(self) -> None:
        late, early = lot(100, 300), lot(100, 100)
        assert rules.takes([late, early], 150, START) == [Take(early.id, 100), Take(late.id, 50)]

    def test_expired_lots_pay_nothing(self) -> None:
        with pytest.raises(NotEnoughPoints) as refused:
            rules.takes([lot(100, 0), lot(40, 1)], 41, START)
        assert refused.value.data == {"balance": 40, "needed": 41}

    @given(
        st.lists(st.tuples(st.integers(0, 500), st.integers(-5, 400)), max_size=8),
        st.integers(1, 1500),
    )
    def test_takes_exactly_what_is_asked_for_and_never_overdraws(
        self, rows: list[tuple[int, int]], wanted: int
    ) -> None:
        lots = [lot(remaining, days) for remaining, days in rows]
        balance = rules.balance_of(lots, START)
        taken = rules.partial_takes(lots, wanted, START)
        left = {row.id: row.remaining for row in lots}
        for take in taken:
            left[take.lot_id] -= take.points
        assert sum(take.points for take in taken) == min(wanted, balance)
        assert all(points >= 0 for points in left.values())
        after = [replace(row, remaining=left[row.id]) for row in lots]
        assert rules.balance_of(after, START) == balance - min(wanted, balance)


class TestRefunds:
    def test_a_tenth_returned_takes_back_a_tenth(self) -> None:
        """OPEN-33: bought for 1,000 at 1 point per 10, returned 100: 90 points stay."""
        assert rules.reversed_points(D(1000), D(100), D("0.1"), 100) == 10

    @given(
        st.decimals(1, 10_000, places=2),
        st.lists(st.decimals(0, 10_000, places=2), max_size=8),
        st.decimals("0.01", 5, places=2),
    )
    def test_many_small_refunds_take_back_no_more_than_one_large_one(
        self, net: Decimal, refunds: list[Decimal], rate: Decimal
    ) -> None:
        earned = rules.points_of(net, rate)
        taken, refunded = 0, D(0)
        for refund in refunds:
            refunded += refund
            owed = rules.reversed_points(net, refunded, rate, earned)
            assert owed >= taken
            taken = owed
        assert taken == rules.reversed_points(net, sum(refunds, D(0)), rate, earned)
        assert 0 <= taken <= earned

    def test_points_given_back_keep_their_expiry_with_thirty_days_at_least(self) -> None:
        far, near = START + timedelta(days=200), START + timedelta(days=3)
        assert rules.restored_expiry(far, START) == far
        assert rules.restored_expiry(near, START) == START + timedelta(days=30)
