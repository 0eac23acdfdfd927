"""Addenda in the portal: the form, the differences before publication, what bidders read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.rfq.addenda import reading, wording
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.addenda.wanted import Wanted
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.http import views
from marketplace.rfq.http.addenda_api import read_wanted
from marketplace.rfq.http.addenda_schemas import AddendumFormSchema
from marketplace.rfq.http.bid_http import attempts_kept, service_keys
from marketplace.rfq.http.tables import filled_rows, row_count
from marketplace.rfq.services import addenda, confirming
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.lot_states import LotState
from marketplace.web import formats
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session
from marketplace.web.forms import Form, flash, whole_number

pages = PageBlueprint("rfq_addenda", __name__, url_prefix="/rfqs/<uuid:rfq_id>")

BLANK_ROWS = 3
MAX_ROWS = 1000


@pages.get("/addenda")
def listing(rfq_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    found = reading.addenda(session, actor, rfq)
    return render_template(
        "rfq/addenda.html",
        addenda=[shown(each) for each in reversed(found) if each.published_at],
        draft=next((each for each in found if each.published_at is None), None),
        rfq=views.summary(rfq, actor, clock.now()),
        tab="addenda",
        is_buyer=rfq.buyer_id == actor.org_id,
        is_operator=actor.org_kind is OrgKind.OPERATOR,
        may_draft=actor.may(Permission.RFQ_DRAFT),
        buyer=identity_queries.organisation(session, rfq.buyer_id),
    )


@pages.route("/addenda/new", methods=["GET", "POST"])
def new(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    for each in reading.addenda(session, actor, rfq):
        if each.published_at is None and request.method == "GET":
            return redirect(url_for("rfq_addenda.edit", rfq_id=rfq_id, addendum_id=each.id), 303)
    if request.method == "GET":
        return _form_page(rfq, Form(AddendumFormSchema, initial=_initial(rfq, None)), None)
    form = _posted_form()
    made: list[RfqAddendum] = []
    candidates = _save(
        form,
        lambda wanted: made.append(
            addenda.write(session, actor, rfq_id, wanted, form.data["reason"])
        ),
        rfq_id,
    )
    if not form.valid:
        return _form_page(_again(rfq_id), form, None, candidates), 422
    return redirect(url_for("rfq_addenda.check", rfq_id=rfq_id, addendum_id=made[0].id), 303)


@pages.route("/addenda/<uuid:addendum_id>", methods=["GET", "POST"])
def edit(rfq_id: UUID, addendum_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    addendum = reading.addendum(session, rfq_id, addendum_id)
    if addendum.published_at is not None:
        return redirect(url_for("rfq_addenda.listing", rfq_id=rfq_id), 303)
    if request.method == "GET":
        form = Form(AddendumFormSchema, initial=_initial(rfq, addendum))
        return _form_page(rfq, form, addendum)
    form = _posted_form()
    candidates = _save(
        form,
        lambda wanted: addenda.rewrite(
            session, actor, rfq_id, addendum_id, wanted, form.data["reason"], form.version
        ),
        rfq_id,
    )
    if not form.valid:
        return _form_page(_again(rfq_id), form, addendum, candidates), 422
    return redirect(url_for("rfq_addenda.check", rfq_id=rfq_id, addendum_id=addendum_id), 303)


@pages.get("/addenda/<uuid:addendum_id>/check")
def check(rfq_id: UUID, addendum_id: UUID) -> ResponseReturnValue:
    """What it would change, old beside new, and the deadline that it brings."""
    session, actor = current_session(), current_actor()
    queries.get_own(session, actor, rfq_id)
    addendum = reading.addendum(session, rfq_id, addendum_id)
    if addendum.published_at is not None:
        return redirect(url_for("rfq_addenda.listing", rfq_id=rfq_id), 303)
    preview = addenda.preview(session, actor, rfq_id, addendum_id)
    return render_template(
        "rfq/addendum_check.html",
        rfq=queries.get_own(session, actor, rfq_id),
        addendum=reading.addendum(session, rfq_id, addendum_id),
        preview=preview,
        rows=rows_of([each.to_json() for each in preview.changes]),
        may_publish=actor.may(Permission.RFQ_PUBLISH),
    )


@pages.post("/addenda/<uuid:addendum_id>/publish")
def publish(rfq_id: UUID, addendum_id: UUID) -> ResponseReturnValue:
    expected = whole_number(request.form.get("version", ""))
    addenda.publish(current_session(), current_actor(), rfq_id, addendum_id, expected)
    flash(_("The addendum is published. All bidders are told."))
    return redirect(url_for("rfq_addenda.listing", rfq_id=rfq_id), 303)


@pages.post("/addenda/<uuid:addendum_id>/discard")
def discard(rfq_id: UUID, addendum_id: UUID) -> ResponseReturnValue:
    expected = whole_number(request.form.get("version", ""))
    addenda.discard(current_session(), current_actor(), rfq_id, addendum_id, expected)
    flash(_("The addendum has been discarded. Bidders have seen nothing of it."))
    return redirect(url_for("rfq_addenda.listing", rfq_id=rfq_id), 303)


@pages.post("/bids/<uuid:bid_id>/confirm")
def confirm(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    """The supplier stands by the sealed prices of all touched lines."""
    with attempts_kept():
        receipt = confirming.confirm(
            current_session(),
            current_actor(),
            service_keys(),
            rfq_id,
            arrived_at(),
            bid_id=bid_id,
            terms_number=whole_number(request.form.get("terms_number", "")) or 0,
        )
    flash(_("Your prices for these lines stand. The receipt says so."))
    return redirect(_receipt_url(receipt), 303)


def _receipt_url(receipt: BidAttempt) -> str:
    return url_for(
        "bids.receipt",
        rfq_id=receipt.rfq_id,
        alternative=receipt.alternative,
        attempt_id=receipt.id,
    )


def rows_of(changes: Sequence[dict[str, Any]]) -> list[wording.Row]:
    """Changes as rows of a table."""
    return [wording.row(each) for each in changes]


def shown(addendum: RfqAddendum) -> dict[str, Any]:
    """A published addendum with its changes in words."""
    return {"addendum": addendum, "rows": rows_of(addendum.changes or [])}


def amended_frame(session: Session, door: Door, actor: Actor) -> dict[str, Any]:
    """What the page about a supplier's bid, or their RFQ, says about addenda."""
    amended = reading.of_bid(session, door)
    if amended is None or door.bid is None:
        return {"amended": None}
    return {
        "amended": amended,
        "amended_rows": rows_of([each.to_json() for each in amended.changes]),
        "bid": door.bid,
        "actions": bid_rules.actions_for(door.bid.state, door.rfq, actor, clock.now()),
    }


def _posted_form() -> Form:
    posted = filled_rows(request.form, "lots", ["title"])
    posted = filled_rows(posted, "lines", ["description", "quantity.value"])
    for index in range(row_count(posted, "lines")):
        unit = f"lines.{index}.quantity.unit"
        posted[unit] = posted.get(unit, "").strip() or "C62"
    return Form(AddendumFormSchema, posted)


def _save(form: Form, work: Any, rfq_id: UUID) -> list[str]:
    """Do the work with what the form wants; returns candidates of a time that comes twice."""
    candidates: list[str] = []
    if form.valid:
        with form.guard():
            try:
                work(read_wanted(rfq_id, form.data))
            except deadlines.AmbiguousLocalTime as refusal:
                candidates = refusal.data["candidates"]
                raise
    return candidates


def _again(rfq_id: UUID) -> Rfq:
    """The RFQ after what a refused form had begun was undone."""
    return queries.get_own_with_content(current_session(), current_actor(), rfq_id)


def _initial(rfq: Rfq, addendum: RfqAddendum | None) -> dict[str, Any]:
    """The RFQ as it is, with what the addendum wants otherwise."""
    wanted = Wanted.from_json(addendum.wanted) if addendum else Wanted()
    open_lots = [lot for lot in rfq.lots if lot.state is LotState.OPEN]
    numbers = {lot.id: lot.number for lot in open_lots}
    renamed = {each.id: each for each in wanted.criteria}
    due_at = wanted.bids_due_at
    present = {
        "description": rfq.description,
        "payment_terms_days": rfq.payment_terms_days,
        "delivery": {
            "street": rfq.delivery_street,
            "postal_code": rfq.delivery_postal_code,
            "city": rfq.delivery_city,
            "country": rfq.delivery_country,
        },
    }
    lines: Sequence[Any] = wanted.lines or [
        {
            "id": line.id,
            "lot": numbers[line.lot_id],
            "description": line.description,
            "quantity": line.quantity,
            "delivery_place": line.delivery_place,
            "delivery_on": line.delivery_on,
        }
        for line in rfq.lines
        if line.lot_id in numbers
    ]
    return {
        "reason": addendum.reason if addendum else "",
        "version": addendum.version if addendum else 0,
        "lots": wanted.lots or open_lots,
        "lines": lines,
        "criteria": [renamed.get(each.id, each) for each in rfq.criteria],
        "conditions": wanted.conditions or present,
        "bids_due_at": formats.local_input(due_at, rfq.time_zone) if due_at else None,
    }


def _form_page(
    rfq: Rfq, form: Form, addendum: RfqAddendum | None, candidates: list[str] | None = None
) -> str:
    if form.posted is None:
        lot_rows, line_rows = len(form.initial["lots"]), len(form.initial["lines"])
    else:
        lot_rows, line_rows = row_count(form.posted, "lots"), row_count(form.posted, "lines")
    return render_template(
        "rfq/addendum.html",
        form=form,
        rfq=rfq,
        addendum=addendum,
        candidates=candidates or [],
        lot_rows=lot_rows + 1,
        line_rows=line_rows + BLANK_ROWS,
        line_numbers={str(line.id): line.number for line in rfq.lines},
        lot_numbers={str(lot.id): lot.number for lot in rfq.lots},
        is_too_long=line_rows > MAX_ROWS,
    )
