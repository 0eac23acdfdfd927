"""Abnormally low prices: both tests exactly, the round of justification, and what may win."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.documents import queries as document_queries
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation.low_price_rules import (
    AlreadyAsked,
    AwaitingJustification,
    JustificationClosed,
    LowPriceUnruled,
    NotAbnormallyLow,
)
from marketplace.rfq.evaluation.models import BidExclusion, LowPriceInquiry
from marketplace.rfq.evaluation.states import ExclusionGround, LowPriceRuling
from marketplace.rfq.scoring.abnormal import flags
from marketplace.rfq.services import awarding, excluding, justifying
from marketplace.rfq.services.excluding import ExclusionInvalid
from tests.clients import words
from tests.factories.bids import make_opened

ACCEPTED, EXCLUDED = LowPriceRuling.ACCEPTED, LowPriceRuling.EXCLUDED
FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)


def found(*totals):
    known = {UUID(int=n): Decimal(total) for n, total in enumerate(totals, start=1)}
    return {bid_id.int: (flag.by_mean, flag.by_next) for bid_id, flag in flags(known).items()}


class TestFlags:
    def test_forty_per_cent_below_the_mean_of_the_others(self):
        assert found(60, 85, 115) == {1: (True, False)}
        assert found("60.01", 85, 115) == {}

    def test_thirty_per_cent_below_the_next(self):
        assert found(70, 100, 101) == {1: (False, True)}
        assert found("70.01", 100, 101) == {}

    def test_need_two_bids(self):
        assert found(1) == {}
        assert found(1, 100) == {1: (True, True)}
        assert found(100, 100) == {}

    def test_say_how_far_exactly(self):
        low = flags(
            {UUID(int=1): Decimal(50), UUID(int=2): Decimal(150), UUID(int=3): Decimal(200)}
        )
        flag = low[UUID(int=1)]
        assert (flag.below_mean, flag.below_next) == (Fraction(5, 7), Fraction(2, 3))


@pytest.fixture
def low(session):
    """The first bid lies half below the next."""
    sourcing = make_opened(session, ["10", "1"], ["20", "2"], ["21", "2"], low_price_check=True)
    sourcing.bids = [
        next(o.bid_id for o in _offers(sourcing) if o.supplier_id == supplier.org_id)
        for supplier in sourcing.suppliers
    ]
    sourcing.score(dict.fromkeys(sourcing.bids, "50"))
    return sourcing


def _offers(sourcing):
    return bid_queries.offers(sourcing.session, sourcing.rfq.id)


def ask(sourcing, bid=0, **over):
    with clock.frozen(FRIDAY):
        return justifying.ask(
            sourcing.session, sourcing.buyer, sourcing.rfq.id, sourcing.bids[bid], "How?", **over
        )


def answer(sourcing, text="Own stock", at=FRIDAY, supplier=0):
    with clock.frozen(at):
        return justifying.answer(
            sourcing.session, sourcing.suppliers[supplier], sourcing.rfq.id, text
        )


def rule(sourcing, outcome, at=FRIDAY):
    with clock.frozen(at):
        return justifying.rule(
            sourcing.session,
            sourcing.buyer,
            sourcing.rfq.id,
            sourcing.bids[0],
            outcome,
            "Plausible",
        )


def award(sourcing, bid=0):
    return awarding.award(
        sourcing.session,
        sourcing.buyer,
        sourcing.rfq.id,
        [Choice(sourcing.bids[bid], lot_id=sourcing.lots[0].id)],
    )


class TestRound:
    def test_no_award_before_a_ruling(self, low):
        with pytest.raises(LowPriceUnruled) as refusal:
            award(low)
        assert refusal.value.data["bid_ids"] == [str(low.bids[0])]
        ask(low)
        answer(low)
        with pytest.raises(LowPriceUnruled):
            award(low)
        rule(low, ACCEPTED)
        assert award(low).lines[0].bid_id == low.bids[0]

    def test_one_working_day_is_the_usual_time(self, low):
        assert ask(low).due_at == datetime(2026, 11, 23, 15, tzinfo=UTC)

    def test_only_flagged_bids_are_asked_and_once(self, low):
        with pytest.raises(NotAbnormallyLow):
            ask(low, bid=1)
        ask(low)
        with pytest.raises(AlreadyAsked):
            ask(low)

    def test_a_bid_is_excluded_only_after_its_supplier_was_heard(self, low):
        ask(low)
        with pytest.raises(AwaitingJustification):
            rule(low, EXCLUDED)
        with pytest.raises(ExclusionInvalid), clock.frozen(FRIDAY):
            excluding.exclude(
                low.session, low.buyer, low.rfq.id, low.bids[0], "Too low",
                ExclusionGround.ABNORMALLY_LOW,
            )  # fmt: skip
        rule(low, EXCLUDED, at=FRIDAY + timedelta(days=3, seconds=1))
        (ruling,) = low.session.query(BidExclusion)
        assert (ruling.ground, ruling.reason) == (ExclusionGround.ABNORMALLY_LOW, "Plausible")

    def test_answers_count_until_the_deadline_itself(self, low):
        due = ask(low).due_at
        assert answer(low, "Better", at=due).answer == "Better"
        with pytest.raises(JustificationClosed):
            answer(low, "Too late", at=due + timedelta(microseconds=1))
        with pytest.raises(NotFound):
            answer(low, supplier=1)
        assert low.session.query(LowPriceInquiry).one().answer == "Better"

    def test_without_the_check_a_low_bid_may_win(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        sourcing.bids = [offer.bid_id for offer in _offers(sourcing)]
        sourcing.score(dict.fromkeys(sourcing.bids, "50"))
        assert award(sourcing).lines[0].bid_id == sourcing.bids[0]


class TestHttp:
    def test_the_whole_round_over_the_api(self, api, low):
        buyer, path = api(low.buyer), f"/rfqs/{low.rfq.id}"
        supplier, other = api(low.suppliers[0]), api(low.suppliers[1])
        listed = buyer.get(f"{path}/low-prices").json
        assert [
            (each["bid_id"], each["below_mean_percent"], each["by_next"])
            for each in listed["flagged"]
        ] == [(str(low.bids[0]), "51.11", True)]
        asked = buyer.post(
            f"{path}/bids/{low.bids[0]}/low-price-inquiry", json={"question": "How?"}
        )
        assert (asked.status_code, asked.json["outcome"]) == (201, None)
        assert supplier.get(f"{path}/justification").json["question"] == "How?"
        assert other.get(f"{path}/justification").status_code == 404
        said = supplier.post(f"{path}/justification", json={"text": "Own stock"})
        assert (said.status_code, said.json["answer"]) == (201, "Own stock")
        body = {"outcome": "accepted", "reason": "Plausible"}
        ruled = buyer.post(f"{path}/bids/{low.bids[0]}/low-price-ruling", json=body)
        assert (ruled.status_code, ruled.json["outcome"]) == (201, "accepted")
        again = buyer.post(f"{path}/bids/{low.bids[0]}/low-price-ruling", json=body)
        assert (again.status_code, again.json["code"]) == (409, "already_ruled")

    def test_the_whole_round_in_the_portal(self, portal, low):
        buyer, supplier = portal(low.buyer), portal(low.suppliers[0])
        path = f"/rfqs/{low.rfq.id}"
        assert "1 total is abnormally low." in words(buyer.get(f"{path}/evaluation"))
        assert "51.1%" in words(buyer.get(f"{path}/low-prices")).replace("\xa0", "")
        inquiry = f"{path}/bids/{low.bids[0]}/low-price-inquiry"
        assert buyer.post(inquiry, {"question": ""}).status_code == 422
        assert buyer.post(inquiry, {"question": "How is that possible?"}).status_code == 303
        assert "How is that possible?" in words(supplier.get(f"{path}/bids"))
        file = (io.BytesIO(b"Machine hours: 12"), "calculation.txt")
        sent = supplier.post(f"{path}/bids/justification", {"text": "Own stock", "file": file})
        assert sent.status_code == 303
        page = words(buyer.get(f"{path}/low-prices"))
        assert "Own stock" in page
        assert "calculation.txt" in page
        ruling = f"{path}/bids/{low.bids[0]}/low-price-ruling"
        assert buyer.post(ruling, {"outcome": "accepted", "reason": "Yes"}).status_code == 303
        assert "Justified" in words(buyer.get(f"{path}/low-prices"))
        attached = document_queries.attached(low.session, low.buyer, "bid", low.bids[0])
        assert [each.filename for each in attached] == ["calculation.txt"]
