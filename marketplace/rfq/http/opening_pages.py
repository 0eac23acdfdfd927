"""The tab with all bids for the buyer's people: sealed, being opened, or open."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.text import Text, _
from marketplace.documents import downloads
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.rules import DRAIN, WrongPassphrase
from marketplace.rfq.http import bid_views
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.rfq.http.evaluation_pages import frame
from marketplace.rfq.http.evaluation_schemas import OpenBidsSchema
from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.http.officer_schemas import ShareInputSchema, ShareLossInputSchema
from marketplace.rfq.opening import outage_queries, proof_queries
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening.models import RfqOpening, RfqPriceOpening
from marketplace.rfq.opening.outage_queries import OutageAtDeadline
from marketplace.rfq.services import ceremony, evaluation, opening
from marketplace.rfq.terms.states import RfqState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.forms import Form, flash

pages = PageBlueprint("opening", __name__, url_prefix="/rfqs/<uuid:rfq_id>/opening")


def overview(rfq_id: UUID) -> str:
    """The tab as it stands."""
    return page(queries.get_own(current_session(), current_actor(), rfq_id))


def page(rfq: Rfq, **forms: Form) -> str:
    """The tab; forms: those of an opening or of a ceremony that was refused."""
    return _opened(rfq, forms) if rfq.opened_at is not None else _sealed(rfq, forms)


@pages.post("")
def open_bids(rfq_id: UUID) -> ResponseReturnValue:
    done = _("All bids are open. Each one is exactly what its receipt says.")
    return _open(rfq_id, opening.open_bids, done)


@pages.post("/prices")
def open_prices(rfq_id: UUID) -> ResponseReturnValue:
    done = _("The prices are open. Those of excluded bids stay sealed.")
    return _open(rfq_id, opening.open_prices, done)


@pages.get("/minutes")
def minutes(rfq_id: UUID) -> Response:
    """The signed minutes as a file."""
    rfq = bid_queries.opened(current_session(), current_actor(), rfq_id)
    return _file(opening_queries.opening(current_session(), rfq_id), f"minutes-{rfq.number}.json")


@pages.get("/prices/minutes")
def price_minutes(rfq_id: UUID) -> Response:
    """The signed minutes of the second opening as a file."""
    rfq = bid_queries.opened(current_session(), current_actor(), rfq_id)
    found = opening_queries.price_opening(current_session(), rfq_id)
    return _file(found, f"price-minutes-{rfq.number}.json")


def _file(found: RfqOpening | RfqPriceOpening | None, name: str) -> Response:
    if found is None:
        raise NotFound(_("The bids have not been opened."))
    signed = bid_views.signed_file(found.statement, found.signature, service_keys().public_key())
    return downloads.as_file(signed, name, "application/json")


def _open(rfq_id: UUID, use_case: Callable[..., object], done: Text) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(OpenBidsSchema, request.form)
    if form.valid:
        try:
            take_in_journal()
            with undone_if_refused(), peeking_noted(rfq_id):
                use_case(session, actor, service_keys(), rfq_id, form.data["passphrase"])
        except OutageAtDeadline:
            return redirect(url_for("rfq_outages.rule", rfq_id=rfq_id), 303)
        except (Conflict, WrongPassphrase) as refusal:
            place = "passphrase" if isinstance(refusal, WrongPassphrase) else ""
            form.refuse(place, refusal.detail)
    if form.errors:
        return page(queries.get_own(session, actor, rfq_id), form=form), 422
    flash(done)
    return redirect(url_for("bids.show", rfq_id=rfq_id), 303)


def _sealed(rfq: Rfq, forms: dict[str, Form]) -> str:
    """The same for no bid and for many."""
    take_in_journal()
    session, now = current_session(), clock.now()
    opens_at = bid_rules.deadline_of(rfq) + DRAIN if rfq.bids_due_at else None
    is_ready = rfq.state_at(now) is RfqState.CLOSED and opens_at is not None and now >= opens_at
    return render_template(
        "rfq/bids/sealed.html",
        opens_at=opens_at,
        has_proofs=proof_queries.has_file(session, rfq, now),
        outage=outage_queries.at_deadline(session, rfq),
        **_steps(rfq, forms, is_ready=is_ready),
        **frame(rfq),
    )


def _opened(rfq: Rfq, forms: dict[str, Form]) -> str:
    session, actor = current_session(), current_actor()
    return render_template(
        "rfq/bids/opened.html",
        evaluation=evaluation.read(session, actor, rfq.id),
        minutes=opening_queries.opening(session, rfq.id),
        price_minutes=opening_queries.price_opening(session, rfq.id),
        has_proofs=proof_queries.has_file(session, rfq, clock.now()),
        unreadable=opening_queries.unreadable(session, rfq.id),
        award=award_queries.award_of(session, rfq.id),
        opens_at=bid_rules.deadline_of(rfq) + DRAIN,
        **(_steps(rfq, forms, is_ready=bool(rfq.quality_locked_at)) if rfq.prices_sealed else {}),
        **frame(rfq),
    )


def _steps(rfq: Rfq, forms: dict[str, Form], *, is_ready: bool) -> dict[str, Any]:
    """What the next opening needs: who may do it, and how far it has come."""
    actor = current_actor()
    return {
        "form": forms.get("form") or Form(OpenBidsSchema),
        "share_form": forms.get("share_form") or Form(ShareInputSchema),
        "loss_form": forms.get("loss_form") or Form(ShareLossInputSchema),
        "ceremony": ceremony.read(current_session(), actor, rfq.id) if rfq.published_at else None,
        "person_id": actor.person,
        "is_ready": is_ready,
        "may_open": actor.may(Permission.RFQ_OPEN) and is_ready,
        "may_rule": actor.may(Permission.RFQ_PUBLISH),
    }
