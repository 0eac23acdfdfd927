"""Addenda over HTTP: a partner's program, the buyer's form, and what the supplier is shown."""

from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.core import clock
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line


@pytest.fixture
def sourcing(session):
    lines = [a_line(description=f"Part {number}") for number in range(1, 3)]
    return make_sourcing(session, lines=lines)


def as_input(sourcing, quantity):
    first, second = sourcing.lines
    return {
        "reason": "Two more machines",
        "lines": [
            {"id": str(first.id), "description": "Part 1",
             "quantity": {"value": quantity, "unit": "C62"}},
            {"id": str(second.id), "description": "Part 2",
             "quantity": {"value": "100", "unit": "C62"}},
        ],
    }  # fmt: skip


def as_form(sourcing, quantity):
    first, second = sourcing.lines
    price, quality = sourcing.criteria
    return {
        "reason": "Two more machines", "version": "0",
        "lots.0.id": str(sourcing.lots[0].id), "lots.0.title": sourcing.lots[0].title,
        "lines.0.id": str(first.id), "lines.0.lot": "1", "lines.0.description": "Part 1",
        "lines.0.quantity.value": quantity, "lines.0.quantity.unit": "C62",
        "lines.1.id": str(second.id), "lines.1.lot": "1", "lines.1.description": "Part 2",
        "lines.1.quantity.value": "100", "lines.1.quantity.unit": "C62", "lines.1.removed": "1",
        "criteria.0.id": str(price.id), "criteria.0.name": "Price", "criteria.0.weight": "60",
        "criteria.1.id": str(quality.id), "criteria.1.name": "Quality", "criteria.1.weight": "40",
    }  # fmt: skip


class TestApi:
    def test_from_draft_to_confirmation(self, api, session, sourcing):
        done = sourcing.submit(0, "1", "2", before=timedelta(days=6))
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer, supplier = api(sourcing.buyer), api(sourcing.suppliers[0])
        made = buyer.post(f"{url}/addenda", json=as_input(sourcing, "110"))
        assert made.status_code == 201
        assert made.json["preview"]["changes"] == [
            {"kind": "line", "what": "changed", "number": 1, "name": "Part 1",
             "field": "quantity", "old": "100 C62", "new": "110 C62"}
        ]  # fmt: skip
        one = f"{url}/addenda/{made.json['id']}"
        assert supplier.get(one).status_code == 404
        assert supplier.get(f"{url}/addenda").json == {"items": []}
        put = buyer.put(one, json=as_input(sourcing, "120"), version=made.json["version"])
        assert (put.status_code, put.json["preview"]["touched"]) == (200, 1)
        assert buyer.post(f"{one}/publish").status_code == 200
        assert supplier.get(f"{url}/addenda").json["items"][0]["changes"][0]["new"] == "120 C62"
        (own,) = supplier.get(f"{url}/bids").json["items"]
        assert (own["state"], own["terms_number"], own["lines_to_confirm"]) == (
            "needs_confirmation", 2, [str(sourcing.lines[0].id)],
        )  # fmt: skip
        assert "confirm" in own["actions"]
        answer = supplier.post(f"{url}/bids/{done.bid_id}/confirm", json={"terms_number": 2})
        assert (answer.status_code, answer.json["outcome"]) == (200, "confirmed")
        (own,) = supplier.get(f"{url}/bids").json["items"]
        assert (own["state"], own["lines_to_confirm"]) == ("submitted", [])
        again = supplier.post(f"{url}/bids/{done.bid_id}/confirm", json={"terms_number": 2})
        assert (again.status_code, again.json["code"]) == (409, "nothing_to_confirm")
        sealed = buyer.get(f"{url}/bids")
        assert (sealed.status_code, sealed.json["code"]) == (403, "sealed")

    def test_others_find_nothing_and_suppliers_write_none(self, api, session, sourcing):
        url = f"/rfqs/{sourcing.rfq.id}/addenda"
        body = as_input(sourcing, "110")
        assert api(make_actor(session)).post(url, json=body).status_code == 404
        assert api(make_actor(session, OrgKind.SUPPLIER)).get(url).status_code == 404
        assert api(sourcing.suppliers[0]).post(url, json=body).status_code in (403, 404)


class TestPortal:
    def test_the_buyer_writes_checks_and_publishes(self, portal, sourcing):
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer = portal(sourcing.buyer)
        form = buyer.get(f"{url}/addenda/new")
        assert form.status_code == 200
        assert 'value="Part 2"' in form.text
        wrong = buyer.post(f"{url}/addenda/new", as_form(sourcing, "many"))
        assert wrong.status_code == 422
        assert 'value="many"' in wrong.text
        saved = buyer.post(f"{url}/addenda/new", as_form(sourcing, "120"))
        assert saved.status_code == 303
        check = buyer.get(saved.headers["Location"])
        for expected in ("Line 1", "120 pieces", "Line 2 is not asked for any more",
                         "Bidders have to confirm 1 line"):  # fmt: skip
            assert expected in words(check)
        one = saved.headers["Location"].removesuffix("/check")
        assert buyer.get(one).status_code == 200
        assert buyer.post(f"{one}/publish", {"version": "1"}).status_code == 303
        for page in (f"{url}/addenda", f"{url}/history"):
            assert "Two more machines" in words(buyer.get(page))

    def test_the_supplier_sees_what_changed_and_confirms(self, portal, api, sourcing):
        done = sourcing.submit(0, "1", "2", before=timedelta(days=6))
        url, bids = f"/rfqs/{sourcing.rfq.id}", f"/rfqs/{sourcing.rfq.id}/bids"
        supplier = portal(sourcing.suppliers[0])
        made = api(sourcing.buyer).post(f"{url}/addenda", json=as_input(sourcing, "120"))
        api(sourcing.buyer).post(f"{url}/addenda/{made.json['id']}/publish")
        for page in (url, bids):
            shown = words(supplier.get(page))
            assert "since you submitted your bid" in shown
            assert "120 pieces" in shown
        assert "To be confirmed" in words(supplier.get(bids))
        assert "Addenda" in words(supplier.get(f"{url}/addenda"))
        answer = supplier.post(f"{bids}/{done.bid_id}/confirm", {"terms_number": "2"})
        assert answer.status_code == 303
        assert "Confirmed" in words(supplier.get(answer.headers["Location"]))
        assert "My prices for these lines stand" not in words(supplier.get(bids))
        with clock.frozen(sourcing.due_at + timedelta(minutes=1)):
            assert "since you submitted" not in words(portal(sourcing.buyer).get(url))

    def test_a_draft_from_before_shows_what_changed(self, portal, api, sourcing):
        url, bids = f"/rfqs/{sourcing.rfq.id}", f"/rfqs/{sourcing.rfq.id}/bids"
        supplier = portal(sourcing.suppliers[0])
        body = {"lines": [{"line_id": str(sourcing.lines[0].id),
                           "unit_price": {"amount": "5.00", "currency": "EUR"}}]}  # fmt: skip
        assert api(sourcing.suppliers[0]).post(bids, json=body).status_code == 201
        made = api(sourcing.buyer).post(f"{url}/addenda", json=as_input(sourcing, "120"))
        api(sourcing.buyer).post(f"{url}/addenda/{made.json['id']}/publish")
        page = supplier.get(f"{bids}/edit")
        assert "Changed since you saved this draft" in words(page)
        assert 'name="terms" value="2"' in page.text
        old = supplier.post(
            f"{bids}/edit", {"terms": "1", "version": "1", "note": "Mine", "then": "save"}
        )
        assert old.status_code == 422
        assert "while you were writing" in words(old)
        assert "Mine" in old.text
        assert supplier.post(f"{bids}/submit", {"version": "1"}).status_code == 409

    def test_an_importance_is_changed_where_a_section_has_the_weight(self, session, portal):
        leaf = CriterionDraft(
            "Quality", CriterionKind.QUALITY, None, section="Quality", importance=3
        )
        sourcing = make_sourcing(
            session,
            sections=[Section("Quality", Decimal(40))],
            criteria=[CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)), leaf],
        )
        buyer, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/addenda/new"
        page = buyer.get(url)
        assert 'name="criteria.1.importance"' in page.text
        assert 'name="criteria.1.weight"' not in page.text
        form = as_form(sourcing, "100")
        refused = buyer.post(url, form)
        assert refused.status_code == 422
        assert "An importance is a whole number from 0 to 10." in words(refused)
        del form["criteria.1.weight"]
        saved = buyer.post(url, {**form, "criteria.1.importance": "1"})
        assert saved.status_code == 303, words(saved)
        check = words(buyer.get(saved.headers["Location"]))
        assert "Criterion Quality" in check
        assert "Importance 3 1" in check
