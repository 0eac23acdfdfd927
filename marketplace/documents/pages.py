"""Download for people. Uploads stand in the forms of the pages where the files belong."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.documents import downloads, queries, service
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session

pages = PageBlueprint("documents", __name__, url_prefix="/documents")


@pages.get("/<uuid:document_id>")
def download(document_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    document = queries.get(session, actor, document_id)
    if document.url is not None:
        return render_template("documents/elsewhere.html", document=document)
    return downloads.download(*service.fetch(session, actor, document_id))
