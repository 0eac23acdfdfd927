"""Evaluation and award: scores, the tie rule, reasons, blocked suppliers, who is told what."""

from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select

from marketplace.core.errors import NotAllowed, NotFound, Stale
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import Role
from marketplace.notifications.models import MailMessage, Notice
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import AwardInvalid, Choice
from marketplace.rfq.awards.lot_rules import ReasonRequired
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.rules import JustificationRequired, ScoresMissing, SupplierIsBlocked
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.rules import Sealed
from marketplace.rfq.evaluation.models import BidScore
from marketplace.rfq.evaluation.score_rules import GivenScore, ScoresInvalid
from marketplace.rfq.services import awarding, evaluation
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind, RfqState
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import SupplierState
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line

PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]


def bids_of(sourcing):
    """Bid ids in the order of the suppliers."""
    bids = {
        bid.supplier_id: bid.id
        for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    }
    return [bids[supplier.org_id] for supplier in sourcing.suppliers]


def whole_lot(sourcing, bid_id, lot=0):
    return Choice(bid_id, lot_id=sourcing.lots[lot].id)


def award(sourcing, *choices, reason="", **over):
    return awarding.award(
        sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, reason, **over
    )


class TestScore:
    def test_gives_points_that_are_explained(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        first, second = bids_of(sourcing)
        sourcing.score({first: "50", second: "100"})
        (lot,) = evaluation.read(session, sourcing.buyer, sourcing.rfq.id).lots
        assert [(r.bid_id, r.place, r.total_points) for r in lot.ranks] == [
            (first, 1, Decimal("80.00")), (second, 2, Decimal("70.00")),
        ]  # fmt: skip
        price, quality = lot.ranks[1].points
        assert (price.value, price.reference, price.points) == (
            Decimal("2200.0000"), Decimal("1100.0000"), Decimal("30.00"),
        )  # fmt: skip
        assert (quality.value, quality.reference, quality.points, quality.comment) == (
            Decimal(100), Decimal(100), Decimal(40), "as offered",
        )  # fmt: skip

    def test_can_be_changed_until_the_award(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (only,) = bids_of(sourcing)
        sourcing.score({only: "50"})
        sourcing.score({only: "60"})
        assert session.scalars(select(BidScore.score)).all() == [Decimal(60)]
        award(sourcing, whole_lot(sourcing, only))
        with pytest.raises(IllegalTransition):
            sourcing.score({only: "70"})

    def test_names_every_fault(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (only,) = bids_of(sourcing)
        price, quality = sourcing.criteria
        given = [
            GivenScore(uuid4(), quality.id, Decimal(1)),
            GivenScore(only, price.id, Decimal(1)),
            GivenScore(only, quality.id, Decimal(101)),
            GivenScore(only, quality.id, Decimal(-1)),
        ]
        with pytest.raises(ScoresInvalid) as error:
            evaluation.score(session, sourcing.buyer, sourcing.rfq.id, given)
        assert {(e.pointer, e.code) for e in error.value.errors} == {
            ("/scores/0/bid_id", "unknown_bid"),
            ("/scores/1/criterion_id", "unknown_criterion"),
            ("/scores/2/score", "out_of_range"),
            ("/scores/3/score", "out_of_range"),
            ("/scores/3", "duplicate_score"),
        }

    def test_is_sealed_before_the_opening_and_closed_to_others(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(Sealed):
            evaluation.read(session, sourcing.buyer, sourcing.rfq.id)
        with pytest.raises(NotFound):
            evaluation.read(session, make_actor(session), sourcing.rfq.id)
        requester = make_actor(session, sourcing.buyer.org_kind, Role.REQUESTER)
        with pytest.raises(NotAllowed):
            evaluation.score(session, requester, sourcing.rfq.id, [])


class TestAward:
    def test_of_a_lot_to_the_best_needs_no_reason(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE)
        first, second = bids_of(sourcing)
        decided = award(sourcing, whole_lot(sourcing, first))
        assert [(w.number, w.bid_id, w.unit_price, w.total, w.is_best) for w in decided.lines] == [
            (1, first, Decimal(10), Decimal(1000), True),
            (2, first, Decimal(1), Decimal(100), True),
        ]
        assert sourcing.rfq.state is RfqState.AWARDED
        assert session.get_one(Bid, first).state is BidState.AWARDED
        assert session.get_one(Bid, second).state is BidState.NOT_AWARDED
        record = award_queries.award(session, decided.id)
        assert record.rfq_number == sourcing.rfq.number
        assert {line.supplier_id for line in record.lines} == {sourcing.suppliers[0].org_id}
        (event,) = session.scalars(select(OutboxMessage).where(OutboxMessage.name == "rfq.awarded"))
        assert event.audience == [sourcing.buyer.org_id]
        assert event.payload["loser_ids"] == [str(sourcing.suppliers[1].org_id)]
        ranks = decided.evidence["lots"][0]["ranks"]
        assert [(rank["place"], rank["total"]) for rank in ranks] == [
            (1, "1100.0000"), (2, "2200.0000"),
        ]  # fmt: skip

    def test_line_by_line_to_the_cheapest_needs_no_reason_where_only_the_price_counts(
        self, session
    ):
        sourcing = make_opened(session, ["10", "2"], ["20", "1"], criteria=PRICE_ALONE)
        first, second = bids_of(sourcing)
        decided = award(
            sourcing, whole_lot(sourcing, first), Choice(second, line_id=sourcing.lines[1].id)
        )
        assert [line.bid_id for line in decided.lines] == [first, second]
        assert all(line.is_best for line in decided.lines)

    def test_to_another_than_the_best_needs_a_reason(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE)
        second = bids_of(sourcing)[1]
        with pytest.raises(JustificationRequired) as error:
            award(sourcing, whole_lot(sourcing, second), reason="  ")
        assert error.value.data["lines"] == [1, 2]
        assert session.scalars(select(Award)).all() == []
        decided = award(sourcing, whole_lot(sourcing, second), reason="Delivers in time")
        assert decided.justification == "Delivers in time"

    def test_waits_for_the_scores_of_the_lots_that_it_decides(self, session):
        lots = [LotDraft("Bolts"), LotDraft("Washers")]
        sourcing = make_opened(
            session, ["10", "1"], ["20", None], lots=lots, lines=[a_line(), a_line(lot=2)]
        )
        first, second = bids_of(sourcing)
        with pytest.raises(ScoresMissing):
            award(sourcing, whole_lot(sourcing, first))
        sourcing.score({first: "10"})
        with pytest.raises(ScoresMissing):
            award(sourcing, whole_lot(sourcing, first))
        decided = award(sourcing, whole_lot(sourcing, first, lot=1))
        assert [line.number for line in decided.lines] == [2]
        # its only lot is not decided yet
        assert session.get_one(Bid, second).state is BidState.OPENED
        assert sourcing.rfq.state is RfqState.OPENED

    def test_equal_bids_are_tied_and_the_earlier_final_submission_wins(self, session):
        sourcing = make_opened(session, ["10", "1"], ["10", "1"], criteria=PRICE_ALONE)
        first, second = bids_of(sourcing)
        compared = evaluation.read(session, sourcing.buyer, sourcing.rfq.id)
        (lot,) = compared.lots
        assert [(r.bid_id, r.place, r.tied) for r in lot.ranks] == [
            (first, 1, True), (second, 2, True),
        ]  # fmt: skip
        assert all(cell.is_tied for cells in compared.cells.values() for cell in cells)
        assert not award(sourcing, whole_lot(sourcing, first)).justification

    def test_a_blocked_supplier_gets_nothing(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE)
        first, _second = bids_of(sourcing)
        blocked = sourcing.suppliers[0].org_id
        session.merge(
            Supplier(id=blocked, state=SupplierState.BLOCKED, applied_at=sourcing.rfq.created_at)
        )
        session.flush()
        with pytest.raises(SupplierIsBlocked) as error:
            award(sourcing, whole_lot(sourcing, first))
        assert error.value.data["supplier_ids"] == [str(blocked)]
        assert sourcing.rfq.state is RfqState.OPENED

    def test_every_fault_of_a_choice_is_named(self, session):
        sourcing = make_opened(session, ["10", None], ["20", "2"], criteria=PRICE_ALONE)
        first, second = bids_of(sourcing)
        with pytest.raises(AwardInvalid) as error:
            award(
                sourcing,
                whole_lot(sourcing, first),
                Choice(second, lot_id=sourcing.lots[0].id),
                Choice(second, line_id=uuid4()),
                Choice(second),
            )
        assert {(e.pointer, e.code) for e in error.value.errors} == {
            ("/choices/0/bid_id", "not_priced"),
            ("/choices/1", "chosen_twice"),
            ("/choices/2", "unknown_line"),
            ("/choices/3", "lot_or_line"),
        }
        with pytest.raises(AwardInvalid):
            award(sourcing)

    def test_happens_once_and_on_the_version_that_was_seen(self, session):
        sourcing = make_opened(session, ["10", "1"], criteria=PRICE_ALONE)
        (only,) = bids_of(sourcing)
        with pytest.raises(Stale):
            award(sourcing, whole_lot(sourcing, only), expected=sourcing.rfq.version - 1)
        award(sourcing, whole_lot(sourcing, only))
        with pytest.raises(IllegalTransition):
            award(sourcing, whole_lot(sourcing, only))

    def test_is_for_those_who_award(self, session):
        sourcing = make_opened(session, ["10", "1"], criteria=PRICE_ALONE)
        approver = make_actor(session, sourcing.buyer.org_kind, Role.APPROVER)
        for actor in (approver, sourcing.suppliers[0]):
            with pytest.raises(NotAllowed):
                awarding.award(session, actor, sourcing.rfq.id, [])
        with pytest.raises(NotFound):
            awarding.award(session, make_actor(session), sourcing.rfq.id, [])


class TestTelling:
    def test_winners_and_losers_learn_their_own_result_and_no_price(self, session, drain):
        sourcing = make_opened(session, ["71717171", "1"], ["84848484", "2"], criteria=PRICE_ALONE)
        award(sourcing, whole_lot(sourcing, bids_of(sourcing)[0]))
        drain()
        told = {
            (notice.organisation_id, notice.kind)
            for notice in session.scalars(select(Notice))
            if notice.kind in ("bid_won", "bid_lost")
        }
        winner, loser = (supplier.org_id for supplier in sourcing.suppliers)
        assert told == {(winner, "bid_won"), (loser, "bid_lost")}
        for notice in session.scalars(select(Notice).where(Notice.organisation_id == loser)):
            assert "71717171" not in str(notice.params)
        assert session.scalars(select(MailMessage)).all()

    def test_an_end_without_award_needs_a_reason_and_is_told(self, session, drain):
        sourcing = make_opened(session, ["10", "1"])
        with pytest.raises(ReasonRequired):
            awarding.close_unsuccessful(session, sourcing.buyer, sourcing.rfq.id, " ")
        awarding.close_unsuccessful(session, sourcing.buyer, sourcing.rfq.id, "Budget was cut")
        assert sourcing.rfq.state is RfqState.UNSUCCESSFUL
        assert sourcing.rfq.end_reason == "Budget was cut"
        drain()
        kinds = session.scalars(
            select(Notice.kind).where(Notice.organisation_id == sourcing.suppliers[0].org_id)
        ).all()
        assert "rfq_without_award" in kinds

    def test_a_bidder_has_the_arrival_in_writing(self, session, drain):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "71717171", "1")
        drain()
        notice = session.scalars(select(Notice).where(Notice.kind == "bid_received")).one()
        assert notice.organisation_id == sourcing.suppliers[0].org_id
        assert "71717171" not in str(notice.params)
