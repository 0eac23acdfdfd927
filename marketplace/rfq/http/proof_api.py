"""Proofs for partners: the digest list of the closing, the opening file, single receipts."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from marketplace.documents import downloads
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http.bid_http import service_keys
from marketplace.rfq.http.proof_schemas import SignedPaperSchema
from marketplace.rfq.proofs.papers import Signed
from marketplace.rfq.services import proving
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "rfq-proofs", __name__, url_prefix="/rfqs", description="What verifies an opening offline"
)


@blp.route("/<uuid:rfq_id>/closing")
class Closing(MethodView):
    @blp.response(200, SignedPaperSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """The signed digest list, from thirty seconds after the deadline; the same for all."""
        signed = proving.closing(current_session(), current_actor(), service_keys(), rfq_id)
        return _paper(signed)


@blp.route("/<uuid:rfq_id>/opening-file")
class OpeningFile(MethodView):
    @blp.response(200, content_type="application/json")
    def get(self, rfq_id: UUID) -> Response:
        """All that this reader may know of closing and opening, for `verify-opening`."""
        file = proving.opening_file(current_session(), current_actor(), service_keys(), rfq_id)
        return downloads.as_file(file.content, file.name, "application/json")


@blp.route("/<uuid:rfq_id>/receipts/<uuid:attempt_id>")
class OneReceipt(MethodView):
    @blp.response(200, SignedPaperSchema)
    def get(self, rfq_id: UUID, attempt_id: UUID) -> dict[str, Any]:
        """A receipt of the supplier's own, for `verify-receipt`."""
        session, actor = current_session(), current_actor()
        bid_queries.door(session, actor, rfq_id)
        attempt = bid_queries.attempt(session, actor, rfq_id, attempt_id)
        return _paper(Signed(attempt.statement, attempt.signature))


def _paper(signed: Signed) -> dict[str, Any]:
    key = service_keys().public_key().hex()
    return {**signed.to_json(), "public_key": key, "algorithm": "Ed25519"}
