"""Weights of its own for a lot: ranked, asked for, kept in copies, and refused where they fail."""

from decimal import Decimal
from fractions import Fraction

import pytest

from marketplace.core.errors import NotAllowed
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.addenda.wanted import Wanted, WantedCriterion
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.rules import RfqNotReady
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.rules import JustificationRequired
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.bids.rules import BidInvalid
from marketplace.rfq.evaluation import sensitivity
from marketplace.rfq.evaluation.graders import queries as grader_queries
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.services import addenda, awarding, content, drafting, evaluation, publishing
from marketplace.rfq.services import templates as keeping
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.lot_weights import LotWeight
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.awards import bids_of
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq, make_supplier

CERTIFIED = AnswerSpec(AnswerType.YES_NO, knock_out=True)
CRITERIA = [
    CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
    CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(40)),
    CriterionDraft("Training", CriterionKind.SERVICE, Decimal(0), 10, answer=CERTIFIED),
]
OWN = (LotWeight("price", Decimal(50)), LotWeight("Training", Decimal(50)))
LINES = [a_line(), a_line(lot=2)]


def lots(*weights):
    return [LotDraft("Machines"), LotDraft("Courses", weights=weights or OWN)]


@pytest.fixture
def opened(session):
    """1000 and 2000 for the machines, 2000 and 1000 for the courses."""
    sourcing = make_sourcing(session, lots=lots(), lines=LINES, criteria=CRITERIA)
    training = sourcing.criteria[2].id
    for number, prices in enumerate([("10", "20"), ("20", "10")]):
        sourcing.submit(number, *prices, answers=(Answer(training, "yes"),))
    sourcing.open()
    return sourcing


def score(sourcing, *given):
    """(bid, criterion, score) by their places."""
    bids = bids_of(sourcing)
    scores = [
        GivenScore(bids[bid], sourcing.criteria[criterion].id, Decimal(number), "")
        for bid, criterion, number in given
    ]
    return evaluation.score(sourcing.session, sourcing.buyer, sourcing.rfq.id, scores)


class TestRanking:
    def test_each_lot_by_its_own_criteria(self, opened):
        compared = score(opened, (0, 1, "50"), (1, 1, "100"), (0, 2, "9"), (1, 2, "3"))
        machines, courses = compared.lots
        first, second = bids_of(opened)
        # 60 + 40 x 50/100, and 60 x 1000/2000 + 40
        assert {rank.bid_id: rank.exact for rank in machines.ranks} == {first: 80, second: 70}
        # 50 x 1000/2000 + 50 x 9/10, and 50 + 50 x 3/10
        assert {rank.bid_id: rank.exact for rank in courses.ranks} == {first: 70, second: 65}
        names = [[part.criterion.name for part in lot.ranks[0].points] for lot in compared.lots]
        assert names == [["Price", "Quality"], ["Price", "Training"]]

    def test_a_lot_waits_for_its_own_scores_alone(self, opened):
        compared = score(opened, (0, 2, "9"), (1, 2, "3"))
        assert [lot.is_scored for lot in compared.lots] == [False, True]

    def test_sensitivity_follows_the_lot(self, opened):
        compared = score(opened, (0, 1, "50"), (1, 1, "100"), (0, 2, "9"), (1, 2, "3"))
        found = sensitivity.of(compared.lots[1])
        assert found.price_weight == Decimal(50)
        # (w/2 + (100-w) x 0.9) against (w + (100-w) x 0.3)
        assert found.above.exact == Fraction(600, 11)

    def test_graders_score_what_only_a_lot_weighs(self, session, opened):
        judged = grader_queries.judged(session, opened.rfq.id)
        assert [each.name for each in judged] == ["Quality", "Training"]
        terms = bid_queries.terms(session, opened.rfq.id)
        assert [each.name for each in terms.judged] == ["Quality", "Training"]


class TestAwarding:
    def test_the_cheapest_line_is_best_where_the_lot_weighs_the_price_alone(self, session):
        alone = [LotWeight("Price", Decimal(100))]
        sourcing = make_sourcing(
            session,
            lots=lots(*alone),
            lines=[a_line(), a_line(lot=2), a_line(lot=2)],
            criteria=CRITERIA[:2],
        )
        sourcing.submit(0, "10", "20", "20")
        sourcing.submit(1, "20", "10", "40")
        sourcing.open()
        first, second = bids_of(sourcing)
        cheapest = Choice(second, line_id=sourcing.lines[1].id)
        decided = awarding.award(session, sourcing.buyer, sourcing.rfq.id, [cheapest])
        assert [line.is_best for line in decided.lines] == [True]
        score(sourcing, (0, 1, "50"), (1, 1, "10"))
        with pytest.raises(JustificationRequired):
            awarding.award(
                session,
                sourcing.buyer,
                sourcing.rfq.id,
                [Choice(second, lot_id=sourcing.lots[0].id)],
            )
        assert first != second


class TestBidding:
    def test_what_only_a_lot_weighs_is_asked_of_its_bidders(self, session):
        sourcing = make_sourcing(session, lots=lots(), lines=LINES, criteria=CRITERIA)
        sourcing.submit(0, "10", None)
        with pytest.raises(BidInvalid) as error:
            sourcing.submit(1, "10", "20")
        assert [each.code for each in error.value.errors] == ["answer_required"]
        sourcing.open()
        compared = evaluation.read(session, sourcing.buyer, sourcing.rfq.id)
        assert compared.pregrades == {}


class TestAddenda:
    def test_weights_follow_a_criterion_to_its_new_name(self, session):
        sourcing = make_sourcing(session, lots=lots(), lines=LINES, criteria=CRITERIA)
        training = sourcing.criteria[2]
        wanted = Wanted(criteria=(WantedCriterion(training.id, "Courses", Decimal(0)),))
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "Clearer")
        addenda.publish(session, sourcing.buyer, sourcing.rfq.id, written.id)
        terms = bid_queries.terms(session, sourcing.rfq.id)
        assert terms.lots[1].weights == (
            (sourcing.criteria[0].id, Decimal(50)),
            (training.id, Decimal(50)),
        )
        assert [each.name for each in terms.judged] == ["Quality", "Courses"]


class TestDraft:
    @pytest.mark.parametrize(
        ("own", "codes"),
        [
            ((LotWeight("Price", Decimal(90)),), ["lot_weights_not_100"]),
            ((LotWeight("Training", Decimal(100)),), ["lot_without_price"]),
            (
                (LotWeight("Price", Decimal(50)), LotWeight("Speed", Decimal(50))),
                ["counts_nowhere", "unknown_criterion"],
            ),
        ],
    )
    def test_what_cannot_be_published(self, session, own, codes):
        buyer = make_actor(session)
        criteria = CRITERIA if len(own) == 2 or own[0].criterion == "Training" else CRITERIA[:2]
        rfq = make_rfq(
            session,
            buyer,
            supplier_ids=[make_supplier(session).id],
            lots=lots(*own),
            lines=LINES,
            criteria=criteria,
        )
        session.expire_all()
        with pytest.raises(RfqNotReady) as error:
            publishing.publish(session, buyer, rfq.id, "correct horse battery")
        assert [each.code for each in error.value.errors] == codes

    def test_copies_templates_and_other_changes_keep_them(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=lots(), lines=LINES, criteria=CRITERIA)
        template = keeping.save(session, buyer, rfq.id, "Machines")
        kept = [None, [each.to_json() for each in OWN]]
        for made in (
            drafting.copy(session, buyer, rfq.id),
            keeping.use(session, buyer, template.id),
        ):
            assert [lot.weights for lot in queries.lots(session, made.id)] == kept
        renamed = [LotDraft("Machines"), LotDraft("Training courses")]
        content.set_lots_and_lines(session, buyer, rfq.id, renamed, LINES)
        assert [lot.weights for lot in queries.lots(session, rfq.id)] == kept
        content.set_lot_weights(session, buyer, rfq.id, queries.lots(session, rfq.id)[1].id, [])
        assert [lot.weights for lot in queries.lots(session, rfq.id)] == [None, None]

    def test_only_buyers_weigh(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=lots(), lines=LINES, criteria=CRITERIA)
        auditor = make_actor(session, OrgKind.BUYER, Role.AUDITOR)
        lot = queries.lots(session, rfq.id)[0].id
        with pytest.raises(NotAllowed):
            content.set_lot_weights(session, auditor, rfq.id, lot, OWN)


class TestDoors:
    def test_the_api_writes_reads_and_refuses(self, api, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=lots(), lines=LINES, criteria=CRITERIA)
        client, url = api(buyer), f"/rfqs/{rfq.id}"
        found = client.get(url).json
        first, second = found["lots"]
        assert (first["weights"], second["weights"]) == (
            None,
            [{"criterion": "price", "weight": "50"}, {"criterion": "Training", "weight": "50"}],
        )
        body = {"weights": [{"criterion": "Price", "weight": "100"}]}
        done = client.put(f"{url}/lots/{first['id']}/weights", version=found["version"], json=body)
        assert done.json["lots"][0]["weights"] == [{"criterion": "Price", "weight": "100"}]
        twice = {"weights": [*body["weights"], {"criterion": "price", "weight": "1"}]}
        refused = client.put(
            f"{url}/lots/{first['id']}/weights", version=done.json["version"], json=twice
        )
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (
            422,
            "/weights/1/criterion",
        )
        foreign = api(make_actor(session)).put(
            f"{url}/lots/{first['id']}/weights", version=1, json=body
        )
        assert foreign.status_code == 404

    def test_scorers_read_what_counts_in_which_lot(self, portal, opened):
        page = words(portal(opened.buyer).get(f"/rfqs/{opened.rfq.id}/evaluation"))
        assert "Quality 40 %" in page
        assert "Training lot 2: 50 %" in page

    def test_the_portal_writes_and_keeps_what_was_typed(self, portal, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lots=lots(), lines=LINES, criteria=CRITERIA)
        lot = queries.lots(session, rfq.id)[0]
        browser, url = portal(buyer), f"/rfqs/{rfq.id}/lots/{lot.id}/weights"
        page = browser.get(f"/rfqs/{rfq.id}/criteria")
        assert f'href="{url}"' in page.text
        assert "price 50 %; Training 50 %" in words(page)
        assert browser.get(url).status_code == 200
        rows = {f"weights.{place}.criterion": each.name for place, each in enumerate(CRITERIA)} | {
            "weights.0.weight": "70",
            "weights.1.weight": "",
            "weights.2.weight": "lots",
        }
        refused = browser.post(url, rows)
        assert refused.status_code == 422
        assert 'value="70"' in refused.text
        assert browser.post(url, rows | {"weights.2.weight": "30"}).status_code == 303
        session.expire_all()
        assert lot.weights == [
            {"criterion": "Price", "weight": "70"},
            {"criterion": "Training", "weight": "30"},
        ]
