"""Supplier files, papers and lists."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, OrgKind
from marketplace.suppliers.models import BankAccount, Certificate, Filing, SanctionsList, Supplier
from marketplace.suppliers.sanctions_files import ListedName
from marketplace.suppliers.services import sanctions
from marketplace.suppliers.states import BankAccountState, CertificateKind, SupplierState, Verdict
from tests.factories.identity import make_organisation

NUMBERS = {"siren": "303265045", "siret": "30326504500011", "vat_number": "FR40303265045"}
VALID_IBAN = "FR1420041010050500013M02606"


def make_supplier(
    session: Session,
    organisation: Organisation | None = None,
    state: SupplierState = SupplierState.QUALIFIED,
    **overrides: Any,
) -> Supplier:
    """A qualified supplier; its organisation is made unless given."""
    organisation = organisation or make_organisation(session, OrgKind.SUPPLIER)
    values: dict[str, Any] = {"applied_at": datetime(2026, 1, 5, 9, tzinfo=UTC)}
    supplier = Supplier(id=organisation.id, state=state, **(values | overrides))
    session.add(supplier)
    session.flush()
    return supplier


def make_certificate(session: Session, supplier: Supplier, **overrides: Any) -> Certificate:
    values: dict[str, Any] = {
        "kind": CertificateKind.LIABILITY_INSURANCE,
        "reference": "P-1",
        "issued_on": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "verdict": Verdict.VERIFIED,
    }
    certificate = Certificate(supplier_id=supplier.id, **(values | overrides))
    session.add(certificate)
    session.flush()
    return certificate


def make_filing(session: Session, supplier: Supplier, **overrides: Any) -> Filing:
    filing = Filing(supplier_id=supplier.id, **({"year": 2025, "currency": "EUR"} | overrides))
    session.add(filing)
    session.flush()
    return filing


def make_account(session: Session, supplier: Supplier, **overrides: Any) -> BankAccount:
    """A confirmed account, usable since the beginning of the year."""
    then = datetime(2026, 1, 10, tzinfo=UTC)
    values: dict[str, Any] = {
        "holder": "Holder",
        "iban": VALID_IBAN,
        "state": BankAccountState.CONFIRMED,
        "proposed_by": supplier.id,
        "confirmed_at": then,
        "usable_from": then,
    }
    account = BankAccount(supplier_id=supplier.id, **(values | overrides))
    session.add(account)
    session.flush()
    return account


def load_list(
    session: Session, *names: str | ListedName, published_on: date, version: str = "1"
) -> SanctionsList:
    """A list of the source "Test" in force."""
    listed = [
        name if isinstance(name, ListedName) else ListedName(f"T-{place}", name)
        for place, name in enumerate(names)
    ]
    return sanctions.load(
        session, SYSTEM, source="Test", version=version, published_on=published_on, names=listed
    )
