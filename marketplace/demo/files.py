"""The files of suppliers and the rules of buyers: what stands before trade begins."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from marketplace.approvals import service as approvals
from marketplace.approvals.rules import PlannedStep, PolicyDraft
from marketplace.approvals.states import StepRule
from marketplace.core import clock
from marketplace.demo import world
from marketplace.demo.cast import Cast
from marketplace.demo.consequences import work_off
from marketplace.demo.world import Selling
from marketplace.identity.permissions import OrgKind, Role
from marketplace.suppliers.sanctions_files import ListedName
from marketplace.suppliers.services import bank_accounts, profile, review, sanctions
from marketplace.suppliers.states import CertificateKind, Verdict

SMALL = Decimal(1500)
LARGE = Decimal(25000)
LIST = "Liste de démonstration"
PAPERS = (
    (CertificateKind.REGISTRATION_EXTRACT, "Greffe du tribunal de commerce", 300),
    (CertificateKind.SOCIAL_SECURITY, "Organisme de sécurité sociale", 180),
    (CertificateKind.LIABILITY_INSURANCE, "Assurances Mutuelles Réunies", 365),
)


def prepare(session: Session, cast: Cast, since: datetime, today: datetime) -> None:
    """Approval rules of buyers, and suppliers checked and qualified, as of ``since``."""
    with clock.frozen(since):
        for company in world.of_kind(OrgKind.BUYER):
            _set_approval_rules(session, cast, company.key)
        _load_sanctions(session, cast, since)
        for selling in world.SELLING:
            _file(session, cast, selling, since, today)
        work_off(session)
    with clock.frozen(since + timedelta(days=2)):
        for selling in world.SELLING:
            review.decide(
                session,
                cast.operator,
                cast.of(selling.key).organisation_id,
                action="qualify",
                reason="Dossier complet, aucune alerte.",
            )
        work_off(session)


def _set_approval_rules(session: Session, cast: Cast, key: str) -> None:
    approver = cast.of(key, Role.APPROVER)
    finance = PlannedStep("Finances", role=Role.APPROVER, rule=StepRule.ANY_OF)
    for draft in (
        PolicyDraft("Petits achats", "EUR", priority=10, subject_kind="order", up_to=SMALL),
        PolicyDraft(
            "Achats courants",
            "EUR",
            priority=20,
            subject_kind="order",
            over=SMALL,
            steps=(finance,),
        ),
    ):
        approvals.create_policy(session, approver, draft)


def _load_sanctions(session: Session, cast: Cast, since: datetime) -> None:
    sanctions.load(
        session,
        cast.operator,
        source=LIST,
        version="1",
        published_on=since.date(),
        names=[
            ListedName(reference, name, country, "Démonstration")
            for reference, name, country in world.SANCTIONS
        ],
    )


def _file(session: Session, cast: Cast, selling: Selling, since: datetime, today: datetime) -> None:
    """Bank account, papers and figures; the supplier brings them, the operator checks them."""
    actor = cast.of(selling.key)
    supplier_id = actor.organisation_id
    account = bank_accounts.propose(
        session, actor, supplier_id, holder=actor.org_name, iban=selling.iban
    )
    bank_accounts.confirm(session, cast.operator, supplier_id, account.id)
    for number, (kind, issuer, days) in enumerate(PAPERS, start=1):
        certificate = profile.add_certificate(
            session,
            actor,
            supplier_id,
            {
                "kind": kind,
                "reference": f"{selling.key.upper()}-{number}",
                "issuer": issuer,
                "issued_on": since.date(),
                "valid_until": (today + timedelta(days=_remaining(selling, days))).date(),
            },
        )
        review.judge_certificate(
            session, cast.operator, supplier_id, certificate.id, verdict=Verdict.VERIFIED
        )
    profile.file_figures(session, actor, supplier_id, since.year - 1, _figures(selling))


def _remaining(selling: Selling, days: int) -> int:
    """One supplier's papers run out soon, so that the warning can be seen."""
    return days // 9 if selling.key == "wallonnes" else days


def _figures(selling: Selling) -> dict[str, object]:
    assets, equity, sales = (Decimal(figure * 1000) for figure in selling.figures)
    return {
        "currency": "EUR",
        "total_assets": assets,
        "current_assets": assets * 6 / 10,
        "current_liabilities": (assets - equity) * 7 / 10,
        "total_liabilities": assets - equity,
        "equity": equity,
        "retained_earnings": equity / 2,
        "ebit": sales * 6 / 100,
        "sales": sales,
    }
