"""Sealing a bid in the supplier's browser: the page, and taking in what it has sealed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.errors import DomainError, NotFound
from marketplace.core.text import _
from marketplace.documents import downloads
from marketplace.rfq.bid_content import Terms
from marketplace.rfq.http import views
from marketplace.rfq.http.bid_http import attempts_kept, service_keys
from marketplace.rfq.http.sealed_schemas import (
    SealedBidInputSchema,
    SealedVersionSchema,
    SealingFactsSchema,
)
from marketplace.rfq.own_bid_routes import of_each_bid
from marketplace.rfq.services import locked_documents, sealed_bidding
from marketplace.rfq.services.sealed_bidding import SealingFacts
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import (
    arrived_at,
    current_actor,
    current_session,
    undone_if_refused,
)
from marketplace.web.forms import Form, flash

pages = PageBlueprint("sealed_bids", __name__, url_prefix="/rfqs/<uuid:rfq_id>/bids")


@of_each_bid(pages, "/seal")
def write(rfq_id: UUID, alternative: int) -> str:
    return _page(rfq_id, alternative, Form(SealedBidInputSchema))


@of_each_bid(pages, "/seal", methods=["POST"])
def send(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """Envelopes alone arrive here."""
    form = Form(SealedBidInputSchema, request.form)
    if form.valid:
        try:
            with undone_if_refused(), attempts_kept():
                stored = sealed_bidding.submit(
                    current_session(),
                    current_actor(),
                    service_keys(),
                    rfq_id,
                    arrived_at(),
                    form.data["offered"],
                    alternative,
                )
        except DomainError as refusal:
            form.refuse("", refusal.detail)
            for error in refusal.errors:
                form.refuse("", error.detail)
    if not form.valid:
        return _page(rfq_id, alternative, form), 422
    flash(_("Your sealed bid has arrived. This is its receipt."))
    receipt = url_for(
        "bids.receipt", rfq_id=rfq_id, alternative=alternative, attempt_id=stored.receipt.id
    )
    return redirect(receipt, 303)


@of_each_bid(pages, "/seal/documents/<uuid:document_id>", methods=["PUT"])
def lock_in(rfq_id: UUID, alternative: int, document_id: UUID) -> ResponseReturnValue:
    """Take the locked bytes of a document from the page's script, which shows what is refused."""
    session, actor = current_session(), current_actor()
    locked = request.get_data(cache=False)
    with _told_in_words():
        locked_documents.stage(session, actor, rfq_id, document_id, locked, alternative)
    return "", 204


@of_each_bid(pages, "/seal/documents/<uuid:document_id>")
def hand_back(rfq_id: UUID, alternative: int, document_id: UUID) -> Response:
    """The locked bytes, for the script of the page that has their key."""
    locked = locked_documents.locked_bytes(
        current_session(), current_actor(), rfq_id, document_id, alternative
    )
    return downloads.as_file(locked, f"{document_id}.locked", "application/octet-stream")


@of_each_bid(pages, "/seal/documents/<uuid:document_id>", methods=["DELETE"])
def take_out(rfq_id: UUID, alternative: int, document_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with _told_in_words():
        locked_documents.drop(session, actor, rfq_id, document_id, alternative)
    return "", 204


@contextmanager
def _told_in_words() -> Iterator[None]:
    """Answer a refusal with its words alone: no page is loaded that could show it."""
    try:
        with undone_if_refused():
            yield
    except DomainError as refusal:
        status = 404 if isinstance(refusal, NotFound) else 409
        abort(Response(str(refusal.detail), status, mimetype="text/plain"))


def _page(rfq_id: UUID, alternative: int, form: Form) -> str:
    session, actor = current_session(), current_actor()
    found = sealed_bidding.facts(session, actor, rfq_id, alternative)
    sealed = None
    if found.number > 1:
        version = sealed_bidding.sealed_version(session, actor, rfq_id, alternative)
        sealed = SealedVersionSchema().dump(version)
    return render_template(
        "rfq/bids/seal.html",
        form=form,
        rfq=views.summary(found.door.rfq, actor, clock.now()),
        tab="bids",
        alternative=alternative,
        is_buyer=False,
        terms=Terms.from_json(dict(found.terms)),
        facts=_facts(found, sealed),
    )


def _facts(found: SealingFacts, sealed: Any) -> dict[str, Any]:
    """What the page's script needs, and the words that it shows."""
    facts: dict[str, Any] = SealingFactsSchema(exclude=("terms",)).dump(found)
    return {
        **facts,
        "rfq_number": found.door.rfq.number,
        "currency": found.door.rfq.currency,
        "sealed": sealed,
        "words": {
            "price": str(_("A price is a number above zero with at most six decimals.")),
            "no_price": str(_("Give a price for at least one line.")),
            "required": str(_("This must be answered.")),
            "number": str(_("Write a number, such as 1250 or 12.5.")),
            "name": str(
                _("Name the alternative, so that the buyer can tell it from your other bids.")
            ),
            "days": str(_("A delivery time is a whole number of days, at most 3,650.")),
            "read_back": str(_("Your submitted bid was read back in this browser.")),
            "wrong_key": str(_("This key does not open the submitted bid.")),
        },
    }
