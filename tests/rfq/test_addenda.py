"""Addenda (D-11, D-12): what they change, what they touch, and which prices count in the end."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from marketplace.core import clock, outbox
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.core.money import Quantity
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.rfq.addenda import reading
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.addenda.wanted import (
    Wanted,
    WantedConditions,
    WantedCriterion,
    WantedLine,
    WantedLot,
)
from marketplace.rfq.asking.models import RfqLine
from marketplace.rfq.asking.rules import DeadlineShortenForbidden
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.rules import DeadlinePassed, TermsChanged
from marketplace.rfq.notices.rfqs import announce_addendum
from marketplace.rfq.proofs import reading as proof_reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.models import RfqTerms
from marketplace.rfq.services import addenda, bid_drafts, bidding, confirming, proving
from marketplace.rfq.services.addenda import (
    AddendumOpen,
    AddendumPublished,
    DeadlineTooSoon,
    NothingChanged,
)
from marketplace.rfq.services.confirming import NothingToConfirm
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.bid_states import AttemptOutcome, BidState
from marketplace.rfq.terms.drafts import Address
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line

PARIS = ZoneInfo("Europe/Paris")


def lines_of(sourcing, *, without=(), new=(), **changed):
    """The lines as they are, but for quantities given as ``q1="120"``, removed and new ones."""
    kept = []
    for line in sourcing.lines:
        if line.number in without:
            continue
        value = changed.get(f"q{line.number}")
        quantity = Quantity(Decimal(value), line.quantity_unit) if value else line.quantity
        kept.append(WantedLine(line.description, quantity, id=line.id))
    return (*kept, *new)


def amend(sourcing, wanted, reason="The plan was redrawn", *, at=None):
    session, rfq_id = sourcing.session, sourcing.rfq.id
    with clock.frozen(at or clock.now()):
        written = addenda.write(session, sourcing.buyer, rfq_id, wanted, reason)
        return addenda.publish(session, sourcing.buyer, rfq_id, written.id)


def own(sourcing, supplier):
    return bid_drafts.read(sourcing.session, sourcing.suppliers[supplier], KEYS, sourcing.rfq.id)


def confirm(sourcing, supplier, bid_id, number=2, **more):
    return confirming.confirm(
        sourcing.session,
        sourcing.suppliers[supplier],
        KEYS,
        sourcing.rfq.id,
        clock.now(),
        bid_id=bid_id,
        terms_number=number,
        **more,
    )


@pytest.fixture
def sourcing(session):
    lines = [a_line(description=f"Part {number}") for number in range(1, 4)]
    return make_sourcing(session, lines=lines)


class TestWriting:
    def test_nothing_is_seen_before_the_publication(self, session, sourcing):
        wanted = Wanted(lines=lines_of(sourcing, q1="120"))
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "Because")
        line = session.get_one(RfqLine, sourcing.lines[0].id)
        assert line.quantity_value == Decimal(100)
        assert bid_queries.seal(session, sourcing.rfq.id).terms_number == 1
        assert reading.addenda(session, sourcing.suppliers[0], sourcing.rfq) == []
        assert reading.addenda(session, sourcing.buyer, sourcing.rfq) == [written]
        assert session.scalar(select(func.count()).select_from(RfqTerms)) == 1

    def test_the_preview_names_old_and_new_line_by_line(self, session, sourcing):
        new = WantedLine("Nut M8", Quantity(Decimal(7), "KGM"))
        wanted = Wanted(lines=lines_of(sourcing, q1="120.5", without=(2,), new=[new]))
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted)
        preview = addenda.preview(session, sourcing.buyer, sourcing.rfq.id, written.id)
        assert [(c.kind, c.what, c.number, c.name, c.field, c.old, c.new)
                for c in preview.changes] == [
            ("line", "changed", 1, "Part 1", "quantity", "100 C62", "120.5 C62"),
            ("line", "added", 4, "Nut M8", "quantity", None, "7 KGM"),
            ("line", "removed", 2, "Part 2", "quantity", "100 C62", None),
        ]  # fmt: skip
        assert (preview.touched, preview.touches_all) == (1, False)

    def test_only_one_is_written_at_a_time(self, session, sourcing):
        wanted = Wanted(lines=lines_of(sourcing, q1="120"))
        first = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted)
        with pytest.raises(AddendumOpen) as refusal:
            addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted)
        assert refusal.value.data == {"addendum_id": str(first.id)}
        addenda.discard(session, sourcing.buyer, sourcing.rfq.id, first.id)
        assert session.scalar(select(func.count()).select_from(RfqAddendum)) == 0

    def test_what_changes_nothing_is_refused(self, session, sourcing):
        with pytest.raises(NothingChanged):
            amend(sourcing, Wanted(lines=lines_of(sourcing)))

    def test_unknown_lines_and_wrong_weights_are_named(self, session, sourcing):
        strange = WantedLine("Nut", Quantity(Decimal(1), "C62"), id=sourcing.rfq.id)
        with pytest.raises(Invalid) as refusal:
            amend(sourcing, Wanted(lines=lines_of(sourcing, new=[strange])))
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/lines/3/id", "unknown")]
        session.rollback()

    def test_weights_must_still_add_up(self, session, sourcing):
        quality = sourcing.criteria[1]
        wanted = Wanted(criteria=(WantedCriterion(quality.id, "Quality", Decimal(30)),))
        with pytest.raises(Invalid) as refusal:
            addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted)
        assert [e.code for e in refusal.value.errors] == ["weights_not_100"]
        assert session.scalar(select(func.count()).select_from(RfqAddendum)) == 0

    def test_a_reason_is_needed_to_publish(self, session, sourcing):
        with pytest.raises(Invalid) as refusal:
            amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")), "")
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/reason", "required")]

    def test_not_for_others_nor_after_the_deadline(self, session, sourcing):
        wanted = Wanted(lines=lines_of(sourcing, q1="120"))
        with pytest.raises(NotFound):
            addenda.write(session, make_actor(session), sourcing.rfq.id, wanted)
        house = session.get_one(Organisation, sourcing.buyer.organisation_id)
        requester = make_actor(session, OrgKind.BUYER, Role.RECEIVER, organisation=house)
        with pytest.raises(NotAllowed):
            addenda.write(session, requester, sourcing.rfq.id, wanted)
        with pytest.raises(IllegalTransition):
            amend(sourcing, wanted, at=sourcing.due_at + timedelta(seconds=1))


class TestPublishing:
    def test_a_new_version_of_the_terms_holds(self, session, sourcing):
        published = amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        seal = bid_queries.seal(session, sourcing.rfq.id)
        versions = bid_queries.terms_versions(session, sourcing.rfq.id)
        assert (seal.terms_number, published.number, sorted(versions)) == (2, 2, [1, 2])
        assert versions[1].terms["lines"][0]["quantity"] == "100.000000"
        assert seal.terms["lines"][0]["quantity"] == "120.000000"
        assert seal.fingerprint == envelopes.fingerprint(
            {"rfq_id": str(sourcing.rfq.id), "terms": seal.terms}
        )
        assert sourcing.rfq.addendum_count == 1
        with pytest.raises(AddendumPublished):
            addenda.publish(session, sourcing.buyer, sourcing.rfq.id, published.id)

    def test_lines_keep_their_numbers_and_lots_may_come_and_go(self, session, sourcing):
        amend(sourcing, Wanted(lines=lines_of(sourcing, without=(3,))))
        new = WantedLine("Nut", Quantity(Decimal(1), "C62"), lot=2)
        first = WantedLot(sourcing.lots[0].title, id=sourcing.lots[0].id)
        amend(
            sourcing,
            Wanted(
                lots=(first, WantedLot("Second")), lines=lines_of(sourcing, without=(3,), new=[new])
            ),
        )
        terms = bid_queries.terms(session, sourcing.rfq.id)
        assert [(line.number, line.description) for line in terms.lines] == [
            (1, "Part 1"), (2, "Part 2"), (4, "Nut"),
        ]  # fmt: skip
        assert [(lot.number, lot.title) for lot in terms.lots][1] == (2, "Second")

    @pytest.mark.parametrize(
        ("now", "left", "expected"),
        [
            # Friday afternoon, due on Monday: two working days end on Tuesday afternoon
            ("2026-03-06T15:00", "2026-03-09T12:00", "2026-03-10T15:00"),
            # Saturday counts for nothing
            ("2026-03-07T10:00", "2026-03-09T12:00", "2026-03-10T10:00"),
            # time enough: the deadline stays
            ("2026-03-03T09:00", "2026-03-20T12:00", "2026-03-20T12:00"),
            # over the change of clocks the local time stays
            ("2026-03-27T15:00", "2026-03-28T12:00", "2026-03-31T15:00"),
        ],
    )
    def test_the_deadline_moves_as_far_as_needed(self, session, now, left, expected):
        at, due_at, later = (
            datetime.fromisoformat(each).replace(tzinfo=PARIS).astimezone(UTC)
            for each in (now, left, expected)
        )
        with clock.frozen(at - timedelta(days=1)):
            sourcing = make_sourcing(session, bids_due_at=due_at)
        published = amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")), at=at)
        assert sourcing.rfq.bids_due_at == published.bids_due_at == later
        assert published.previous_due_at == due_at

    def test_a_change_for_all_takes_a_day_more_and_a_removal_none(self, session):
        at = datetime(2026, 3, 2, 9, tzinfo=PARIS)
        due_at = datetime(2026, 3, 2, 18, tzinfo=PARIS)
        with clock.frozen(at - timedelta(days=1)):
            one, other = (make_sourcing(session, bids_due_at=due_at) for _each in range(2))
        quality, price = one.criteria[1], one.criteria[0]
        weights = (
            WantedCriterion(price.id, "Price", Decimal(50)),
            WantedCriterion(quality.id, "Quality", Decimal(50)),
        )
        amend(one, Wanted(criteria=weights), at=at)
        assert one.rfq.bids_due_at == datetime(2026, 3, 5, 9, tzinfo=PARIS)
        amend(other, Wanted(lines=lines_of(other, without=(2,))), at=at)
        assert other.rfq.bids_due_at == due_at

    def test_d11_never_earlier_and_a_later_one_as_chosen(self, session, sourcing):
        lines = lines_of(sourcing, q1="120")
        earlier = sourcing.due_at - timedelta(hours=1)
        with pytest.raises(DeadlineShortenForbidden) as refusal:
            amend(sourcing, Wanted(lines=lines, bids_due_at=earlier))
        assert refusal.value.code == "deadline_shorten_forbidden"
        later = sourcing.due_at + timedelta(days=3)
        amend(sourcing, Wanted(lines=lines, bids_due_at=later))
        assert sourcing.rfq.bids_due_at == later

    def test_less_than_needed_is_refused_with_what_is(self, session):
        at = datetime(2026, 3, 2, 9, tzinfo=PARIS)
        with clock.frozen(at - timedelta(days=1)):
            sourcing = make_sourcing(session, bids_due_at=at + timedelta(hours=9))
        wanted = Wanted(lines=lines_of(sourcing, q1="2"), bids_due_at=at + timedelta(hours=10))
        with pytest.raises(DeadlineTooSoon) as refusal:
            amend(sourcing, wanted, at=at)
        assert refusal.value.data["needed_due_at"] == "2026-03-04T08:00:00Z"

    def test_all_are_told_once_with_the_changes(self, session, sourcing):
        published = amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120", without=(3,))))
        (message,) = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.amended")
        )
        assert set(message.audience) == {
            sourcing.buyer.org_id, *(each.org_id for each in sourcing.suppliers),
        }  # fmt: skip
        assert not session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.deadline_extended")
        ).all()
        for _twice in range(2):
            announce_addendum(session, outbox.load(message))
        notices = session.scalars(select(Notice).where(Notice.kind == "rfq_amended")).all()
        assert {each.organisation_id for each in notices} == {
            each.org_id for each in sourcing.suppliers
        }
        told = "Line 1: Quantity 100 pieces → 120 pieces. Line 3 is not asked for any more: "
        assert {each.params["changes"] for each in notices} == {f"{told}Quantity 100 pieces → –."}
        assert {each.params["reason"] for each in notices} == {"The plan was redrawn"}
        (noted,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "rfq.amended"))
        assert noted.data["number"] == published.number == 2


class TestConfirming:
    def test_d12_only_touched_lines_wait_for_the_supplier(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", "3", before=timedelta(days=6))
        amend(sourcing, Wanted(lines=lines_of(sourcing, q2="120")))
        read = own(sourcing, 0)
        assert read.needs_confirmation
        assert read.amended.lines == (2,)
        assert read.door.bid.state is BidState.SUBMITTED
        receipt = confirm(sourcing, 0, done.bid_id)
        said = json.loads(receipt.statement)
        assert (said["outcome"], said["number"], said["terms_number"], said["lines"]) == (
            "confirmed", 1, 2, [str(sourcing.lines[1].id)],
        )  # fmt: skip
        assert envelopes.is_signed(receipt.statement.encode(), receipt.signature, KEYS.public_key())
        assert not own(sourcing, 0).needs_confirmation
        with pytest.raises(NothingToConfirm):
            confirm(sourcing, 0, done.bid_id)

    def test_the_buyer_learns_nothing_of_it_before_the_opening(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(lines=lines_of(sourcing, q2="120")))
        confirm(sourcing, 0, done.bid_id)
        (message,) = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.bid_confirmed")
        )
        assert message.audience == [sourcing.suppliers[0].org_id]
        (noted,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "bid.confirmed"))
        assert noted.owner_id == sourcing.suppliers[0].org_id

    def test_confirmed_untouched_and_new_lines_count_the_rest_is_listed(self, session, sourcing):
        sourcing.submit(0, "1", "2", "3", before=timedelta(days=3))
        second = sourcing.submit(1, "10", "20", "30", before=timedelta(days=2))
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120", without=(3,))))
        confirm(sourcing, 1, second.bid_id)
        minutes = json.loads(sourcing.open().statement)
        assert [each["unconfirmed"] for each in minutes["bids"]] == [[1], []]
        first, other = bid_queries.offers(session, sourcing.rfq.id)
        assert (first.unconfirmed, other.unconfirmed) == ([1], [])
        assert [(line.unit_price, line.total) for line in first.lines] == [
            (Decimal(2), Decimal("200.00"))
        ]
        assert sorted((line.unit_price, line.total) for line in other.lines) == [
            (Decimal(10), Decimal("1200.00")), (Decimal(20), Decimal("2000.00")),
        ]  # fmt: skip

    def test_a_bid_may_drop_out_whole_and_is_listed(self, session, sourcing):
        sourcing.submit(0, "1", None, None)
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        minutes = json.loads(sourcing.open().statement)
        assert [each["unconfirmed"] for each in minutes["bids"]] == [[1]]
        (offer,) = session.scalars(select(BidOffer))
        assert bid_queries.offer(session, sourcing.rfq.id, offer.bid_id).lines == []

    def test_a_condition_touches_the_whole_bid(self, session, sourcing):
        sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(conditions=WantedConditions("As before", 60, Address())))
        assert own(sourcing, 0).amended.lines == (1, 2, 3)

    def test_what_was_confirmed_stays_so_under_a_later_addendum(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        confirm(sourcing, 0, done.bid_id)
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120", q2="5")))
        assert own(sourcing, 0).amended.lines == (2,)
        with pytest.raises(TermsChanged):
            confirm(sourcing, 0, done.bid_id, number=2)
        confirm(sourcing, 0, done.bid_id, number=3)
        minutes = json.loads(sourcing.open().statement)
        assert [each["unconfirmed"] for each in minutes["bids"]] == [[]]

    def test_a_change_taken_back_asks_for_nothing(self, session, sourcing):
        sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="100")))
        assert not own(sourcing, 0).needs_confirmation

    def test_a_new_version_needs_no_confirmation_and_forgets_older_ones(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        confirm(sourcing, 0, done.bid_id)
        sourcing.submit(0, "4", "5", "6")
        assert own(sourcing, 0).amended is None
        sourcing.open()
        (offer,) = bid_queries.offers(session, sourcing.rfq.id)
        assert sorted(line.unit_price for line in offer.lines) == [4, 5, 6]

    def test_too_late_and_others_bids_are_refused(self, session, sourcing):
        done = sourcing.submit(0, "1", "2", "3")
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120")))
        with pytest.raises(NotFound):
            confirm(sourcing, 1, done.bid_id)
        with pytest.raises(Invalid) as refusal:
            confirm(sourcing, 0, done.bid_id, line_ids=[sourcing.lines[1].id])
        assert [e.code for e in refusal.value.errors] == ["not_to_confirm"]
        with pytest.raises(DeadlinePassed):
            confirming.confirm(
                session, sourcing.suppliers[0], KEYS, sourcing.rfq.id,
                sourcing.due_at + timedelta(seconds=1), bid_id=done.bid_id, terms_number=2,
            )  # fmt: skip
        assert not session.scalars(
            select(BidAttempt).where(BidAttempt.outcome == AttemptOutcome.CONFIRMED)
        ).all()

    def test_a_draft_for_other_terms_is_not_submitted(self, session, sourcing):
        actor, rfq_id = sourcing.suppliers[0], sourcing.rfq.id
        bid_drafts.save(session, actor, KEYS, rfq_id, sourcing.content("1", "2", "3"))
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120", without=(3,))))
        with pytest.raises(TermsChanged) as refusal:
            bidding.submit(session, actor, KEYS, rfq_id, clock.now())
        assert refusal.value.data["terms_number"] == 2
        kept = own(sourcing, 0).draft
        assert [line.unit_price for line in kept.lines] == [1, 2]
        with pytest.raises(TermsChanged):
            bid_drafts.save(session, actor, KEYS, rfq_id, kept, terms_number=1)
        bid_drafts.save(session, actor, KEYS, rfq_id, kept, terms_number=2)
        assert bidding.submit(session, actor, KEYS, rfq_id, clock.now()).receipt.number == 1


class TestProof:
    @pytest.fixture
    def file(self, session, sourcing):
        first = sourcing.submit(0, "1", "2", "3", before=timedelta(days=3))
        sourcing.submit(1, "1", "2", "3", before=timedelta(days=2))
        amend(sourcing, Wanted(lines=lines_of(sourcing, q1="120", q2="7")))
        confirm(sourcing, 0, first.bid_id, line_ids=[sourcing.lines[0].id])
        sourcing.open()
        with clock.frozen(sourcing.due_at + timedelta(minutes=1)):
            made = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id)
        return json.loads(made.content)

    def test_an_opening_after_an_addendum_verifies_offline(self, file):
        found = verify(proof_reading.opening_file(json.dumps(file).encode()), KEYS.public_key())
        assert [str(each.text) for each in found if each.fault] == []
        words = [str(each.text) for each in found]
        assert any(each.endswith("not confirmed and left out: line 2.") for each in words)
        assert any(each.endswith("not confirmed and left out: line 1, 2.") for each in words)

    def test_meddling_with_earlier_terms_is_found(self, file):
        file["terms_versions"][0]["terms"]["lines"][0]["quantity"] = "1"
        found = verify(proof_reading.opening_file(json.dumps(file).encode()), KEYS.public_key())
        assert any("its terms are not those" in str(each.text) for each in found if each.fault)


def test_working_days_leave_weekends_out():
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    assert deadlines.working_days_after(friday, 0, PARIS) == friday
    assert deadlines.working_days_after(friday, 1, PARIS) == friday + timedelta(days=3)
    assert deadlines.working_days_after(friday, 5, PARIS) == friday + timedelta(days=7)
