"""RFQs for people: lists, the document with its tabs, questions, deadline and end."""

from datetime import datetime
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import audit, clock, tabular
from marketplace.core.pages import Page
from marketplace.core.text import _, label
from marketplace.documents import queries as document_queries
from marketplace.documents.downloads import XLSX, as_file
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.rfq.addenda import reading
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import own as own_bids
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http import addenda_pages, views
from marketplace.rfq.http.question_schemas import QuestionAnswerSchema, QuestionInputSchema
from marketplace.rfq.http.schemas import CancelSchema, ExtendSchema
from marketplace.rfq.http.sections import save
from marketplace.rfq.scoring.formulas import FAMILIES
from marketplace.rfq.services import drafting, inviting, publishing, questions
from marketplace.rfq.terms.kinds import RfqKind, kind_named
from marketplace.rfq.terms.states import RfqState
from marketplace.web import formats
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash
from marketplace.web.shown import Shown

pages = PageBlueprint("rfq", __name__, url_prefix="/rfqs")

EVERYTHING = "all"
EXPORT_PAGES = 100
EXPORT_LIMIT = 200


@pages.get("")
def listing() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.args.get("format") == "xlsx":
        return _export()
    page = _search(request.args.get("cursor"))
    ids = [rfq.id for rfq in page.items]
    is_supplier = actor.org_kind is OrgKind.SUPPLIER
    return render_template(
        "rfq/opportunities.html" if is_supplier else "rfq/list.html",
        page=views.summaries(page, actor),
        buyers=identity_queries.organisations(session, {rfq.buyer_id for rfq in page.items}),
        line_counts=queries.line_counts(session, ids),
        state=_chosen_state(actor),
        states=_states(actor),
        kind=kind_named(request.args.get("kind", "")) or EVERYTHING,
        kinds=[(EVERYTHING, str(_("All"))), *((each.value, label(each)) for each in RfqKind)],
        text=request.args.get("q", ""),
        may_draft=actor.may(Permission.RFQ_DRAFT),
    )


@pages.get("/<uuid:rfq_id>")
def show(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_with_content(session, actor, rfq_id)
    if rfq.state is RfqState.DRAFT and actor.may(Permission.RFQ_DRAFT):
        return redirect(url_for("rfq_draft.overview", rfq_id=rfq_id), 303)
    if actor.org_kind is OrgKind.SUPPLIER:
        inviting.mark_seen(session, actor, rfq_id)
    amended = _amended(rfq)
    if amended["amended"]:
        # the own bid was read with the RFQ anew, without its content
        rfq = queries.get_with_content(session, actor, rfq_id)
    return render_template(
        "rfq/show.html",
        families=FAMILIES,
        **amended,
        **_frame(rfq, "lines", views.whole(rfq, actor)),
    )


@pages.get("/<uuid:rfq_id>/documents")
def documents(rfq_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    attached = document_queries.attached(session, actor, "rfq", rfq.id)
    return render_template("rfq/documents.html", documents=attached, **_frame(rfq, "documents"))


@pages.get("/<uuid:rfq_id>/suppliers")
def suppliers(rfq_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    return render_template(
        "rfq/suppliers.html", invited=views.invited(session, actor, rfq), **_frame(rfq, "suppliers")
    )


@pages.get("/<uuid:rfq_id>/history")
def history(rfq_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    entries = audit.history(session, actor.organisation_id, "rfq", rfq.id)
    published = [
        addenda_pages.shown(each)
        for each in reversed(reading.addenda(session, actor, rfq))
        if each.published_at
    ]
    return render_template(
        "rfq/history.html", history=entries, addenda=published, **_frame(rfq, "history")
    )


@pages.route("/<uuid:rfq_id>/questions", methods=["GET", "POST"])
def question_list(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    if request.method == "GET":
        return _questions(rfq, Form(QuestionInputSchema))
    form = Form(QuestionInputSchema, request.form)
    if form.valid:
        with form.guard():
            questions.ask(session, actor, rfq_id, form.data["body"])
    if not form.valid:
        return _questions(rfq, form), 422
    flash(_("Your question has been sent. Nobody is told that you asked."))
    return redirect(url_for("rfq.question_list", rfq_id=rfq_id), 303)


@pages.post("/<uuid:rfq_id>/questions/<uuid:question_id>")
def answer(rfq_id: UUID, question_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    form = Form(QuestionAnswerSchema, request.form)
    if form.valid:
        with form.guard():
            questions.answer(session, actor, rfq_id, question_id, form.data["answer"])
    if not form.valid:
        return _questions(rfq, Form(QuestionInputSchema), (question_id, form)), 422
    flash(_("All bidders can read your answer now."))
    return redirect(url_for("rfq.question_list", rfq_id=rfq_id), 303)


@pages.route("/<uuid:rfq_id>/extend", methods=["GET", "POST"])
def extend(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    if request.method == "GET":
        return _extension_page(rfq, Form(ExtendSchema, initial=_present_times(rfq)))
    form = Form(ExtendSchema, request.form)
    candidates = save(
        form,
        lambda: publishing.extend(session, actor, rfq_id, **form.data, expected=form.version),
    )
    if not form.valid:
        return _extension_page(rfq, form, candidates), 422
    flash(_("The deadline has been moved. All bidders are told."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)


@pages.route("/<uuid:rfq_id>/cancel", methods=["GET", "POST"])
def cancel(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    form = Form(
        CancelSchema,
        request.form if request.method == "POST" else None,
        initial={"version": rfq.version},
    )
    if form.valid:
        with form.guard():
            publishing.cancel(session, actor, rfq_id, form.data["reason"], expected=form.version)
    if not form.valid:
        page = render_template("rfq/cancel.html", form=form, rfq=rfq)
        return page, 200 if request.method == "GET" else 422
    flash(_("Cancelled."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)


@pages.post("/<uuid:rfq_id>/copy")
def copy(rfq_id: UUID) -> ResponseReturnValue:
    made = drafting.copy(current_session(), current_actor(), rfq_id)
    flash(_("This is the copy. Set its dates, then check and publish it."))
    return redirect(url_for("rfq.show", rfq_id=made.id), 303)


def _amended(rfq: Rfq) -> dict[str, object]:
    """For suppliers: what addenda mean for the first of their bids that they touch."""
    session, actor = current_session(), current_actor()
    if actor.org_kind is not OrgKind.SUPPLIER or not rfq.addendum_count:
        return {"amended": None}
    for each in own_bids.listed(session, actor, rfq.id):
        door = bid_queries.door(session, actor, rfq.id, each.bid.alternative)
        frame = addenda_pages.amended_frame(session, door, actor)
        if frame["amended"]:
            return frame
    return {"amended": None}


def _frame(rfq: Rfq, tab: str, shown: Shown | None = None) -> dict[str, object]:
    """What every tab of the document shows around its content."""
    actor = current_actor()
    return {
        "rfq": shown or views.summary(rfq, actor, clock.now()),
        "tab": tab,
        "is_buyer": rfq.buyer_id == actor.org_id,
        "is_operator": actor.org_kind is OrgKind.OPERATOR,
        "may_draft": actor.may(Permission.RFQ_DRAFT),
        "buyer": identity_queries.organisation(current_session(), rfq.buyer_id),
    }


def _questions(rfq: Rfq, form: Form, answered: tuple[UUID, Form] | None = None) -> str:
    session, actor = current_session(), current_actor()
    return render_template(
        "rfq/questions.html",
        questions=views.questions(session, actor, rfq),
        form=form,
        answered_id=answered[0] if answered else None,
        answer_form=answered[1] if answered else Form(QuestionAnswerSchema),
        **_frame(rfq, "questions"),
    )


def _present_times(rfq: Rfq) -> dict[str, object]:
    return {
        "bids_due_at": _local(rfq.bids_due_at, rfq.time_zone),
        "questions_due_at": _local(rfq.questions_due_at, rfq.time_zone),
        "version": rfq.version,
    }


def _local(at: datetime | None, zone: str) -> str | None:
    return formats.local_input(at, zone) if at else None


def _extension_page(rfq: Rfq, form: Form, candidates: list[str] | None = None) -> str:
    return render_template("rfq/extend.html", form=form, rfq=rfq, candidates=candidates or [])


def _states(actor: Actor) -> list[tuple[str, str]]:
    hidden = {RfqState.DRAFT} if actor.org_kind is not OrgKind.BUYER else set()
    return [
        (EVERYTHING, str(_("All"))),
        *((state.value, label(state)) for state in RfqState if state not in hidden),
    ]


def _chosen_state(actor: Actor) -> str:
    """Suppliers look for what they can still answer; buyers for everything."""
    usual = RfqState.PUBLISHED if actor.org_kind is OrgKind.SUPPLIER else EVERYTHING
    chosen = request.args.get("state", "")
    return chosen if chosen in {state.value for state in RfqState} | {EVERYTHING} else usual


def _search(cursor: str | None, limit: int = 50) -> Page[Rfq]:
    actor = current_actor()
    state = _chosen_state(actor)
    return queries.search(
        current_session(),
        actor,
        state=None if state == EVERYTHING else RfqState(state),
        kind=kind_named(request.args.get("kind", "")),
        containing=request.args.get("q", "").strip(),
        cursor=cursor,
        limit=limit,
    )


def _export() -> Response:
    """What the list shows, whole."""
    now = clock.now()
    found: list[Rfq] = []
    cursor: str | None = None
    for _number in range(EXPORT_PAGES):
        page = _search(cursor, EXPORT_LIMIT)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    counts = queries.line_counts(current_session(), [rfq.id for rfq in found])
    rows = [
        (
            rfq.number,
            label(rfq.kind),
            rfq.title,
            label(rfq.state_at(now)),
            _local(rfq.bids_due_at, rfq.time_zone),
            rfq.time_zone,
            counts.get(rfq.id, 0),
            rfq.currency,
        )
        for rfq in found
    ]
    headers = [
        _("Number"),
        _("Kind of event"),
        _("Title"),
        _("State"),
        _("Deadline for bids"),
        _("Time zone"),
        _("Lines"),
        _("Currency"),
    ]
    name = f"{_('rfqs')}-{now.date().isoformat()}.xlsx"
    return as_file(tabular.to_xlsx(headers, rows), name, XLSX)
