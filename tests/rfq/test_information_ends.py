"""The end of a request for information: no award, findings, or an RFQ of it."""

from collections.abc import Callable
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
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.bids.information_rules import UnknownRespondent
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.services import (
    awarding,
    drafting,
    excluding,
    informing,
    lots,
    publishing,
    repricing,
)
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, RfqState
from marketplace.suppliers.states import SupplierState
from tests.clients import PortalClient, words
from tests.factories import suppliers
from tests.factories.bids import make_sourcing
from tests.factories.identity import act_as, make_actor
from tests.factories.information import an_rfi, answered, bid_ids
from tests.factories.rfq import make_supplier

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]


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
