"""The buyer's pages: a draft as a list of sections, the check page, the published document."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqQuestion
from marketplace.rfq.http.tables import filled_rows
from marketplace.rfq.services import questions
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.states import RfqState
from tests.clients import PortalClient, words
from tests.factories import suppliers
from tests.factories.catalog import make_item
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_published, make_rfq, make_supplier

Portal = Callable[[Actor], PortalClient]

HEADER = {
    "title": "Paper for 2027",
    "currency": "EUR",
    "time_zone": "Europe/Paris",
    "bids_due_at": "2036-05-10T12:00",
}


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


@pytest.fixture
def browser(buyer: Actor, portal: Portal) -> PortalClient:
    return portal(buyer)


def the_rfq(session: Session) -> Rfq:
    return session.scalars(select(Rfq)).one()


class TestFromNothingToPublished:
    def test_every_section_in_turn(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        supplier = make_supplier(session, name="Acme")
        made = browser.post("/rfqs/new", HEADER | {"description": "A4", "estimate.amount": ""})
        assert made.status_code == 303, words(made)
        rfq = the_rfq(session)
        assert made.location == f"/rfqs/{rfq.id}/draft"
        saved = browser.post(
            f"/rfqs/{rfq.id}/lines",
            {
                "version": "1",
                "lots.0.title": "Paper",
                "lots.1.title": "",
                "lines.0.description": "A4 80 g",
                "lines.0.quantity.value": "2,500.5",
                "lines.0.quantity.unit": "ream",
                "lines.1.description": "",
                "lines.1.quantity.value": "",
                "lines.1.reference_price.currency": "EUR",
                "lines.3.description": "A3",
                "lines.3.quantity.value": "10",
                "lines.3.quantity.unit": "",
            },
        )
        assert saved.status_code == 303, words(saved)
        browser.post(
            f"/rfqs/{rfq.id}/criteria",
            {
                "version": "2",
                "criteria.0.name": "Price",
                "criteria.0.kind": "price",
                "criteria.0.weight": "70",
                "criteria.1.name": "Whiteness",
                "criteria.1.kind": "quality",
                "criteria.1.weight": "30",
                "criteria.2.name": "",
                "criteria.2.kind": "quality",
                "criteria.2.weight": "",
            },
        )
        browser.post(f"/rfqs/{rfq.id}/invitations", {"supplier_ids": str(supplier.id)})
        found = queries.get_with_content(session, buyer, rfq.id)
        assert [(line.description, line.quantity) for line in found.lines] == [
            ("A4 80 g", Quantity(Decimal("2500.5"), "RM")),
            ("A3", Quantity(Decimal(10), "C62")),
        ]
        check = browser.get(f"/rfqs/{rfq.id}/publish")
        assert "Publish and tell 1 supplier" in words(check)
        assert "Acme" in words(check)
        published = browser.post(f"/rfqs/{rfq.id}/publish", {"version": str(found.version)})
        assert published.status_code == 200, words(published)
        assert "nobody can recover it" in words(published)
        assert published.headers["Cache-Control"] == "no-store"
        assert the_rfq(session).state is RfqState.PUBLISHED
        shown = browser.get(f"/rfqs/{rfq.id}")
        assert "Open for responses" in words(shown)
        assert "Sat 10 May" not in words(shown)

    def test_the_check_page_names_what_is_missing_and_links_to_its_section(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer, lines=[], bids_due_at=None)
        page = browser.get(f"/rfqs/{rfq.id}/publish")
        assert page.status_code == 200
        assert "Add at least one line." in words(page)
        assert f'href="/rfqs/{rfq.id}/lines"' in page.text
        assert f'href="/rfqs/{rfq.id}/header"' in page.text
        refused = browser.post(f"/rfqs/{rfq.id}/publish", {"version": "1"})
        assert refused.status_code == 422

    def test_a_requester_is_told_who_publishes(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        rfq = make_rfq(session, buyer, supplier_ids=[make_supplier(session).id])
        organisation = session.get_one(Organisation, buyer.org_id)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=organisation)
        page = portal(requester).get(f"/rfqs/{rfq.id}/publish")
        assert "A buyer of your organisation can publish it" in words(page)


class TestHeader:
    def test_errors_stand_at_their_field_and_keep_what_was_typed(
        self, browser: PortalClient, session: Session
    ) -> None:
        page = browser.post("/rfqs/new", HEADER | {"title": "", "description": "kept words"})
        assert page.status_code == 422
        assert "kept words" in page.text
        assert 'href="#f-title"' in page.text
        assert session.scalars(select(Rfq)).all() == []

    def test_a_local_time_that_comes_twice_is_offered_as_two(
        self, browser: PortalClient, session: Session
    ) -> None:
        twice = HEADER | {"time_zone": "Europe/London", "bids_due_at": "2036-10-26T01:30"}
        page = browser.post("/rfqs/new", twice)
        assert page.status_code == 422
        assert 'value="2036-10-26T01:30:00+01:00"' in page.text
        made = browser.post("/rfqs/new", twice | {"bids_due_at": "2036-10-26T01:30:00+00:00"})
        assert made.status_code == 303
        due = the_rfq(session).bids_due_at
        assert due
        assert due.isoformat() == "2036-10-26T01:30:00+00:00"

    def test_shows_times_in_the_zone_of_the_rfq_and_empties_fields(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(
            session,
            buyer,
            description="gone soon",
            time_zone="Europe/Helsinki",
            bids_due_at="2036-05-10T12:00",
            estimate=Money(Decimal(5), "EUR"),
        )
        page = browser.get(f"/rfqs/{rfq.id}/header")
        assert 'value="2036-05-10T12:00"' in page.text
        saved = browser.post(
            f"/rfqs/{rfq.id}/header",
            HEADER | {"version": "1", "description": "", "estimate.amount": ""},
        )
        assert saved.status_code == 303
        assert (the_rfq(session).description, the_rfq(session).estimated_value) == ("", None)

    def test_a_second_editor_is_not_overwritten(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer)
        first = browser.post(f"/rfqs/{rfq.id}/header", HEADER | {"version": "1"})
        assert first.status_code == 303
        late = browser.post(f"/rfqs/{rfq.id}/header", HEADER | {"version": "1", "title": "Mine"})
        assert late.status_code == 422
        assert "Somebody changed this in the meantime" in words(late)
        assert the_rfq(session).title == HEADER["title"]


class TestLines:
    def test_an_item_code_fills_in_the_description(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        item = make_item(session, buyer, sku="P-80", name="Paper A4")
        rfq = make_rfq(session, buyer, lines=[])
        line = {"lines.0.item_code": "p-80", "lines.0.quantity.value": "3"}
        lots = {"version": "1", "lots.0.title": "Paper"}
        assert browser.post(f"/rfqs/{rfq.id}/lines", lots | line).status_code == 303
        [found] = queries.get_with_content(session, buyer, rfq.id).lines
        assert (found.item_id, found.description) == (item.id, "Paper A4")
        unknown = lots | {"lines.0.item_code": "nope", "lines.0.quantity.value": "3"}
        page = browser.post(f"/rfqs/{rfq.id}/lines", unknown | {"version": "2"})
        assert page.status_code == 422
        assert "No item of your catalogue has this code." in words(page)

    def test_a_bad_quantity_is_marked_in_its_row(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer, lines=[])
        page = browser.post(
            f"/rfqs/{rfq.id}/lines",
            {
                "version": "1",
                "lots.0.title": "Paper",
                "lines.2.description": "A4",
                "lines.2.quantity.value": "many",
            },
        )
        assert page.status_code == 422
        assert 'id="f-lines-0-quantity-value-error"' in page.text
        assert 'value="many"' in page.text

    def test_what_was_saved_is_shown_again(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        line = a_line(
            quantity=Quantity(Decimal("2.50"), "KGM"),
            reference_price=Money(Decimal("0.125"), "EUR"),
            external_ref="R-1",
        )
        rfq = make_rfq(session, buyer, lines=[line])
        page = browser.get(f"/rfqs/{rfq.id}/lines")
        for shown in ('value="2.5"', 'value="0.125"', 'value="KGM"', 'value="R-1"'):
            assert shown in page.text

    def test_blank_rows_do_not_count(self) -> None:
        posted = MultiDict(
            {"version": "1", "t.0.name": " ", "t.0.kind": "x", "t.4.name": "a", "t.9.name": "b"}
        )
        kept = filled_rows(posted, "t", ["name"])
        assert dict(kept) == {"version": "1", "t.0.name": "a", "t.1.name": "b"}


class TestRefusedSections:
    def test_a_refusal_of_the_use_case_keeps_what_was_typed(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer)
        twice = {
            "price_formula.kind": "lowest_over_price",
            "criteria.0.name": "Cost",
            "criteria.0.kind": "price",
            "criteria.0.weight": "60",
            "criteria.0.max_score": "100",
            "criteria.1.name": "cost",
            "criteria.1.kind": "quality",
            "criteria.1.weight": "40",
            "criteria.1.max_score": "100",
        }
        refused = browser.post(f"/rfqs/{rfq.id}/criteria", twice)
        assert refused.status_code == 422
        assert "This name is used twice." in words(refused)
        unknown = {
            "lots.0.title": "Bolts",
            "lines.0.lot": "7",
            "lines.0.description": "Bolt",
            "lines.0.quantity.value": "1",
        }
        refused = browser.post(f"/rfqs/{rfq.id}/lines", unknown)
        assert refused.status_code == 422
        assert "There is no lot 7." in words(refused)

    def test_a_section_without_criteria_is_named_in_the_overview(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer, sections=[Section("Service", Decimal(40))])
        page = browser.get(f"/rfqs/{rfq.id}/draft")
        assert "Section Service has no criterion." in words(page)


class TestInvitations:
    def test_blocked_suppliers_cannot_be_chosen(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        blocked = suppliers.make_supplier(session, state="blocked")
        rfq = make_rfq(session, buyer)
        page = browser.get(f"/rfqs/{rfq.id}/invitations")
        assert f'value="{blocked.id}" disabled' in page.text
        tried = browser.post(f"/rfqs/{rfq.id}/invitations", {"supplier_ids": str(blocked.id)})
        assert tried.status_code == 422
        assert queries.invitations(session, rfq.id) == []

    def test_search_invite_remove_and_open_to_all(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        acme = make_supplier(session, name="Acme Stationery")
        make_supplier(session, name="Zorro Paper")
        rfq = make_rfq(session, buyer)
        url = f"/rfqs/{rfq.id}/invitations"
        page = browser.get(f"{url}?q=acme")
        assert "Acme Stationery" in words(page)
        assert "Zorro Paper" not in words(page)
        assert browser.post(url, {"supplier_ids": str(acme.id)}).status_code == 303
        assert len(queries.invitations(session, rfq.id)) == 1
        back = browser.post(url, {"q": "x" * 70_000})
        assert back.headers["Location"] == f"{url}?q={'x' * 100}"
        browser.post(f"{url}/{acme.id}/remove")
        assert queries.invitations(session, rfq.id) == []
        browser.post(f"/rfqs/{rfq.id}/open-to-all", {"open_to_all": "true"})
        assert the_rfq(session).open_to_all


class TestDocuments:
    def test_upload_refusal_and_removal(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        rfq = make_rfq(session, buyer)
        url = f"/rfqs/{rfq.id}/attachments"
        good = {"file": (io.BytesIO(b"hello"), "terms.txt")}
        sent = browser.post(url, good, content_type="multipart/form-data")
        assert sent.status_code == 303, words(sent)
        page = browser.get(url)
        assert "terms.txt" in words(page)
        bad = {"file": (io.BytesIO(b"MZ"), "virus.exe")}
        refused = browser.post(url, bad, content_type="multipart/form-data")
        assert refused.status_code == 422
        assert "Files of this kind are not taken" in words(refused)
        assert browser.post(url, {}, content_type="multipart/form-data").status_code == 422


class TestDocument:
    @pytest.mark.parametrize("tab", ["", "/documents", "/questions", "/suppliers", "/history"])
    def test_every_tab_of_a_published_rfq(
        self, session: Session, buyer: Actor, browser: PortalClient, tab: str
    ) -> None:
        rfq = make_published(session, buyer).rfq
        page = browser.get(f"/rfqs/{rfq.id}{tab}")
        assert page.status_code == 200
        assert rfq.title in words(page)

    def test_takes_at_most_ten_statements(
        self, session: Session, buyer: Actor, browser: PortalClient, statements: list[str]
    ) -> None:
        rfq = make_published(session, buyer).rfq
        session.flush()
        for path in (f"/rfqs/{rfq.id}", "/rfqs"):
            statements.clear()
            assert browser.get(path).status_code == 200
            assert len(statements) <= 10, statements

    def test_extend_and_cancel(self, session: Session, buyer: Actor, browser: PortalClient) -> None:
        rfq = make_published(session, buyer, bids_due_at="2036-05-10T12:00").rfq
        url = f"/rfqs/{rfq.id}"
        assert 'value="2036-05-10T12:00"' in browser.get(f"{url}/extend").text
        earlier = browser.post(f"{url}/extend", {"bids_due_at": "2036-05-09T12:00"})
        assert earlier.status_code == 422
        assert "only moves later" in words(earlier)
        assert browser.post(f"{url}/extend", {"bids_due_at": "2036-05-12T12:00"}).status_code == 303
        assert browser.get(f"{url}/cancel").status_code == 200
        assert browser.post(f"{url}/cancel", {"reason": ""}).status_code == 422
        assert browser.post(f"{url}/cancel", {"reason": "No budget"}).status_code == 303
        assert "No budget" in words(browser.get(url))

    def test_a_copy_is_a_draft(self, session: Session, buyer: Actor, browser: PortalClient) -> None:
        rfq = make_published(session, buyer).rfq
        made = browser.post(f"/rfqs/{rfq.id}/copy")
        assert made.status_code == 303
        page = browser.get(made.location, follow_redirects=True)
        assert "Set the deadline for bids." in words(page)

    def test_answering_in_the_portal(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(session, buyer, supplier_ids=[bidder.organisation_id]).rfq
        asked = questions.ask(session, bidder, rfq.id, "Which <b>steel</b>?")
        url = f"/rfqs/{rfq.id}/questions"
        page = browser.get(url)
        assert "Which &lt;b&gt;steel" in page.text
        assert bidder.org_name not in page.text
        assert browser.post(f"{url}/{asked.id}", {"answer": " "}).status_code == 422
        assert browser.post(f"{url}/{asked.id}", {"answer": "A2"}).status_code == 303
        assert session.get_one(RfqQuestion, asked.id).answer == "A2"


class TestLists:
    def test_filter_text_and_state(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        make_rfq(session, buyer, title="Paper")
        make_published(session, buyer, title="Steel")
        everything = words(browser.get("/rfqs"))
        assert "Paper" in everything
        assert "Steel" in everything
        drafts = words(browser.get("/rfqs?state=draft"))
        assert "Paper" in drafts
        assert "Steel" not in drafts
        assert "Nothing found" in words(browser.get("/rfqs?q=granite"))

    def test_an_empty_list_says_what_will_stand_here(self, browser: PortalClient) -> None:
        page = browser.get("/rfqs")
        assert "No events yet" in words(page)
        assert 'href="/rfqs/kinds"' in page.text

    def test_the_spreadsheet_holds_what_is_seen(
        self, session: Session, buyer: Actor, browser: PortalClient
    ) -> None:
        make_rfq(session, buyer, title="Paper")
        make_rfq(session, buyer, title="=cmd()")
        answer = browser.get("/rfqs?q=paper&format=xlsx")
        assert answer.status_code == 200
        with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
            strings = book.read("xl/sharedStrings.xml").decode()
        assert "Paper" in strings
        assert "cmd()" not in strings

    def test_suppliers_see_where_they_can_bid_and_until_when(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        bidder = make_actor(session, OrgKind.SUPPLIER)
        asked = {"supplier_ids": [bidder.organisation_id]}
        make_published(session, buyer, title="Later", **asked)
        soon = clock.now() + timedelta(hours=5)
        rfq = make_published(session, buyer, title="Sooner", bids_due_at=soon, **asked).rfq
        make_published(session, title="For others")
        page = portal(bidder).get("/rfqs")
        text = words(page)
        assert text.index("Sooner") < text.index("Later")
        assert "For others" not in text
        assert buyer.org_name in text
        assert "4 h 59 min left" in text
        shown = portal(bidder).get(f"/rfqs/{rfq.id}")
        assert "Ask a question" in words(shown)
        assert "Estimated value" not in words(shown)
        [invitation] = queries.invitations(session, rfq.id)
        assert invitation.seen_at is not None

    def test_a_supplier_asks_in_the_portal(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(session, buyer, supplier_ids=[bidder.organisation_id]).rfq
        browser, url = portal(bidder), f"/rfqs/{rfq.id}/questions"
        assert browser.post(url, {"body": ""}).status_code == 422
        assert browser.post(url, {"body": "Which steel?"}).status_code == 303
        assert "Asked by you" in words(browser.get(url))

    def test_the_operator_reads_published_rfqs_alone(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        draft = make_rfq(session, buyer, title="Secret plan")
        rfq = make_published(session, buyer, title="In public").rfq
        browser = portal(make_actor(session, OrgKind.OPERATOR))
        text = words(browser.get("/rfqs"))
        assert "In public" in text
        assert "Secret plan" not in text
        assert browser.get(f"/rfqs/{draft.id}").status_code == 404
        page = browser.get(f"/rfqs/{rfq.id}")
        assert page.status_code == 200
        assert f"/rfqs/{rfq.id}/bids" not in page.text

    def test_strangers_find_nothing(self, session: Session, buyer: Actor, portal: Portal) -> None:
        rfq: Any = make_published(session, buyer).rfq
        stranger = portal(make_actor(session, OrgKind.SUPPLIER))
        for tab in ("", "/documents", "/questions", "/suppliers", "/history", "/draft", "/lines"):
            assert stranger.get(f"/rfqs/{rfq.id}{tab}").status_code == 404
