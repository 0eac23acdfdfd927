"""The portal's supplier pages, in both languages, without JavaScript."""

import io

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.suppliers import runs
from marketplace.suppliers.models import BankAccount, Certificate, SanctionsList, Supplier
from marketplace.suppliers.states import SupplierState, Trigger
from tests.clients import words
from tests.factories.identity import make_actor
from tests.factories.suppliers import VALID_IBAN, load_list, make_supplier

FORM = {
    "organisation.name": "Papeterie du Rhône",
    "organisation.country": "FR",
    "organisation.currency": "EUR",
    "organisation.locale": "fr",
    "organisation.siren": "303 265 045",
    "profile.owners": "Anne Martin\r\nPaul Petit\r\n",
    "person.name": "Anne Martin",
    "person.email": "anne@papeterie.example",
    "person.password": "correct horse 99",
}


def own_portal(session, portal, supplier, **person):
    organisation = session.get_one(Organisation, supplier.id)
    return portal(
        make_actor(
            session,
            OrgKind.SUPPLIER,
            Role.ADMIN,
            Role.SUPPLIER,
            organisation=organisation,
            **person,
        )
    )


class TestRegister:
    def test_a_stranger_registers_and_is_told_what_comes_next(self, session, app) -> None:
        browser = app.test_client()
        assert browser.get("/register").status_code == 200
        answer = browser.post("/register", data=FORM)
        assert (answer.status_code, answer.location) == (303, "/sign-in")
        supplier = session.scalars(select(Supplier)).one()
        assert supplier.owners == ["Anne Martin", "Paul Petit"]

    def test_what_was_typed_stays_and_each_error_stands_at_its_field(self, app) -> None:
        answer = app.test_client().post("/register", data=FORM | {"organisation.siren": "12"})
        assert answer.status_code == 422
        assert 'href="#f-organisation-siren"' in answer.text
        assert "Papeterie du Rhône" in answer.text
        assert "Paul Petit" in answer.text
        assert "correct horse 99" not in answer.text


class TestDirectory:
    def test_lists_and_filters(self, session, portal) -> None:
        supplier = make_supplier(session)
        blocked = make_supplier(session, state=SupplierState.BLOCKED)
        name = session.get_one(Organisation, supplier.id).name
        other = session.get_one(Organisation, blocked.id).name
        page = words(portal(make_actor(session)).get("/suppliers?state=qualified"))
        assert name in page
        assert other not in page

    def test_says_what_will_stand_there(self, session, portal) -> None:
        browser = portal(make_actor(session))
        assert "No suppliers yet" in words(browser.get("/suppliers"))
        assert "No supplier fits" in words(browser.get("/suppliers?q=zzz"))

    def test_a_supplier_is_led_to_its_own_file(self, session, portal) -> None:
        browser = own_portal(session, portal, make_supplier(session))
        assert browser.get("/suppliers").location == "/suppliers/me"


class TestDetail:
    def test_shows_checks_with_evidence_and_takes_a_decision(self, session, portal, drain) -> None:
        supplier = make_supplier(session, state=SupplierState.REGISTERED, owners=["Iwan Petrow"])
        load_list(session, "Ivan Petrov", published_on=clock.now().date())
        browser = portal(make_actor(session))
        path = f"/suppliers/{supplier.id}"
        assert "Not checked yet" in words(browser.get(path))
        assert browser.post(f"{path}/due-diligence").status_code == 303
        drain()
        page = browser.get(path)
        assert "Ivan Petrov" in page.text
        assert "Digest (SHA-256)" in page.text
        refused = browser.post(f"{path}/decisions", {"action": "qualify", "reason": ""})
        assert refused.status_code == 422
        version = session.get_one(Supplier, supplier.id).version
        done = browser.post(
            f"{path}/decisions",
            {"action": "qualify", "reason": "Another person.", "version": str(version)},
        )
        assert done.status_code == 303
        page = words(browser.get(path))
        assert "Qualified" in page
        assert "Another person." in page

    def test_a_stale_page_keeps_the_reason_and_says_so(self, session, portal) -> None:
        supplier = make_supplier(session)
        answer = portal(make_actor(session)).post(
            f"/suppliers/{supplier.id}/decisions",
            {"action": "block", "reason": "Because of this.", "version": "99"},
        )
        assert answer.status_code == 422
        assert "Because of this." in answer.text
        assert session.get_one(Supplier, supplier.id).state is SupplierState.QUALIFIED

    def test_a_requester_sees_no_findings(self, session, portal) -> None:
        supplier = make_supplier(session)
        browser = portal(make_actor(session, OrgKind.BUYER, Role.REQUESTER))
        page = words(browser.get(f"/suppliers/{supplier.id}"))
        assert "Due diligence" not in page
        assert "Reason" not in page

    def test_another_supplier_does_not_exist(self, session, portal) -> None:
        browser = own_portal(session, portal, make_supplier(session))
        assert browser.get(f"/suppliers/{make_supplier(session).id}").status_code == 404


class TestOwnFile:
    def test_says_what_is_missing(self, session, portal) -> None:
        supplier = make_supplier(session)
        page = words(own_portal(session, portal, supplier).get("/suppliers/me"))
        assert "What is missing in my file" in page
        assert "Social security certificate" in page
        assert "no score, which is neither good nor bad" in page

    def test_profile(self, session, portal) -> None:
        supplier = make_supplier(session)
        browser = own_portal(session, portal, supplier)
        assert browser.get("/suppliers/me/profile").status_code == 200
        answer = browser.post(
            "/suppliers/me/profile",
            {
                "description": "Paper",
                "categories": "30190000\r\n22000000",
                "version": str(supplier.version),
            },
        )
        assert answer.status_code == 303
        supplier = session.get_one(Supplier, supplier.id)
        assert (supplier.description, supplier.categories) == ("Paper", ["30190000", "22000000"])

    def test_certificate_with_its_scan(self, session, portal) -> None:
        browser = own_portal(session, portal, make_supplier(session))
        answer = browser.post(
            "/suppliers/me/certificates",
            {
                "kind": "iso_9001",
                "reference": "Q-1",
                "issued_on": "2026-01-01",
                "file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "iso.pdf"),
            },
            content_type="multipart/form-data",
        )
        assert answer.status_code == 303, words(answer)
        assert session.scalars(select(Certificate)).one().document_id is not None

    def test_figures_with_a_decimal_comma(self, session, portal) -> None:
        browser = own_portal(session, portal, make_supplier(session), locale="fr")
        answer = browser.post(
            "/suppliers/me/figures",
            {
                "year": "2025",
                "currency": "EUR",
                "current_assets": "1 250,50",
                "current_liabilities": "1000",
            },
        )
        assert answer.status_code == 303, words(answer)
        assert "1,25" in words(browser.get("/suppliers/me"))

    def test_bank_details_by_two_people(self, session, portal) -> None:
        supplier = make_supplier(session)
        one, two = (own_portal(session, portal, supplier) for _time in range(2))
        wrong = one.post("/suppliers/me/bank-accounts", {"holder": "Us", "iban": "FR76"})
        assert wrong.status_code == 422
        assert 'value="FR76"' in wrong.text
        one.post("/suppliers/me/bank-accounts", {"holder": "Us", "iban": VALID_IBAN})
        account = session.scalars(select(BankAccount)).one()
        path = f"/suppliers/me/bank-accounts/{account.id}/confirm"
        assert one.post(path).status_code == 403
        assert two.post(path).status_code == 303
        assert "Confirmed" in words(one.get("/suppliers/me"))

    def test_a_rejected_file_is_sent_in_again(self, session, portal) -> None:
        supplier = make_supplier(session, state=SupplierState.REJECTED)
        browser = own_portal(session, portal, supplier)
        assert browser.post("/suppliers/me/resubmit").status_code == 303
        assert session.get_one(Supplier, supplier.id).state is SupplierState.REGISTERED


class TestSanctionsLists:
    def test_the_operator_uploads_a_file(self, session, portal) -> None:
        browser = portal(make_actor(session, OrgKind.OPERATOR))
        form = {"source": "EU", "version": "1", "published_on": "2026-11-20"}
        assert "not known" in words(browser.get("/suppliers/sanctions-lists"))
        missing = browser.post("/suppliers/sanctions-lists", form)
        assert missing.status_code == 422
        answer = browser.post(
            "/suppliers/sanctions-lists",
            form | {"file": (io.BytesIO(b"reference;name\n1;Alpha\n"), "list.csv")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 303, words(answer)
        assert session.scalars(select(SanctionsList)).one().names == 1

    def test_a_broken_file_is_refused_with_its_reason(self, session, portal) -> None:
        browser = portal(make_actor(session, OrgKind.OPERATOR))
        answer = browser.post(
            "/suppliers/sanctions-lists",
            {
                "source": "EU",
                "version": "1",
                "published_on": "2026-11-20",
                "file": (io.BytesIO(b"nothing"), "list.csv"),
            },
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
        assert session.scalars(select(SanctionsList)).all() == []

    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_pages_exist_in_both_languages(self, session, portal, language: str) -> None:
        supplier = make_supplier(session)
        browser = portal(make_actor(session, OrgKind.OPERATOR, locale=language))
        for path in ("", "/sanctions-lists", f"/{supplier.id}"):
            assert browser.get(f"/suppliers{path}").status_code == 200


def test_pages_need_few_statements(session, portal, statements) -> None:
    supplier = make_supplier(session, state=SupplierState.REGISTERED)
    run_id = runs.ask(session, SYSTEM, supplier.id, Trigger.ON_DEMAND)
    runs.carry_out(session, run_id)
    buyer, own = portal(make_actor(session)), own_portal(session, portal, supplier)
    path = f"/suppliers/{supplier.id}"
    for browser, page in ((buyer, "/suppliers"), (buyer, path), (own, "/suppliers/me")):
        session.flush()
        statements.clear()
        assert browser.get(page).status_code == 200
        assert len(statements) <= 10, "\n".join(statements)
    assert "History" in words(buyer.get(f"{path}/history"))
