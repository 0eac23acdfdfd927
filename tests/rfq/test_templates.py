"""Templates: what they carry over, what they leave behind, and who may use them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotFound
from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import queries, template_content
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqQuestion
from marketplace.rfq.asking.repeating import draft_of
from marketplace.rfq.asking.template_models import RfqTemplate
from marketplace.rfq.scoring.answers import AnswerSpec
from marketplace.rfq.scoring.formulas import PriceFormula
from marketplace.rfq.services import drafting, templates
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import Address, CriterionDraft, LotDraft
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule, RfqState
from marketplace.suppliers.states import SupplierState
from tests.clients import PortalClient, words
from tests.factories import suppliers
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_published, make_rfq, make_supplier

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]

HEADER = {
    "description": "Two sites",
    "blind_scoring": True,
    "low_price_check": True,
    "envelopes": EnvelopeRule.TWO,
    "category_code": "90910000",
    "delivery": Address("1 rue de la Paix", "75002", "Paris", "FR"),
    "estimate": Money(Decimal("12000.5000"), "EUR"),
    "payment_terms_days": 30,
    "allows": [OfferKind.BUNDLES],
    "standstill_days": 10,
    "addendum_days": 4,
}


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session)


def templates_of(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(RfqTemplate)).one()


def a_full_rfq(session: Session, buyer: Actor, suppliers_asked: list[UUID]) -> Rfq:
    rfq = make_published(
        session,
        buyer,
        supplier_ids=suppliers_asked,
        lots=[LotDraft("One", "North"), LotDraft("Two", estimate=Money(Decimal("5.25"), "EUR"))],
        lines=[
            a_line(
                lot=2,
                quantity=Quantity(Decimal("1.5"), "KGM"),
                delivery_place="Lyon",
                delivery_on=date(2037, 1, 31),
                reference_price=Money(Decimal("38.125"), "EUR"),
                external_ref="ERP-1",
            ),
            a_line(lot=1),
        ],
        criteria=[
            CriterionDraft(
                "Price", CriterionKind.PRICE, Decimal(70), 50, price_formula=PriceFormula()
            ),
            CriterionDraft(
                "Method",
                CriterionKind.QUALITY,
                Decimal("30"),
                20,
                answer=AnswerSpec.from_json(None),
            ),
        ],
        **HEADER,
    ).rfq
    return queries.get_with_content(session, buyer, rfq.id)


class TestWhatIsCarried:
    def test_everything_asked_for_and_nothing_else(self, session: Session, buyer: Actor) -> None:
        asked, other = make_supplier(session).id, make_supplier(session).id
        original = a_full_rfq(session, buyer, [asked, other])
        before = draft_of(original, [asked])
        session.add(RfqQuestion(
            rfq_id=original.id, buyer_id=buyer.organisation_id, body="Which?",
            asked_at=original.published_at,
        ))  # fmt: skip
        template = templates.save(session, buyer, original.id, "Cleaning")
        assert (template.line_count, template.supplier_count) == (2, 2)
        made = templates.use(session, buyer, template.id)
        found = queries.get_with_content(session, buyer, made.id)
        [first, second] = queries.invitations(session, made.id)
        assert {first.supplier_id, second.supplier_id} == {asked, other}
        assert [first.invited_at, second.invited_at, first.seen_at, second.seen_at] == [None] * 4
        after = draft_of(found, [asked])
        assert after == before
        assert (found.state, found.bids_due_at, found.questions_due_at, found.published_at) == (
            RfqState.DRAFT, None, None, None,
        )  # fmt: skip
        assert [line.delivery_on for line in found.lines] == [None, None]
        assert [line.external_ref for line in found.lines] == [None, None]
        assert queries.questions(session, buyer, found) == []
        assert found.number != original.number

    def test_what_changes_in_the_rfq_later_leaves_it_alone(
        self, session: Session, buyer: Actor
    ) -> None:
        rfq = make_rfq(session, buyer)
        title = rfq.title
        template = templates.save(session, buyer, rfq.id, "As it was")
        drafting.update(session, buyer, rfq.id, {"title": "Another"})
        assert templates.use(session, buyer, template.id).title == title

    def test_who_was_blocked_meanwhile_is_not_proposed(
        self, session: Session, buyer: Actor
    ) -> None:
        asked, blocked = make_supplier(session), make_supplier(session)
        rfq = make_rfq(session, buyer, supplier_ids=[asked.id, blocked.id])
        template = templates.save(session, buyer, rfq.id, "Paper")
        suppliers.make_supplier(session, blocked, SupplierState.BLOCKED)
        made = templates.use(session, buyer, template.id)
        assert [each.supplier_id for each in queries.invitations(session, made.id)] == [asked.id]

    def test_sections_come_back_as_they_were(self, session: Session, buyer: Actor) -> None:
        plain = draft_of(a_full_rfq(session, buyer, []), [])
        grouped = CriterionDraft(
            "Crew", CriterionKind.QUALITY, None, 20, None, AnswerSpec.from_json(None), "Method", 7
        )
        draft = replace(
            plain,
            criteria=[plain.criteria[0], grouped],
            sections=[Section("Method", Decimal("30.5"))],
        )
        assert template_content.from_json(template_content.to_json(draft)) == draft


class TestOverTheApi:
    def test_saved_listed_used_renamed_deleted(
        self, session: Session, buyer: Actor, api: Api
    ) -> None:
        client, rfq = api(buyer), make_rfq(session, buyer)
        made = client.post("/rfq-templates", json={"rfq_id": str(rfq.id), "name": "Paper"})
        assert made.status_code == 201, made.json
        url = f"/rfq-templates/{made.json['id']}"
        used = client.post(f"{url}/rfqs")
        assert (used.status_code, used.json["state"], used.json["title"]) == (
            201, "draft", rfq.title,
        )  # fmt: skip
        assert used.json["bids_due_at"] is None
        renamed = client.patch(
            url, json={"name": "Paper, A4"}, headers={"If-Match": made.headers["ETag"]}
        )
        assert (renamed.status_code, renamed.json["name"]) == (200, "Paper, A4")
        assert [each["name"] for each in client.get("/rfq-templates").json["items"]] == [
            "Paper, A4"
        ]
        assert client.delete(url, headers={"If-Match": renamed.headers["ETag"]}).status_code == 204
        assert client.get(url).status_code == 404
        kinds = session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("rfq_template."))
        ).all()
        assert sorted(kinds) == [
            "rfq_template.created", "rfq_template.deleted", "rfq_template.renamed",
        ]  # fmt: skip

    def test_a_name_is_taken_once_and_never_empty(
        self, session: Session, buyer: Actor, api: Api
    ) -> None:
        client, rfq = api(buyer), make_rfq(session, buyer)
        wanted = {"rfq_id": str(rfq.id), "name": "Paper"}
        assert client.post("/rfq-templates", json=wanted).status_code == 201
        again = client.post("/rfq-templates", json=wanted)
        assert (again.status_code, again.json["code"]) == (409, "template_name_taken")
        assert client.post("/rfq-templates", json=wanted | {"name": " "}).status_code == 422
        assert templates_of(session) == 1

    def test_others_find_neither_template_nor_rfq(
        self, session: Session, buyer: Actor, api: Api
    ) -> None:
        rfq = make_rfq(session, buyer)
        url = f"/rfq-templates/{templates.save(session, buyer, rfq.id, 'Paper').id}"
        stranger, rfq_id = api(make_actor(session)), str(rfq.id)
        assert stranger.get(url).status_code == 404
        match = {"If-Match": '"1"'}
        assert stranger.patch(url, json={"name": "Mine"}, headers=match).status_code == 404
        assert stranger.post(f"{url}/rfqs").status_code == 404
        assert stranger.delete(url, headers=match).status_code == 404
        wanted = {"rfq_id": rfq_id, "name": "Mine"}
        assert stranger.post("/rfq-templates", json=wanted).status_code == 404
        assert stranger.get("/rfq-templates").json["items"] == []
        assert templates_of(session) == 1


class TestInThePortal:
    def test_from_an_rfq_to_a_new_draft(
        self, session: Session, buyer: Actor, portal: Portal
    ) -> None:
        browser, rfq = portal(buyer), make_rfq(session, buyer)
        assert "No templates yet" in words(browser.get("/rfqs/templates"))
        assert rfq.title in browser.get(f"/rfqs/{rfq.id}/template").text
        saved = browser.post(f"/rfqs/{rfq.id}/template", {"name": "Paper"})
        assert saved.status_code == 303, words(saved)
        taken = browser.post(f"/rfqs/{rfq.id}/template", {"name": "Paper"})
        assert taken.status_code == 422
        assert "Another template has this name" in words(taken)
        assert 'value="Paper"' in taken.text
        template_id = session.scalars(select(RfqTemplate.id)).one()
        url = f"/rfqs/templates/{template_id}"
        assert browser.post(url, {"name": "Paper, A4", "version": "1"}).status_code == 303
        assert "Paper, A4" in words(browser.get("/rfqs/templates"))
        made = browser.post(f"{url}/use")
        assert made.status_code == 303
        assert rfq.title in words(browser.get(made.location, follow_redirects=True))
        assert browser.post(f"{url}/delete").status_code == 303
        assert templates_of(session) == 0
        with pytest.raises(NotFound):
            templates.read(session, buyer, template_id)
