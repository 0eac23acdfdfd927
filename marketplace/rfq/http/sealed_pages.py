"""Sealing a bid in the supplier's browser: the page, and taking in what it has sealed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from babel.numbers import get_decimal_symbol
from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from marketplace.core import clock
from marketplace.core.errors import DomainError, NotFound
from marketplace.core.money import exponent
from marketplace.core.text import _, language
from marketplace.documents import downloads
from marketplace.documents.rules import MAX_BYTES, TYPES
from marketplace.rfq.bids.bundling import MAX_BUNDLES
from marketplace.rfq.bids.rules import MAX_DOCUMENTS
from marketplace.rfq.http import bid_form, seal_words, views
from marketplace.rfq.http.bid_http import attempts_kept, service_keys
from marketplace.rfq.http.bid_schemas import BidFormSchema
from marketplace.rfq.http.own_bid_routes import of_each_bid
from marketplace.rfq.http.sealed_schemas import (
    SealedBidInputSchema,
    SealedVersionSchema,
    SealingFactsSchema,
)
from marketplace.rfq.services import locked_documents, sealed_bidding
from marketplace.rfq.services.locked_documents import LockedDocument
from marketplace.rfq.services.sealed_bidding import SealingFacts
from marketplace.rfq.terms.asked import Terms
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
    sent = Form(SealedBidInputSchema, request.form)
    if sent.valid:
        try:
            with undone_if_refused(), attempts_kept():
                stored = sealed_bidding.submit(
                    current_session(),
                    current_actor(),
                    service_keys(),
                    rfq_id,
                    arrived_at(),
                    sent.data["offered"],
                    alternative,
                )
        except DomainError as refusal:
            sent.refuse("", refusal.detail)
            for error in refusal.errors:
                sent.refuse("", error.detail)
    if not sent.valid:
        return _page(rfq_id, alternative, sent), 422
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


def _page(rfq_id: UUID, alternative: int, sent: Form) -> str:
    session, actor = current_session(), current_actor()
    found = sealed_bidding.facts(session, actor, rfq_id, alternative)
    kept = locked_documents.listed(session, actor, rfq_id, alternative)
    sealed = None
    if found.number > 1:
        version = sealed_bidding.sealed_version(session, actor, rfq_id, alternative)
        sealed = SealedVersionSchema().dump(version)
    terms = Terms.from_json(dict(found.terms))
    return render_template(
        "rfq/bids/seal.html",
        sent=sent,
        # the fields are those of the usual form; they are filled in, and read, by the page's script
        form=Form(BidFormSchema, initial=bid_form.blank(terms)),
        rfq=views.summary(found.door.rfq, actor, clock.now()),
        tab="bids",
        alternative=alternative,
        is_buyer=False,
        terms=terms,
        lot_options=[(lot.id, f"{lot.number}. {lot.title}") for lot in terms.lots],
        bundle_rows=MAX_BUNDLES,
        facts=_facts(found, terms, sealed, kept),
    )


def _facts(
    found: SealingFacts, terms: Terms, sealed: Any, kept: Sequence[LockedDocument]
) -> dict[str, Any]:
    """What the page's scripts need, and the words that they show."""
    rfq_id, alternative = found.door.rfq.id, found.alternative
    facts: dict[str, Any] = SealingFactsSchema().dump(found)
    return {
        **facts,
        "rfq_number": found.door.rfq.number,
        "sealed": sealed,
        "places": {currency: exponent(currency) for currency in terms.currencies},
        "bundle_rows": MAX_BUNDLES,
        "language": language(),
        "decimal_sign": get_decimal_symbol(language()),
        "documents_url": url_for("sealed_bids.write", rfq_id=rfq_id, alternative=alternative)
        + "/documents",
        "extensions": [each for kinds in TYPES.values() for each in kinds],
        "largest_file": MAX_BYTES,
        "most_documents": MAX_DOCUMENTS,
        "kept_documents": [str(each.id) for each in kept],
        "words": seal_words.in_words(),
    }


@pages.app_template_filter()
def nameless(fields: Markup) -> Markup:
    """Fields as HTML without names, so that no browser can ever send them; scripts find them.

    Text in HTML has no plain quotation marks, so that none of it is taken for a name.
    """
    return Markup(' data-name="').join(fields.split(' name="'))
