"""Requests for information: questions without prices, answers side by side."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.rfq.addenda.wanted import Wanted, WantedLine
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.information_rules import NoPricesAsked
from marketplace.rfq.bids.rules import BidInvalid
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.services import (
    addenda,
    bid_drafts,
    bid_templates,
    costing,
    drafting,
    evaluation,
    grading,
    proving,
    publishing,
    quality,
    templates,
)
from marketplace.rfq.terms.cost_states import CostSource
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.drafts import LotDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.lot_weights import LotWeight
from marketplace.rfq.terms.states import RfqState
from tests.clients import PortalClient, words
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.information import QUESTIONS, an_rfi, answered, bid_ids, grade
from tests.factories.rfq import make_rfq, make_supplier

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


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
            (
                "rates",
                [{"currency": "USD", "rate": "1.1", "as_of": "2026-01-05", "source": "ECB"}],
            ),
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

    def test_the_form_asks_for_none_of_them(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        browser = portal(buyer)
        page = browser.get("/rfqs/new?kind=rfi").text
        for name in ("allows", "standstill_days", "rates.0.rate", "envelopes", "minimum_bids"):
            assert f'name="{name}"' not in page, name
            assert f'name="{name}"' in browser.get("/rfqs/new").text, name
        values = {"title": "Market", "kind": "rfi", "currency": "EUR", "addendum_days": "2",
                  "time_zone": "Europe/Paris"}  # fmt: skip
        made = browser.post("/rfqs/new", values)
        assert made.status_code == 303, words(made)
        assert session.scalars(select(Rfq)).one().kind is RfqKind.RFI

    def test_counts_answers_as_a_whole(self, session: Session, buyer: Actor) -> None:
        weights = (LotWeight("Coverage", Decimal(40)), LotWeight("Lead time", Decimal(60)))
        rfq = make_rfq(
            session, buyer, kind=RfqKind.RFI, criteria=QUESTIONS, open_to_all=True,
            lots=[LotDraft("One", weights=weights)],
        )  # fmt: skip
        found = publishing.check(session, buyer, rfq.id).readiness
        assert ("/lots/0/weights", "not_for_this_kind") in [
            (each.pointer, each.code) for each in found.reasons
        ]

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

    def test_is_copied_and_kept_as_a_template(self, session: Session, buyer: Actor) -> None:
        rfq = make_rfq(session, buyer, kind=RfqKind.RFI, criteria=QUESTIONS)
        template = templates.save(session, buyer, rfq.id, "Market")
        for made in (
            drafting.copy(session, buyer, rfq.id),
            templates.use(session, buyer, template.id),
        ):
            found = queries.get_with_content(session, buyer, made.id)
            assert (found.kind, found.standstill_days) == (RfqKind.RFI, 0)
            assert [(each.name, each.weight) for each in found.criteria] == [
                ("Coverage", Decimal(70)),
                ("Lead time", Decimal(30)),
            ]

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
        assert "Delivery time" not in shown

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

    def test_graders_see_the_exact_mean_once_locked(
        self, session: Session, api: Api, portal: Portal
    ) -> None:
        sourcing = answered(session)
        house = session.get_one(Organisation, sourcing.buyer.org_id)
        people = [
            make_actor(session, OrgKind.BUYER, Role.RECEIVER, organisation=house) for _n in range(3)
        ]
        for person in people:
            grading.name(session, sourcing.buyer, sourcing.rfq.id, person.person, [])
            grading.declare(session, person, sourcing.rfq.id, Interest.NONE)
        for person, score in zip(people, ("9", "8", "8"), strict=True):
            given = [
                GivenScore(bid_id, criterion.id, Decimal(score), "")
                for bid_id in bid_ids(sourcing)
                for criterion in sourcing.criteria
            ]
            grading.give(session, person, sourcing.rfq.id, given)
        url = f"/rfqs/{sourcing.rfq.id}"
        before = api(sourcing.buyer).get(f"{url}/answers").json
        assert [each["missing_scores"] for each in before["respondents"]] == [2, 2]
        quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id)
        # 70 x 25/3 / 10 + 30 x 25/3 / 100
        found = api(sourcing.buyer).get(f"{url}/answers").json
        assert [each["grade"] for each in found["respondents"]] == ["60.83", "60.83"]
        assert found["questions"][0]["answers"][0]["score"] == "8.33"
        assert "60.83" in words(portal(sourcing.buyer).get(f"{url}/evaluation"))


class TestBeforeTheDeadline:
    def test_answers_stand_after_an_addendum(self, session: Session, portal: Portal) -> None:
        sourcing = an_rfi(session)
        sourcing.submit(0, note="See our site")
        wanted = Wanted(
            lines=tuple(
                WantedLine(each.description, Quantity(Decimal(7), "C62"), id=each.id)
                for each in sourcing.lines
            )
        )
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "More of it")
        addenda.publish(session, sourcing.buyer, sourcing.rfq.id, written.id)
        own = bid_drafts.read(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id)
        assert not own.needs_confirmation
        page = portal(sourcing.suppliers[0]).get(f"/rfqs/{sourcing.rfq.id}/bids")
        assert page.status_code == 200
        sourcing.open()
        [offer] = evaluation.read(session, sourcing.buyer, sourcing.rfq.id).offers
        assert (offer.note, offer.unconfirmed) == ("See our site", [])

    def test_everybody_reads_at_home_what_to_do(self, session: Session, portal: Portal) -> None:
        sourcing = an_rfi(session)
        number, title = sourcing.rfq.number, sourcing.rfq.title
        assert f"Answer {number}, {title}" in words(portal(sourcing.suppliers[0]).get("/"))
        sourcing.open()
        assert f"Read the answers to {number}, {title}" in words(portal(sourcing.buyer).get("/"))

    def test_the_opening_is_proved_like_that_of_bids(self, session: Session) -> None:
        sourcing = answered(session)
        with clock.frozen(sourcing.due_at + timedelta(minutes=5)):
            made = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id)
        found = verify(reading.opening_file(made.content), KEYS.public_key(), [])
        assert [str(each.text) for each in found if each.fault] == []
