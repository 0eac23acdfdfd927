"""After the opening, for the buyer's people: compare, score, rank, award."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.errors import Conflict, DomainError, Invalid, NotFound, Stale
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import choices as award_choices
from marketplace.rfq.awards import lot_rules, round_rules, turnout_rules
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards import rules as award_rules
from marketplace.rfq.awards.choices import ChosenLine
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.rules import JustificationRequired, NamesALoser
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import (
    low_price_rules,
    price_sight,
    reversals,
    sensitivity,
    total_costs,
)
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.graders import rules as grading_rules
from marketplace.rfq.evaluation.missing_rules import LineView
from marketplace.rfq.evaluation.models import BidScore
from marketplace.rfq.http import (
    award_form,
    bid_views,
    evaluation_views,
    information_views,
    missing_views,
    views,
)
from marketplace.rfq.http.award_schemas import UnsuccessfulSchema
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.evaluation_schemas import BidScoresSchema
from marketplace.rfq.services import awarding, evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.asked import Criterion
from marketplace.rfq.terms.states import RfqState
from marketplace.suppliers import queries as supplier_queries
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("evaluation", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.get("/bids/<uuid:bid_id>")
def one_bid(rfq_id: UUID, bid_id: UUID) -> str:
    """Everything that one opened bid says."""
    session = current_session()
    with peeking_noted(rfq_id):
        rfq = bid_queries.opened(session, current_actor(), rfq_id)
    shown = price_sight.prices_shown(session, current_actor(), rfq)
    offer = bid_queries.offer(session, rfq_id, bid_id, priced=shown)
    terms = bid_queries.terms(session, rfq_id)
    return render_template(
        "rfq/bids/one.html",
        offer=offer,
        bidder=offer.bidder(identity_queries.organisation(session, offer.supplier_id).name),
        content=bid_views.offer_view(
            offer, terms, priced=shown and bid_views.is_priced(rfq, offer)
        ),
        exclusion=evaluation_queries.exclusion(session, rfq_id, bid_id),
        may_rule=_may_rule(rfq),
        terms=terms,
        **frame(rfq),
    )


@pages.get("/evaluation/bids/<uuid:bid_id>")
def explain(rfq_id: UUID, bid_id: UUID) -> str:
    """Every point of one bid: its answer, the weight, the formula with figures, who scored."""
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = evaluation.read_priced(session, actor, rfq_id)
    ranks = [
        (lot.lot_id, rank) for lot in compared.lots for rank in lot.ranks if rank.bid_id == bid_id
    ]
    if not ranks:
        raise NotFound(_("There is no such bid."))
    scorers = {score.scored_by for score in compared.scores.values() if isinstance(score, BidScore)}
    return render_template(
        "rfq/bids/explained.html",
        evaluation=compared,
        bid_id=bid_id,
        ranks=ranks,
        offer=next(offer for offer in compared.offers if offer.bid_id == bid_id),
        people=identity_queries.people(session, scorers),
        formula=evaluation_views.formula,
        outlier_rule=grading_rules.OUTLIER_RULE,
        **frame(compared.rfq),
    )


@pages.get("/evaluation")
def compare(rfq_id: UUID) -> str:
    """The comparison matrix, the scores and the ranking; before prices are seen, the scores."""
    with peeking_noted(rfq_id):
        compared = evaluation.read(current_session(), current_actor(), rfq_id)
    return _evaluation_page(compared, Form(BidScoresSchema, initial=_given_scores(compared)))


@pages.post("/evaluation/scores")
def score(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(BidScoresSchema, without_blank_scores(request.form))
    if form.valid:
        with form.guard():
            evaluation.score(session, actor, rfq_id, form.data["scores"])
    if not form.valid:
        form.posted = request.form
        return _evaluation_page(evaluation.read(session, actor, rfq_id), form), 422
    flash(_("The scores are saved."))
    return redirect(url_for("evaluation.compare", rfq_id=rfq_id) + "#ranking", 303)


@pages.get("/award")
def award(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = evaluation.read(session, actor, rfq_id)
    if not (compared.prices_shown and compared.terms.asks_prices):
        return redirect(url_for("evaluation.compare", rfq_id=rfq_id), 303)
    if not compared.open_lots and (decided := award_queries.awards_of(session, rfq_id)):
        return _awarded_page(compared, decided)
    return award_page(compared, {})


@pages.get("/awards")
def awards(rfq_id: UUID) -> str:
    """The decisions that stand, while further lots may be open."""
    session, actor = current_session(), current_actor()
    compared = evaluation.read_priced(session, actor, rfq_id)
    return _awarded_page(compared, award_queries.awards_of(session, rfq_id))


@pages.post("/award/check")
def check_award(rfq_id: UUID) -> ResponseReturnValue:
    """What the choice amounts to, before it is made for good."""
    session, actor, form = current_session(), current_actor(), Form(UnsuccessfulSchema)
    compared = evaluation.read_priced(session, actor, rfq_id)
    chosen = award_form.chosen_in(request.form)
    try:
        lines = award_choices.chosen_lines(
            compared.terms,
            compared.cells,
            compared.lots,
            award_form.choices(compared.terms, chosen),
            compared.bundles,
            compared.rounds.winners,
        )
        lot_rules.check_open(compared.rfq_lots, {line.asked.lot_id for line in lines})
        turnout_rules.check_ruled(compared.turnouts, {line.asked.lot_id for line in lines})
        award_rules.check_bids_of_suppliers(lines, compared.supplier_of)
        award_rules.check_minimums(lines, compared.minimums)
        award_rules.check_decidable(compared.lots, lines)
        award_rules.check_costs_known(compared.lots, lines)
    except (Invalid, Conflict) as refusal:
        _take(form, refusal)
        return award_page(compared, chosen, form), 422
    return _check_page(compared, chosen, lines, form)


@pages.post("/award")
def decide(rfq_id: UUID) -> ResponseReturnValue:
    session, actor, form = current_session(), current_actor(), Form(UnsuccessfulSchema)
    chosen = award_form.chosen_in(request.form)
    version = request.form.get("version", "")
    try:
        with session.begin_nested():
            awarding.award(
                session,
                actor,
                rfq_id,
                list(award_form.choices(bid_queries.terms(session, rfq_id), chosen)),
                request.form.get("justification", ""),
                reasons=request.form.get("reasons", "")[:5000],
                expected=int(version) if version.isdecimal() else None,
            )
    except (JustificationRequired, NamesALoser) as refusal:
        _take(form, refusal)
        compared = evaluation.read(session, actor, rfq_id)
        lines = award_choices.chosen_lines(
            compared.terms,
            compared.cells,
            compared.lots,
            award_form.choices(compared.terms, chosen),
            compared.bundles,
            compared.rounds.winners,
        )
        return _check_page(compared, chosen, lines, form), 422
    except (Invalid, Conflict, Stale) as refusal:
        _take(form, refusal)
        return award_page(evaluation.read(session, actor, rfq_id), chosen, form), 422
    flash(_("The decision is taken, and all bidders are told."))
    return redirect(url_for("evaluation.award", rfq_id=rfq_id), 303)


@pages.route("/unsuccessful", methods=["GET", "POST"])
def close_unsuccessful(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = bid_queries.opened(session, actor, rfq_id)
    posted = request.form if request.method == "POST" else None
    form = Form(UnsuccessfulSchema, posted, initial={"version": rfq.version})
    if form.valid:
        with form.guard():
            awarding.close_unsuccessful(
                session, actor, rfq_id, form.data["reason"], expected=form.version
            )
    if not form.valid:
        page = render_template("rfq/bids/unsuccessful.html", form=form, **frame(rfq))
        return page, 200 if posted is None else 422
    flash(_("The event has ended without an award. All bidders are told."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)


def frame(rfq: Rfq) -> dict[str, Any]:
    """What every page about opened bids shows around its content."""
    actor = current_actor()
    return {
        "rfq": views.summary(rfq, actor, clock.now()),
        "tab": "bids",
        "is_buyer": True,
        "may_draft": actor.may(Permission.RFQ_DRAFT),
        "currency": rfq.currency,
        "rounded": total_costs.rounded,
    }


def _knocked_out(compared: Evaluation) -> list[tuple[BidOffer, Criterion]]:
    return [
        (compared.offer_by_id[each.bid_id], each.criterion)
        for each in compared.pregrades.values()
        if each.is_knocked_out
    ]


def _awarded_page(compared: Evaluation, decided: Sequence[Award]) -> str:
    return render_template(
        "rfq/bids/awarded.html",
        awards=[evaluation_views.award(each) for each in decided],
        evaluation=compared,
        **frame(compared.rfq),
    )


def _evaluation_page(compared: Evaluation, form: Form) -> str:
    asks_prices = compared.terms.asks_prices
    asked = request.args.get("lines", "")
    view = LineView(asked) if asked in list(LineView) else LineView.OFFERED
    return render_template(
        "rfq/bids/evaluation.html" if asks_prices else "rfq/bids/answers.html",
        grades={} if asks_prices else information_views.grades(compared),
        scores={} if asks_prices else information_views.scores(compared),
        answer_of=information_views.answer_of,
        documents_of=bid_views.documents_of,
        evaluation=compared,
        line_views=list(LineView),
        line_view=view,
        seen_lots=missing_views.lots(current_session(), compared, view),
        unconfirmed={offer.bid_id: offer.unconfirmed for offer in compared.offers},
        form=form,
        formula=evaluation_views.formula,
        sensitivity=sensitivity.of,
        weights=sensitivity.of_each,
        sections=sensitivity.of_sections,
        reversals=reversals.of,
        pregrades=compared.pregrades,
        low_prices=low_price_rules.flagged(compared.lots),
        knocked_out=_knocked_out(compared),
        tie_rule=evaluation_views.TIE_RULE,
        may_score=_may_rule(compared.rfq)
        and compared.rfq.quality_locked_at is None
        and not compared.grading,
        is_grader=any(
            each.grader.person_id == current_actor().person_id for each in compared.grading
        ),
        outlier_rule=grading_rules.OUTLIER_RULE,
        may_rule=_may_rule(compared.rfq),
        may_lock=bool(compared.terms.judged),
        **frame(compared.rfq),
    )


def _may_rule(rfq: Rfq) -> bool:
    return current_actor().may(Permission.RFQ_EVALUATE) and rfq.state is RfqState.OPENED


def _check_page(
    compared: Evaluation, chosen: dict[str, str], lines: list[ChosenLine], form: Form
) -> str:
    """What the choice amounts to; after a refusal with what was typed."""
    departing = round_rules.departures(compared.rounds, lines)
    return render_template(
        "rfq/bids/award_check.html",
        evaluation=compared,
        lines=lines,
        chosen=chosen,
        totals=award_form.totals(compared, lines),
        unawarded=award_form.unawarded(compared, lines),
        reason_needed=bool(departing) or any(not line.is_best for line in lines),
        departing=departing,
        lot_numbers={lot.id: lot.number for lot in compared.terms.lots},
        form=form,
        typed=request.form,
        **frame(compared.rfq),
    )


def award_page(compared: Evaluation, chosen: dict[str, str], form: Form | None = None) -> str:
    """The award to be decided; ``chosen`` fills it in, by the names of its fields."""
    winners = {rank.supplier_id for lot in compared.lots for rank in lot.ranks}
    return render_template(
        "rfq/bids/award.html",
        evaluation=compared,
        chosen=chosen,
        form=form or Form(UnsuccessfulSchema),
        blocked=supplier_queries.blocked_ids(current_session(), winners),
        **frame(compared.rfq),
    )


def _given_scores(compared: Evaluation) -> dict[str, Any]:
    """Every bid and criterion with its row, as the form numbers them; grades propose a score."""
    rows = []
    graded = compared.pregrades
    for offer in compared.offers:
        for criterion in compared.terms.judged:
            place = (offer.bid_id, criterion.id)
            given, proposed = compared.scores.get(place), graded.get(place)
            if isinstance(given, BidScore):
                rows.append({"score": given.score, "comment": given.comment})
            else:
                rows.append({"score": proposed.proposed_score} if proposed else {})
    return {"scores": rows}


def without_blank_scores(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """A bid may be scored later: rows without a score are left out."""
    blank = {
        name.removesuffix(".score") + "."
        for name, value in posted.items()
        if name.endswith(".score") and not value.strip()
    }
    return MultiDict(
        (name, value)
        for name, value in posted.items(multi=True)
        if not any(name.startswith(row) for row in blank)
    )


def _take(form: Form, refusal: DomainError) -> None:
    form.refuse("", refusal.detail)
    for error in refusal.errors:
        form.refuse("", error.detail)
