"""Who hears of what, once."""

from datetime import date

from sqlalchemy import select

from marketplace.core import clock
from marketplace.events.suppliers import BankAccountProposed, CertificateExpiring, SupplierBlocked
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.suppliers import notices
from marketplace.suppliers.services import review
from marketplace.suppliers.states import SupplierState
from tests.factories.identity import make_actor
from tests.factories.suppliers import make_account, make_certificate, make_supplier


def kinds(session) -> list[str]:
    session.flush()
    return sorted(session.scalars(select(Notice.kind)))


def test_a_decision_reaches_the_supplier_and_a_finished_check_the_operator(session, drain) -> None:
    operator = make_actor(session, OrgKind.OPERATOR)
    supplier = make_supplier(session, state=SupplierState.REGISTERED)
    organisation = session.get_one(Organisation, supplier.id)
    make_actor(session, OrgKind.SUPPLIER, organisation=organisation)
    review.request_run(session, operator, supplier.id)
    drain()
    assert kinds(session) == ["supplier_to_review"]
    review.decide(session, operator, supplier.id, action="qualify", reason="Complete.")
    drain()
    assert kinds(session) == ["supplier_qualified", "supplier_to_review"]


def test_each_notice_comes_once(session) -> None:
    supplier = make_supplier(session)
    organisation = session.get_one(Organisation, supplier.id)
    person = make_actor(session, OrgKind.SUPPLIER, Role.ADMIN, organisation=organisation)
    account = make_account(session, supplier)
    certificate = make_certificate(session, supplier)
    told = [
        (notices.tell_blocked, SupplierBlocked(supplier.id, clock.now())),
        (
            notices.tell_second_person,
            BankAccountProposed(supplier.id, account.id, person.person),
        ),
        (
            notices.tell_certificate_expires,
            CertificateExpiring(supplier.id, certificate.id, date(2026, 12, 31)),
        ),
    ]
    for _time in range(2):
        for tell, event in told:
            tell(session, event)
    assert kinds(session) == ["bank_account_proposed", "certificate_expiring", "supplier_blocked"]
