"""Requests for information: answers without prices, side by side, then findings or an RFQ."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.errors import NotAllowed
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.rfq import bid_queries, evaluation_queries, queries, rules
from marketplace.rfq.award_rules import Choice
from marketplace.rfq.bid_content import Answer
from marketplace.rfq.bid_models import Award, BidOffer
from marketplace.rfq.bid_rules import BidInvalid
from marketplace.rfq.cost_states import CostSource
from marketplace.rfq.cost_terms import Costs, CostTerm
from marketplace.rfq.criteria_tree import Section
from marketplace.rfq.drafts import CriterionDraft
from marketplace.rfq.information_rules import NoPricesAsked, UnknownRespondent
from marketplace.rfq.kinds import RfqKind
from marketplace.rfq.models import Rfq
from marketplace.rfq.score_rules import GivenScore
from marketplace.rfq.services import (
    awarding,
    bid_templates,
    costing,
    drafting,
    evaluation,
    excluding,
    informing,
    lots,
    publishing,
    repricing,
)
from marketplace.rfq.states import CriterionKind, RfqState
from marketplace.suppliers.states import SupplierState
from tests.clients import PortalClient, words
from tests.factories import suppliers
from tests.factories.bids import KEYS, Sourcing, make_sourcing
from tests.factories.identity import act_as, make_actor
from tests.factories.rfq import make_rfq, make_supplier

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]
QUESTIONS = [
    CriterionDraft("Coverage", CriterionKind.QUALITY, Decimal(70), 10),
    CriterionDraft("Lead time", CriterionKind.DELIVERY, Decimal(30), 100),
]


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


def an_rfi(session: Session, **overrides: Any) -> Sourcing:
    values: dict[str, Any] = {"kind": RfqKind.RFI, "criteria": QUESTIONS}
    return make_sourcing(session, **(values | overrides))


def answered(session: Session, **overrides: Any) -> Sourcing:
    """Opened: the first supplier says something to both questions, the second to one."""
    sourcing = an_rfi(session, **overrides)
    coverage, lead_time = sourcing.criteria
    said = (Answer(coverage.id, "All of France"), Answer(lead_time.id, "Two weeks"))
    sourcing.submit(0, answers=said, note="See our site", before=timedelta(hours=2))
    sourcing.submit(1, answers=(Answer(coverage.id, "Paris"),), before=timedelta(hours=1))
    sourcing.open()
    return sourcing


def bid_ids(sourcing: Sourcing) -> list[UUID]:
    bids = bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    found = {bid.supplier_id: bid.id for bid in bids}
    return [found[each.organisation_id] for each in sourcing.suppliers]


def grade(sourcing: Sourcing, *scores: tuple[int, int, str]) -> None:
    """By the numbers of supplier and question."""
    bids = bid_ids(sourcing)
    evaluation.score(
        sourcing.session,
        sourcing.buyer,
        sourcing.rfq.id,
        [
            GivenScore(bids[s], sourcing.criteria[q].id, Decimal(score), "")
            for s, q, score in scores
        ],
    )


class TestDrafting:
    def test_begins_without_criteria_and_what_awards_need(self, buyer: Actor, api: Api) -> None:
        api(buyer).put("/sourcing-settings", json={"standstill_days": 10}, version=0)
        answer = api(buyer).post("/rfqs", json={"title": "Market", "kind": "rfi"})
        assert answer.status_code == 201, answer.json
        names = ("criteria", "standstill_days", "blind_scoring", "envelopes", "allows")
        assert [answer.json[name] for name in names] == [[], 0, False, "one", []]

    def test_a_draft_that_becomes_one_loses_them(self, session: Session, buyer: Actor) -> None:
        rfq = make_rfq(session, buyer, blind_scoring=True, standstill_days=10, minimum_bids=2)
        drafting.update(session, buyer, rfq.id, {"kind": RfqKind.RFI})
        assert (rfq.blind_scoring, rfq.standstill_days, rfq.minimum_bids) == (False, 0, None)
        found = publishing.check(session, buyer, rfq.id).readiness
        assert [(each.pointer, each.code) for each in found.reasons] == [
            ("/criteria", "price_not_asked"),
            ("/invitations", "required"),
        ]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("blind_scoring", True),
            ("low_price_check", True),
            ("client_sealing", True),
            ("envelopes", "two"),
            ("allows", ["bundles"]),
            ("minimum_bids", 2),
            ("standstill_days", 10),
        ],
    )
    def test_refuses_what_belongs_to_prices_and_awards(
        self, session: Session, buyer: Actor, api: Api, name: str, value: Any
    ) -> None:
        answer = api(buyer).post("/rfqs", json={"title": "Market", "kind": "rfi", name: value})
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            (f"/{name}", "not_for_this_kind")
        ]
        assert session.scalar(select(func.count()).select_from(Rfq)) == 0

    def test_counts_no_costs(self, session: Session, buyer: Actor) -> None:
        rfq = make_rfq(session, buyer, kind=RfqKind.RFI, criteria=QUESTIONS, open_to_all=True)
        term = CostTerm("Freight", CostSource.ENTERED)
        costing.set_costs(session, buyer, rfq.id, Costs(terms=(term,)))
        found = publishing.check(session, buyer, rfq.id).readiness
        assert [(each.pointer, each.code) for each in found.reasons] == [
            ("/costs", "not_for_this_kind")
        ]
        drafting.update(session, buyer, rfq.id, {"kind": RfqKind.RFQ})
        drafting.update(session, buyer, rfq.id, {"kind": RfqKind.RFI})
        assert rfq.costs == Costs()

    def test_needs_a_question_but_no_lines(self, session: Session, buyer: Actor) -> None:
        asked = [make_supplier(session).id, make_supplier(session).id]
        rfq = make_rfq(session, buyer, kind=RfqKind.RFI, lines=[], criteria=[], supplier_ids=asked)
        found = publishing.check(session, buyer, rfq.id).readiness
        assert [(each.pointer, each.code) for each in found.reasons] == [
            ("/criteria", "question_required")
        ]
        with pytest.raises(rules.RfqNotReady):
            publishing.publish(session, buyer, rfq.id)
        ready = make_rfq(
            session, buyer, kind=RfqKind.RFI, lines=[], criteria=QUESTIONS, supplier_ids=asked
        )
        assert publishing.publish(session, buyer, ready.id).rfq.state is RfqState.PUBLISHED


class TestAnswering:
    def test_prices_are_refused(self, session: Session) -> None:
        sourcing = an_rfi(session)
        with pytest.raises(BidInvalid) as refused:
            sourcing.submit(0, "5", "6", note="See our site")
        assert [(each.pointer, each.code) for each in refused.value.errors] == [
            ("/lines/0", "no_prices_asked"),
            ("/lines/1", "no_prices_asked"),
        ]

    def test_something_has_to_be_said(self, session: Session) -> None:
        sourcing = an_rfi(session)
        with pytest.raises(BidInvalid) as refused:
            sourcing.submit(0)
        assert [(e.pointer, e.code) for e in refused.value.errors] == [("/answers", "required")]

    def test_over_the_api(self, session: Session, api: Api) -> None:
        sourcing = an_rfi(session)
        url = f"/rfqs/{sourcing.rfq.id}/bids"
        said = [{"criterion_id": str(sourcing.criteria[0].id), "text": "All of France"}]
        sent = api(sourcing.suppliers[0]).post(url, json={"answers": said, "submit": True})
        assert sent.status_code == 201, sent.json
        assert sent.json["state"] == "submitted"
        sealed = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/answers")
        assert (sealed.status_code, sealed.json["code"]) == (403, "sealed")
        assert "All of France" not in sealed.text

    def test_the_form_has_no_prices(self, session: Session, portal: Portal) -> None:
        sourcing = an_rfi(session)
        browser, url = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids"
        assert "Answer the RFI" in words(browser.get(f"/rfqs/{sourcing.rfq.id}"))
        form = browser.get(f"{url}/edit")
        assert "unit_price" not in form.text
        assert "No prices are asked." in words(form)
        saved = browser.post(
            f"{url}/edit",
            {
                "version": "0",
                "terms": "1",
                "then": "check",
                "answers.0.criterion_id": str(sourcing.criteria[0].id),
                "answers.0.text": "All of France",
            },
        )
        assert saved.status_code == 303, words(saved)
        check = browser.get(f"{url}/check")
        assert "You are about to send your answers to" in words(check)
        assert "EUR" not in words(check)
        sent = browser.post(f"{url}/submit", {"version": "1"})
        assert sent.status_code == 303, words(sent)
        shown = words(browser.get(url))
        assert "My answers" in shown
        assert "All of France" in shown

    def test_there_is_no_spreadsheet_of_prices(self, session: Session) -> None:
        sourcing = an_rfi(session)
        with pytest.raises(NoPricesAsked):
            bid_templates.template(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id)

    def test_its_arrival_is_confirmed_as_answers(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        sourcing = an_rfi(session, suppliers=1)
        sourcing.submit(0, note="See our site")
        drain()
        kinds = sorted(session.scalars(select(Notice.kind)))
        assert kinds == ["answers_received", "rfi_invitation"]


class TestReading:
    def test_side_by_side_with_exact_grades(self, session: Session, api: Api) -> None:
        sourcing = answered(session)
        grade(sourcing, (0, 0, "9"), (0, 1, "33.33"), (1, 0, "4"))
        first, second = bid_ids(sourcing)
        found = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/answers")
        assert found.status_code == 200, found.json
        # 70 x 9 / 10 + 30 x 33.33 / 100 = 63 + 9.999
        assert [
            (each["bid_id"], each["note"], each["grade"], each["missing_scores"])
            for each in found.json["respondents"]
        ] == [(str(first), "See our site", "73", 0), (str(second), "", "28", 1)]
        assert [
            [(each["text"], each["score"]) for each in question["answers"]]
            for question in found.json["questions"]
        ] == [
            [("All of France", "9"), ("Paris", "4")],
            [("Two weeks", "33.33"), (None, None)],
        ]

    def test_the_comparison_shows_answers_and_no_prices(
        self, session: Session, portal: Portal
    ) -> None:
        sourcing = answered(session)
        url = f"/rfqs/{sourcing.rfq.id}"
        page = portal(sourcing.buyer).get(f"{url}/evaluation")
        shown = words(page)
        for text in ("Answers side by side", "All of France", "Paris", "No answer", "See our site"):
            assert text in shown
        assert "Ranking" not in shown
        assert f'href="{url}/award"' not in page.text
        overview = words(portal(sourcing.buyer).get(f"{url}/bids"))
        assert "Priced lines" not in overview
        one = words(portal(sourcing.buyer).get(f"{url}/bids/{bid_ids(sourcing)[0]}"))
        assert "Two weeks" in one
        assert "Unit price" not in one

    def test_scores_are_given_in_the_portal(self, session: Session, portal: Portal) -> None:
        sourcing = answered(session)
        url = f"/rfqs/{sourcing.rfq.id}/evaluation"
        rows = {
            "scores.0.bid_id": str(bid_ids(sourcing)[0]),
            "scores.0.criterion_id": str(sourcing.criteria[0].id),
        }
        browser = portal(sourcing.buyer)
        refused = browser.post(f"{url}/scores", rows | {"scores.0.score": "11"})
        assert refused.status_code == 422
        assert "Answers side by side" in words(refused)
        saved = browser.post(f"{url}/scores", rows | {"scores.0.score": "10"})
        assert saved.status_code == 303
        assert "70.00" in words(browser.get(url))

    def test_others_do_not_read_it(self, session: Session, api: Api) -> None:
        sourcing = answered(session)
        url = f"/rfqs/{sourcing.rfq.id}/answers"
        assert api(make_actor(session)).get(url).status_code == 404
        other = api(sourcing.suppliers[1]).get(url)
        assert other.status_code in {403, 404}
        assert "All of France" not in other.text

    def test_other_kinds_have_no_answers_page(self, session: Session, api: Api) -> None:
        sourcing = make_sourcing(session)
        sourcing.submit(0, "5", "6")
        sourcing.open()
        refused = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/answers")
        assert (refused.status_code, refused.json["code"]) == (409, "not_an_rfi")


class TestNoAward:
    def test_every_door_refuses_it(self, session: Session, api: Api) -> None:
        sourcing = answered(session)
        buyer, rfq_id = sourcing.buyer, sourcing.rfq.id
        choice = {"bid_id": str(bid_ids(sourcing)[0]), "lot_id": str(sourcing.lots[0].id)}
        refused = api(buyer).post(f"/rfqs/{rfq_id}/award", json={"choices": [choice]})
        assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition")
        assert refused.json["detail"] == (
            "This is not possible for an RFI in state “In evaluation”."
        )
        whole = [Choice(bid_id=bid_ids(sourcing)[0], lot_id=sourcing.lots[0].id)]
        for attempt in (
            lambda: awarding.award(session, buyer, rfq_id, whole),
            lambda: awarding.close_unsuccessful(session, buyer, rfq_id, "Nobody"),
            lambda: lots.close_unsuccessful(session, buyer, rfq_id, sourcing.lots[0].id, "Nobody"),
            lambda: repricing.hold(session, buyer, rfq_id, rfq_id),
        ):
            with pytest.raises(IllegalTransition):
                attempt()
        assert session.scalar(select(func.count()).select_from(Award)) == 0
        assert session.get_one(Rfq, rfq_id).state is RfqState.OPENED

    def test_it_offers_its_own_ends(self, session: Session, api: Api) -> None:
        sourcing = answered(session)
        actions = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}").json["actions"]
        assert set(actions) == {"evaluate", "cancel", "close_with_findings", "follow_up"}

    def test_an_rfq_is_not_closed_with_findings(self, session: Session, api: Api) -> None:
        sourcing = make_sourcing(session)
        sourcing.submit(0, "5", "6")
        sourcing.open()
        url = f"/rfqs/{sourcing.rfq.id}/findings"
        refused = api(sourcing.buyer).post(url, json={"findings": "Done"})
        assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition")
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.OPENED


class TestFindings:
    def test_whoever_answered_is_told_and_reads_them(
        self, session: Session, api: Api, portal: Portal, drain: Callable[[], int]
    ) -> None:
        sourcing = answered(session)
        rfq_id, buyer = sourcing.rfq.id, sourcing.buyer
        url = f"/rfqs/{rfq_id}"
        closed = api(buyer).post(f"{url}/findings", json={"findings": "Three offer it all."})
        assert closed.status_code == 200, closed.json
        assert (closed.json["state"], closed.json["end_reason"]) == (
            "concluded",
            "Three offer it all.",
        )
        assert closed.json["actions"] == ["follow_up"]
        drain()
        told = session.execute(
            select(Notice.organisation_id, Notice.params["findings"].astext).where(
                Notice.kind == "rfi_concluded"
            )
        ).all()
        assert sorted(map(tuple, told)) == sorted(
            (each.organisation_id, "Three offer it all.") for each in sourcing.suppliers
        )
        page = words(portal(sourcing.suppliers[0]).get(url))
        assert "Closed with findings" in page
        assert "Three offer it all." in page
        noted = {
            each.action: each.data
            for each in audit.history(session, buyer.organisation_id, "rfq", rfq_id)
        }
        assert noted["rfq.concluded"] == {"findings": "Three offer it all."}

    def test_in_the_portal(self, session: Session, portal: Portal) -> None:
        sourcing = answered(session)
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/findings"
        version = str(sourcing.rfq.version)
        assert "Everybody who has answered is told" in words(browser.get(url))
        refused = browser.post(url, {"findings": " ", "version": version})
        assert refused.status_code == 422
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.OPENED
        closed = browser.post(url, {"findings": "Three offer it all.", "version": version})
        assert closed.status_code == 303, words(closed)
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.CONCLUDED
        again = browser.post(url, {"findings": "More", "version": version})
        assert again.status_code == 422
        assert session.get_one(Rfq, sourcing.rfq.id).end_reason == "Three offer it all."

    def test_without_any_answer(self, session: Session) -> None:
        sourcing = an_rfi(session)
        sourcing.open()
        informing.close_with_findings(session, sourcing.buyer, sourcing.rfq.id, "Nobody answered")
        assert sourcing.rfq.state is RfqState.CONCLUDED

    def test_not_before_the_opening(self, session: Session, api: Api) -> None:
        sourcing = an_rfi(session)
        url = f"/rfqs/{sourcing.rfq.id}/findings"
        refused = api(sourcing.buyer).post(url, json={"findings": "Done"})
        assert (refused.status_code, refused.json["code"]) == (403, "sealed")
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.PUBLISHED

    def test_who_may_not_award_may_not_close(self, session: Session) -> None:
        sourcing = answered(session)
        house = session.get_one(Organisation, sourcing.buyer.org_id)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=house)
        with pytest.raises(NotAllowed):
            informing.close_with_findings(session, requester, sourcing.rfq.id, "Done")

    def test_an_excluded_respondent_reads_why_afterwards(self, session: Session) -> None:
        sourcing = answered(session)
        bid_id = bid_ids(sourcing)[1]
        excluding.exclude(
            session, sourcing.buyer, sourcing.rfq.id, bid_id, reason="Not in our sector"
        )
        informing.close_with_findings(session, sourcing.buyer, sourcing.rfq.id, "Done")
        act_as(session, sourcing.suppliers[1])
        found = evaluation_queries.own_exclusion(session, sourcing.suppliers[1], bid_id)
        assert found is not None
        assert found.reason == "Not in our sector"


class TestFollowUp:
    def test_one_call_makes_the_rfq(self, session: Session, api: Api) -> None:
        sourcing = answered(session)
        chosen = sourcing.suppliers[0].organisation_id
        url = f"/rfqs/{sourcing.rfq.id}/follow-up"
        made = api(sourcing.buyer).post(url, json={"supplier_ids": [str(chosen)]})
        assert made.status_code == 201, made.json
        assert (made.json["kind"], made.json["state"]) == ("rfq", "draft")
        assert [(each["name"], each["weight"]) for each in made.json["criteria"]] == [
            ("Price", "50"),
            ("Coverage", "35"),
            ("Lead time", "15"),
        ]
        assert [each["description"] for each in made.json["lines"]] == [
            "Steel bolt M8 x 40",
            "Washer M8",
        ]
        rfq_id = UUID(made.json["id"])
        assert [each.supplier_id for each in queries.invitations(session, rfq_id)] == [chosen]
        drafting.update(session, sourcing.buyer, rfq_id, {"bids_due_at": sourcing.due_at})
        ready = publishing.check(session, sourcing.buyer, rfq_id).readiness
        assert [each.code for each in ready.reasons if each.pointer == "/criteria"] == []
        noted = audit.history(session, sourcing.buyer.organisation_id, "rfq", sourcing.rfq.id)[-1]
        assert (noted.action, noted.data) == ("rfq.followed_up", {"rfq": made.json["number"]})
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.OPENED

    def test_sections_are_halved_too(self, session: Session) -> None:
        sourcing = an_rfi(
            session,
            sections=[Section("Firm", Decimal("33.33")), Section("Service", Decimal("66.67"))],
            criteria=[
                CriterionDraft("Size", CriterionKind.OTHER, None, section="Firm", importance=5),
                CriterionDraft("Help", CriterionKind.OTHER, None, section="Service", importance=5),
            ],
        )
        sourcing.open()
        made = informing.follow_up(session, sourcing.buyer, sourcing.rfq.id, [])
        found = queries.get_with_content(session, sourcing.buyer, made.id)
        assert [(each.name, each.weight) for each in found.sections] == [
            ("Firm", Decimal("16.66")),
            ("Service", Decimal("33.33")),
        ]
        # weights have two places: what halving leaves over goes to the price
        assert list(found.shares.values()) == [
            Decimal("50.01"), Fraction(1666, 100), Fraction(3333, 100),
        ]  # fmt: skip

    def test_only_respondents_who_count(self, session: Session) -> None:
        sourcing = answered(session)
        excluding.exclude(
            session, sourcing.buyer, sourcing.rfq.id, bid_ids(sourcing)[1], reason="Not suitable"
        )
        before = session.scalar(select(func.count()).select_from(Rfq))
        with pytest.raises(UnknownRespondent) as refused:
            informing.follow_up(
                session,
                sourcing.buyer,
                sourcing.rfq.id,
                [each.organisation_id for each in sourcing.suppliers],
            )
        assert [each.pointer for each in refused.value.errors] == ["/supplier_ids/1"]
        assert session.scalar(select(func.count()).select_from(Rfq)) == before

    def test_who_was_blocked_meanwhile_is_left_out(self, session: Session) -> None:
        house = make_supplier(session)
        respondent = suppliers.make_supplier(session, house)
        bidder = make_actor(session, OrgKind.SUPPLIER, organisation=house)
        sourcing = an_rfi(session, bidders=[bidder])
        sourcing.submit(0, note="See our site")
        sourcing.open()
        respondent.state = SupplierState.BLOCKED
        session.flush()
        made = informing.follow_up(
            session, sourcing.buyer, sourcing.rfq.id, [bidder.organisation_id]
        )
        assert queries.invitations(session, made.id) == []

    def test_in_the_portal_after_the_findings(self, session: Session, portal: Portal) -> None:
        sourcing = answered(session)
        informing.close_with_findings(session, sourcing.buyer, sourcing.rfq.id, "Done")
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/follow-up"
        page = browser.get(url)
        assert page.text.count(" checked") == 2
        chosen = sourcing.suppliers[1].organisation_id
        made = browser.post(url, {"supplier_ids": [str(chosen)]})
        assert made.status_code == 303, words(made)
        rfq = session.scalars(select(Rfq).where(Rfq.kind == RfqKind.RFQ)).one()
        assert made.location == f"/rfqs/{rfq.id}/draft"
        assert [each.supplier_id for each in queries.invitations(session, rfq.id)] == [chosen]

    def test_others_do_not_find_it(self, session: Session, api: Api, portal: Portal) -> None:
        sourcing = answered(session)
        stranger = make_actor(session)
        url = f"/rfqs/{sourcing.rfq.id}/follow-up"
        assert api(stranger).post(url, json={"supplier_ids": []}).status_code == 404
        assert portal(stranger).get(url).status_code == 404
        assert session.scalar(select(func.count()).select_from(BidOffer)) == 2
