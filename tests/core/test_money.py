"""Money: exact, rounded half up, split without loss."""

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import (
    CurrencyMismatch,
    Money,
    allocate,
    exponent,
    rounded,
    rounded_amount,
)

EUR = "EUR"
CASES = 100_000


def euros(amount: str) -> Money:
    return Money(Decimal(amount), EUR)


def cents_of(cents: int) -> Money:
    return Money(Decimal(cents).scaleb(-2), EUR)


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("TND", 3), ("HUF", 2)])
def test_places_follow_the_currency(currency, places):
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("174.055", "EUR", "174.06"),
        ("0.005", "EUR", "0.01"),
        ("-0.005", "EUR", "-0.01"),
        ("2.5", "JPY", "3"),
    ],
)
def test_rounding_is_half_up_away_from_zero(amount, currency, expected):
    assert str(rounded_amount(Decimal(amount), currency)) == expected


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        euros("1") + Money(Decimal(1), "USD")


def test_a_float_is_refused():
    with pytest.raises(TypeError):
        Money(0.1, EUR)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("0.05", [1] * 7, ["0.01"] * 5 + ["0.00"] * 2),
        # three equal remainders: decimals of 28 places took them for different
        ("557.94", [1, 7, 3, 7], ["31.00", "216.98", "92.99", "216.97"]),
        ("-10.00", [1, 1, 1], ["-3.34", "-3.33", "-3.33"]),
    ],
)
def test_a_split_gives_the_rest_to_the_first(amount, weights, parts):
    assert allocate(euros(amount), weights) == [euros(part) for part in parts]


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any),
)
def test_a_split_adds_up(cents, weights):
    money = Money(Decimal(cents).scaleb(-2), EUR)
    parts = allocate(money, weights)
    assert sum((part.amount for part in parts), Decimal(0)) == money.amount
    assert all(part == rounded(part) for part in parts)


def test_a_hundred_thousand_splits_are_exact_fair_and_stable():
    """C-13: no part is a whole unit off, the largest remainders come first, ties go forward."""
    seed = random.SystemRandom().randrange(10**9)
    chance = random.Random(seed)
    naive_misses = 0
    for _case in range(CASES):
        cents = chance.randint(-(10**6), 10**6)
        weights = [chance.choice((0, 1, 1, 2, 3, 7)) for _part in range(chance.randint(1, 8))]
        if not any(weights):
            continue
        parts = [int(part.amount * 100) for part in allocate(cents_of(cents), weights)]
        assert sum(parts) == cents, (seed, cents, weights)
        # what a part got above its whole share, and the remainder that it was owed, by position
        shares = [divmod(abs(cents) * weight, sum(weights)) for weight in weights]
        given = [abs(part) - whole for part, (whole, _rest) in zip(parts, shares, strict=True)]
        owed = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
        extra = sum(given)
        assert {i for i, got in enumerate(given) if got} == set(owed[:extra]), (
            seed,
            cents,
            weights,
        )
        assert set(given) <= {0, 1}, (seed, cents, weights)
        naive = [round(cents * weight / sum(weights)) for weight in weights]
        naive_misses += sum(naive) != cents
    assert naive_misses > CASES // 20


def test_a_split_needs_a_weight():
    with pytest.raises(ValueError, match="above zero"):
        allocate(euros("1"), [0, 0])
