"""The customer API and pages of a seller; nobody else sees them."""

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.customers import scoring
from marketplace.customers.models import Customer, Interaction, SellerSettings
from marketplace.identity.permissions import OrgKind, Role
from tests.clients import words
from tests.factories.customers import count_orders, make_customer
from tests.factories.identity import make_actor, make_organisation


@pytest.fixture
def seller(session):
    return make_actor(session, OrgKind.SUPPLIER)


@pytest.fixture
def customer(session, seller) -> Customer:
    today = clock.now().date()
    made = count_orders(
        session,
        seller.org_id,
        make_organisation(session, name="Mairie de Lyon"),
        (f"{today:%Y-%m}-01", "1250.50"),
    )
    scoring.rescore(session, seller.org_id)
    return made


class TestApi:
    def test_lists_with_segment_value_and_scores(self, session, api, seller, customer) -> None:
        [seen] = api(seller).get("/customers").json["items"]
        assert seen["name"] == "Mairie de Lyon"
        assert seen["value"] == {"amount": "1250.50", "currency": "EUR"}
        assert seen["rfm"] is not None
        assert seen["segment"] is not None
        assert api(seller).get(f"/customers?segment={seen['segment']}").json["items"]
        assert api(seller).get("/customers?segment=nothing").json["items"] == []
        assert api(seller).get("/customers?q=lyon").json["items"]
        assert api(seller).get("/customers?q=paris").json["items"] == []

    def test_analytics_show_every_part_of_the_value(self, api, seller, customer) -> None:
        seen = api(seller).get(f"/customers/{customer.id}/analytics").json
        assert seen["lifetime"]["average_order"] == "1250.5"
        assert seen["lifetime"]["value"] == "5002"
        assert seen["churn"] == "low_data"
        assert len(seen["months"]) == 12
        assert seen["months"][-1]["orders"] == 1

    def test_the_cost_to_win_a_customer(self, api, seller, customer) -> None:
        path = f"/customers/{customer.id}"
        version = api(seller).get(path).json["version"]
        changed = api(seller).patch(path, json={"acquisition_cost": "120.00"}, version=version)
        assert changed.json["acquisition_cost"] == {"amount": "120.00", "currency": "EUR"}
        assert changed.json["lifetime_value"] == {"amount": "4882.00", "currency": "EUR"}
        stale = api(seller).patch(path, json={"acquisition_cost": None}, version=version)
        assert stale.status_code == 412

    def test_interactions(self, api, seller, customer) -> None:
        path = f"/customers/{customer.id}/interactions"
        body = {"kind": "visit", "held_on": "2026-05-01", "subject": "New site"}
        assert api(seller).post(path, json=body).status_code == 201
        assert [i["subject"] for i in api(seller).get(path).json["items"]] == ["New site"]
        wrong = api(seller).post(path, json=body | {"kind": "séance"})
        assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/kind")

    def test_segments_can_be_replaced_and_restored(self, api, seller, customer) -> None:
        standard = api(seller).get("/segments").json
        assert (len(standard["segments"]), standard["own"]) == (8, False)
        row = {
            f"{name}_{end}": number
            for name in ("recency", "frequency", "monetary")
            for end, number in (("from", 1), ("to", 5))
        }
        own = api(seller).put("/segments", json={"segments": [{"code": "All", **row}]})
        assert own.json["segments"][0]["customers"] == 1
        assert len(api(seller).put("/segments", json={"segments": []}).json["segments"]) == 8

    def test_settings_work_the_values_out_again(self, api, seller, customer) -> None:
        caller = api(seller)
        etag = caller.get("/customers/settings").headers["ETag"]
        changed = caller.patch(
            "/customers/settings", json={"relation_years": "2"}, headers={"If-Match": etag}
        )
        assert (changed.status_code, changed.json["relation_years"]) == (200, "2")
        seen = caller.get(f"/customers/{customer.id}").json
        assert seen["lifetime_value"] == {"amount": "2501.00", "currency": "EUR"}

    def test_another_seller_sees_nothing(self, session, api, customer) -> None:
        other = api(make_actor(session, OrgKind.SUPPLIER))
        assert other.get("/customers").json["items"] == []
        for path in ("", "/interactions", "/analytics"):
            assert other.get(f"/customers/{customer.id}{path}").status_code == 404

    def test_a_buyer_may_not(self, session, api, customer) -> None:
        assert api(make_actor(session)).get("/customers").status_code == 403


class TestPages:
    def test_the_list_has_segments_and_values(self, portal, seller, customer) -> None:
        page = words(portal(seller).get("/customers"))
        assert "Mairie de Lyon" in page
        assert "€1,250.50" in page
        assert "little data" in page

    def test_an_empty_list_says_what_will_stand_there(self, portal, seller) -> None:
        browser = portal(seller)
        assert "No customers yet" in words(browser.get("/customers"))
        assert "No customer fits" in words(browser.get("/customers?q=x"))

    def test_the_detail_shows_chart_table_and_formula(self, portal, seller, customer) -> None:
        answer = portal(seller).get(f"/customers/{customer.id}")
        assert "<polyline" in answer.text
        page = words(answer)
        assert "Orders by month" in page
        assert "€1,250.50 per order × 1.00 orders a year × 4 years − €0.00" in page

    def test_the_detail_takes_few_statements(self, portal, seller, customer, statements) -> None:
        browser = portal(seller)
        statements.clear()
        assert browser.get(f"/customers/{customer.id}").status_code == 200
        assert len(statements) <= 9, statements

    def test_an_interaction_is_noted_and_errors_keep_what_was_typed(
        self, session, portal, seller, customer
    ) -> None:
        browser = portal(seller)
        path = f"/customers/{customer.id}/interactions"
        wrong = browser.post(path, {"kind": "call", "subject": "Prices", "held_on": ""})
        assert wrong.status_code == 422
        assert 'value="Prices"' in wrong.text
        good = browser.post(path, {"kind": "call", "subject": "Prices", "held_on": "2026-05-01"})
        assert good.status_code == 303
        assert session.scalars(select(Interaction)).one().subject == "Prices"

    def test_cost_and_settings(self, session, portal, seller, customer) -> None:
        browser = portal(seller)
        version = session.get_one(Customer, customer.id).version
        path = f"/customers/{customer.id}/cost"
        browser.post(path, {"acquisition_cost": "120", "version": str(version)})
        assert session.get_one(Customer, customer.id).acquisition_cost == 120
        saved = browser.post(
            "/customers/settings",
            {"relation_years": "2.5", "acquisition_cost": "10", "version": "0"},
        )
        assert saved.status_code == 303, words(saved)
        assert session.get_one(SellerSettings, seller.org_id).relation_years == 2.5

    @pytest.mark.parametrize("locale", ["en", "fr"])
    def test_pages_exist_in_both_languages(self, session, portal, locale: str) -> None:
        seller = make_actor(session, OrgKind.SUPPLIER, locale=locale)
        customer = make_customer(session, seller.org_id)
        for path in ("", "/settings", f"/{customer.id}"):
            assert portal(seller).get(f"/customers{path}").status_code == 200

    def test_an_auditor_reads_and_changes_nothing(self, session, portal, seller, customer) -> None:
        auditor = portal(make_actor(session, OrgKind.SUPPLIER, Role.AUDITOR))
        assert auditor.get("/customers").status_code == 200
        assert auditor.get(f"/customers/{customer.id}").status_code == 404
