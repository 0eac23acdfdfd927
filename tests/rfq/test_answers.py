"""Typed answers: how they are read and graded, knock-outs, and every way of giving them."""

import io
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest

from marketplace.core.errors import Invalid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.rules import BidInvalid
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.scoring.answers import (
    AnswerSpec,
    AnswerType,
    GradedChoice,
    grade,
    is_readable,
    knocks_out,
)
from marketplace.rfq.services import content, evaluation
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq

DAYS = AnswerSpec(
    AnswerType.NUMBER, "days", lowest="5", ideal="10", highest="30", target=Decimal(50)
)
CERTIFIED = AnswerSpec(AnswerType.YES_NO, knock_out=True)
LEVEL = AnswerSpec(
    AnswerType.CHOICE,
    choices=(
        GradedChoice("Gold", Decimal(100)),
        GradedChoice("Silver", Decimal(60)),
        GradedChoice("None", Decimal(0)),
    ),
)


class TestGrades:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("10", 100), ("20", 50), ("30", 0), ("31", 0), ("5", 0), ("4", 0), ("7.5", 50),
            ("7,5", 50), ("17", 65), ("1,250", None), ("soon", None),
        ],
    )  # fmt: skip
    def test_of_a_number_fall_from_the_ideal_to_the_ends(self, said, expected):
        assert grade(DAYS, said) == expected

    def test_are_exact(self):
        spec = replace(DAYS, lowest=None, ideal="0", highest="3")
        assert grade(spec, "1") == Fraction(200, 3)

    @pytest.mark.parametrize(
        ("said", "expected"),
        [("2026-03-01", 100), ("2026-03-11", 50), ("2026-03-21", 0), ("01/03/2026", None)],
    )
    def test_of_a_date(self, said, expected):
        assert grade(
            AnswerSpec(AnswerType.DATE, ideal="2026-03-01", highest="2026-03-21"), said
        ) == (expected)

    def test_of_choices_and_yes_or_no(self):
        assert [grade(LEVEL, said) for said in ("gold", "Silver", "Tin")] == [100, 60, None]
        assert [grade(CERTIFIED, said) for said in ("oui", "yes", "no", "?")] == [100, 100, 0, None]

    def test_a_number_that_could_mean_two_things_is_refused(self):
        assert [is_readable(DAYS, said) for said in ("1,250", "1 250", "1,25", "1250.5")] == [
            False, True, True, True,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("spec", "said", "out"),
        [
            (replace(DAYS, knock_out=True), "5", False),
            (replace(DAYS, knock_out=True), "4.99", True),
            (DAYS, "4.99", False),
            (CERTIFIED, "no", True),
            (CERTIFIED, "", True),
            (replace(LEVEL, knock_out=True), "None", True),
            (replace(LEVEL, knock_out=True), "Silver", False),
            (AnswerSpec(knock_out=True), "Here", False),
        ],
    )
    def test_knock_outs(self, spec, said, out):
        assert knocks_out(spec, said) is out


def criteria(*specs):
    weight = Decimal(40) / len(specs)
    return [
        CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
        *(
            CriterionDraft(f"Question {n}", CriterionKind.QUALITY, weight, answer=spec)
            for n, spec in enumerate(specs, start=1)
        ),
    ]


def answered(sourcing, *texts):
    judged = [c for c in sourcing.criteria if c.kind != "price"]
    return tuple(Answer(c.id, text) for c, text in zip(judged, texts, strict=True) if text)


class TestBids:
    def test_are_refused_with_an_answer_of_another_type(self, session):
        sourcing = make_sourcing(session, criteria=criteria(DAYS, CERTIFIED))
        for texts, pointer, code in (
            (("soon", "yes"), "/answers/0/text", "wrong_type"),
            (("7", "perhaps"), "/answers/1/text", "wrong_type"),
            (("7", ""), "/answers", "answer_required"),
        ):
            with pytest.raises(BidInvalid) as refusal:
                sourcing.submit(0, "1", "2", answers=answered(sourcing, *texts))
            assert [(e.pointer, e.code) for e in refusal.value.errors] == [(pointer, code)]
        assert session.query(BidVersion).all() == []

    def test_the_copy_and_the_terms_keep_the_questions(self, session):
        sourcing = make_sourcing(session, criteria=criteria(DAYS, LEVEL))
        judged = bid_queries.terms(session, sourcing.rfq.id).judged
        assert [criterion.answer for criterion in judged] == [DAYS, LEVEL]

    @pytest.mark.parametrize(
        ("spec", "pointer"),
        [
            (AnswerSpec(AnswerType.NUMBER, lowest="x"), "lowest"),
            (AnswerSpec(AnswerType.NUMBER, lowest="5", ideal="4"), "ideal"),
            (AnswerSpec(AnswerType.CHOICE, choices=(GradedChoice("A"),)), "choices"),
            (replace(LEVEL, type=AnswerType.TEXT), "choices"),
            (replace(DAYS, target=Decimal(101)), "target"),
        ],
    )
    def test_questions_are_checked(self, session, spec, pointer):
        with pytest.raises(Invalid) as refusal:
            make_rfq(session, criteria=criteria(spec))
        assert [e.pointer for e in refusal.value.errors] == [f"/criteria/1/answer/{pointer}"]


@pytest.fixture
def opened(session):
    sourcing = make_sourcing(session, criteria=criteria(DAYS, CERTIFIED))
    sourcing.submit(0, "1", "2", answers=answered(sourcing, "10", "yes"))
    sourcing.submit(1, "1", "2", answers=answered(sourcing, "24", "no"))
    sourcing.open()
    return sourcing


class TestEvaluation:
    def test_proposes_scores_and_names_what_is_not_met(self, opened):
        compared = evaluation.read(opened.session, opened.buyer, opened.rfq.id)
        found = [
            (each.shown, each.proposed_score, each.is_below_target, each.is_knocked_out)
            for each in compared.pregrades.values()
        ]
        assert found == [
            (100, 100, False, False), (100, 100, False, False),
            (30, 30, True, False), (0, 0, False, True),
        ]  # fmt: skip
        assert compared.scores == {}

    def test_over_the_api(self, api, opened):
        shown = api(opened.buyer).get(f"/rfqs/{opened.rfq.id}/evaluation").json
        assert [each["is_knocked_out"] for each in shown["pregrades"]] == [False] * 3 + [True]
        asked = api(opened.suppliers[0]).get(f"/rfqs/{opened.rfq.id}").json["criteria"]
        assert (asked[0]["answer"], asked[1]["answer"]["highest"]) == (None, "30")

    def test_the_buyer_confirms_an_exclusion(self, portal, opened):
        buyer, path = portal(opened.buyer), f"/rfqs/{opened.rfq.id}"
        page = buyer.get(f"{path}/evaluation")
        assert "Required answers that are not met" in words(page)
        bid = bid_queries.readable_bids(opened.session, opened.rfq.id)[1]
        missed = opened.criteria[2].id
        asked = f"{path}/bids/{bid.id}/exclude?criterion={missed}"
        assert asked in page.text
        assert 'value="knock_out" selected' in buyer.get(asked).text
        given = {"ground": "knock_out", "criterion_id": str(missed), "reason": "Not certified"}
        assert buyer.post(asked, given).status_code == 303
        (ruling,) = opened.session.query(BidExclusion)
        assert (ruling.ground, ruling.criterion_id) == (ExclusionGround.KNOCK_OUT, missed)


class TestForms:
    def test_the_buyer_writes_a_question_and_keeps_it(self, portal, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer)
        browser, path = portal(buyer), f"/rfqs/{rfq.id}"
        quality = content.queries.get_own_with_content(session, buyer, rfq.id).criteria[1]
        url = f"{path}/criteria/{quality.id}/answer"
        wrong = {"type": "number", "lowest": "5", "ideal": "4"}
        assert browser.post(url, wrong).status_code == 422
        given = {
            "type": "choice", "knock_out": "true", "choices.0.label": "Gold",
            "choices.0.grade": "100", "choices.3.label": "None", "choices.3.grade": "0",
        }  # fmt: skip
        assert browser.post(url, given).status_code == 303
        assert "Choice from a list" in words(browser.get(f"{path}/criteria"))
        table = {
            "criteria.0.name": "Price", "criteria.0.kind": "price", "criteria.0.weight": "50",
            "criteria.1.name": "Level", "criteria.1.kind": "quality", "criteria.1.weight": "50",
            "criteria.1.id": str(quality.id), "price_formula.kind": "lowest_over_price",
        }  # fmt: skip
        assert browser.post(f"{path}/criteria", table).status_code == 303
        kept = content.queries.get_own_with_content(session, buyer, rfq.id).criteria[1].asked
        assert (kept.knock_out, [each.label for each in kept.choices]) == (True, ["Gold", "None"])

    def test_the_supplier_gets_an_input_for_each_type(self, portal, session):
        day = AnswerSpec(AnswerType.DATE)
        sourcing = make_sourcing(session, criteria=criteria(DAYS, CERTIFIED, LEVEL, day))
        browser, path = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids"
        ids = {f"answers.{n}.criterion_id": str(c.id) for n, c in enumerate(sourcing.criteria[1:])}
        given = ["7,5", "yes", "Silver", "2026-05-01"]
        said = {f"answers.{n}.text": text for n, text in enumerate(given)}
        saved = browser.post(f"{path}/edit", {**ids, **said, "then": "save"})
        assert saved.status_code == 303
        page = browser.get(f"{path}/edit").text
        assert 'value="7,5"' in page
        assert '<option value="yes" selected>' in page
        assert '<option value="Silver" selected>' in page
        assert 'type="date"' in page
        assert 'value="2026-05-01"' in page
        refused = browser.post(f"{path}/edit", {**ids, **said, "answers.0.text": "soon"})
        assert refused.status_code == 422
        assert "Write a number" in words(refused)

    def test_the_workbook_offers_the_choices(self, portal, session):
        sourcing = make_sourcing(session, criteria=criteria(LEVEL, CERTIFIED))
        browser = portal(sourcing.suppliers[0])
        file = browser.get(f"/rfqs/{sourcing.rfq.id}/bids/sheet/template")
        page = openpyxl.load_workbook(io.BytesIO(file.data)).worksheets[1]
        rules = [rule.formula1 for rule in page.data_validations.dataValidation]
        assert '"Gold,Silver,None"' in rules
        assert '"yes,no"' in rules
