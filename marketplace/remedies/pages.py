"""What follows an award, for people: the standstill and its clock."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.documents import downloads
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.identity.queries import organisation, organisations
from marketplace.remedies import case_views, letter_views, pdf, reading
from marketplace.remedies.schemas import ReasonSchema
from marketplace.remedies.services import concluding, reading_cases, reading_letters
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http import views
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("remedies", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.get("/outcome")
def outcome(rfq_id: UUID) -> str:
    """How the awards stand, until when, and what can be done about them."""
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    letters = reading_letters.letters(session, actor, rfq_id)
    cases = reading_cases.overview(session, actor, rfq_id)
    bidders = {letter.supplier_id for letter in letters} | {case.supplier_id for case in cases}
    own = {each.award_id: each for each in letters} if rfq.buyer_id != actor.org_id else {}
    awards = reading.shown_with(award_queries.standings(session, rfq_id), rfq, actor, cases)
    return render_template(
        "remedies/outcome.html",
        awards=awards,
        offers={
            award.award_id: case_views.offers(actor, award.document, own.get(award.award_id), cases)
            for award in awards
        },
        cases=cases,
        letters=letters,
        suppliers=organisations(session, bidders),
        **_frame(rfq),
    )


@pages.get("/letters/<uuid:letter_id>")
def letter(rfq_id: UUID, letter_id: UUID) -> str:
    """A letter, as one of both parties reads it."""
    session, actor = current_session(), current_actor()
    found = reading_letters.letter(session, actor, rfq_id, letter_id)
    return render_template(
        "remedies/letter.html",
        letter=letter_views.whole(found),
        supplier=organisation(session, found.supplier_id),
        place_of=pdf.place_of,
        judged=pdf.judged,
        finality=pdf.finality,
        **_frame(queries.get(session, actor, rfq_id)),
    )


@pages.get("/letters/<uuid:letter_id>/pdf")
def paper(rfq_id: UUID, letter_id: UUID) -> Response:
    return downloads.download(
        *reading_letters.paper(current_session(), current_actor(), rfq_id, letter_id)
    )


@pages.post("/awards/<uuid:award_id>/conclude")
def conclude(rfq_id: UUID, award_id: UUID) -> ResponseReturnValue:
    concluding.conclude(current_session(), current_actor(), rfq_id, award_id)
    flash(_("The award is final. Purchase orders are drafted."))
    return redirect(url_for("remedies.outcome", rfq_id=rfq_id), 303)


@pages.route("/awards/<uuid:award_id>/withdraw", methods=["GET", "POST"])
def withdraw(rfq_id: UUID, award_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = bid_queries.opened(session, actor, rfq_id)
    standing = award_queries.standing(session, rfq_id, award_id)
    posted = request.form if request.method == "POST" else None
    form = Form(ReasonSchema, posted)
    if form.valid:
        with form.guard():
            concluding.withdraw(session, actor, rfq_id, award_id, form.data["reason"])
    if not form.valid:
        page = render_template(
            "remedies/withdraw.html", form=form, standing=standing, **_frame(rfq)
        )
        return page, 200 if posted is None else 422
    flash(_("The decision is withdrawn. The bids are in evaluation again, and bidders are told."))
    return redirect(url_for("remedies.outcome", rfq_id=rfq_id), 303)


def _frame(rfq: Rfq) -> dict[str, Any]:
    actor = current_actor()
    return {
        "rfq": views.summary(rfq, actor, clock.now()),
        "tab": "outcome",
        "is_buyer": actor.org_id == rfq.buyer_id,
        "is_operator": actor.org_kind is OrgKind.OPERATOR,
        "may_draft": actor.may(Permission.RFQ_DRAFT),
    }
