"""Files, runs, decisions, bank accounts: what works, what is refused, what is left behind."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from marketplace.core.outbox import OutboxMessage
from marketplace.events.suppliers import DueDiligenceRequested, SanctionsListLoaded
from marketplace.identity import service as identity_service
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.suppliers import queries, reactions, registration, runs
from marketplace.suppliers.models import (
    BankAccount,
    Decision,
    DueDiligenceCheck,
    DueDiligenceRun,
    SanctionsList,
    Supplier,
)
from marketplace.suppliers.services import bank_accounts, profile, review, sanctions
from marketplace.suppliers.states import (
    CertificateKind,
    CheckKind,
    Outcome,
    RunState,
    SupplierState,
    Trigger,
    Verdict,
)
from tests.factories.identity import make_actor, make_organisation
from tests.factories.suppliers import (
    NUMBERS,
    VALID_IBAN,
    load_list,
    make_account,
    make_certificate,
    make_filing,
    make_supplier,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = NOW.date()
APPLICATION = {
    "organisation": {
        "name": "Papeterie du Rhône",
        "country": "FR",
        "currency": "EUR",
        "locale": "fr",
        "time_zone": "Europe/Paris",
        **NUMBERS,
    },
    "person": {"name": "Anne", "email": "anne@papeterie.example", "password": "correct horse 9"},
}


def run_checks(session: Session, supplier: Supplier) -> DueDiligenceRun:
    run_id = runs.ask(session, SYSTEM, supplier.id, Trigger.ON_DEMAND)
    run = runs.carry_out(session, run_id)
    assert run is not None
    session.flush()
    return run


def outcomes(session: Session, run: DueDiligenceRun, kind: CheckKind) -> list[tuple[str, str]]:
    rows = session.scalars(
        select(DueDiligenceCheck)
        .where(DueDiligenceCheck.run_id == run.id, DueDiligenceCheck.kind == kind)
        .order_by(DueDiligenceCheck.position)
    )
    return [(row.finding, str(row.outcome)) for row in rows]


def events(session: Session) -> list[str]:
    session.flush()
    return list(session.scalars(select(OutboxMessage.name).order_by(OutboxMessage.seq)))


class TestApply:
    def test_makes_organisation_person_file_and_a_run(self, session: Session) -> None:
        actor, supplier = registration.apply(session, **APPLICATION)
        assert actor.roles == {Role.ADMIN, Role.SUPPLIER}
        assert supplier.state is SupplierState.REGISTERED
        assert session.get_one(Organisation, supplier.id).siren == "303265045"
        assert events(session)[-2:] == [
            "suppliers.registered",
            "suppliers.due_diligence_requested",
        ]

    def test_wrong_numbers_are_refused_all_at_once_and_nothing_is_made(
        self, session: Session
    ) -> None:
        wrong = APPLICATION["organisation"] | {"siren": "303265046", "lei": "X"}
        with pytest.raises(Invalid) as refused:
            registration.apply(session, **APPLICATION | {"organisation": wrong})
        assert [e.pointer for e in refused.value.errors] == [
            "/organisation/siren",
            "/organisation/lei",
        ]
        assert session.scalar(select(func.count()).select_from(Supplier)) == 0
        assert events(session) == []


class TestRuns:
    def test_a_file_without_anything_is_not_known_never_clear(self, session: Session) -> None:
        supplier = make_supplier(session, state=SupplierState.REGISTERED)
        run = run_checks(session, supplier)
        assert run.outcome is Outcome.UNKNOWN
        assert supplier.state is SupplierState.IN_REVIEW
        assert outcomes(session, run, CheckKind.SANCTIONS) == [("list_none", "unknown")]
        assert outcomes(session, run, CheckKind.FINANCIAL) == [("figures_missing", "unknown")]

    def test_a_complete_file_is_clear_with_evidence_of_each_check(self, session: Session) -> None:
        supplier = complete_file(session)
        with clock.frozen(NOW):
            run = run_checks(session, supplier)
        checks = queries.latest_checks(session, supplier.id)
        assert run.outcome is Outcome.CLEAR, [(c.finding, c.outcome) for c in checks]
        assert all(len(check.digest) == 64 and check.source for check in checks)
        [listed] = [check for check in checks if check.kind is CheckKind.SANCTIONS]
        assert (listed.source, listed.source_version) == ("Test", "1")
        assert listed.source_date == TODAY - timedelta(days=3)
        assert listed.query["names"][0] == "Papeterie du Rhône"

    def test_carrying_out_again_changes_nothing(self, session: Session) -> None:
        supplier = make_supplier(session)
        run_id = runs.ask(session, SYSTEM, supplier.id, Trigger.ON_DEMAND)
        event = DueDiligenceRequested(supplier_id=supplier.id, run_id=run_id, trigger="on_demand")
        reactions.carry_out_due_diligence(session, event)
        before = session.scalar(select(func.count()).select_from(DueDiligenceCheck))
        reactions.carry_out_due_diligence(session, event)
        assert session.scalar(select(func.count()).select_from(DueDiligenceCheck)) == before
        assert events(session).count("suppliers.due_diligence_completed") == 1

    def test_a_waiting_run_is_not_doubled(self, session: Session) -> None:
        supplier = make_supplier(session)
        first = runs.ask(session, SYSTEM, supplier.id, Trigger.ON_DEMAND)
        assert runs.ask(session, SYSTEM, supplier.id, Trigger.CHANGE) == first
        assert events(session) == ["suppliers.due_diligence_requested"]

    def test_a_hit_blocks_a_qualified_supplier_at_once(self, session: Session) -> None:
        supplier = complete_file(session)
        load_list(session, "PAPETERIE DU RHONE SAS", published_on=TODAY, version="2")
        with clock.frozen(NOW):
            run = run_checks(session, supplier)
        assert run.outcome is Outcome.BLOCK
        assert supplier.state is SupplierState.BLOCKED
        assert queries.blocked_ids(session, [supplier.id]) == {supplier.id}
        assert "suppliers.blocked" in events(session)
        [decision] = queries.decisions(session, supplier.id)
        assert (decision.action, decision.decided_by) == ("block", None)

    def test_owners_are_screened_too(self, session: Session) -> None:
        supplier = complete_file(session, owners=["Sergej Lawrow"])
        load_list(session, "Sergei Lavrov", published_on=TODAY, version="2")
        with clock.frozen(NOW):
            run = run_checks(session, supplier)
        assert outcomes(session, run, CheckKind.SANCTIONS) == [("list_hits", "review")]

    def test_an_old_list_clears_nobody(self, session: Session) -> None:
        supplier = complete_file(session)
        load_list(session, "Gazprom", published_on=TODAY - timedelta(days=31), version="2")
        with clock.frozen(NOW):
            run = run_checks(session, supplier)
        assert outcomes(session, run, CheckKind.SANCTIONS) == [("list_stale", "unknown")]

    def test_an_edited_organisation_is_screened_again_within_the_hour(
        self, session: Session
    ) -> None:
        supplier = make_supplier(session)
        run_checks(session, supplier)
        assert runs.rescreen_changed(session, SYSTEM) == 0
        admin = make_actor(
            session,
            OrgKind.SUPPLIER,
            Role.ADMIN,
            organisation=session.get_one(Organisation, supplier.id),
        )
        identity_service.update_organisation(session, admin, {"name": "New name"})
        session.flush()
        assert runs.rescreen_changed(session, SYSTEM) == 1
        run = session.scalars(
            select(DueDiligenceRun).where(DueDiligenceRun.state == RunState.WAITING)
        ).one()
        assert run.trigger is Trigger.CHANGE


class TestSanctionsLists:
    def test_a_new_version_replaces_the_old_which_stays(self, session: Session) -> None:
        load_list(session, "A", published_on=TODAY)
        load_list(session, "B", published_on=TODAY, version="2")
        lists = session.scalars(select(SanctionsList).order_by(SanctionsList.version)).all()
        assert [(row.version, row.in_force) for row in lists] == [("1", False), ("2", True)]
        assert len({row.digest for row in lists}) == 2

    def test_the_same_version_is_refused(self, session: Session) -> None:
        load_list(session, "A", published_on=TODAY)
        with pytest.raises(Conflict) as refused:
            load_list(session, "B", published_on=TODAY)
        assert refused.value.code == "sanctions_list_known"

    def test_everybody_is_screened_again(self, session: Session) -> None:
        make_supplier(session)
        make_supplier(session)
        head = load_list(session, "A", published_on=TODAY)
        event = SanctionsListLoaded(list_id=head.id, source="Test")
        reactions.screen_everybody_again(session, event)
        reactions.screen_everybody_again(session, event)
        assert session.scalar(select(func.count()).select_from(DueDiligenceRun)) == 2

    def test_is_for_the_operator(self, session: Session) -> None:
        buyer = make_actor(session)
        with pytest.raises(NotAllowed):
            sanctions.load(session, buyer, source="X", version="1", published_on=TODAY, names=[])


class TestDecide:
    def test_qualifies_after_the_checks(self, session: Session) -> None:
        supplier = complete_file(session, state=SupplierState.REGISTERED)
        with clock.frozen(NOW):
            run_checks(session, supplier)
            review.decide(
                session, make_actor(session), supplier.id, action="qualify", reason="Complete."
            )
        assert supplier.state is SupplierState.QUALIFIED
        assert supplier.next_review_on == date(2027, 11, 25)
        assert queries.is_qualified(session, supplier.id)
        assert events(session)[-1] == "suppliers.qualified"

    def test_not_before_the_checks_have_finished(self, session: Session) -> None:
        supplier = make_supplier(session, state=SupplierState.IN_REVIEW)
        with pytest.raises(Conflict) as refused:
            review.decide(
                session, make_actor(session), supplier.id, action="qualify", reason="Hurry."
            )
        assert refused.value.code == "due_diligence_pending"
        assert events(session) == []

    def test_needs_a_reason_and_a_known_action(self, session: Session) -> None:
        supplier = make_supplier(session)
        with pytest.raises(Invalid) as refused:
            review.decide(session, make_actor(session), supplier.id, action="praise", reason=" ")
        assert [e.pointer for e in refused.value.errors] == ["/action", "/reason"]
        assert session.scalar(select(func.count()).select_from(Decision)) == 0

    def test_not_from_every_state(self, session: Session) -> None:
        supplier = make_supplier(session, state=SupplierState.QUALIFIED)
        with pytest.raises(Conflict) as refused:
            review.decide(session, make_actor(session), supplier.id, action="unblock", reason="?")
        assert refused.value.code == "illegal_transition"

    def test_a_stale_page_is_refused(self, session: Session) -> None:
        supplier = make_supplier(session)
        with pytest.raises(Stale):
            review.decide(
                session,
                make_actor(session),
                supplier.id,
                action="block",
                reason="Fraud.",
                expected_version=supplier.version + 1,
            )

    def test_a_judged_hit_does_not_block_again_but_a_new_one_does(self, session: Session) -> None:
        supplier = complete_file(session)
        load_list(session, "Papeterie du Rhone", published_on=TODAY, version="2")
        reviewer = make_actor(session, OrgKind.OPERATOR)
        with clock.frozen(NOW):
            run_checks(session, supplier)
            review.decide(
                session, reviewer, supplier.id, action="unblock", reason="Another company."
            )
            run = run_checks(session, supplier)
        assert run.outcome is Outcome.CLEAR
        assert outcomes(session, run, CheckKind.SANCTIONS) == [("list_cleared", "clear")]
        supplier.owners = ["Ivan Petrov"]
        load_list(session, "Papeterie du Rhone", "Ivan Petrov", published_on=TODAY, version="3")
        with clock.frozen(NOW):
            assert run_checks(session, supplier).outcome is Outcome.BLOCK

    def test_is_not_for_suppliers(self, session: Session) -> None:
        supplier = make_supplier(session, state=SupplierState.IN_REVIEW)
        own = make_actor(
            session, OrgKind.SUPPLIER, organisation=session.get_one(Organisation, supplier.id)
        )
        with pytest.raises(NotAllowed):
            review.decide(session, own, supplier.id, action="qualify", reason="Me!")


class TestBankAccounts:
    def test_needs_a_second_person_and_time(self, session: Session) -> None:
        supplier, one, two = two_people(session)
        with clock.frozen(NOW):
            account = bank_accounts.propose(
                session, one, supplier.id, holder="Us", iban="fr14 2004 1010 0505 0001 3M02 606"
            )
            with pytest.raises(NotAllowed) as refused:
                bank_accounts.confirm(session, one, supplier.id, account.id)
            bank_accounts.confirm(session, two, supplier.id, account.id)
        assert refused.value.code == "second_person_needed"
        assert account.iban == VALID_IBAN
        assert account.usable_from == NOW + timedelta(hours=72)
        assert "suppliers.due_diligence_requested" in events(session)

    def test_a_wrong_iban_is_refused_and_nothing_written(self, session: Session) -> None:
        supplier, one, _two = two_people(session)
        with pytest.raises(Invalid) as refused:
            bank_accounts.propose(
                session, one, supplier.id, holder="Us", iban="DE00370400440532013000"
            )
        assert [(e.pointer, e.code) for e in refused.value.errors] == [("/iban", "invalid_iban")]
        assert session.scalar(select(func.count()).select_from(BankAccount)) == 0
        assert events(session) == []

    def test_one_proposal_at_a_time(self, session: Session) -> None:
        supplier, one, two = two_people(session)
        account = bank_accounts.propose(session, one, supplier.id, holder="Us", iban=VALID_IBAN)
        with pytest.raises(Conflict) as refused:
            bank_accounts.propose(session, two, supplier.id, holder="Us", iban=VALID_IBAN)
        assert refused.value.code == "bank_account_waiting"
        bank_accounts.reject(session, one, supplier.id, account.id)
        bank_accounts.propose(session, two, supplier.id, holder="Us", iban=VALID_IBAN)

    def test_buyers_have_no_say(self, session: Session) -> None:
        supplier, one, _two = two_people(session)
        account = bank_accounts.propose(session, one, supplier.id, holder="Us", iban=VALID_IBAN)
        with pytest.raises(NotAllowed):
            bank_accounts.confirm(session, make_actor(session), supplier.id, account.id)


class TestFile:
    def test_new_owners_are_screened(self, session: Session) -> None:
        supplier, one, _two = two_people(session)
        profile.update_profile(session, one, supplier.id, {"description": "Paper"})
        assert events(session) == []
        profile.update_profile(session, one, supplier.id, {"owners": ["Anne Martin"]})
        assert events(session) == ["suppliers.due_diligence_requested"]

    def test_another_supplier_does_not_exist(self, session: Session) -> None:
        _supplier, one, _two = two_people(session)
        other = make_supplier(session)
        with pytest.raises(NotFound):
            profile.update_profile(session, one, other.id, {"description": "Mine now"})

    def test_a_certificate_is_verified_by_a_reviewer(self, session: Session) -> None:
        supplier, one, _two = two_people(session)
        certificate = profile.add_certificate(
            session,
            one,
            supplier.id,
            {"kind": CertificateKind.ISO_9001, "reference": "1", "issued_on": TODAY},
        )
        reviewer = make_actor(session)
        with pytest.raises(Invalid):
            review.judge_certificate(
                session, reviewer, supplier.id, certificate.id, verdict=Verdict.REJECTED
            )
        review.judge_certificate(
            session, reviewer, supplier.id, certificate.id, verdict=Verdict.VERIFIED
        )
        assert certificate.verdict is Verdict.VERIFIED

    def test_expiring_certificates_are_announced_once(self, session: Session) -> None:
        supplier = make_supplier(session)
        make_certificate(session, supplier, valid_until=TODAY + timedelta(days=30))
        make_certificate(session, supplier, valid_until=TODAY + timedelta(days=31))
        make_certificate(session, supplier, valid_until=TODAY - timedelta(days=1))
        with clock.frozen(NOW):
            assert reactions.warn_of_expiring_certificates(session, SYSTEM) == 1
            assert reactions.warn_of_expiring_certificates(session, SYSTEM) == 0
        assert events(session) == ["suppliers.certificate_expiring"]


def two_people(session: Session):
    supplier = make_supplier(session)
    organisation = session.get_one(Organisation, supplier.id)
    one = make_actor(session, OrgKind.SUPPLIER, organisation=organisation)
    two = make_actor(session, OrgKind.SUPPLIER, organisation=organisation)
    return supplier, one, two


def complete_file(session: Session, **overrides) -> Supplier:
    """A French supplier with every paper, and a fresh list that does not name it."""
    organisation = make_organisation(
        session, OrgKind.SUPPLIER, name="Papeterie du Rhône", **NUMBERS
    )
    supplier = make_supplier(session, organisation, **overrides)
    for kind in (
        CertificateKind.REGISTRATION_EXTRACT,
        CertificateKind.LIABILITY_INSURANCE,
        CertificateKind.SOCIAL_SECURITY,
    ):
        make_certificate(session, supplier, kind=kind)
    make_filing(session, supplier, current_assets=200, current_liabilities=100)
    make_account(session, supplier)
    load_list(session, "Gazprom", published_on=TODAY - timedelta(days=3))
    return supplier
