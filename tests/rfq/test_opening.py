"""Opening: when, by whom, all or nothing, and what is noticed when somebody meddled."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, insert, select, update

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import Role
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.models import BidAttempt, BidDocument, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.bids.rules import SealMismatch, TooEarly, WrongPassphrase
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.services import bid_drafts, bidding, opening
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.states import RfqState
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor

DRAIN = timedelta(seconds=30)


def open_at(sourcing, at, *, passphrase=None, actor=None):
    with clock.frozen(at):
        return opening.open_bids(
            sourcing.session,
            actor or sourcing.buyer,
            KEYS,
            sourcing.rfq.id,
            passphrase or sourcing.passphrase,
        )


def nothing_opened(session):
    return (
        session.scalar(select(func.count()).select_from(BidOffer)) == 0
        and session.scalar(select(func.count()).select_from(RfqOpening)) == 0
    )


class TestOpen:
    def test_reads_every_bid_exactly_and_writes_signed_minutes(self, session):
        sourcing = make_sourcing(session, suppliers=3)
        first = sourcing.submit(0, "12.5", "0.0125", note="Free delivery", delivery_days=5)
        second = sourcing.submit(1, None, "7")
        minutes = sourcing.open()
        offers = {offer.bid_id: offer for offer in bid_queries.offers(session, sourcing.rfq.id)}
        assert set(offers) == {first.bid_id, second.bid_id}
        offer = offers[first.bid_id]
        assert (offer.note, offer.delivery_days, offer.number) == ("Free delivery", 5, 1)
        assert {line.rfq_line_id: (line.unit_price, line.total) for line in offer.lines} == {
            sourcing.lines[0].id: (Decimal("12.5"), Decimal("1250.00")),
            sourcing.lines[1].id: (Decimal("0.0125"), Decimal("1.25")),
        }
        assert sourcing.rfq.state is RfqState.OPENED
        assert session.get_one(Bid, first.bid_id).state is BidState.OPENED
        statement = json.loads(minutes.statement)
        assert [bid["digest"] for bid in statement["bids"]] == [
            first.receipt.digest, second.receipt.digest,
        ]  # fmt: skip
        assert envelopes.is_signed(minutes.statement.encode(), minutes.signature, KEYS.public_key())
        (announced,) = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.opened")
        )
        assert announced.audience == [sourcing.buyer.org_id]

    def test_an_rfq_without_bids_opens_too(self, session):
        sourcing = make_sourcing(session)
        assert sourcing.open().bid_count == 0
        assert sourcing.rfq.state is RfqState.OPENED

    def test_only_the_last_version_and_no_withdrawn_bid(self, session):
        sourcing = make_sourcing(session)
        for price in ("5", "4", "3"):
            sourcing.submit(0, price, "1")
        sourcing.submit(1, "1", "1")
        bidding.withdraw(session, sourcing.suppliers[1], KEYS, sourcing.rfq.id, clock.now())
        sourcing.open()
        (offer,) = bid_queries.offers(session, sourcing.rfq.id)
        assert offer.number == 3
        assert {line.unit_price for line in offer.lines} == {Decimal(3), Decimal(1)}

    def test_a_replacement_that_was_never_submitted_does_not_count(self, session):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "5", "5")
        bid_drafts.save(
            session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, sourcing.content("1", "1")
        )
        sourcing.open()
        (offer,) = bid_queries.offers(session, sourcing.rfq.id)
        assert {line.unit_price for line in offer.lines} == {Decimal(5)}

    def test_needs_no_job_to_have_closed_the_rfq(self, session):
        """D-05."""
        sourcing = make_sourcing(session)
        sourcing.submit(0, "1", "1")
        later = sourcing.due_at + timedelta(hours=1)
        assert sourcing.rfq.state is RfqState.PUBLISHED
        assert sourcing.rfq.state_at(later) is RfqState.CLOSED
        assert open_at(sourcing, later).bid_count == 1


class TestRefusals:
    def test_before_the_deadline_and_while_bids_may_still_be_on_their_way(self, session):
        sourcing = make_sourcing(session)
        for at in (clock.now(), sourcing.due_at, sourcing.due_at + DRAIN - timedelta.resolution):
            with pytest.raises(TooEarly):
                open_at(sourcing, at)
        open_at(sourcing, sourcing.due_at + DRAIN)

    def test_a_wrong_passphrase_opens_nothing(self, session):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "1", "1")
        with pytest.raises(WrongPassphrase):
            open_at(sourcing, sourcing.due_at + DRAIN, passphrase="incorrect horse battery")
        assert nothing_opened(session)
        assert session.scalar(select(func.count()).where(AuditEvent.action == "rfq.opened")) == 0

    def test_twice(self, session):
        sourcing = make_sourcing(session)
        sourcing.open()
        with pytest.raises(IllegalTransition):
            sourcing.open()

    def test_another_role_and_another_buyer(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(NotAllowed):
            open_at(sourcing, sourcing.due_at + DRAIN, actor=sourcing.suppliers[0])
        with pytest.raises(NotAllowed):
            open_at(
                sourcing,
                sourcing.due_at + DRAIN,
                actor=make_actor(session, sourcing.buyer.org_kind, Role.REQUESTER),
            )
        with pytest.raises(NotFound):
            open_at(sourcing, sourcing.due_at + DRAIN, actor=make_actor(session))


class TestMeddling:
    """The operator changes rows behind the product's back: the opening names the bid, or stops."""

    @pytest.fixture
    def sourcing(self, session):
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        made = make_sourcing(session, suppliers=3)
        made.submit(0, "9", "9")
        made.bids = [made.submit(0, "1", "1"), made.submit(1, "2", "2"), made.submit(2, "3", "3")]
        session.expunge_all()
        return made

    def mismatch(self, session, sourcing):
        with pytest.raises(SealMismatch) as error, session.begin_nested():
            sourcing.open()
        assert nothing_opened(session)
        return error.value.data["bid_id"], error.value.data["reason"]

    def test_two_bids_swapped(self, session, sourcing):
        first, second = (bid_queries.version(session, b.bid_id, b.receipt.number)
                         for b in sourcing.bids[:2])  # fmt: skip
        parts = ("ciphertext", "key_for_opening", "key_for_reading_back", "digest")
        for part in parts:
            mine, other = getattr(first, part), getattr(second, part)
            setattr(first, part, other)
            setattr(second, part, mine)
        session.flush()
        named, reason = self.mismatch(session, sourcing)
        assert named in {str(first.bid_id), str(second.bid_id)}
        assert reason == "digest_differs"

    def test_an_older_version_put_over_the_new_one(self, session, sourcing):
        bid_id = sourcing.bids[0].bid_id
        old = bid_queries.version(session, bid_id, 1)
        session.execute(
            update(BidVersion)
            .where(BidVersion.bid_id == bid_id, BidVersion.number == 2)
            .values(
                ciphertext=old.ciphertext,
                key_for_opening=old.key_for_opening,
                key_for_reading_back=old.key_for_reading_back,
                digest=old.digest,
            )
        )
        assert self.mismatch(session, sourcing) == (str(bid_id), "digest_differs")

    def test_the_number_set_back_to_the_older_version(self, session, sourcing):
        bid_id = sourcing.bids[0].bid_id
        session.execute(update(Bid).where(Bid.id == bid_id).values(number=1))
        assert self.mismatch(session, sourcing) == (str(bid_id), "version_missing")

    def test_a_version_deleted(self, session, sourcing):
        bid_id = sourcing.bids[1].bid_id
        session.execute(delete(BidVersion).where(BidVersion.bid_id == bid_id))
        assert self.mismatch(session, sourcing) == (str(bid_id), "version_missing")

    def test_a_whole_bid_deleted(self, session, sourcing):
        bid_id = sourcing.bids[1].bid_id
        session.execute(delete(BidVersion).where(BidVersion.bid_id == bid_id))
        session.execute(delete(Bid).where(Bid.id == bid_id))
        assert self.mismatch(session, sourcing) == (str(bid_id), "bid_missing")

    def test_a_bid_marked_as_withdrawn(self, session, sourcing):
        bid_id = sourcing.bids[2].bid_id
        session.execute(update(Bid).where(Bid.id == bid_id).values(state=BidState.WITHDRAWN))
        assert self.mismatch(session, sourcing) == (str(bid_id), "bid_missing")

    def test_a_bid_added(self, session, sourcing):
        model = session.get_one(Bid, sourcing.bids[0].bid_id)
        stranger = make_actor(session, sourcing.suppliers[0].org_kind)
        added = Bid(
            rfq_id=model.rfq_id,
            buyer_id=model.buyer_id,
            supplier_id=stranger.org_id,
            state=BidState.SUBMITTED,
            number=1,
            submitted_at=model.submitted_at,
        )
        session.add(added)
        session.flush()
        assert self.mismatch(session, sourcing) == (str(added.id), "no_receipt")

    def test_a_receipt_changed(self, session, sourcing):
        receipt = sourcing.bids[0].receipt
        session.execute(
            update(BidAttempt)
            .where(BidAttempt.id == receipt.id)
            .values(arrived_at=receipt.arrived_at - timedelta(hours=1))
        )
        assert self.mismatch(session, sourcing) == (str(receipt.bid_id), "receipt_forged")

    def test_one_changed_bit(self, session, sourcing):
        version = bid_queries.version(session, sourcing.bids[0].bid_id, 2)
        changed = bytearray(version.ciphertext)
        changed[100] ^= 1
        version.ciphertext = bytes(changed)
        session.flush()
        assert self.mismatch(session, sourcing)[1] == "digest_differs"

    def test_a_document_deleted(self, session):
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        sourcing = make_sourcing(session)
        bid_drafts.attach(
            session,
            sourcing.suppliers[0],
            KEYS,
            sourcing.rfq.id,
            filename="offer.txt",
            content_type="text/plain",
            content=b"text",
        )
        submitted = sourcing.submit(0, "1", "1")
        session.execute(delete(BidDocument))
        assert self.mismatch(session, sourcing) == (str(submitted.bid_id), "document_missing")

    def test_untouched_they_open(self, session, sourcing):
        assert sourcing.open().bid_count == 3
        assert session.scalar(select(func.count()).select_from(BidLine)) == 6


def test_versions_and_receipts_cannot_be_changed_by_the_product(session):
    sourcing = make_sourcing(session)
    sourcing.submit(0, "1", "1")
    for statement in (
        update(BidVersion).values(digest="0"),
        delete(BidVersion),
        update(BidAttempt).values(code="x"),
        insert(BidOffer).values(bid_id=None),
    ):
        with (
            pytest.raises(Exception, match=r"permission denied|null value"),
            session.begin_nested(),
        ):
            session.execute(statement)
