"""Kinds of events: their defaults, what each needs, and how they are told apart everywhere."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import Invalid
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.integrations import ocds
from marketplace.notifications.models import Notice
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.services import drafting, publishing, templates
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, RfqState
from tests.clients import PortalClient, words
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import make_published, make_rfq, make_supplier

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]
PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


def codes(found: rules.Readiness) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in found.reasons]


class TestDrafting:
    @pytest.mark.parametrize(
        ("kind", "prefix", "blind"),
        [("rfq", "RFQ", False), ("rfp", "RFP", True), ("mini_competition", "MC", False),
         ("auction", "AUC", False)],
    )  # fmt: skip
    def test_each_kind_has_its_numbers_and_defaults(
        self, buyer: Actor, api: Api, kind: str, prefix: str, *, blind: bool
    ) -> None:
        answer = api(buyer).post("/rfqs", json={"title": "Cleaning", "kind": kind})
        assert answer.status_code == 201, answer.json
        year = clock.now().year
        assert answer.json["number"] == f"{prefix}-{year}-00001"
        assert (answer.json["kind"], answer.json["blind_scoring"]) == (kind, blind)

    def test_an_rfp_may_do_without_blind_scoring(self, buyer: Actor, api: Api) -> None:
        body = {"title": "Cleaning", "kind": "rfp", "blind_scoring": False}
        answer = api(buyer).post("/rfqs", json=body)
        assert (answer.status_code, answer.json["blind_scoring"]) == (201, False)

    def test_another_kind_brings_its_defaults_and_a_number_of_its_series(
        self, session: Session, buyer: Actor, api: Api
    ) -> None:
        rfq = make_rfq(session, buyer, open_to_all=True)
        year = clock.now().year
        url, caller = f"/rfqs/{rfq.id}", api(buyer)
        answer = caller.patch(url, version=1, json={"kind": "mini_competition"})
        assert answer.status_code == 200, answer.json
        assert (answer.json["number"], answer.json["open_to_all"]) == (f"MC-{year}-00001", False)
        named = {"agreement_ref": "FA-2026-7"}
        answer = caller.patch(url, version=answer.json["version"], json=named)
        assert answer.json["agreement_ref"] == "FA-2026-7"
        answer = caller.patch(url, version=answer.json["version"], json={"kind": "rfp"})
        assert (answer.json["number"], answer.json["blind_scoring"]) == (f"RFP-{year}-00001", True)
        assert answer.json["agreement_ref"] is None
        noted = audit.history(session, buyer.organisation_id, "rfq", rfq.id)[-1]
        assert noted.data == {
            "fields": ["kind"],
            "was": {"kind": "mini_competition", "number": f"MC-{year}-00001"},
            "kind": "rfp",
            "number": f"RFP-{year}-00001",
        }

    def test_the_same_kind_changes_nothing(self, session: Session, buyer: Actor, api: Api) -> None:
        rfq = make_rfq(session, buyer, kind=RfqKind.RFP, blind_scoring=False)
        number = rfq.number
        answer = api(buyer).patch(
            f"/rfqs/{rfq.id}", version=1, json={"kind": "rfp", "title": "New"}
        )
        assert (answer.json["number"], answer.json["blind_scoring"]) == (number, False)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"kind": "mini_competition", "open_to_all": True}, "/open_to_all"),
            ({"kind": "rfp", "agreement_ref": "FA-1"}, "/agreement_ref"),
            ({"kind": "rfq", "auction_starts_at": "2037-01-05T10:00"}, "/auction_starts_at"),
        ],
    )
    def test_what_the_kind_does_not_have_is_refused(
        self, session: Session, buyer: Actor, api: Api, body: dict[str, Any], pointer: str
    ) -> None:
        answer = api(buyer).post("/rfqs", json={"title": "Cleaning", **body})
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            (pointer, "not_for_this_kind")
        ]
        assert session.scalars(select(Rfq)).all() == []

    def test_an_unknown_kind_is_refused(self, buyer: Actor, api: Api) -> None:
        answer = api(buyer).post("/rfqs", json={"title": "Cleaning", "kind": "lottery"})
        assert answer.status_code == 422
        assert answer.json["errors"][0]["code"] == "not_a_choice"

    def test_a_published_event_keeps_its_kind(
        self, session: Session, buyer: Actor, api: Api
    ) -> None:
        rfq = make_published(session, buyer).rfq
        number = rfq.number
        answer = api(buyer).patch(f"/rfqs/{rfq.id}", version=rfq.version, json={"kind": "rfp"})
        assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")
        kept = session.get_one(Rfq, rfq.id)
        assert (kept.kind, kept.number) == (RfqKind.RFQ, number)

    def test_copies_and_templates_carry_it(self, session: Session, buyer: Actor, api: Api) -> None:
        rfq = make_rfq(
            session, buyer, kind=RfqKind.MINI_COMPETITION, agreement_ref="FA-7", title="Paper"
        )
        copied = drafting.copy(session, buyer, rfq.id)
        assert (copied.kind, copied.agreement_ref) == (RfqKind.MINI_COMPETITION, "FA-7")
        template = templates.save(session, buyer, rfq.id, "Paper")
        made = templates.use(session, buyer, template.id)
        assert (made.kind, made.agreement_ref) == (RfqKind.MINI_COMPETITION, "FA-7")
        [listed] = api(buyer).get("/rfq-templates").json["items"]
        assert listed["kind"] == "mini_competition"

    def test_a_template_from_before_there_were_kinds_makes_an_rfq(
        self, session: Session, buyer: Actor
    ) -> None:
        template = templates.save(session, buyer, make_rfq(session, buyer).id, "Old")
        header = {k: v for k, v in template.content["header"].items() if k != "kind"}
        template.content = {**template.content, "header": header}
        session.flush()
        assert templates.use(session, buyer, template.id).kind is RfqKind.RFQ


class TestReadiness:
    def test_an_rfp_weighs_more_than_the_price(self, session: Session, buyer: Actor) -> None:
        asked = [make_supplier(session).id]
        rfq = make_rfq(session, buyer, kind=RfqKind.RFP, criteria=PRICE_ALONE, supplier_ids=asked)
        found = publishing.check(session, buyer, rfq.id).readiness
        assert codes(found) == [("/criteria", "quality_criterion_required")]
        with pytest.raises(rules.RfqNotReady):
            publishing.publish(session, buyer, rfq.id)
        assert session.get_one(Rfq, rfq.id).state is RfqState.DRAFT

    def test_a_mini_competition_names_its_agreement_and_invites(
        self, session: Session, buyer: Actor
    ) -> None:
        rfq = make_rfq(session, buyer, kind=RfqKind.MINI_COMPETITION)
        found = publishing.check(session, buyer, rfq.id).readiness
        assert codes(found) == [("/agreement_ref", "required"), ("/invitations", "required")]
        assert str(found.reasons[1].detail) == "Invite the suppliers of the agreement."
        drafting.update(session, buyer, rfq.id, {"agreement_ref": "FA-7"})
        with pytest.raises(Invalid):
            drafting.update(session, buyer, rfq.id, {"open_to_all": True})

    def test_an_auction_starts_after_the_deadline(self, session: Session, buyer: Actor) -> None:
        due = clock.now() + timedelta(days=7)
        rfq = make_rfq(
            session, buyer, kind=RfqKind.AUCTION, supplier_ids=[make_supplier(session).id],
            bids_due_at=due, auction_starts_at=due,
        )  # fmt: skip
        found = publishing.check(session, buyer, rfq.id).readiness
        assert codes(found) == [("/auction_starts_at", "auction_before_deadline")]
        later = {"auction_starts_at": due + timedelta(hours=1)}
        drafting.update(session, buyer, rfq.id, later)
        assert publishing.check(session, buyer, rfq.id).readiness.reasons == []

    def test_an_auction_without_a_start_says_so(self, session: Session, buyer: Actor) -> None:
        asked = [make_supplier(session).id, make_supplier(session).id]
        rfq = make_rfq(session, buyer, kind=RfqKind.AUCTION, supplier_ids=asked)
        found = publishing.check(session, buyer, rfq.id).readiness
        assert found.is_ready
        assert [each.code for each in found.warnings] == ["auction_unplanned"]


class TestAuction:
    def test_a_later_deadline_drops_a_start_that_it_passes(
        self, session: Session, buyer: Actor
    ) -> None:
        due = clock.now() + timedelta(days=7)
        start = due + timedelta(days=1)
        rfq = make_published(
            session, buyer, kind=RfqKind.AUCTION, bids_due_at=due, auction_starts_at=start
        ).rfq
        publishing.extend(session, buyer, rfq.id, due + timedelta(hours=1))
        assert rfq.auction_starts_at == start
        publishing.extend(session, buyer, rfq.id, due + timedelta(days=2))
        assert rfq.auction_starts_at is None

    def test_after_the_opening_planning_it_is_the_next_step(
        self, session: Session, api: Api, portal: Portal
    ) -> None:
        sourcing = make_opened(session, ("5", "6"), ("7", "8"), kind=RfqKind.AUCTION)
        buyer, url = sourcing.buyer, f"/rfqs/{sourcing.rfq.id}"
        assert "plan_auction" in api(buyer).get(url).json["actions"]
        page = portal(buyer).get(url)
        assert "The next step is the live auction" in words(page)
        assert f'href="{url}/auction"' in page.text
        supplier = portal(sourcing.suppliers[0]).get(url)
        assert "The next step is the live auction" not in words(supplier)

    def test_the_announced_start_is_proposed(self, session: Session, portal: Portal) -> None:
        due = clock.now() + timedelta(days=7)
        start = (due + timedelta(days=3)).replace(minute=30, second=0, microsecond=0)
        sourcing = make_opened(
            session, ("5", "6"), ("7", "8"), kind=RfqKind.AUCTION, bids_due_at=due,
            auction_starts_at=start,
        )  # fmt: skip
        page = portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/auction/plan")
        local = start.astimezone(ZoneInfo(sourcing.buyer.time_zone)).strftime("%Y-%m-%dT%H:%M")
        assert f'value="{local}' in page.text

    def test_other_kinds_have_no_such_step(self, session: Session, api: Api) -> None:
        sourcing = make_opened(session, ("5", "6"))
        actions = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}").json["actions"]
        assert "plan_auction" not in actions


class TestWording:
    @pytest.mark.parametrize(
        ("kind", "title"),
        [
            (RfqKind.RFQ, "rfq_invitation"),
            (RfqKind.RFP, "rfp_invitation"),
            (RfqKind.MINI_COMPETITION, "mini_competition_invitation"),
            (RfqKind.AUCTION, "auction_invitation"),
        ],
    )
    def test_invitations_say_what_it_is(
        self, session: Session, buyer: Actor, drain: Callable[[], int], kind: RfqKind, title: str
    ) -> None:
        asked = make_actor(session, OrgKind.SUPPLIER, Role.SUPPLIER)
        agreement = "FA-7" if kind is RfqKind.MINI_COMPETITION else None
        make_published(
            session, buyer, supplier_ids=[asked.organisation_id], kind=kind,
            agreement_ref=agreement,
        )  # fmt: skip
        drain()
        [notice] = session.scalars(select(Notice))
        assert (notice.kind, notice.params["agreement"]) == (title, agreement)

    def test_the_terms_name_every_kind_but_the_usual(self, session: Session, buyer: Actor) -> None:
        usual = make_published(session, buyer).rfq
        assert "kind" not in bid_queries.terms(session, usual.id).to_json()
        other = make_published(session, buyer, kind=RfqKind.RFP).rfq
        said = bid_queries.terms(session, other.id).to_json()
        assert said["kind"] == "rfp"
        assert Terms.from_json(said).kind is RfqKind.RFP

    def test_lists_are_filtered_by_kind(
        self, session: Session, buyer: Actor, api: Api, portal: Portal
    ) -> None:
        make_rfq(session, buyer, title="Paper")
        make_rfq(session, buyer, title="Software", kind=RfqKind.RFP)
        [found] = api(buyer).get("/rfqs?kind=rfp").json["items"]
        assert (found["title"], found["kind"]) == ("Software", "rfp")
        assert api(buyer).get("/rfqs?kind=lottery").status_code == 422
        page = words(portal(buyer).get("/rfqs?kind=rfp"))
        assert "Software" in page
        assert "Paper" not in page
        assert "Paper" in words(portal(buyer).get("/rfqs?kind=lottery"))


class TestPortal:
    def test_choosing_then_writing(self, session: Session, buyer: Actor, portal: Portal) -> None:
        browser = portal(buyer)
        choice = browser.get("/rfqs/kinds")
        assert "Request for proposal (RFP)" in words(choice)
        assert 'href="/rfqs/new?kind=mini_competition"' in choice.text
        assert 'name="agreement_ref"' in browser.get("/rfqs/new?kind=mini_competition").text
        assert 'name="auction_starts_at"' in browser.get("/rfqs/new?kind=auction").text
        form = browser.get("/rfqs/new?kind=rfp").text
        assert '<input type="hidden" name="kind" value="rfp">' in form
        values = {"title": "", "kind": "rfp", "currency": "EUR", "time_zone": "Europe/Paris",
                  "addendum_days": "2", "standstill_days": "0"}  # fmt: skip
        refused = browser.post("/rfqs/new", values)
        assert refused.status_code == 422
        assert '<input type="hidden" name="kind" value="rfp">' in refused.text
        made = browser.post("/rfqs/new", values | {"title": "Cleaning", "blind_scoring": "true"})
        assert made.status_code == 303, words(made)
        rfq = session.scalars(select(Rfq)).one()
        assert (rfq.kind, rfq.blind_scoring) == (RfqKind.RFP, True)

    def test_changing_it_in_a_draft(self, session: Session, buyer: Actor, portal: Portal) -> None:
        rfq = make_rfq(session, buyer)
        browser, url = portal(buyer), f"/rfqs/{rfq.id}"
        assert "Kind of event" in words(browser.get(f"{url}/draft"))
        assert browser.get(f"{url}/kind").status_code == 200
        saved = browser.post(f"{url}/kind", {"kind": "mini_competition", "version": "1"})
        assert saved.status_code == 303, words(saved)
        assert queries.get(session, buyer, rfq.id).kind is RfqKind.MINI_COMPETITION
        page = words(browser.get(f"{url}/invitations"))
        assert "Only invited suppliers take part in a mini-competition." in page
        assert "Open to all qualified suppliers" not in page
        stale = browser.post(f"{url}/kind", {"kind": "rfp", "version": "1"})
        assert stale.status_code == 422
        assert queries.get(session, buyer, rfq.id).kind is RfqKind.MINI_COMPETITION

    def test_others_do_not_find_it(self, session: Session, buyer: Actor, portal: Portal) -> None:
        rfq = make_rfq(session, buyer)
        stranger = portal(make_actor(session))
        assert stranger.get(f"/rfqs/{rfq.id}/kind").status_code == 404
        assert stranger.post(f"/rfqs/{rfq.id}/kind", {"kind": "rfp"}).status_code == 404
        assert queries.get(session, buyer, rfq.id).kind is RfqKind.RFQ


class TestOcds:
    @pytest.mark.parametrize(
        ("details", "kind"),
        [
            ("Request for Proposals", RfqKind.RFP),
            ("Framework: mini-competition", RfqKind.MINI_COMPETITION),
            ("Electronic auction", RfqKind.AUCTION),
            ("Open procedure", RfqKind.RFQ),
            (None, RfqKind.RFQ),
        ],
    )
    def test_the_method_gives_the_kind(
        self, session: Session, buyer: Actor, details: str | None, kind: RfqKind
    ) -> None:
        found = ocds.import_tender(session, buyer, a_release("1", details))
        assert (found.kind, found.open_to_all) == (kind, kind is not RfqKind.MINI_COMPETITION)

    def test_an_amendment_leaves_the_kind_that_the_buyer_chose(
        self, session: Session, buyer: Actor
    ) -> None:
        found = ocds.import_tender(session, buyer, a_release("1", "Open"))
        chosen = {"kind": RfqKind.MINI_COMPETITION}
        drafting.update(session, buyer, found.id, chosen)  # type: ignore[arg-type]
        again = ocds.import_release(session, buyer, a_release("2", "Open"))
        assert (str(again.outcome), again.rfq.kind, again.rfq.open_to_all) == (
            "updated", RfqKind.MINI_COMPETITION, False,
        )  # fmt: skip


def a_release(number: str, details: str | None) -> dict[str, Any]:
    tender = {
        "id": "t",
        "title": "Paper",
        "procurementMethod": "open",
        "items": [{"id": "1", "description": "Paper", "quantity": Decimal(1)}],
    }
    if details:
        tender["procurementMethodDetails"] = details
    return {
        "ocid": "ocds-x-1",
        "id": number,
        "date": f"2026-01-0{number}T00:00:00Z",
        "tag": ["tender"],
        "tender": tender,
    }
