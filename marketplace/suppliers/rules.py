"""Decisions about suppliers: values in, values out; no session, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, NotAllowed, refuse_all
from marketplace.core.text import Text, _
from marketplace.suppliers.models import BankAccount, Certificate
from marketplace.suppliers.numbers import CHECKS, INVALID_DETAIL
from marketplace.suppliers.states import (
    BankAccountState,
    CertificateKind,
    CertificateState,
    CheckKind,
    Outcome,
    Verdict,
)

COOLING = timedelta(hours=72)
EXPIRY_NOTICE = timedelta(days=30)
REVIEW_EVERY = timedelta(days=365)
# The worst answer decides: a block is never averaged away, and not knowing is not being clear.
SEVERITY = (Outcome.BLOCK, Outcome.REVIEW, Outcome.UNKNOWN, Outcome.CLEAR)
REQUIRED_EVERYWHERE = (
    CertificateKind.REGISTRATION_EXTRACT,
    CertificateKind.LIABILITY_INSURANCE,
)
# Code du travail, articles L8222-1 and D8222-5: the buyer asks for it every six months.
REQUIRED_IN_FRANCE = (*REQUIRED_EVERYWHERE, CertificateKind.SOCIAL_SECURITY)

RISK_WEIGHTS: dict[CheckKind, int] = {
    CheckKind.SANCTIONS: 30,
    CheckKind.IDENTITY: 20,
    CheckKind.FINANCIAL: 20,
    CheckKind.CERTIFICATES: 20,
    CheckKind.BANK: 10,
}
RISK_SHARE: dict[Outcome, Decimal] = {
    Outcome.CLEAR: Decimal(0),
    Outcome.UNKNOWN: Decimal("0.5"),
    Outcome.REVIEW: Decimal("0.7"),
    Outcome.BLOCK: Decimal(1),
}


class DueDiligencePending(Conflict):
    code = "due_diligence_pending"


class DueDiligenceBlocks(Conflict):
    code = "due_diligence_blocks"


class SamePerson(NotAllowed):
    code = "second_person_needed"


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """One part of the risk: its outcome, what it weighs and what it adds."""

    kind: CheckKind
    outcome: Outcome
    weight: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class Risk:
    """Points from 0 (nothing found) to 100, and the level that the veto rule gives."""

    level: Outcome
    points: Decimal
    factors: tuple[RiskFactor, ...]


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of them; unknown when nothing was checked."""
    found = set(outcomes)
    return next((outcome for outcome in SEVERITY if outcome in found), Outcome.UNKNOWN)


def risk_of(outcomes: Sequence[tuple[CheckKind, Outcome]]) -> Risk:
    """Weighted points for comparing suppliers; the level never comes from the points."""
    factors = []
    for kind, weight in RISK_WEIGHTS.items():
        outcome = overall(found for found_kind, found in outcomes if found_kind is kind)
        factors.append(RiskFactor(kind, outcome, weight, weight * RISK_SHARE[outcome]))
    points = sum((factor.points for factor in factors), Decimal(0))
    return Risk(overall(factor.outcome for factor in factors), points, tuple(factors))


def required_certificates(country: str) -> tuple[CertificateKind, ...]:
    """The papers that a supplier of this country must have on file."""
    return REQUIRED_IN_FRANCE if country == "FR" else REQUIRED_EVERYWHERE


def certificate_state(certificate: Certificate, today: date) -> CertificateState:
    """Where the certificate stands on a day. Valid until includes that day."""
    if certificate.verdict is Verdict.REJECTED:
        return CertificateState.REJECTED
    if certificate.valid_until is not None and certificate.valid_until < today:
        return CertificateState.EXPIRED
    if certificate.verdict is Verdict.SUBMITTED:
        return CertificateState.SUBMITTED
    if certificate.valid_until is not None and certificate.valid_until <= today + EXPIRY_NOTICE:
        return CertificateState.EXPIRING
    return CertificateState.VERIFIED


def best_certificate(
    certificates: Iterable[Certificate], kind: CertificateKind, today: date
) -> tuple[Certificate | None, CertificateState]:
    """The paper of a kind that helps most today, and its state."""
    order = (
        CertificateState.VERIFIED,
        CertificateState.EXPIRING,
        CertificateState.SUBMITTED,
        CertificateState.EXPIRED,
        CertificateState.REJECTED,
    )
    found = [
        (certificate, certificate_state(certificate, today))
        for certificate in certificates
        if certificate.kind is kind
    ]
    if not found:
        return None, CertificateState.MISSING
    return min(found, key=lambda pair: (order.index(pair[1]), -pair[0].issued_on.toordinal()))


def payable_account(accounts: Iterable[BankAccount], at: datetime) -> BankAccount | None:
    """The account that money may go to at a moment: the last one past its cooling period."""
    usable = [
        account
        for account in accounts
        if account.state is BankAccountState.CONFIRMED
        and account.usable_from is not None
        and account.usable_from <= at
    ]
    return max(usable, key=lambda account: (account.usable_from, account.id), default=None)


def check_second_person(account: BankAccount, person_id: UUID) -> None:
    """Who proposed the account may not confirm it."""
    if account.proposed_by == person_id:
        raise SamePerson(
            _("Another person must confirm these bank details: it protects against fraud.")
        )


def check_numbers(numbers: dict[str, str | None], prefix: str = "") -> dict[str, str | None]:
    """The numbers in compact form; Invalid with every one whose digits are wrong."""
    compact: dict[str, str | None] = {}
    errors = []
    for name, number in numbers.items():
        if not number:
            compact[name] = None
            continue
        found = CHECKS[name](number)
        compact[name] = found.number
        if found.is_invalid:
            errors.append(FieldError(f"{prefix}/{name}", f"invalid_{name}", INVALID_DETAIL[name]))
    refuse_all(errors)
    return compact


def check_may_qualify(outcome: Outcome | None) -> None:
    """A supplier is qualified on the ground of a finished run that does not block."""
    if outcome is None:
        raise DueDiligencePending(
            _("The checks have not finished yet. Wait for them, then decide.")
        )
    if outcome is Outcome.BLOCK:
        raise DueDiligenceBlocks(
            _("A check blocks this supplier. Lift the block with a reason first.")
        )


def names_to_screen(name: str, owners: Sequence[str]) -> list[str]:
    """The company and the people behind it, each once."""
    return list(dict.fromkeys([name, *owners]))


@dataclass(frozen=True, slots=True)
class Task:
    """Something missing in a supplier's own file, with the section where it is given."""

    code: str
    text: Text
    section: str
    done: bool
