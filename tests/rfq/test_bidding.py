"""A bid until the deadline: who may, until when, what counts, and what is kept of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Conflict, NotAllowed, NotFound, Stale
from marketplace.core.outbox import OutboxMessage
from marketplace.documents.rules import FileRefused
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.models import BidAttempt, BidDraft, BidVersion
from marketplace.rfq.bids.rules import BidInvalid, DeadlinePassed, NotOpenForBids
from marketplace.rfq.receiving import receipts, submission
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.services import bid_drafts, bidding, publishing
from marketplace.rfq.terms.bid_states import AttemptOutcome, BidState
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor

MICROSECOND = timedelta(microseconds=1)


def events(session, name):
    session.flush()
    return session.scalars(select(OutboxMessage).where(OutboxMessage.name == name)).all()


def codes(error):
    return {(each.pointer, each.code) for each in error.value.errors}


class TestSubmit:
    def test_leaves_a_sealed_version_a_receipt_and_an_event_for_the_supplier_alone(self, session):
        sourcing = make_sourcing(session)
        submitted = sourcing.submit(0, "12.5", "0.0125")
        bid = session.get_one(Bid, submitted.bid_id)
        supplier = sourcing.suppliers[0]
        assert (bid.state, bid.number, bid.version) == (BidState.SUBMITTED, 1, 1)
        version = bid_queries.version(session, bid.id, 1)
        assert version.digest == submitted.receipt.digest
        assert receipts.is_genuine(submitted.receipt, KEYS.public_key())
        (announced,) = events(session, "rfq.bid_submitted")
        assert announced.audience == [supplier.org_id]
        noted = session.scalars(select(AuditEvent).where(AuditEvent.subject_id == bid.id)).one()
        assert (noted.action, noted.org_id, noted.owner_id) == (
            "bid.submitted", supplier.org_id, supplier.org_id,
        )  # fmt: skip

    def test_at_the_deadline_is_in_time_and_a_microsecond_later_is_not(self, session):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "1", "1", before=timedelta(0))
        with pytest.raises(DeadlinePassed) as error:
            sourcing.submit(1, "1", "1", before=-MICROSECOND)
        data = error.value.data
        assert data["bids_due_at"] == receipts.instant(sourcing.due_at)
        assert data["arrived_at"] == receipts.instant(sourcing.due_at + MICROSECOND)
        assert data["time_zone"] == "Europe/Paris"
        assert session.scalars(select(Bid.supplier_id)).all() == [sourcing.suppliers[0].org_id]
        assert len(events(session, "rfq.bid_submitted")) == 1

    def test_the_second_pass_of_a_repeated_hour_is_later_than_the_first(self, session):
        """D-09: 01:10 comes again in London that night, forty minutes after 01:30 of the first."""
        first_pass = datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=1)))
        with clock.frozen(first_pass - timedelta(days=7)):
            sourcing = make_sourcing(
                session, time_zone="Europe/London", bids_due_at="2026-10-25T01:30:00+01:00"
            )
        assert sourcing.due_at == first_pass
        second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        with pytest.raises(DeadlinePassed) as error:
            sourcing.submit(0, "1", "1", before=first_pass - second_pass)
        assert error.value.data["arrived_at"] == "2026-10-25T01:10:00Z"

    def test_counts_the_arrival_and_not_the_time_of_writing(self, session):
        sourcing = make_sourcing(session)
        with clock.frozen(sourcing.due_at + timedelta(seconds=5)):
            submitted = sourcing.submit(0, "1", "1", before=timedelta(milliseconds=1))
        assert submitted.receipt.outcome is AttemptOutcome.ACCEPTED

    @pytest.mark.parametrize("late_by", [0.001, 0.05, 1, 3600])
    def test_late_is_refused_without_any_job_and_the_attempt_can_be_kept(self, session, late_by):
        sourcing = make_sourcing(session)
        with pytest.raises(DeadlinePassed) as error:
            sourcing.submit(0, "1", "1", before=-timedelta(seconds=late_by))
        bidding.keep_refusal(session, sourcing.suppliers[0], error.value)
        session.flush()
        attempt = session.scalars(select(BidAttempt)).one()
        assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, "deadline_passed")
        assert str(attempt.id) == error.value.data["attempt_id"]
        assert receipts.is_genuine(attempt, KEYS.public_key())
        assert session.scalar(
            select(func.count()).where(AuditEvent.action == "bid.refused")
        ) == 1  # fmt: skip

    def test_a_moved_deadline_counts(self, session):
        sourcing = make_sourcing(session)
        earlier = sourcing.due_at
        publishing.extend(session, sourcing.buyer, sourcing.rfq.id, earlier + timedelta(days=1))
        sourcing.submit(0, "1", "1", before=timedelta(hours=1))

    def test_a_cancelled_rfq_takes_none(self, session):
        sourcing = make_sourcing(session)
        publishing.cancel(session, sourcing.buyer, sourcing.rfq.id, "no longer needed")
        with pytest.raises(NotOpenForBids):
            sourcing.submit(0, "1", "1")

    def test_is_for_invited_suppliers(self, session):
        sourcing = make_sourcing(session)
        stranger = make_actor(session, OrgKind.SUPPLIER)
        with pytest.raises(NotFound):
            bidding.submit(
                session, stranger, KEYS, sourcing.rfq.id, clock.now(), sourcing.content("1", "1")
            )

    def test_is_not_for_buyers(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(NotAllowed):
            bidding.submit(
                session, sourcing.buyer, KEYS, sourcing.rfq.id, clock.now(), BidContent()
            )

    def test_there_must_be_something_to_submit(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(Conflict):
            bidding.submit(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, clock.now())


class TestContent:
    def test_every_reason_is_given_at_once(self, session):
        sourcing = make_sourcing(session)
        good = sourcing.lines[0].id
        content = BidContent(
            lines=(
                PricedLine(uuid4(), Decimal(1), "EUR"),
                PricedLine(good, Decimal("-1"), "EUR"),
                PricedLine(good, Decimal("1.1234567"), "USD"),
                PricedLine(sourcing.lines[1].id, Decimal("NaN"), "EUR"),
            ),
            lot_ids=(uuid4(),),
        )
        with pytest.raises(BidInvalid) as error:
            bidding.submit(
                session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, clock.now(), content
            )
        assert codes(error) >= {
            ("/lines/0/line_id", "unknown_line"),
            ("/lines/1/unit_price/amount", "not_positive"),
            ("/lines/2/line_id", "duplicate_line"),
            ("/lines/2/unit_price/currency", "wrong_currency"),
            ("/lines/2/unit_price/amount", "too_many_decimals"),
            ("/lines/3/unit_price/amount", "too_large"),
            ("/lot_ids/0", "unknown_lot"),
        }
        assert session.scalars(select(Bid)).all() == []

    def test_a_total_beyond_what_can_be_stored_is_refused_now_and_not_at_opening(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(BidInvalid) as error:
            sourcing.submit(0, "9999999999999")
        assert codes(error) == {("/lines", "too_large")}

    def test_a_zero_price_is_none(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(BidInvalid) as error:
            sourcing.submit(0, "0", "1")
        assert codes(error) == {("/lines/0/unit_price/amount", "not_positive")}

    def test_lines_may_be_missing_but_not_all(self, session):
        sourcing = make_sourcing(session)
        sourcing.submit(0, None, "1")
        with pytest.raises(BidInvalid) as error:
            sourcing.submit(1)
        assert codes(error) == {("/lines", "required")}


class TestReplace:
    def test_the_last_version_counts_and_earlier_ones_stay_sealed(self, session):
        """D-22; opening does not even read the earlier ones."""
        sourcing = make_sourcing(session)
        for number in range(1, 6):
            submitted = sourcing.submit(0, str(number), "1")
        bid = session.get_one(Bid, submitted.bid_id)
        assert (bid.number, bid.version) == (5, 5)
        numbers = session.scalars(select(BidVersion.number).order_by(BidVersion.number)).all()
        assert numbers == [1, 2, 3, 4, 5]

    def test_withdraw_and_bid_again(self, session):
        sourcing = make_sourcing(session)
        first = sourcing.submit(0, "1", "1")
        supplier = sourcing.suppliers[0]
        receipt = bidding.withdraw(session, supplier, KEYS, sourcing.rfq.id, clock.now())
        assert receipt.outcome is AttemptOutcome.WITHDRAWN
        assert session.get_one(Bid, first.bid_id).state is BidState.WITHDRAWN
        again = sourcing.submit(0, "2", "2")
        assert again.bid_id == first.bid_id
        assert session.get_one(Bid, first.bid_id).number == 2

    def test_nothing_is_withdrawn_after_the_deadline(self, session):
        sourcing = make_sourcing(session)
        submitted = sourcing.submit(0, "1", "1")
        with pytest.raises(DeadlinePassed):
            bidding.withdraw(
                session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, sourcing.due_at + MICROSECOND
            )
        assert session.get_one(Bid, submitted.bid_id).state is BidState.SUBMITTED

    def test_a_second_tab_with_the_older_version_is_told(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        seen = sourcing.submit(0, "1", "1").version
        bidding.submit(
            session, supplier, KEYS, rfq_id, clock.now(), sourcing.content("2", "2"), expected=seen
        )
        with pytest.raises(Stale):
            bidding.submit(
                session, supplier, KEYS, rfq_id, clock.now(), sourcing.content("3"), expected=seen
            )

    def test_a_bid_that_changed_after_it_was_read_is_not_overwritten(self, session, monkeypatch):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "1", "1")
        found = bid_queries.door(session, sourcing.suppliers[0], sourcing.rfq.id)
        before = replace(
            found, bid=Bid(id=found.bid.id, state=found.bid.state, number=1, version=7)
        )
        monkeypatch.setattr(bid_queries, "door", lambda *_args, **_options: before)
        with pytest.raises(submission.BidChanged):
            sourcing.submit(0, "2", "2")
        assert session.scalars(select(BidVersion.number)).all() == [1]


class TestDraft:
    def test_is_kept_locked_and_read_by_its_supplier(self, session):
        sourcing = make_sourcing(session)
        supplier = sourcing.suppliers[0]
        content = sourcing.content("12.34", note="CANARY-NOTE")
        bid = bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, content)
        assert bid.state is BidState.DRAFT
        assert b"CANARY" not in session.get_one(BidDraft, bid.id).content
        own = bid_drafts.read(session, supplier, KEYS, sourcing.rfq.id)
        assert own.draft == content

    def test_is_submitted_as_it_stands_and_gone_afterwards(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        content = sourcing.content("12.34", "5")
        bid = bid_drafts.save(session, supplier, KEYS, rfq_id, content)
        submitted = bidding.submit(
            session, supplier, KEYS, rfq_id, clock.now(), expected=bid.version
        )
        assert submitted.bid_id == bid.id
        session.expunge_all()
        assert session.scalars(select(BidDraft)).all() == []
        own = bid_drafts.read(session, supplier, KEYS, rfq_id, submitted.read_back_key)
        assert (own.draft, own.sealed) == (None, content)

    def test_saving_twice_with_the_same_version_is_a_conflict_of_two_tabs(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        seen = bid_drafts.save(session, supplier, KEYS, rfq_id, sourcing.content("1")).version
        bid_drafts.save(session, supplier, KEYS, rfq_id, sourcing.content("2"), expected=seen)
        with pytest.raises(Stale):
            bid_drafts.save(session, supplier, KEYS, rfq_id, sourcing.content("3"), expected=seen)

    def test_a_replacement_begins_with_the_submitted_version(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        submitted = sourcing.submit(0, "1", "2")
        bid_drafts.revise(session, supplier, KEYS, rfq_id, submitted.read_back_key)
        own = bid_drafts.read(session, supplier, KEYS, rfq_id)
        assert own.draft == sourcing.content("1", "2")
        assert own.door.bid.state is BidState.SUBMITTED

    def test_the_key_of_an_earlier_version_reads_nothing(self, session):
        sourcing = make_sourcing(session)
        old = sourcing.submit(0, "1", "2").read_back_key
        sourcing.submit(0, "3", "4")
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        assert bid_drafts.read(session, supplier, KEYS, rfq_id, old).sealed is None
        with pytest.raises(bid_drafts.WrongReadBackKey):
            bid_drafts.revise(session, supplier, KEYS, rfq_id, old)


class TestDocuments:
    def attach(self, sourcing, session, content=b"CANARY-TEXT", name="offer.txt"):
        return bid_drafts.attach(
            session,
            sourcing.suppliers[0],
            KEYS,
            sourcing.rfq.id,
            filename=name,
            content_type="text/plain",
            content=content,
        )

    def test_are_locked_at_once_and_travel_with_the_bid(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        document = self.attach(sourcing, session)
        bid_id = bid_drafts.read(session, supplier, KEYS, rfq_id).door.bid.id
        assert b"CANARY" not in bid_queries.document(session, bid_id, document.id).content
        submitted = bidding.submit(
            session, supplier, KEYS, rfq_id, clock.now(), sourcing.content("1", "1")
        )
        found, content = bid_drafts.document(
            session, supplier, KEYS, rfq_id, bid_id, document.id, submitted.read_back_key
        )
        assert (found.name, content) == ("offer.txt", b"CANARY-TEXT")
        with pytest.raises(NotFound):
            bid_drafts.document(session, supplier, KEYS, rfq_id, bid_id, document.id)

    def test_saving_prices_keeps_them_and_removing_removes(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        kept = self.attach(sourcing, session)
        gone = self.attach(sourcing, session, name="other.txt")
        bid_drafts.save(session, supplier, KEYS, rfq_id, sourcing.content("1"))
        bid_drafts.detach(session, supplier, KEYS, rfq_id, gone.id)
        draft = bid_drafts.read(session, supplier, KEYS, rfq_id).draft
        assert draft.documents == (kept,)
        assert [line.unit_price for line in draft.lines] == [Decimal(1)]

    def test_a_document_that_is_gone_is_named_and_nothing_is_half_submitted(self, session):
        sourcing = make_sourcing(session)
        supplier, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        document = self.attach(sourcing, session)
        bid_id = bid_drafts.read(session, supplier, KEYS, rfq_id).door.bid.id
        session.delete(bid_queries.document(session, bid_id, document.id))
        session.flush()
        with pytest.raises(BidInvalid) as error:
            bidding.submit(session, supplier, KEYS, rfq_id, clock.now(), sourcing.content("1", "1"))
        assert codes(error) == {("/documents", "unknown_document")}
        assert session.scalars(select(BidVersion)).all() == []

    @pytest.mark.parametrize("content", [b"", b"x" * (10 * 1024 * 1024 + 1)])
    def test_have_a_size(self, session, content):
        sourcing = make_sourcing(session)
        with pytest.raises(FileRefused):
            self.attach(sourcing, session, content)


class TestUnreadable:
    def test_sealed_versions_say_nothing(self, session):
        sourcing = make_sourcing(session)
        submitted = sourcing.submit(0, "4242.42", "1", note="CANARY-NOTE")
        version = bid_queries.version(session, submitted.bid_id, 1)
        whole = version.ciphertext + version.key_for_opening + version.key_for_reading_back
        assert b"CANARY" not in whole
        assert b"4242" not in whole
        with pytest.raises(envelopes.SealBroken):
            envelopes.unlock(KEYS.draft_key(submitted.bid_id), version.ciphertext, b"")
