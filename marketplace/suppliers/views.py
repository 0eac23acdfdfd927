"""What readers see of suppliers: the same for API and portal, by who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import Text, _
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.suppliers import checks, numbers, queries, ratios, rules, scorecards, scoring
from marketplace.suppliers.kpi_models import Scorecard
from marketplace.suppliers.models import (
    BankAccount,
    Certificate,
    DueDiligenceCheck,
    DueDiligenceRun,
    Filing,
    Supplier,
)
from marketplace.suppliers.states import (
    DECISIONS,
    SUPPLIER_FLOW,
    BankAccountState,
    CertificateState,
    CheckKind,
    Outcome,
    RunState,
    SupplierState,
    Trigger,
)


@dataclass(frozen=True)
class SupplierView:
    """One supplier with what this reader may know and do."""

    id: UUID
    name: str
    country: str
    siren: str | None
    siret: str | None
    vat_number: str | None
    lei: str | None
    state: SupplierState
    outcome: Outcome | None
    description: str
    website: str | None
    contact_email: str | None
    categories: Sequence[str]
    owners: Sequence[str]
    score: Decimal | None
    observations: int
    applied_at: datetime
    decided_at: datetime | None
    screened_at: datetime | None
    next_review_on: date | None
    actions: Sequence[str]
    version: int


@dataclass(frozen=True)
class CheckView:
    """One check with its finding in words."""

    check: DueDiligenceCheck
    text: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.check, name)


@dataclass(frozen=True)
class RunView:
    id: UUID
    supplier_id: UUID
    trigger: Trigger
    state: RunState
    outcome: Outcome | None
    created_at: datetime
    completed_at: datetime | None
    checks: Sequence[CheckView]


@dataclass(frozen=True)
class CertificateView:
    """A certificate with where it stands today."""

    certificate: Certificate
    state: CertificateState

    def __getattr__(self, name: str) -> Any:
        return getattr(self.certificate, name)


@dataclass(frozen=True)
class BankAccountView:
    """A bank account; the number in full for its owner alone."""

    account: BankAccount
    iban: str
    in_use: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.account, name)


@dataclass(frozen=True)
class FilingView:
    """Filed figures with the ratios made of them."""

    filing: Filing
    ratios: ratios.Ratios
    warnings: Sequence[str]

    @property
    def current_ratio(self) -> Decimal | None:
        return _places(self.ratios.current)

    @property
    def debt_to_equity(self) -> Decimal | None:
        return _places(self.ratios.debt_to_equity)

    @property
    def z_prime(self) -> Decimal | None:
        return _places(self.ratios.z_prime)

    @property
    def zone(self) -> str | None:
        return str(self.ratios.zone) if self.ratios.zone else None

    @property
    def warning_texts(self) -> list[Text]:
        return [checks.WARNINGS[code] for code in self.warnings]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.filing, name)


@dataclass(frozen=True)
class ScorecardView:
    """A scorecard; figures that would tell one buyer about another are left out."""

    card: Scorecard
    figures: dict[str, Any] | None

    @property
    def on_time_rate(self) -> Decimal | None:
        return self._number("on_time_rate")

    @property
    def defect_ppm(self) -> Decimal | None:
        return self._number("defect_ppm")

    @property
    def price_variance(self) -> Decimal | None:
        return self._number("price_variance")

    @property
    def response_rate(self) -> Decimal | None:
        return self._number("response_rate")

    @property
    def lead_time_days(self) -> Decimal | None:
        return self._number("lead_time_days")

    def _number(self, name: str) -> Decimal | None:
        value = (self.figures or {}).get(name)
        return None if value is None else Decimal(value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.card, name)


@dataclass(frozen=True)
class CountsView:
    """KPIs that one buyer counted itself."""

    orders: int
    observations: int
    on_time_rate: Decimal | None
    defect_ppm: Decimal | None
    price_variance: Decimal | None
    response_rate: Decimal | None
    lead_time_days: Decimal | None


def supplier_view(actor: Actor, entry: queries.Entry) -> SupplierView:
    """A supplier as this actor sees it: findings and owners are for reviewers and for itself."""
    supplier, organisation, card = entry.supplier, entry.organisation, entry.scorecard
    reviews = may_review(actor)
    return SupplierView(
        id=supplier.id,
        name=organisation.name,
        country=organisation.country,
        siren=organisation.siren,
        siret=organisation.siret,
        vat_number=organisation.vat_number,
        lei=organisation.lei,
        state=supplier.state,
        outcome=supplier.outcome if reviews else None,
        description=supplier.description,
        website=supplier.website,
        contact_email=supplier.contact_email,
        categories=supplier.categories,
        owners=supplier.owners if reviews or actor.org_id == supplier.id else [],
        score=card.score if card else None,
        observations=card.observations if card else 0,
        applied_at=supplier.applied_at,
        decided_at=supplier.decided_at,
        screened_at=supplier.screened_at,
        next_review_on=supplier.next_review_on,
        actions=actions_of(actor, supplier),
        version=supplier.version,
    )


def one(
    session: Session, actor: Actor, supplier: Supplier, organisation: Organisation
) -> SupplierView:
    """A supplier with its score, as this actor sees it."""
    card = queries.latest_scorecards(session, [supplier.id]).get(supplier.id)
    return supplier_view(actor, queries.Entry(supplier, organisation, card))


def may_review(actor: Actor) -> bool:
    """Whether the actor may know what checks have found."""
    return actor.may(Permission.SUPPLIER_REVIEW) or actor.may(Permission.AUDIT_READ)


def actions_of(actor: Actor, supplier: Supplier) -> list[str]:
    """What this actor may do with the supplier now."""
    possible = SUPPLIER_FLOW.actions(supplier.state)
    if actor.may(Permission.SUPPLIER_REVIEW):
        decisions = [action for action in possible if action in DECISIONS]
        if supplier.outcome in (None, Outcome.BLOCK) and "qualify" in decisions:
            decisions.remove("qualify")
        return [*decisions, "due-diligence"]
    if actor.org_id == supplier.id and actor.may(Permission.SUPPLIER_EDIT):
        return ["edit", *(action for action in possible if action == "resubmit")]
    return []


def run_view(run: DueDiligenceRun) -> RunView:
    """A run with its findings in words."""
    return RunView(
        id=run.id,
        supplier_id=run.supplier_id,
        trigger=run.trigger,
        state=run.state,
        outcome=run.outcome,
        created_at=run.created_at,
        completed_at=run.completed_at,
        checks=check_views(run.checks),
    )


def check_views(found: Sequence[DueDiligenceCheck]) -> list[CheckView]:
    """Checks with their findings in words."""
    return [CheckView(check, checks.describe(check.finding, check.evidence)) for check in found]


def certificate_views(found: Sequence[Certificate]) -> list[CertificateView]:
    """Certificates with where they stand today."""
    today = clock.now().date()
    return [CertificateView(c, rules.certificate_state(c, today)) for c in found]


def account_views(actor: Actor, accounts: Sequence[BankAccount]) -> list[BankAccountView]:
    """Bank accounts as this actor may see them."""
    in_use = rules.payable_account(accounts, clock.now())
    own = [account.supplier_id == actor.org_id for account in accounts]
    return [
        BankAccountView(
            account,
            numbers.spaced_iban(account.iban) if is_own else numbers.masked_iban(account.iban),
            account is in_use,
        )
        for account, is_own in zip(accounts, own, strict=True)
        if is_own
        or actor.org_kind is OrgKind.OPERATOR
        or account.state is BankAccountState.CONFIRMED
    ]


def filing_views(filings: Sequence[Filing]) -> list[FilingView]:
    """Filed figures with their ratios."""
    views = []
    for filing in filings:
        found = ratios.ratios_of(checks.figures_of(filing))
        views.append(FilingView(filing, found, ratios.warnings_of(found)))
    return views


def scorecard_views(actor: Actor, cards: Sequence[Scorecard]) -> list[ScorecardView]:
    """Scorecards; a buyer sees the figures where enough buyers stand behind them."""
    return [
        ScorecardView(
            card,
            None
            if actor.org_kind is OrgKind.BUYER and card.buyers < scorecards.MIN_BUYERS
            else card.figures,
        )
        for card in cards
    ]


def with_us(session: Session, actor: Actor, supplier_id: UUID) -> CountsView | None:
    """What the actor's own organisation counted in twelve months; None for others than buyers."""
    if actor.org_kind is not OrgKind.BUYER:
        return None
    since = scorecards.year_start(clock.now().date())
    counts = scorecards.counts_with(session, supplier_id, actor.organisation_id, since)
    figures = scoring.figures_of(counts)
    return CountsView(
        orders=counts.orders,
        observations=counts.observations,
        on_time_rate=figures.on_time_rate,
        defect_ppm=figures.defect_ppm,
        price_variance=figures.price_variance,
        response_rate=figures.response_rate,
        lead_time_days=figures.lead_time_days,
    )


def tasks_of(found: queries.SupplierFile) -> list[rules.Task]:
    """What a supplier's own file needs, done or not, in the order of its sections."""
    today = clock.now().date()
    supplier, organisation = found.supplier, found.organisation
    numbered = bool(
        organisation.vat_number and (organisation.siren or organisation.country != "FR")
    )
    tasks = [
        rules.Task("numbers", _("Identity numbers (SIREN, VAT number)"), "profile", numbered),
        rules.Task(
            "description", _("What your company does"), "profile", bool(supplier.description)
        ),
        rules.Task("categories", _("Categories you serve"), "profile", bool(supplier.categories)),
        rules.Task(
            "contact", _("Contact address for buyers"), "profile", bool(supplier.contact_email)
        ),
        rules.Task("owners", _("Owners and directors"), "profile", bool(supplier.owners)),
    ]
    for kind in rules.required_certificates(organisation.country):
        _found, state = rules.best_certificate(found.certificates, kind, today)
        usable = state in (CertificateState.VERIFIED, CertificateState.SUBMITTED)
        tasks.append(rules.Task(str(kind), _CERTIFICATES[kind.value], "certificates", usable))
    filed = any(
        filing.year >= today.year - checks.FILING_STALE_AFTER_YEARS for filing in found.filings
    )
    account = queries.newest_account(found.accounts) is not None
    return [
        *tasks,
        rules.Task("filings", _("Annual figures of one of the last two years"), "figures", filed),
        rules.Task("bank", _("Confirmed bank account"), "bank", account),
    ]


def checks_by_kind(found: Sequence[CheckView]) -> list[tuple[CheckKind, list[CheckView]]]:
    """Checks grouped for the page, in the order of their kinds."""
    groups = [(kind, [check for check in found if check.kind is kind]) for kind in CheckKind]
    return [(kind, group) for kind, group in groups if group]


_CERTIFICATES: dict[str, Text] = {
    "registration_extract": _("Company registration extract"),
    "social_security": _("Social security certificate, not older than six months"),
    "liability_insurance": _("Liability insurance"),
}


def _places(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.0001"))
