"""Proofs for people: files to take away, and how they are verified."""

from uuid import UUID

from flask import Response, render_template

from marketplace.documents import downloads
from marketplace.rfq.asking import queries
from marketplace.rfq.http import bid_views
from marketplace.rfq.http.bid_http import service_keys
from marketplace.rfq.proofs import papers
from marketplace.rfq.services import proving
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session

pages = PageBlueprint("proofs", __name__)


@pages.get("/verifying")
@pages.public
def explain() -> str:
    """How a receipt and an opening are verified without the marketplace, for anybody."""
    key = service_keys().public_key()
    return render_template(
        "rfq/verifying.html", public_key=key.hex(), fingerprint=papers.sha256(key)
    )


@pages.get("/rfqs/<uuid:rfq_id>/closing/file")
def closing(rfq_id: UUID) -> Response:
    """The digest list, the same bytes for everybody."""
    session, actor, keys = current_session(), current_actor(), service_keys()
    signed = proving.closing(session, actor, keys, rfq_id)
    number = queries.get(session, actor, rfq_id).number
    content = bid_views.signed_file(signed.statement, signed.signature, keys.public_key())
    return downloads.as_file(content, f"closing-{number}.json", "application/json")


@pages.get("/rfqs/<uuid:rfq_id>/opening/file")
def opening(rfq_id: UUID) -> Response:
    """The opening file, with what this reader may know."""
    file = proving.opening_file(current_session(), current_actor(), service_keys(), rfq_id)
    return downloads.as_file(file.content, file.name, "application/json")
