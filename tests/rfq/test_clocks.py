"""What the clock brings: who is told, once, and never of what has been moved away."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.identity.permissions import SYSTEM
from marketplace.notifications.models import Notice
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.notices.clock import look_at_clocks
from marketplace.rfq.services import publishing, suspending
from tests.factories.bids import make_sourcing

DUE_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY, HOUR, DRAIN = timedelta(days=1), timedelta(hours=1), timedelta(seconds=30)


@pytest.fixture
def sourcing(session):
    with clock.frozen(DUE_AT - 5 * DAY):
        return make_sourcing(session, bids_due_at=DUE_AT, questions_due_at=DUE_AT - DAY)


def look(session, at):
    with clock.frozen(at):
        look_at_clocks(session, SYSTEM)


def told(session):
    rows = session.execute(select(Notice.kind, Notice.organisation_id).order_by(Notice.occurred_at))
    return [(kind, org_id) for kind, org_id in rows]


def next_check(session, sourcing):
    return session.scalar(select(Rfq.next_check).where(Rfq.id == sourcing.rfq.id))


def test_each_moment_is_told_once_to_whom_it_concerns(session, sourcing):
    suppliers = {each.org_id for each in sourcing.suppliers}
    version = sourcing.rfq.version
    assert next_check(session, sourcing) == DUE_AT - 2 * DAY
    look(session, DUE_AT - 3 * DAY)
    assert told(session) == []
    for _twice in range(2):
        look(session, DUE_AT - 2 * DAY)
    assert {(kind, org) for kind, org in told(session)} == {
        ("rfq_questions_closing", org) for org in suppliers
    }
    assert len(told(session)) == 2
    look(session, DUE_AT - DAY)
    assert [kind for kind, _org in told(session)].count("rfq_deadline_soon") == 2
    look(session, DUE_AT)
    assert next_check(session, sourcing) == DUE_AT + DRAIN
    look(session, DUE_AT + HOUR)
    assert told(session)[-1] == ("rfq_bids_to_open", sourcing.buyer.org_id)
    assert next_check(session, sourcing) is None
    session.expire_all()
    assert sourcing.rfq.version == version


def test_missed_wake_ups_are_made_up_for(session, sourcing):
    look(session, DUE_AT + HOUR)
    assert {kind for kind, _org in told(session)} == {
        "rfq_questions_closing", "rfq_deadline_soon", "rfq_bids_to_open",
    }  # fmt: skip


def test_an_extension_moves_them_and_a_suspension_stops_them(session, sourcing):
    with clock.frozen(DUE_AT - 2 * DAY - HOUR):
        publishing.extend(session, sourcing.buyer, sourcing.rfq.id, DUE_AT + 4 * DAY)
        session.flush()
    look(session, DUE_AT - DAY)
    assert {kind for kind, _org in told(session)} == {"rfq_questions_closing"}
    assert next_check(session, sourcing) == DUE_AT + 3 * DAY
    with clock.frozen(DUE_AT):
        suspending.suspend(session, sourcing.buyer, sourcing.rfq.id, "Permit")
    assert next_check(session, sourcing) is None
    with clock.frozen(DUE_AT + HOUR):
        suspending.resume(session, sourcing.buyer, sourcing.rfq.id)
    assert next_check(session, sourcing) == DUE_AT + 3 * DAY + HOUR
