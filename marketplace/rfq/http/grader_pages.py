"""Graders in the portal: who scores, the declaration of interest, and the score sheet."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.documents import downloads
from marketplace.identity.permissions import Permission
from marketplace.rfq.evaluation.graders import rules
from marketplace.rfq.evaluation.graders.rules import DeclarationRequired, HasConflict
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.http import bid_views, evaluation_pages
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.evaluation_schemas import BidScoresSchema
from marketplace.rfq.http.grader_schemas import DeclarationSchema, GraderInputSchema
from marketplace.rfq.sealing.officers import queries as officer_queries
from marketplace.rfq.services import grading
from marketplace.rfq.services.grading import Overview, Sheet
from marketplace.rfq.terms.states import RfqState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("graders", __name__, url_prefix="/rfqs/<uuid:rfq_id>/graders")


@pages.get("")
def show(rfq_id: UUID) -> str:
    """Who scores and who is done; one's own declaration; naming, for the buyer."""
    return _page(rfq_id)


@pages.post("")
def name(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(GraderInputSchema, request.form)
    if form.valid:
        with form.guard():
            grading.name(current_session(), current_actor(), rfq_id, **form.data)
    if not form.valid:
        return _page(rfq_id, naming=form), 422
    flash(_("The grader is named and will be told."))
    return _back(rfq_id)


@pages.post("/<uuid:person_id>/remove")
def remove(rfq_id: UUID, person_id: UUID) -> ResponseReturnValue:
    grading.remove(current_session(), current_actor(), rfq_id, person_id)
    flash(_("This person is no grader any more."))
    return _back(rfq_id)


@pages.post("/declaration")
def declare(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(DeclarationSchema, request.form)
    if form.valid:
        with form.guard():
            grading.declare(current_session(), current_actor(), rfq_id, **form.data)
    if not form.valid:
        return _page(rfq_id, declaring=form), 422
    flash(_("Your declaration is recorded."))
    return _back(rfq_id)


@pages.get("/scores")
def sheet(rfq_id: UUID) -> ResponseReturnValue:
    """The score sheet of the reader's own; without a declaration, the page where it is made."""
    try:
        with peeking_noted(rfq_id):
            found = grading.sheet(current_session(), current_actor(), rfq_id)
    except (DeclarationRequired, HasConflict):
        return _back(rfq_id)
    return _sheet_page(found, Form(BidScoresSchema, initial={"scores": _rows(found)}))


@pages.post("/scores")
def give(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(BidScoresSchema, evaluation_pages.without_blank_scores(request.form))
    if form.valid:
        with form.guard():
            grading.give(session, actor, rfq_id, form.data["scores"])
    if not form.valid:
        form.posted = request.form
        return _sheet_page(grading.sheet(session, actor, rfq_id), form), 422
    flash(_("Your scores are saved. Nobody else sees them before all scores are locked."))
    return redirect(url_for("graders.sheet", rfq_id=rfq_id), 303)


@pages.get("/bids/<uuid:bid_id>/documents/<uuid:document_id>")
def document(rfq_id: UUID, bid_id: UUID, document_id: UUID) -> Response:
    """A document of a bid that the reader scores."""
    with peeking_noted(rfq_id):
        found, content = grading.document(
            current_session(), current_actor(), rfq_id, bid_id, document_id
        )
    return downloads.as_file(content, found.name, found.media_type)


def _back(rfq_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("graders.show", rfq_id=rfq_id), 303)


def _page(rfq_id: UUID, *, naming: Form | None = None, declaring: Form | None = None) -> str:
    session, actor = current_session(), current_actor()
    found = grading.read(session, actor, rfq_id)
    named = {each.grader.person_id for each in found.progress}
    changeable = rules.are_changeable(found.rfq.state, found.rfq.quality_locked_at)
    may_name = changeable and actor.may(Permission.RFQ_EVALUATE)
    return render_template(
        "rfq/graders.html",
        overview=found,
        mine=_own(found),
        criteria={each.id: each.name for each in found.criteria},
        colleagues=[
            (str(each.person.id), each.person.name)
            for each in officer_queries.colleagues(session, actor)
            if each.person.id not in named
        ]
        if may_name
        else [],
        may_name=may_name,
        may_declare=changeable,
        naming=naming or Form(GraderInputSchema),
        declaring=declaring or Form(DeclarationSchema),
        interests=list(Interest),
        **(evaluation_pages.frame(found.rfq) | {"tab": "graders"}),
    )


def _own(found: Overview) -> rules.Progress | None:
    own = current_actor().person_id
    return next((each for each in found.progress if each.grader.person_id == own), None)


def _sheet_page(found: Sheet, form: Form) -> str:
    rfq = found.rfq
    return render_template(
        "rfq/bids/score_sheet.html",
        sheet=found,
        form=form,
        documents={offer.bid_id: bid_views.documents_of(offer) for offer in found.offers},
        may_score=rfq.state is RfqState.OPENED and rfq.quality_locked_at is None,
        **evaluation_pages.frame(rfq),
    )


def _rows(found: Sheet) -> list[dict[str, Any]]:
    """Every bid and criterion with its row, as the form numbers them."""
    places = ((offer.bid_id, each.id) for offer in found.offers for each in found.criteria)
    given = (found.given.get(place) for place in places)
    return [{"score": each.score, "comment": each.comment} if each else {} for each in given]
