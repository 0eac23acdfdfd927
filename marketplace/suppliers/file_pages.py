"""A supplier's own file: what is missing, profile, papers, figures, bank accounts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import audit, clock
from marketplace.core.text import Text, _
from marketplace.documents import service as documents_service
from marketplace.identity.permissions import Permission
from marketplace.suppliers import queries, rules, scorecards, views
from marketplace.suppliers.schemas import (
    FIGURES,
    BankAccountCreateSchema,
    CertificateCreateSchema,
    FilingCreateSchema,
    ProfileFormSchema,
)
from marketplace.suppliers.services import bank_accounts, directory, profile
from marketplace.suppliers.states import CertificateKind
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash
from marketplace.web.schemas import Schema

pages = PageBlueprint("supplier_file", __name__, url_prefix="/suppliers/me")

EMPTY_PROFILE: dict[str, Any] = {
    "description": "",
    "website": None,
    "contact_email": None,
    "categories": [],
    "owners": [],
}


@pages.get("")
def overview() -> str:
    """What is missing, and everything that is on file."""
    return _overview()


@pages.route("/profile", methods=["GET", "POST"])
def edit_profile() -> ResponseReturnValue:
    """Change what the company says about itself."""
    session, actor = current_session(), current_actor()
    supplier = directory.get(session, actor, actor.organisation_id)
    if request.method == "GET":
        initial = {name: getattr(supplier, name) for name in EMPTY_PROFILE} | {
            "categories": "\n".join(supplier.categories),
            "owners": "\n".join(supplier.owners),
            "version": supplier.version,
        }
        return render_template(
            "suppliers/profile.html", form=Form(ProfileFormSchema, initial=initial)
        )
    form = Form(ProfileFormSchema, request.form)
    if form.valid:
        with form.guard():
            profile.update_profile(
                session,
                actor,
                supplier.id,
                EMPTY_PROFILE | form.data,
                expected_version=form.version,
            )
    if not form.valid:
        return render_template("suppliers/profile.html", form=form), 422
    flash(_("Your profile is saved."))
    return _back()


@pages.post("/certificates")
def add_certificate() -> ResponseReturnValue:
    """Put a certificate on file, with its scan."""
    session, actor = current_session(), current_actor()

    def add(values: dict[str, Any]) -> None:
        file = request.files.get("file")
        if file is not None and file.filename:
            stored = documents_service.store(
                session, actor, file.filename, file.mimetype, file.stream
            )
            values["document_id"] = stored.id
        profile.add_certificate(session, actor, actor.organisation_id, values)

    return _submit(
        "certificate",
        CertificateCreateSchema,
        add,
        _("The certificate is on file and will be checked."),
    )


@pages.post("/figures")
def file_figures() -> ResponseReturnValue:
    """File the figures of a year."""
    session, actor = current_session(), current_actor()

    def file(values: dict[str, Any]) -> None:
        profile.file_figures(session, actor, actor.organisation_id, values.pop("year"), values)

    return _submit("filing", FilingCreateSchema, file, _("The figures are on file."))


@pages.post("/bank-accounts")
def propose_account() -> ResponseReturnValue:
    """Propose new bank details."""
    session, actor = current_session(), current_actor()

    def propose(values: dict[str, Any]) -> None:
        bank_accounts.propose(session, actor, actor.organisation_id, **values)

    return _submit(
        "account",
        BankAccountCreateSchema,
        propose,
        _("The bank details wait for a second person to confirm them."),
    )


@pages.post("/bank-accounts/<uuid:account_id>/confirm")
def confirm_account(account_id: UUID) -> ResponseReturnValue:
    """Confirm bank details as the second person."""
    actor = current_actor()
    bank_accounts.confirm(current_session(), actor, actor.organisation_id, account_id)
    flash(_("Confirmed. The account can be paid to after the cooling period of 72 hours."))
    return _back("bank")


@pages.post("/bank-accounts/<uuid:account_id>/reject")
def reject_account(account_id: UUID) -> ResponseReturnValue:
    """Refuse proposed bank details."""
    actor = current_actor()
    bank_accounts.reject(current_session(), actor, actor.organisation_id, account_id)
    flash(_("The bank details are refused."))
    return _back("bank")


@pages.post("/resubmit")
def resubmit() -> ResponseReturnValue:
    """Send a rejected file in again."""
    actor = current_actor()
    profile.resubmit(current_session(), actor, actor.organisation_id)
    flash(_("Your file has been sent in again."))
    return _back()


def _submit(
    name: str, schema: type[Schema], act: Callable[[dict[str, Any]], None], done: Text
) -> ResponseReturnValue:
    """One of the small forms of the overview: done, or shown again with its errors."""
    form = Form(schema, request.form)
    if form.valid:
        with form.guard():
            act(form.data)
    if not form.valid:
        return _overview(**{name: form}), 422
    flash(done)
    return _back()


def _back(anchor: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("supplier_file.overview", _anchor=anchor), 303)


def _overview(
    certificate: Form | None = None, filing: Form | None = None, account: Form | None = None
) -> str:
    session, actor = current_session(), current_actor()
    found = directory.file(session, actor, actor.organisation_id)
    found_cards = directory.scorecards(session, actor, actor.organisation_id)
    cards = views.scorecard_views(actor, found_cards)
    year = next((card for card in found_cards if card.months == scorecards.YEAR), None)
    today = clock.now().date()
    return render_template(
        "suppliers/me.html",
        supplier=views.supplier_view(
            actor, queries.Entry(found.supplier, found.organisation, year)
        ),
        organisation=found.organisation,
        tasks=views.tasks_of(found),
        certificates=views.certificate_views(found.certificates),
        filings=views.filing_views(found.filings),
        accounts=views.account_views(actor, found.accounts),
        decisions=directory.decisions(session, actor, actor.organisation_id),
        year=next((card for card in cards if card.months == 12), None),
        months=[card for card in cards if card.months == 1][:12],
        certificate_form=certificate or Form(CertificateCreateSchema),
        filing_form=filing
        or Form(FilingCreateSchema, initial={"year": today.year - 1, "currency": actor.currency}),
        account_form=account or Form(BankAccountCreateSchema, initial={"holder": actor.org_name}),
        figures=FIGURES,
        kinds=list(CertificateKind),
        person_id=actor.person_id,
        edits=actor.may(Permission.SUPPLIER_EDIT),
        cooling_hours=int(rules.COOLING.total_seconds() // 3600),
        history=audit.history(session, actor.organisation_id, "supplier", actor.organisation_id),
    )
