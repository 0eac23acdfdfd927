"""Download for people. Uploads stand in the forms of the pages where the files belong."""

from uuid import UUID

from flask import Response

from marketplace.documents import downloads, service
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session

pages = PageBlueprint("documents", __name__, url_prefix="/documents")


@pages.get("/<uuid:document_id>")
def download(document_id: UUID) -> Response:
    return downloads.download(*service.fetch(current_session(), current_actor(), document_id))
