"""Planning an auction: one form for all three types, filled with what is usual."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.auctions.schemas import AuctionInputSchema
from marketplace.auctions.services import planning
from marketplace.auctions.states import AuctionType, Beat, DecrementKind, Display, LotOrder
from marketplace.core import clock
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.services import evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.web import rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("auction_plans", __name__, url_prefix="/rfqs/<uuid:rfq_id>/auction/plan")

BANDS = 3


@pages.route("", methods=["GET", "POST"])
def plan(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = evaluation.read(session, actor, rfq_id)
    if request.method == "GET":
        return _page(compared, Form(AuctionInputSchema, initial=_usual(compared.rfq)))
    form = Form(AuctionInputSchema, _tidied(request.form))
    if form.valid:
        with form.guard():
            planning.plan(session, actor, rfq_id, form.data["draft"])
    if not form.valid:
        _as_posted(form, request.form)
        return _page(compared, form), 422
    flash(_("The auction is planned, and its bidders are told."))
    return redirect(url_for("auctions.show", rfq_id=rfq_id), 303)


def _page(compared: Evaluation, form: Form) -> str:
    return render_template(
        "auctions/plan.html",
        form=form,
        rfq=compared.rfq,
        currency=_currency(compared, form.values("excluded_supplier_ids")),
        lots=compared.undecided.lots,
        bidders=[(str(supplier_id), name) for supplier_id, name in compared.bidders.items()],
        types=list(AuctionType),
        orders=list(LotOrder),
        displays=list(Display),
        beats=list(Beat),
        decrements=list(DecrementKind),
        bands=BANDS,
    )


def _currency(compared: Evaluation, excluded: Collection[str]) -> str:
    """The one currency of those who would take part; that of the RFQ where there are several."""
    found = {
        compared.conversions[offer.bid_id].currency
        for offer in compared.offers
        if str(offer.supplier_id) not in excluded
    }
    return found.pop() if len(found) == 1 else compared.terms.currency


def _usual(rfq: Rfq) -> dict[str, Any]:
    """The announced start, else tomorrow at the full hour; half an hour, half a per cent."""
    now, announced = clock.now(), rfq.auction_starts_at
    tomorrow = (now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    return {
        "type": AuctionType.ENGLISH,
        "starts_at": announced if announced and announced > now else tomorrow,
        "lot_order": LotOrder.PARALLEL,
        "display": Display.BOTH,
        "beat": Beat.OWN,
        "decrement": {"kind": DecrementKind.PERCENT, "value": "0.5"},
        "overtime": {"trigger_seconds": 120, "extension_seconds": 120},
        "length_seconds": 1800,
        "interval_seconds": 60,
        "pause_between_seconds": 0,
    }


def _tidied(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """Without blank bands, lots that were left out, and prices that nobody filled in."""
    kept = rows.filled(posted, "decrement.bands", ["from_price", "value"])
    kept = rows.filled(kept, "lots", ["wanted"])
    blank = {
        name.removesuffix("amount")
        for name, value in kept.items()
        if name.startswith("lots.") and name.endswith(".amount") and not value.strip()
    }
    return MultiDict(
        (name, value)
        for name, value in kept.items(multi=True)
        if not any(name.startswith(prefix) for prefix in blank)
    )


def _as_posted(form: Form, posted: MultiDict[str, str]) -> None:
    """Show what was typed, with the errors at the rows as they were numbered there."""
    form.posted = posted
    for table, telling in (("lots", ["wanted"]), ("decrement.bands", ["from_price", "value"])):
        numbers = [
            number
            for number in range(rows.count(posted, table))
            if any(posted.get(f"{table}.{number}.{name}") for name in telling)
        ]
        form.errors = {
            _renamed(name, table, numbers): messages for name, messages in form.errors.items()
        }


def _renamed(name: str, table: str, numbers: list[int]) -> str:
    index, dot, field = name.removeprefix(f"{table}.").partition(".")
    if not name.startswith(f"{table}.") or not index.isdecimal() or int(index) >= len(numbers):
        return name
    return f"{table}.{numbers[int(index)]}{dot}{field}"
