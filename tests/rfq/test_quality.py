"""Quality before price: what blind scoring hides, the lock of the scores, excluded bids."""

import json
import re
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking.rules import RfqNotReady
from marketplace.rfq.awards.choices import AwardInvalid, Choice
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.evaluation.quality_rules import (
    LockReasonRequired,
    PricesHidden,
    PricesSeen,
    QualityLocked,
)
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.services import awarding, evaluation, excluding, quality
from marketplace.rfq.services.excluding import AlreadyExcluded, ExclusionInvalid, NotExcluded
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import make_published

CANARY = "77131.55"


def ids(sourcing):
    bids = {
        b.supplier_id: b.id for b in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    }
    return [bids[supplier.org_id] for supplier in sourcing.suppliers]


@pytest.fixture
def blind(session):
    return make_opened(session, [CANARY, "1"], ["20", "2"], blind_scoring=True)


def read(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def lock(sourcing, reason=""):
    return quality.lock_quality(sourcing.session, sourcing.buyer, sourcing.rfq.id, reason)


def unlock(sourcing):
    return quality.unlock_quality(sourcing.session, sourcing.buyer, sourcing.rfq.id, "A mistake")


def exclude(sourcing, bid_id, **over):
    given = {"reason": "No certificate"} | over
    return excluding.exclude(sourcing.session, sourcing.buyer, sourcing.rfq.id, bid_id, **given)


def deeds(sourcing):
    query = select(AuditEvent.action).where(AuditEvent.subject_id == sourcing.rfq.id)
    return sourcing.session.scalars(query.order_by(AuditEvent.seq)).all()


class TestBlindScoring:
    def test_hides_every_price_until_the_scores_are_locked(self, blind):
        compared = read(blind)
        assert not compared.prices_shown
        assert [offer.lines for offer in compared.offers] == [[], []]
        assert set(map(len, compared.cells.values())) == {0}
        assert [lot.ranks for lot in compared.lots] == [()]
        with pytest.raises(PricesHidden):
            evaluation.read_priced(blind.session, blind.buyer, blind.rfq.id)

    def test_no_score_changes_after_the_lock(self, blind):
        first, second = ids(blind)
        blind.score({first: "50", second: "90"})
        lock(blind)
        with pytest.raises(QualityLocked):
            blind.score({first: "60"})
        assert read(blind).lots[0].first.bid_id == second

    def test_can_be_unlocked_until_somebody_has_seen_a_price(self, blind):
        first, second = ids(blind)
        blind.score({first: "50", second: "90"})
        lock(blind)
        unlock(blind)
        blind.score({first: "60"})
        lock(blind)
        assert read(blind).prices_shown
        with pytest.raises(PricesSeen):
            unlock(blind)
        assert deeds(blind)[-4:] == [
            "rfq.quality_unlocked", "rfq.scored", "rfq.quality_locked", "rfq.prices_seen",
        ]  # fmt: skip

    def test_missing_scores_need_a_reason_and_count_nothing(self, blind):
        first, second = ids(blind)
        blind.score({first: "100"})
        with pytest.raises(LockReasonRequired) as refusal:
            lock(blind)
        assert refusal.value.data["missing_scores"] == 1
        lock(blind, "No sample arrived")
        (lot,) = read(blind).lots
        assert lot.is_scored
        assert [(rank.bid_id, rank.points[1].exact) for rank in lot.ranks] == [
            (second, 0), (first, 40),
        ]  # fmt: skip
        assert blind.rfq.quality_lock_reason == "No sample arrived"

    def test_needs_something_to_score(self, session):
        alone = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]
        with pytest.raises(RfqNotReady) as refusal:
            make_published(session, criteria=alone, blind_scoring=True)
        assert [error.code for error in refusal.value.errors] == ["nothing_to_score"]

    def test_the_lock_without_blind_scoring_can_be_undone_until_the_award(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (only,) = ids(sourcing)
        sourcing.score({only: "50"})
        lock(sourcing)
        assert read(sourcing).prices_shown
        unlock(sourcing)
        sourcing.score({only: "60"})

    def test_only_those_who_evaluate_lock(self, blind):
        approver = make_actor(blind.session, OrgKind.BUYER, Role.APPROVER)
        with pytest.raises(NotAllowed):
            quality.lock_quality(blind.session, approver, blind.rfq.id)
        with pytest.raises(NotFound):
            quality.lock_quality(blind.session, make_actor(blind.session), blind.rfq.id)


class TestExclusions:
    def test_leave_ranking_and_reference(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], ["5", "1"])
        first, second, third = ids(sourcing)
        sourcing.score({first: "50", second: "50", third: "50"})
        exclude(sourcing, third)
        compared = read(sourcing)
        (lot,) = compared.lots
        assert [rank.bid_id for rank in lot.ranks] == [first, second]
        assert lot.ranks[0].points[0].reference == Decimal("1100")
        cells = compared.cells[sourcing.lines[0].id]
        assert [(cell.bid_id, cell.is_best) for cell in cells] == [(first, True), (second, False)]
        assert [each.ruling.reason for each in compared.excluded] == ["No certificate"]
        assert compared.missing_scores == 0

    def test_cannot_win(self, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        first, second = ids(sourcing)
        sourcing.score({first: "50", second: "50"})
        exclude(sourcing, first)
        choice = Choice(first, lot_id=sourcing.lots[0].id)
        with pytest.raises(AwardInvalid):
            awarding.award(session, sourcing.buyer, sourcing.rfq.id, [choice])
        awarding.award(
            session, sourcing.buyer, sourcing.rfq.id, [Choice(second, lot_id=sourcing.lots[0].id)]
        )
        with pytest.raises(IllegalTransition):
            excluding.readmit(session, sourcing.buyer, sourcing.rfq.id, first, "Too late")

    def test_are_taken_back_before_the_award(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (only,) = ids(sourcing)
        exclude(sourcing, only)
        with pytest.raises(AlreadyExcluded):
            exclude(sourcing, only)
        excluding.readmit(session, sourcing.buyer, sourcing.rfq.id, only, "Certificate found")
        with pytest.raises(NotExcluded):
            excluding.readmit(session, sourcing.buyer, sourcing.rfq.id, only, "Again")
        assert [offer.bid_id for offer in read(sourcing).offers] == [only]
        assert deeds(sourcing)[-2:] == ["rfq.bid_excluded", "rfq.bid_readmitted"]

    def test_name_a_reason_and_a_criterion_of_the_rfq(self, session):
        sourcing = make_opened(session, ["10", "1"])
        (only,) = ids(sourcing)
        for given, pointer in (
            ({"reason": " "}, "/reason"),
            ({"ground": ExclusionGround.KNOCK_OUT}, "/criterion_id"),
            ({"criterion_id": UUID(int=1)}, "/criterion_id"),
        ):
            with pytest.raises(ExclusionInvalid) as refusal:
                exclude(sourcing, only, **given)
            assert [error.pointer for error in refusal.value.errors] == [pointer]
        assert session.scalars(select(BidExclusion)).all() == []
        with pytest.raises(NotFound):
            exclude(sourcing, UUID(int=1))


class TestHttp:
    def test_the_buyer_reads_no_hidden_price_anywhere(self, api, portal, blind):
        first = ids(blind)[0]
        buyer, path = api(blind.buyer), f"/rfqs/{blind.rfq.id}"
        with clock.frozen(blind.due_at):
            answers = [
                buyer.get(f"{path}/evaluation"),
                buyer.get(f"{path}/bids"),
                buyer.get(f"{path}/bids/{first}"),
            ]
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert not any("77131" in json.dumps(answer.json) for answer in answers)
            assert (answers[0].json["prices_shown"], answers[0].json["bids"][0]["total"]) == (
                False, None,
            )  # fmt: skip
            refused = [
                buyer.get(f"{path}/opening-file"),
                buyer.get(f"{path}/scenarios"),
                buyer.post(
                    f"{path}/award",
                    json={"choices": [{"bid_id": str(first), "lot_id": str(blind.lots[0].id)}]},
                ),
            ]
            assert {answer.json.get("code") for answer in refused} == {"prices_hidden"}
            pages = portal(blind.buyer)
            for page in ("bids", f"bids/{first}", "evaluation", "quality", "award"):
                shown = pages.get(f"{path}/{page}", follow_redirects=True)
                assert shown.status_code == 200
                assert not re.search("77.?131", shown.text)

    def test_lock_and_exclusion_over_the_api(self, api, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], blind_scoring=True)
        first, second = ids(sourcing)
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        early = buyer.post(f"{path}/evaluation/lock-quality", json={})
        assert (early.status_code, early.json["code"]) == (422, "reason_required")
        sourcing.score({first: "50", second: "90"})
        locked = buyer.post(f"{path}/evaluation/lock-quality", json={})
        assert (locked.status_code, locked.json["prices_seen_at"]) == (200, None)
        again = buyer.post(f"{path}/evaluation/lock-quality", json={})
        assert (again.status_code, again.json["code"]) == (409, "quality_locked")
        out = buyer.post(f"{path}/bids/{second}/exclude", json={"reason": "No certificate"})
        assert (out.status_code, out.json["ground"]) == (201, "ruling")
        shown = buyer.get(f"{path}/evaluation").json
        assert [each["reason"] for each in shown["excluded"]] == ["No certificate"]
        assert [rank["bid_id"] for rank in shown["lots"][0]["ranks"]] == [str(first)]
        stuck = buyer.post(f"{path}/evaluation/unlock-quality", json={"reason": "Typo"})
        assert (stuck.status_code, stuck.json["code"]) == (409, "prices_seen")

    def test_the_supplier_reads_the_reason_with_the_decision(self, api, portal, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"])
        first, second = ids(sourcing)
        sourcing.score({first: "50", second: "50"})
        exclude(sourcing, second)
        loser, path = sourcing.suppliers[1], f"/rfqs/{sourcing.rfq.id}/bids"
        assert api(loser).get(f"{path}/{second}").json["exclusion"] is None
        assert "No certificate" not in portal(loser).get(path).text
        awarding.award(
            session, sourcing.buyer, sourcing.rfq.id, [Choice(first, lot_id=sourcing.lots[0].id)]
        )
        session.flush()
        assert api(loser).get(f"{path}/{second}").json["exclusion"]["reason"] == "No certificate"
        assert "No certificate" in words(portal(loser).get(path))

    def test_people_lock_and_exclude_in_the_portal(self, portal, blind):
        first, second = ids(blind)
        buyer, path = portal(blind.buyer), f"/rfqs/{blind.rfq.id}"
        blind.score({first: "50"})
        refused = buyer.post(f"{path}/quality/lock", data={"reason": ""})
        assert refused.status_code == 422
        done = buyer.post(f"{path}/quality/lock", data={"reason": "No sample"})
        assert done.status_code == 303
        assert blind.rfq.prices_seen_at is None
        out = buyer.post(
            f"{path}/bids/{second}/exclude", data={"ground": "ruling", "reason": "Too late"}
        )
        assert out.status_code == 303
        assert "Too late" in words(buyer.get(f"{path}/evaluation"))
        back = buyer.post(f"{path}/bids/{second}/readmit", data={"reason": "It was in time"})
        assert back.status_code == 303
        assert blind.session.scalars(select(BidExclusion)).all() == []


class TestExplained:
    def test_every_point_is_traced(self, api, portal, session):
        sourcing = make_opened(session, ["10", "1"], ["20", "4"])
        first, second = ids(sourcing)
        sourcing.score({first: "50", second: "90"})
        path = f"/rfqs/{sourcing.rfq.id}/evaluation"
        (lot,) = api(sourcing.buyer).get(path).json["lots"]
        price, quality = lot["ranks"][1]["explanation"]
        # totals 1100 and 2400
        assert (price["exact"], price["points"], price["scored_by"]) == ("55/2", "27.5", None)
        assert (quality["exact"], quality["scored_by"]) == ("36", str(sourcing.buyer.person_id))
        assert [each["name"] for each in lot["weights"]] == ["Price", "Quality"]
        page = words(portal(sourcing.buyer).get(f"{path}/bids/{second}"))
        assert "55/2" in page
        assert "60 × lowest total 1100 ÷ 2400 = 27.5" in page
        assert portal(sourcing.buyer).get(f"{path}/bids/{UUID(int=1)}").status_code == 404
