"""The supplier API: application without a key, file, checks, decisions, tenancy."""

from datetime import date

from sqlalchemy.orm import Session

from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import SupplierState
from tests.factories.identity import make_actor
from tests.factories.suppliers import NUMBERS, VALID_IBAN, load_list, make_supplier

APPLICATION = {
    "organisation": {"name": "Nordlicht Elektro", "country": "FR", **NUMBERS},
    "person": {"name": "Ida", "email": "ida@nordlicht.example", "password": "correct horse 99"},
    "profile": {"description": "Cables", "categories": ["31300000"], "owners": ["Ida Berg"]},
}


def own_actor(session: Session, supplier: Supplier, *roles: Role):
    organisation = session.get_one(Organisation, supplier.id)
    return make_actor(session, OrgKind.SUPPLIER, *roles, organisation=organisation)


class TestApplications:
    def test_needs_no_key_and_ends_in_a_checked_file(self, session, client, api, drain) -> None:
        made = client.post("/suppliers/applications", json=APPLICATION)
        assert made.status_code == 201, made.json
        assert made.json["state"] == "registered"
        drain()
        seen = api(make_actor(session)).get(f"/suppliers/{made.json['id']}").json
        assert (seen["state"], seen["outcome"]) == ("in_review", "unknown")
        assert seen["owners"] == ["Ida Berg"]
        assert seen["actions"] == ["qualify", "reject", "block", "due-diligence"]

    def test_names_every_wrong_number(self, client) -> None:
        wrong = APPLICATION["organisation"] | {"siren": "1", "vat_number": "FR1"}
        answer = client.post("/suppliers/applications", json=APPLICATION | {"organisation": wrong})
        assert answer.status_code == 422
        assert {(e["pointer"], e["code"]) for e in answer.json["errors"]} == {
            ("/organisation/siren", "invalid_siren"),
            ("/organisation/vat_number", "invalid_vat_number"),
        }

    def test_an_address_that_is_taken_is_refused(self, session, client) -> None:
        client.post("/suppliers/applications", json=APPLICATION)
        answer = client.post("/suppliers/applications", json=APPLICATION)
        assert answer.json["errors"][0]["code"] == "email_taken"


class TestDirectory:
    def test_filters_and_pages(self, session, api) -> None:
        for place in range(3):
            make_supplier(session, categories=["30190000"] if place else [])
        make_supplier(session, state=SupplierState.BLOCKED)
        buyer = api(make_actor(session))
        page = buyer.get("/suppliers?state=qualified&limit=2").json
        assert len(page["items"]) == 2
        rest = buyer.get(f"/suppliers?state=qualified&limit=2&cursor={page['next_cursor']}").json
        assert len(rest["items"]) == 1
        assert rest["next_cursor"] is None
        assert len(buyer.get("/suppliers?category=30190000").json["items"]) == 2
        assert buyer.get("/suppliers?sort=outcome").status_code == 422

    def test_a_supplier_finds_itself_alone_and_not_what_was_found_about_it(
        self, session, api
    ) -> None:
        supplier = make_supplier(session, outcome="review", owners=["Ida Berg"])
        other = make_supplier(session)
        own = api(own_actor(session, supplier))
        [seen] = own.get("/suppliers").json["items"]
        assert (seen["id"], seen["outcome"]) == (str(supplier.id), None)
        assert seen["owners"] == ["Ida Berg"]
        assert own.get(f"/suppliers/{other.id}").status_code == 404
        assert own.get(f"/suppliers/{supplier.id}/due-diligence").status_code == 403
        assert own.get(f"/suppliers/{supplier.id}/risk").status_code == 403

    def test_needs_few_statements_however_many_suppliers(self, session, api, statements) -> None:
        for _time in range(20):
            make_supplier(session)
        buyer = api(make_actor(session))
        session.flush()
        statements.clear()
        assert len(buyer.get("/suppliers").json["items"]) == 20
        assert len(statements) <= 4


class TestDecisions:
    def test_block_and_unblock(self, session, api, drain) -> None:
        supplier = make_supplier(session)
        operator = api(make_actor(session, OrgKind.OPERATOR))
        path = f"/suppliers/{supplier.id}/decisions"
        answer = operator.post(path, json={"action": "block", "reason": "Fraud suspected."})
        assert (answer.status_code, answer.json["state"]) == (201, "blocked")
        again = operator.post(path, json={"action": "block", "reason": "Again."})
        assert (again.status_code, again.json["code"]) == (409, "illegal_transition")
        answer = operator.post(path, json={"action": "unblock", "reason": "Cleared up."})
        assert answer.json["state"] == "in_review"
        listed = operator.get(path).json["items"]
        assert [row["action"] for row in listed] == ["unblock", "block"]

    def test_is_not_for_a_requester(self, session, api) -> None:
        supplier = make_supplier(session)
        requester = api(make_actor(session, OrgKind.BUYER, Role.REQUESTER))
        answer = requester.post(
            f"/suppliers/{supplier.id}/decisions", json={"action": "block", "reason": "No."}
        )
        assert answer.status_code == 403


class TestDueDiligence:
    def test_on_demand_with_evidence_in_the_callers_language(self, session, api, drain) -> None:
        supplier = make_supplier(session)
        load_list(session, "Gazprom", published_on=date(2000, 1, 1))
        buyer = api(make_actor(session))
        path = f"/suppliers/{supplier.id}/due-diligence"
        asked = buyer.post(path)
        assert (asked.status_code, asked.json["state"]) == (202, "waiting")
        drain()
        run = buyer.get(path, headers={"Accept-Language": "fr"}).json["items"][0]
        assert (run["state"], run["outcome"]) == ("done", "unknown")
        [listed] = [check for check in run["checks"] if check["kind"] == "sanctions"]
        assert listed["finding"] == "list_stale"
        assert "jours" in listed["text"]
        assert (listed["source"], listed["source_version"]) == ("Test", "1")
        assert len(listed["digest"]) == 64
        risk = buyer.get(f"/suppliers/{supplier.id}/risk").json
        assert risk["level"] == "unknown"


class TestFile:
    def test_the_profile_needs_the_version_that_was_seen(self, session, api) -> None:
        supplier = make_supplier(session)
        own = api(own_actor(session, supplier))
        path = f"/suppliers/{supplier.id}"
        etag = own.get(path).headers["ETag"]
        assert own.patch(path, json={"description": "A"}).status_code == 428
        answer = own.patch(path, json={"description": "A"}, headers={"If-Match": etag})
        assert (answer.status_code, answer.json["description"]) == (200, "A")
        stale = own.patch(path, json={"description": "B"}, headers={"If-Match": etag})
        assert stale.status_code == 412

    def test_figures_give_ratios(self, session, api) -> None:
        supplier = make_supplier(session)
        own = api(own_actor(session, supplier))
        answer = own.post(
            f"/suppliers/{supplier.id}/filings",
            json={
                "year": 2025,
                "currency": "EUR",
                "total_assets": "2000",
                "current_assets": "800",
                "current_liabilities": "400",
                "total_liabilities": "1100",
                "equity": "900",
                "retained_earnings": "500",
                "ebit": "220",
                "sales": "2600",
            },
        )
        assert answer.status_code == 201, answer.json
        assert (answer.json["z_prime"], answer.json["zone"]) == ("2.338", "grey")
        assert answer.json["current_ratio"] == "2"

    def test_certificates(self, session, api) -> None:
        supplier = make_supplier(session)
        own = api(own_actor(session, supplier))
        path = f"/suppliers/{supplier.id}/documents"
        wrong = own.post(
            path,
            json={
                "kind": "iso_9001",
                "reference": "Q",
                "issued_on": "2026-01-01",
                "valid_until": "2025-01-01",
            },
        )
        assert wrong.json["errors"][0]["pointer"] == "/valid_until"
        made = own.post(
            path, json={"kind": "iso_9001", "reference": "Q", "issued_on": "2026-01-01"}
        ).json
        assert made["state"] == "submitted"
        buyer = api(make_actor(session))
        verified = buyer.post(f"{path}/{made['id']}/verify", json={})
        assert verified.json["state"] == "verified"
        assert own.post(f"{path}/{made['id']}/verify", json={}).status_code == 403

    def test_bank_accounts(self, session, api) -> None:
        supplier = make_supplier(session)
        one, two = (api(own_actor(session, supplier)) for _time in range(2))
        path = f"/suppliers/{supplier.id}/bank-accounts"
        body = {"holder": "Nordlicht", "iban": VALID_IBAN}
        assert one.post(path, json=body, idempotency_key=None).status_code in (400, 422)
        made = one.post(path, json=body).json
        assert made["iban"] == "FR14 2004 1010 0505 0001 3M02 606"
        refused = one.post(f"{path}/{made['id']}/confirm")
        assert (refused.status_code, refused.json["code"]) == (403, "second_person_needed")
        assert two.post(f"{path}/{made['id']}/confirm").json["state"] == "confirmed"
        [seen] = api(make_actor(session)).get(path).json["items"]
        assert seen["iban"] == "FR14 •••• M606".replace("M606", "2606")


class TestSanctionsLists:
    def test_are_loaded_by_the_operator(self, session, api) -> None:
        body = {
            "source": "EU",
            "version": "2026-11-20",
            "published_on": "2026-11-20",
            "entries": [{"reference": "EU.1", "name": "Alpha", "aliases": ["Alfa"]}],
        }
        operator = api(make_actor(session, OrgKind.OPERATOR))
        made = operator.post("/suppliers/sanctions-lists", json=body)
        assert (made.status_code, made.json["names"]) == (201, 2)
        again = operator.post("/suppliers/sanctions-lists", json=body)
        assert (again.status_code, again.json["code"]) == (409, "sanctions_list_known")
        buyer = api(make_actor(session))
        assert buyer.post("/suppliers/sanctions-lists", json=body).status_code == 403
        assert len(buyer.get("/suppliers/sanctions-lists").json["items"]) == 1
