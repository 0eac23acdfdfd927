"""Bids for partners: draft, submit, replace, withdraw, and the receipts of all attempts."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.documents.schemas import UploadSchema
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.identity.queries import organisations
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import own as own_bids
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.evaluation import price_sight
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.http import bid_views
from marketplace.rfq.http.bid_http import (
    READ_BACK_PARAMETER,
    attempts_kept,
    document_response,
    peeking_noted,
    read_back_header,
    service_keys,
)
from marketplace.rfq.http.bid_schemas import (
    BidCreateSchema,
    BidDocumentSchema,
    BidInputSchema,
    BidListSchema,
    BidSchema,
)
from marketplace.rfq.http.bid_views import BidView
from marketplace.rfq.http.receipt_schemas import (
    BidReceiptListSchema,
    BidReceiptSchema,
    ReceiptKeySchema,
)
from marketplace.rfq.services import bid_drafts, bidding
from marketplace.rfq.terms.bid_states import READABLE
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import arrived_at, current_actor, current_session

# what an idempotent repeat does not get: it would have to be kept readable until then
SECRET = ("read_back_key", "content", "draft")

blp = ApiBlueprint("bids", __name__, url_prefix="/rfqs", description="Sealed bids and receipts")
receipt_blp = ApiBlueprint(
    "receipts", __name__, url_prefix="/receipts", description="How receipts are verified"
)


@blp.route("/<uuid:rfq_id>/bids")
class Bids(MethodView):
    @blp.doc(parameters=[READ_BACK_PARAMETER])
    @blp.response(200, BidListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List bids: the supplier's own; for the buyer all, once they have been opened."""
        actor = current_actor()
        if actor.org_kind is not OrgKind.SUPPLIER:
            return {"items": _opened(actor, rfq_id), "next_cursor": None}
        return {"items": _owns(actor, rfq_id), "next_cursor": None}

    @blp.idempotent(required=True, redact=SECRET)
    @blp.arguments(BidCreateSchema)
    @blp.response(201, BidSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> BidView:
        """Keep a draft, or with `submit` submit at once: of the main bid, or an alternative."""
        if data["submit"]:
            return _submit(rfq_id, data["content"], data["alternative"])
        actor = current_actor()
        bid = bid_drafts.save(
            current_session(),
            actor,
            service_keys(),
            rfq_id,
            data["content"],
            alternative=data["alternative"],
        )
        return _read(actor, rfq_id, bid.id)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>")
class OneBid(MethodView):
    @blp.doc(parameters=[READ_BACK_PARAMETER])
    @blp.response(200, BidSchema)
    def get(self, rfq_id: UUID, bid_id: UUID) -> BidView:
        """Read a bid. Before the opening only its supplier can, with the read-back key."""
        return _read(current_actor(), rfq_id, bid_id)

    @blp.arguments(BidInputSchema)
    @blp.response(200, BidSchema)
    def put(self, content: BidContent, rfq_id: UUID, bid_id: UUID) -> BidView:
        """Write the draft anew. A submitted bid stays valid until the draft is submitted."""
        session, actor = current_session(), current_actor()
        own = bid_queries.own_bid(session, actor, rfq_id, bid_id)
        bid_drafts.save(
            session,
            actor,
            service_keys(),
            rfq_id,
            content,
            alternative=own.alternative,
            expected=expected_version(),
        )
        return _read(actor, rfq_id, bid_id)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/submit")
class BidSubmission(MethodView):
    @blp.idempotent(required=True, redact=SECRET)
    @blp.response(200, BidSchema)
    def post(self, rfq_id: UUID, bid_id: UUID) -> BidView:
        """Seal and submit the draft. It counts if this request has arrived by the deadline."""
        own = bid_queries.own_bid(current_session(), current_actor(), rfq_id, bid_id)
        return _submit(rfq_id, None, own.alternative)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/withdraw")
class BidWithdrawal(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, BidReceiptSchema)
    def post(self, rfq_id: UUID, bid_id: UUID) -> BidAttempt:
        """Take the bid back."""
        session, actor = current_session(), current_actor()
        own = bid_queries.own_bid(session, actor, rfq_id, bid_id)
        with attempts_kept():
            return bidding.withdraw(
                session,
                actor,
                service_keys(),
                rfq_id,
                arrived_at(),
                alternative=own.alternative,
                expected=_seen_version(),
            )


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/revise")
class BidRevision(MethodView):
    @blp.idempotent(redact=SECRET)
    @blp.doc(parameters=[{**READ_BACK_PARAMETER, "required": True}])
    @blp.response(200, BidSchema)
    def post(self, rfq_id: UUID, bid_id: UUID) -> BidView:
        """Begin a replacement with a copy of the submitted bid."""
        session, actor = current_session(), current_actor()
        own = bid_queries.own_bid(session, actor, rfq_id, bid_id)
        bid_drafts.revise(
            session,
            actor,
            service_keys(),
            rfq_id,
            read_back_header() or b"",
            alternative=own.alternative,
        )
        return _read(actor, rfq_id, bid_id)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/documents")
class BidDocuments(MethodView):
    @blp.idempotent(redact=("name", "media_type", "size", "sha256"))
    @blp.arguments(UploadSchema, location="files")
    @blp.response(201, BidDocumentSchema)
    def post(self, files: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> SealedDocument:
        """Add a document to the draft (multipart/form-data, part `file`)."""
        session, actor, file = current_session(), current_actor(), files["file"]
        own = bid_queries.own_bid(session, actor, rfq_id, bid_id)
        return bid_drafts.attach(
            session,
            actor,
            service_keys(),
            rfq_id,
            filename=file.filename or "",
            content_type=file.mimetype,
            content=file.stream.read(),
            alternative=own.alternative,
        )


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/documents/<uuid:document_id>")
class OneBidDocument(MethodView):
    @blp.doc(parameters=[READ_BACK_PARAMETER])
    @blp.response(200, content_type="application/octet-stream")
    def get(self, rfq_id: UUID, bid_id: UUID, document_id: UUID) -> Response:
        """The bytes of a document."""
        return document_response(rfq_id, bid_id, document_id, read_back_header())

    @blp.response(204)
    def delete(self, rfq_id: UUID, bid_id: UUID, document_id: UUID) -> None:
        """Take a document out of the draft."""
        session, actor = current_session(), current_actor()
        own = bid_queries.own_bid(session, actor, rfq_id, bid_id)
        expected_version()
        bid_drafts.detach(
            session, actor, service_keys(), rfq_id, document_id, alternative=own.alternative
        )


@blp.route("/<uuid:rfq_id>/receipts")
class Receipts(MethodView):
    @blp.response(200, BidReceiptListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """All attempts of the supplier, accepted and refused, newest first."""
        session, actor = current_session(), current_actor()
        bid_queries.door(session, actor, rfq_id)
        return {"items": bid_queries.attempts(session, actor, rfq_id)}


@receipt_blp.route("/key")
class ReceiptKey(MethodView):
    @receipt_blp.response(200, ReceiptKeySchema)
    def get(self) -> dict[str, str]:
        """The public key that verifies the signatures of receipts and opening minutes."""
        return {"algorithm": "Ed25519", "public_key": service_keys().public_key().hex()}


def _submit(rfq_id: UUID, content: BidContent | None, alternative: int) -> BidView:
    actor = current_actor()
    with attempts_kept():
        done = bidding.submit(
            current_session(),
            actor,
            service_keys(),
            rfq_id,
            arrived_at(),
            content,
            alternative=alternative,
            expected=_seen_version(),
        )
    return bid_views.submitted(done, actor)


def _seen_version() -> int | None:
    """If-Match, which a submission may leave out: the last one sent counts."""
    return expected_version() if "If-Match" in request.headers else None


def _owns(actor: Actor, rfq_id: UUID) -> list[BidView]:
    """The supplier's own bids, the main one first: so many as the RFQ allows at most."""
    session = current_session()
    queries.get(session, actor, rfq_id)
    found = own_bids.listed(session, actor, rfq_id)
    return [_own(actor, rfq_id, each.bid) for each in found]


def _own(actor: Actor, rfq_id: UUID, bid: Bid) -> BidView:
    session = current_session()
    read = bid_drafts.read(
        session, actor, service_keys(), rfq_id, read_back_header(), alternative=bid.alternative
    )
    if bid.state in READABLE:
        offer = bid_queries.offer(session, rfq_id, bid.id)
        view = bid_views.opened(bid, offer, read.terms, actor.org_name)
        return replace(view, exclusion=evaluation_queries.own_exclusion(session, actor, bid.id))
    return bid_views.own(bid, read, actor)


def _opened(actor: Actor, rfq_id: UUID) -> list[BidView]:
    session = current_session()
    with peeking_noted(rfq_id):
        rfq = bid_queries.opened(session, actor, rfq_id)
    shown = price_sight.prices_shown(session, actor, rfq)
    offers = {offer.bid_id: offer for offer in bid_queries.offers(session, rfq_id, priced=shown)}
    terms = bid_queries.terms(session, rfq_id)
    names = organisations(session, (offer.supplier_id for offer in offers.values()))
    return [
        bid_views.opened(bid, offers[bid.id], terms, names[bid.supplier_id].name, priced=shown)
        for bid in bid_queries.readable_bids(session, rfq_id)
    ]


def _read(actor: Actor, rfq_id: UUID, bid_id: UUID) -> BidView:
    if actor.org_kind is OrgKind.SUPPLIER:
        own = bid_queries.own_bid(current_session(), actor, rfq_id, bid_id)
        if own.bid is not None:
            return _own(actor, rfq_id, own.bid)
    for view in _opened(actor, rfq_id):
        if view.id == bid_id:
            return view
    raise NotFound(_("There is no such bid."))
