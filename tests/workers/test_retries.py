"""Pauses grow, and what is kept of a failure gives no values away."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.core.errors import Conflict
from workers import retries


class BellCracked(Conflict):
    code = "bell_cracked"


@pytest.mark.parametrize(
    ("attempts", "bound"),
    [(1, timedelta(seconds=5)), (2, timedelta(seconds=10)), (8, timedelta(seconds=640))],
)
def test_the_pause_stays_below_a_bound_that_doubles(attempts: int, bound: timedelta) -> None:
    pauses = [retries.pause_after(attempts) for _try in range(200)]
    assert timedelta(0) <= min(pauses)
    assert bound / 2 < max(pauses) <= bound


def test_no_pause_is_longer_than_a_quarter_of_an_hour() -> None:
    assert max(retries.pause_after(40) for _try in range(100)) <= timedelta(minutes=15)


def test_a_refusal_is_told_with_its_code() -> None:
    assert retries.describe(BellCracked("It is cracked.")) == "bell_cracked: It is cracked."


def test_a_failed_statement_is_told_without_its_values(session: Session) -> None:
    with pytest.raises(DBAPIError) as failure, session.begin_nested():
        session.execute(text("SELECT 1 / :zero, :secret"), {"zero": 0, "secret": "s3cret"})
    said = retries.describe(failure.value)
    assert "division by zero" in said
    assert "s3cret" not in said
