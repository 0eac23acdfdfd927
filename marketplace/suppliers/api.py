"""Suppliers for partners: directory, application, file, checks, scorecards."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from marketplace.core.pages import Page
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor
from marketplace.suppliers import queries, registration, rules, views
from marketplace.suppliers.models import Decision, SanctionsList, Supplier
from marketplace.suppliers.sanctions_files import names_of
from marketplace.suppliers.schemas import (
    ApplicationSchema,
    BankAccountCreateSchema,
    BankAccountSchema,
    CertificateCreateSchema,
    CertificateSchema,
    CertificateVerdictSchema,
    DueDiligenceRunSchema,
    FilingCreateSchema,
    FilingSchema,
    RiskSchema,
    SanctionsListCreateSchema,
    SanctionsListSchema,
    ScorecardsSchema,
    SupplierDecisionCreateSchema,
    SupplierDecisionSchema,
    SupplierProfileSchema,
    SupplierQuerySchema,
    SupplierSchema,
    whole,
)
from marketplace.suppliers.services import bank_accounts, directory, profile, review, sanctions
from marketplace.suppliers.states import Verdict
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema

blp = ApiBlueprint(
    "suppliers",
    __name__,
    url_prefix="/suppliers",
    description="Who supplies: files, due diligence, qualification and performance",
)


@blp.route("")
class Suppliers(MethodView):
    @blp.arguments(SupplierQuerySchema, location="query")
    @blp.response(200, PageSchema.of(SupplierSchema))
    def get(self, query: dict[str, Any]) -> Page[views.SupplierView]:
        """The directory by name; a supplier finds itself alone."""
        actor = current_actor()
        page = directory.search(
            current_session(),
            actor,
            queries.Filter(
                containing=query["q"],
                state=query["state"],
                outcome=query["outcome"],
                category=query["category"],
                country=query["country"],
                awaiting_review=query["awaiting_review"],
            ),
            cursor=query["cursor"],
            limit=query["limit"],
        )
        return Page([views.supplier_view(actor, entry) for entry in page.items], page.next_cursor)


@blp.route("/applications")
class Applications(MethodView):
    @blp.arguments(ApplicationSchema)
    @blp.response(201, SupplierSchema)
    @blp.doc(security=[])
    def post(self, application: dict[str, Any]) -> views.SupplierView:
        """Apply as a supplier: needs no key. The person becomes its administrator."""
        session = current_session()
        actor, supplier = registration.apply(session, **application)
        return _view(session, actor, supplier)


@blp.route("/<uuid:supplier_id>")
class OneSupplier(MethodView):
    @blp.response(200, SupplierSchema)
    def get(self, supplier_id: UUID) -> views.SupplierView:
        """One supplier."""
        session, actor = current_session(), current_actor()
        return _view(session, actor, directory.get(session, actor, supplier_id))

    @blp.arguments(SupplierProfileSchema)
    @blp.response(200, SupplierSchema)
    def patch(self, changes: dict[str, Any], supplier_id: UUID) -> views.SupplierView:
        """Change the own profile."""
        session, actor = current_session(), current_actor()
        supplier = profile.update_profile(
            session, actor, supplier_id, changes, expected_version=expected_version()
        )
        return _view(session, actor, supplier)


@blp.route("/<uuid:supplier_id>/resubmit")
class Resubmission(MethodView):
    @blp.idempotent()
    @blp.response(200, SupplierSchema)
    def post(self, supplier_id: UUID) -> views.SupplierView:
        """Send a rejected file in again."""
        session, actor = current_session(), current_actor()
        return _view(session, actor, profile.resubmit(session, actor, supplier_id))


@blp.route("/<uuid:supplier_id>/decisions")
class Decisions(MethodView):
    @blp.response(200, whole(SupplierDecisionSchema))
    def get(self, supplier_id: UUID) -> Page[Decision]:
        """What was decided about the supplier, and why; newest first."""
        session, actor = current_session(), current_actor()
        return Page(directory.decisions(session, actor, supplier_id), None)

    @blp.idempotent()
    @blp.arguments(SupplierDecisionCreateSchema)
    @blp.response(201, SupplierSchema)
    def post(self, decision: dict[str, Any], supplier_id: UUID) -> views.SupplierView:
        """Decide: qualify, reject, review, block or unblock, with a reason."""
        session, actor = current_session(), current_actor()
        return _view(session, actor, review.decide(session, actor, supplier_id, **decision))


@blp.route("/<uuid:supplier_id>/due-diligence")
class DueDiligence(MethodView):
    @blp.response(200, whole(DueDiligenceRunSchema))
    def get(self, supplier_id: UUID) -> Page[views.RunView]:
        """Rounds of checks with their evidence, newest first."""
        session, actor = current_session(), current_actor()
        runs = directory.runs(session, actor, supplier_id)
        return Page([views.run_view(run) for run in runs], None)

    @blp.idempotent()
    @blp.response(202, DueDiligenceRunSchema)
    def post(self, supplier_id: UUID) -> views.RunView:
        """Have the supplier checked; a job does it."""
        session, actor = current_session(), current_actor()
        return views.run_view(review.request_run(session, actor, supplier_id))


@blp.route("/<uuid:supplier_id>/risk")
class SupplierRisk(MethodView):
    @blp.response(200, RiskSchema)
    def get(self, supplier_id: UUID) -> rules.Risk:
        """The risk by the last checks, every factor shown."""
        session, actor = current_session(), current_actor()
        return directory.risk(session, actor, supplier_id)


@blp.route("/<uuid:supplier_id>/scorecards")
class Scorecards(MethodView):
    @blp.response(200, ScorecardsSchema)
    def get(self, supplier_id: UUID) -> dict[str, Any]:
        """Scores by month and year with their sample, and what the caller counted itself."""
        session, actor = current_session(), current_actor()
        cards = directory.scorecards(session, actor, supplier_id)
        return {
            "scorecards": views.scorecard_views(actor, cards),
            "with_us": views.with_us(session, actor, supplier_id),
        }


@blp.route("/<uuid:supplier_id>/documents")
class Certificates(MethodView):
    @blp.response(200, whole(CertificateSchema))
    def get(self, supplier_id: UUID) -> Page[views.CertificateView]:
        """Certificates with where they stand today."""
        session, actor = current_session(), current_actor()
        found = directory.file(session, actor, supplier_id)
        return Page(views.certificate_views(found.certificates), None)

    @blp.idempotent()
    @blp.arguments(CertificateCreateSchema)
    @blp.response(201, CertificateSchema)
    def post(self, certificate: dict[str, Any], supplier_id: UUID) -> views.CertificateView:
        """Put a certificate on file."""
        made = profile.add_certificate(current_session(), current_actor(), supplier_id, certificate)
        return views.certificate_views([made])[0]


@blp.route("/<uuid:supplier_id>/documents/<uuid:certificate_id>/verify")
class CertificateVerification(MethodView):
    @blp.idempotent()
    @blp.arguments(CertificateVerdictSchema)
    @blp.response(200, CertificateSchema)
    def post(
        self, verdict: dict[str, Any], supplier_id: UUID, certificate_id: UUID
    ) -> views.CertificateView:
        """Confirm that a certificate is genuine."""
        return _judged(supplier_id, certificate_id, Verdict.VERIFIED, verdict["reason"])


@blp.route("/<uuid:supplier_id>/documents/<uuid:certificate_id>/reject")
class CertificateRejection(MethodView):
    @blp.idempotent()
    @blp.arguments(CertificateVerdictSchema)
    @blp.response(200, CertificateSchema)
    def post(
        self, verdict: dict[str, Any], supplier_id: UUID, certificate_id: UUID
    ) -> views.CertificateView:
        """Refuse a certificate, with a reason."""
        return _judged(supplier_id, certificate_id, Verdict.REJECTED, verdict["reason"])


@blp.route("/<uuid:supplier_id>/filings")
class Filings(MethodView):
    @blp.response(200, whole(FilingSchema))
    def get(self, supplier_id: UUID) -> Page[views.FilingView]:
        """Filed figures with the ratios made of them, newest year first."""
        session, actor = current_session(), current_actor()
        found = directory.file(session, actor, supplier_id)
        return Page(views.filing_views(found.filings), None)

    @blp.idempotent()
    @blp.arguments(FilingCreateSchema)
    @blp.response(201, FilingSchema)
    def post(self, filing: dict[str, Any], supplier_id: UUID) -> views.FilingView:
        """File the figures of a year, or correct them."""
        year = filing.pop("year")
        made = profile.file_figures(current_session(), current_actor(), supplier_id, year, filing)
        return views.filing_views([made])[0]


@blp.route("/<uuid:supplier_id>/bank-accounts")
class BankAccounts(MethodView):
    @blp.response(200, whole(BankAccountSchema))
    def get(self, supplier_id: UUID) -> Page[views.BankAccountView]:
        """Bank accounts, newest first; others than the supplier see confirmed ones, masked."""
        session, actor = current_session(), current_actor()
        found = directory.file(session, actor, supplier_id)
        return Page(views.account_views(actor, found.accounts), None)

    @blp.idempotent(required=True)
    @blp.arguments(BankAccountCreateSchema)
    @blp.response(201, BankAccountSchema)
    def post(self, account: dict[str, Any], supplier_id: UUID) -> views.BankAccountView:
        """Propose new bank details; a second person confirms them."""
        session, actor = current_session(), current_actor()
        made = bank_accounts.propose(session, actor, supplier_id, **account)
        return views.account_views(actor, [made])[0]


@blp.route("/<uuid:supplier_id>/bank-accounts/<uuid:account_id>/confirm")
class BankAccountConfirmation(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, BankAccountSchema)
    def post(self, supplier_id: UUID, account_id: UUID) -> views.BankAccountView:
        """Confirm bank details that somebody else proposed; usable after the cooling period."""
        session, actor = current_session(), current_actor()
        account = bank_accounts.confirm(session, actor, supplier_id, account_id)
        return views.account_views(actor, [account])[0]


@blp.route("/<uuid:supplier_id>/bank-accounts/<uuid:account_id>/reject")
class BankAccountRejection(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, BankAccountSchema)
    def post(self, supplier_id: UUID, account_id: UUID) -> views.BankAccountView:
        """Refuse proposed bank details."""
        session, actor = current_session(), current_actor()
        account = bank_accounts.reject(session, actor, supplier_id, account_id)
        return views.account_views(actor, [account])[0]


@blp.route("/sanctions-lists")
class SanctionsLists(MethodView):
    @blp.response(200, whole(SanctionsListSchema))
    def get(self) -> Page[SanctionsList]:
        """Loaded lists with version, date and digest."""
        return Page(sanctions.lists(current_session(), current_actor()), None)

    @blp.idempotent()
    @blp.arguments(SanctionsListCreateSchema)
    @blp.response(201, SanctionsListSchema)
    def post(self, body: dict[str, Any]) -> SanctionsList:
        """Put a list in force; every supplier is screened again."""
        names = names_of(body.pop("entries"))
        return sanctions.load(current_session(), current_actor(), names=names, **body)


def _view(session: Session, actor: Actor, supplier: Supplier) -> views.SupplierView:
    organisation = identity_queries.organisation(session, supplier.id)
    return views.one(session, actor, supplier, organisation)


def _judged(
    supplier_id: UUID, certificate_id: UUID, verdict: Verdict, reason: str
) -> views.CertificateView:
    certificate = review.judge_certificate(
        current_session(),
        current_actor(),
        supplier_id,
        certificate_id,
        verdict=verdict,
        reason=reason,
    )
    return views.certificate_views([certificate])[0]
