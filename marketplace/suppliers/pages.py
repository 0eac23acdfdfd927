"""The portal's pages about suppliers: directory, review queue, one supplier, sanctions lists."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import audit, clock
from marketplace.core.pages import Page
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.suppliers import queries, rules, scorecards, views
from marketplace.suppliers.sanctions_files import ListedName, read
from marketplace.suppliers.schemas import (
    SanctionsHeadSchema,
    SupplierDecisionCreateSchema,
    SupplierQuerySchema,
)
from marketplace.suppliers.services import directory, review, sanctions
from marketplace.suppliers.states import DECISION_LABELS, DECISIONS, Outcome, SupplierState, Verdict
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("suppliers", __name__, url_prefix="/suppliers")


@pages.get("")
def listing() -> ResponseReturnValue:
    """The directory, or for a supplier its own file."""
    session, actor = current_session(), current_actor()
    if actor.org_kind is OrgKind.SUPPLIER:
        return redirect(url_for("supplier_file.overview"), 303)
    form = Form(SupplierQuerySchema, request.args)
    wanted = form.data if form.valid else {}
    page = directory.search(
        session,
        actor,
        queries.Filter(
            containing=wanted.get("q"),
            state=wanted.get("state"),
            outcome=wanted.get("outcome"),
            category=wanted.get("category"),
            country=wanted.get("country"),
            awaiting_review=wanted.get("awaiting_review", False),
        ),
        cursor=wanted.get("cursor"),
    )
    return render_template(
        "suppliers/list.html",
        page=Page([views.supplier_view(actor, entry) for entry in page.items], page.next_cursor),
        form=form,
        states=list(SupplierState),
        outcomes=list(Outcome),
        reviews=views.may_review(actor),
        may_screen=actor.may(Permission.SUPPLIER_REVIEW),
        loads=actor.may(Permission.SANCTIONS_LOAD),
        is_filtered=any(
            wanted.get(name)
            for name in ("q", "state", "outcome", "category", "country", "awaiting_review")
        ),
    )


@pages.get("/<uuid:supplier_id>")
def detail(supplier_id: UUID) -> ResponseReturnValue:
    """One supplier: profile, checks with their evidence, figures, papers, history."""
    return _detail(supplier_id, Form(SupplierDecisionCreateSchema))


@pages.get("/<uuid:supplier_id>/history")
def history(supplier_id: UUID) -> str:
    """Who changed what about the supplier, as far as the reader may know."""
    session, actor = current_session(), current_actor()
    return render_template(
        "suppliers/history.html",
        supplier=directory.get(session, actor, supplier_id),
        organisation=identity_queries.organisation(session, supplier_id),
        history=audit.history(session, actor.organisation_id, "supplier", supplier_id),
    )


@pages.post("/<uuid:supplier_id>/decisions")
def decide(supplier_id: UUID) -> ResponseReturnValue:
    """Take a decision with its reason."""
    form = Form(SupplierDecisionCreateSchema, request.form)
    if form.valid:
        with form.guard():
            review.decide(
                current_session(),
                current_actor(),
                supplier_id,
                expected_version=form.version,
                **form.data,
            )
    if not form.valid:
        return _detail(supplier_id, form), 422
    flash(_("The decision is on file."))
    return redirect(url_for("suppliers.detail", supplier_id=supplier_id), 303)


@pages.post("/<uuid:supplier_id>/due-diligence")
def screen(supplier_id: UUID) -> ResponseReturnValue:
    """Have the supplier checked now."""
    review.request_run(current_session(), current_actor(), supplier_id)
    flash(_("The checks are running. Their results will stand here in a moment."), "info")
    return redirect(url_for("suppliers.detail", supplier_id=supplier_id, _anchor="checks"), 303)


@pages.post("/<uuid:supplier_id>/certificates/<uuid:certificate_id>")
def judge(supplier_id: UUID, certificate_id: UUID) -> ResponseReturnValue:
    """Verify a certificate or refuse it."""
    refused = request.form.get("verdict") == "rejected"
    review.judge_certificate(
        current_session(),
        current_actor(),
        supplier_id,
        certificate_id,
        verdict=Verdict.REJECTED if refused else Verdict.VERIFIED,
        reason=request.form.get("reason", "")[:1000],
    )
    flash(_("The certificate is refused.") if refused else _("The certificate is verified."))
    return redirect(url_for("suppliers.detail", supplier_id=supplier_id, _anchor="papers"), 303)


@pages.route("/sanctions-lists", methods=["GET", "POST"])
def sanctions_lists() -> ResponseReturnValue:
    """Lists in force with their age; the operator loads new ones."""
    session, actor = current_session(), current_actor()
    form = Form(SanctionsHeadSchema, request.form if request.method == "POST" else None)
    if form.valid:
        names = _uploaded_names(form)
        if form.valid:
            with form.guard():
                sanctions.load(session, actor, names=names, **form.data)
    if form.valid:
        flash(_("The list is in force. Every supplier is being screened again."))
        return redirect(url_for("suppliers.sanctions_lists"), 303)
    page = render_template(
        "suppliers/sanctions_lists.html",
        lists=sanctions.lists(session, actor),
        form=form,
        loads=actor.may(Permission.SANCTIONS_LOAD),
        today=clock.now().date(),
    )
    return (page, 422) if form.errors else page


def _detail(supplier_id: UUID, form: Form) -> str:
    session, actor = current_session(), current_actor()
    found = directory.file(session, actor, supplier_id)
    found_cards = directory.scorecards(session, actor, supplier_id)
    cards = views.scorecard_views(actor, found_cards)
    year = next((card for card in found_cards if card.months == scorecards.YEAR), None)
    supplier = views.supplier_view(actor, queries.Entry(found.supplier, found.organisation, year))
    return render_template(
        "suppliers/detail.html",
        supplier=supplier,
        form=form,
        file=found,
        decisions_offered=_offered(supplier.actions),
        year=next((card for card in cards if card.months == 12), None),
        months=[card for card in cards if card.months == 1][:12],
        with_us=views.with_us(session, actor, supplier_id),
        certificates=views.certificate_views(found.certificates),
        filings=views.filing_views(found.filings),
        accounts=views.account_views(actor, found.accounts),
        **_review(supplier_id),
    )


def _review(supplier_id: UUID) -> dict[str, Any]:
    """What only reviewers see of a supplier."""
    session, actor = current_session(), current_actor()
    if not actor.may(Permission.SUPPLIER_REVIEW):
        return {"reviews": False}
    runs = [views.run_view(run) for run in directory.runs(session, actor, supplier_id)]
    done = next((run for run in runs if run.completed_at), None)
    return {
        "reviews": True,
        "runs": runs,
        "running": any(run.completed_at is None for run in runs),
        "latest": done,
        "groups": views.checks_by_kind(done.checks) if done else [],
        "risk": rules.risk_of([(c.kind, c.outcome) for c in done.checks]) if done else None,
        "decisions": directory.decisions(session, actor, supplier_id),
        "decision_words": DECISION_LABELS,
    }


def _offered(actions: Any) -> list[tuple[str, Any]]:
    return [(action, DECISION_LABELS[action]) for action in actions if action in DECISIONS]


def _uploaded_names(form: Form) -> list[ListedName]:
    file = request.files.get("file")
    if file is None or not file.filename:
        form.refuse("file", _("Choose the file of the list."))
        return []
    with form.guard():
        return read(file.read())
    return []
