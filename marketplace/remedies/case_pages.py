"""Debriefs and challenges in the portal."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.documents import service as documents
from marketplace.identity.permissions import OrgKind
from marketplace.remedies import case_acting, case_rules, case_views, pdf
from marketplace.remedies.case_schemas import CaseEntryInputSchema, CaseWordsSchema
from marketplace.remedies.casework import Words
from marketplace.remedies.services import reading_cases
from marketplace.remedies.states import CaseKind
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.http import views
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("cases", __name__)


@pages.route("/rfqs/<uuid:rfq_id>/awards/<uuid:award_id>/debrief", methods=["GET", "POST"])
def debrief(rfq_id: UUID, award_id: UUID) -> ResponseReturnValue:
    return _begin(rfq_id, award_id, CaseKind.DEBRIEF)


@pages.route("/rfqs/<uuid:rfq_id>/awards/<uuid:award_id>/challenge", methods=["GET", "POST"])
def challenge(rfq_id: UUID, award_id: UUID) -> ResponseReturnValue:
    return _begin(rfq_id, award_id, CaseKind.CHALLENGE)


@pages.get("/cases/<uuid:case_id>")
def show(case_id: UUID) -> str:
    return _page(case_id, Form(CaseEntryInputSchema))


@pages.post("/cases/<uuid:case_id>/entries")
def act(case_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(CaseEntryInputSchema, request.form)
    if form.valid:
        with form.guard():
            words = Words(form.data["body"], _stored())
            case_acting.act(session, actor, case_id, form.data["action"], words, arrived_at())
    if not form.valid:
        return _page(case_id, form), 422
    flash(_("It stands in the file, and the other party is told."))
    return redirect(url_for("cases.show", case_id=case_id), 303)


def _begin(rfq_id: UUID, award_id: UUID, kind: CaseKind) -> ResponseReturnValue:
    """The form of a new case, and what comes of it."""
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    standing = award_queries.standing(session, rfq_id, award_id)
    posted = request.form if request.method == "POST" else None
    form = Form(CaseWordsSchema, posted)
    opened: list[UUID] = []
    if form.valid:
        with form.guard():
            words = Words(form.data["body"], _stored())
            case = case_acting.begin(session, actor, rfq_id, award_id, kind, words, arrived_at())
            opened.append(case.id)
    if not form.valid:
        page = render_template(
            "remedies/new_case.html", form=form, kind=kind, standing=standing, **_frame(rfq)
        )
        return page, 200 if posted is None else 422
    flash(_("It is sent, and the buyer is told."))
    return redirect(url_for("cases.show", case_id=opened[0]), 303)


def _stored() -> list[UUID]:
    """The files that came with the form, kept as documents of the sender."""
    session, actor = current_session(), current_actor()
    sent = [file for file in request.files.getlist("files") if file.filename]
    return [
        documents.store(session, actor, file.filename or "", file.mimetype, file.stream).id
        for file in sent[: case_rules.MAX_DOCUMENTS]
    ]


def _page(case_id: UUID, form: Form) -> str:
    session, actor = current_session(), current_actor()
    found = reading_cases.case(session, actor, case_id)
    rfq = queries.get(session, actor, found.rfq_id)
    standing = award_queries.standing(session, found.rfq_id, found.award_id)
    return render_template(
        "remedies/case.html",
        case=case_views.read(session, actor, case_id),
        form=form,
        choices=case_views.CHOICES,
        steps=case_rules.STEPS,
        standing=standing,
        finality=pdf.finality,
        **_frame(rfq),
    )


def _frame(rfq: Rfq) -> dict[str, Any]:
    actor = current_actor()
    return {
        "rfq": views.summary(rfq, actor, clock.now()),
        "tab": "outcome",
        "is_buyer": actor.org_id == rfq.buyer_id,
        "is_operator": actor.org_kind is OrgKind.OPERATOR,
    }
