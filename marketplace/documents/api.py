"""Documents for partners: bring a file first, then name its id where it belongs."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.documents import downloads, queries, service
from marketplace.documents.models import Document
from marketplace.documents.schemas import DocumentSchema, UploadSchema
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import ListQuerySchema, PageSchema

blp = ApiBlueprint(
    "documents", __name__, url_prefix="/documents", description="Files to attach, and their content"
)


@blp.route("")
class Documents(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(DocumentSchema))
    def get(self, query: dict[str, Any]) -> Page[Document]:
        """List the files of the organisation, newest first."""
        actor = current_actor()
        return queries.search(current_session(), actor, **query)

    @blp.idempotent()
    @blp.arguments(UploadSchema, location="files")
    @blp.response(201, DocumentSchema)
    def post(self, files: dict[str, Any]) -> Document:
        """Upload a file (multipart/form-data, part `file`)."""
        file = files["file"]
        return service.store(
            current_session(), current_actor(), file.filename or "", file.mimetype, file.stream
        )


@blp.route("/<uuid:document_id>")
class OneDocument(MethodView):
    @blp.response(200, DocumentSchema)
    def get(self, document_id: UUID) -> Document:
        """What is known about a file."""
        return queries.get(current_session(), current_actor(), document_id)


@blp.route("/<uuid:document_id>/content")
class DocumentContent(MethodView):
    @blp.response(200, content_type="application/octet-stream")
    def get(self, document_id: UUID) -> Response:
        """The bytes of a file."""
        return downloads.download(*service.fetch(current_session(), current_actor(), document_id))
