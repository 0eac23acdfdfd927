"""Suspension: clocks stand still, nothing is taken, and everybody gets the time back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage, load
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import OrgKind
from marketplace.notifications.models import Notice
from marketplace.rfq.asking.rules import DeadlineShortenForbidden, takes_questions
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.rules import RfqSuspended, TooEarly
from marketplace.rfq.notices.rfqs import announce_resumption, announce_suspension
from marketplace.rfq.services import bid_drafts, bidding, proving, publishing, suspending
from marketplace.rfq.services.suspending import ResumptionTooSoon
from marketplace.rfq.terms.states import RfqState
from tests.clients import words
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor

DUE_AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEGAN = DUE_AT - timedelta(hours=2)


@pytest.fixture
def sourcing(session):
    with clock.frozen(DUE_AT - timedelta(days=2)):
        return make_sourcing(
            session, bids_due_at=DUE_AT, questions_due_at=DUE_AT - timedelta(hours=1)
        )


def suspend(sourcing, at=BEGAN, actor=None):
    with clock.frozen(at):
        return suspending.suspend(
            sourcing.session, actor or sourcing.buyer, sourcing.rfq.id, " Awaiting the permit "
        )


def resume(sourcing, at, bids_due_at=None):
    with clock.frozen(at):
        return suspending.resume(sourcing.session, sourcing.buyer, sourcing.rfq.id, bids_due_at)


class TestSuspended:
    def test_nothing_is_taken_but_drafts_are_kept(self, session, sourcing):
        suspend(sourcing)
        actor, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        with pytest.raises(RfqSuspended) as refusal:
            bidding.submit(
                session, actor, KEYS, rfq_id, BEGAN + timedelta(minutes=1), sourcing.content("1")
            )
        assert refusal.value.code == "rfq_suspended"
        assert refusal.value.data["suspended_at"] == "2026-03-10T10:00:00Z"
        assert "statement" in refusal.value.data
        with clock.frozen(BEGAN + timedelta(minutes=1)):
            bid_drafts.save(session, actor, KEYS, rfq_id, sourcing.content("1"))
        assert not session.scalars(select(BidAttempt)).all()
        assert not takes_questions(sourcing.rfq, BEGAN + timedelta(minutes=1))

    def test_the_deadline_does_not_pass(self, session, sourcing):
        sourcing.submit(0, "1", "2", before=timedelta(hours=3))
        suspend(sourcing)
        later = DUE_AT + timedelta(days=1)
        assert sourcing.rfq.state_at(later) is RfqState.SUSPENDED
        with clock.frozen(later), pytest.raises(TooEarly):
            proving.closing(session, sourcing.buyer, KEYS, sourcing.rfq.id)
        with clock.frozen(later), pytest.raises(IllegalTransition):
            sourcing.open()
        with clock.frozen(later), pytest.raises(IllegalTransition):
            publishing.extend(session, sourcing.buyer, sourcing.rfq.id, later + timedelta(days=1))

    def test_only_before_the_deadline_and_once(self, session, sourcing):
        with pytest.raises(IllegalTransition):
            suspend(sourcing, DUE_AT + timedelta(seconds=1))
        suspend(sourcing)
        with pytest.raises(IllegalTransition):
            suspend(sourcing)
        with pytest.raises(NotFound):
            suspend(sourcing, actor=make_actor(session))
        with pytest.raises((NotFound, NotAllowed)):
            suspend(sourcing, actor=sourcing.suppliers[0])

    def test_it_may_be_cancelled(self, session, sourcing):
        suspend(sourcing)
        publishing.cancel(session, sourcing.buyer, sourcing.rfq.id, "No permit")
        assert sourcing.rfq.state is RfqState.CANCELLED


class TestResumed:
    def test_every_deadline_moves_by_the_length(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", before=timedelta(hours=3))
        suspend(sourcing)
        # 25 hours, 30 minutes and a second: a minute that has begun counts whole
        resume(sourcing, BEGAN + timedelta(hours=25, minutes=30, seconds=1))
        rfq = sourcing.rfq
        assert rfq.state is RfqState.PUBLISHED
        assert rfq.bids_due_at == DUE_AT + timedelta(hours=25, minutes=31)
        assert rfq.questions_due_at == DUE_AT + timedelta(hours=24, minutes=31)
        assert (rfq.suspended_at, rfq.suspension_reason) == (None, None)
        sourcing.submit(1, "3", "4", before=timedelta(minutes=1))
        assert sourcing.open().bid_count == 2
        assert done.receipt.number == 1

    def test_a_later_deadline_as_chosen_and_none_that_is_sooner(self, session, sourcing):
        suspend(sourcing)
        at, least = BEGAN + timedelta(hours=1), DUE_AT + timedelta(hours=1)
        with pytest.raises(DeadlineShortenForbidden):
            resume(sourcing, at, DUE_AT - timedelta(minutes=1))
        with pytest.raises(ResumptionTooSoon) as refusal:
            resume(sourcing, at, least - timedelta(minutes=1))
        assert refusal.value.data["needed_due_at"] == "2026-03-10T13:00:00Z"

    def test_a_chosen_one_holds(self, session, sourcing):
        suspend(sourcing)
        resume(sourcing, BEGAN + timedelta(hours=1), "2026-03-12T12:00")
        assert sourcing.rfq.bids_due_at == datetime(2026, 3, 12, 11, tzinfo=UTC)

    def test_all_are_told_once(self, session, sourcing):
        suspend(sourcing)
        resume(sourcing, BEGAN + timedelta(hours=1))
        for name, announce in (
            ("rfq.suspended", announce_suspension),
            ("rfq.resumed", announce_resumption),
        ):
            (message,) = session.scalars(select(OutboxMessage).where(OutboxMessage.name == name))
            for _twice in range(2):
                announce(session, load(message))
            notices = session.scalars(
                select(Notice).where(Notice.kind == name.replace(".", "_"))
            ).all()
            assert len(notices) == len(sourcing.suppliers)
        told = session.scalars(select(AuditEvent.action).where(AuditEvent.action.like("rfq.%")))
        assert {"rfq.suspended", "rfq.resumed"} <= set(told)


class TestHttp:
    def test_api(self, api, session):
        sourcing = make_sourcing(session)
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer, supplier = api(sourcing.buyer), api(sourcing.suppliers[0])
        assert "suspend" in buyer.get(url).json["actions"]
        assert buyer.post(f"{url}/suspend", json={"reason": ""}).status_code == 422
        stopped = buyer.post(f"{url}/suspend", json={"reason": "Permit"})
        assert (stopped.status_code, stopped.json["state"]) == (200, "suspended")
        assert supplier.get(url).json["suspension_reason"] == "Permit"
        bid = {"submit": True, "lines": [{"line_id": str(sourcing.lines[0].id),
               "unit_price": {"amount": "1.00", "currency": "EUR"}}]}  # fmt: skip
        refused = supplier.post(f"{url}/bids", json=bid)
        assert (refused.status_code, refused.json["code"]) == (409, "rfq_suspended")
        stranger = api(make_actor(session, OrgKind.BUYER))
        assert stranger.post(f"{url}/resume", json={}).status_code == 404
        going = buyer.post(f"{url}/resume", json={})
        assert (going.status_code, going.json["state"]) == (200, "published")
        assert supplier.post(f"{url}/bids", json=bid).status_code == 201

    def test_portal(self, portal, session):
        sourcing = make_sourcing(session)
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer, supplier = portal(sourcing.buyer), portal(sourcing.suppliers[0])
        assert buyer.get(f"{url}/suspend").status_code == 200
        assert buyer.post(f"{url}/suspend", {"reason": ""}).status_code == 422
        assert buyer.post(f"{url}/suspend", {"reason": "Permit"}).status_code == 303
        for reader in (buyer, supplier):
            assert "no deadline passes" in words(reader.get(url))
        assert supplier.get(f"{url}/bids/edit").status_code == 200
        assert "Deadline from then on" in words(buyer.get(f"{url}/resume"))
        sooner = buyer.post(f"{url}/resume", {"bids_due_at": "2020-01-01T00:00"})
        assert sooner.status_code == 422
        assert "2020-01-01T00:00" in sooner.text
        assert buyer.post(f"{url}/resume", {}).status_code == 303
        assert "Suspend the RFQ" in words(buyer.get(url))
