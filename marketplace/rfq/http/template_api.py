"""RFQ templates over the API."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.rfq.asking.template_models import RfqTemplate
from marketplace.rfq.http import views
from marketplace.rfq.http.schemas import RfqSchema
from marketplace.rfq.http.template_schemas import (
    RfqTemplateSchema,
    TemplateInputSchema,
    TemplateNameSchema,
)
from marketplace.rfq.services import templates
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import ListQuerySchema, PageSchema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-templates",
    __name__,
    url_prefix="/rfq-templates",
    description="RFQs kept under a name, without dates, files and bids, to ask for the same again",
)


@blp.route("")
class Templates(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(RfqTemplateSchema))
    def get(self, query: dict[str, Any]) -> Page[RfqTemplate]:
        """List the templates of the organisation by name."""
        return templates.search(current_session(), current_actor(), **query)

    @blp.idempotent()
    @blp.arguments(TemplateInputSchema)
    @blp.response(201, RfqTemplateSchema)
    def post(self, data: dict[str, Any]) -> RfqTemplate:
        """Keep what an RFQ asks for under a name."""
        return templates.save(current_session(), current_actor(), **data)


@blp.route("/<uuid:template_id>")
class OneTemplate(MethodView):
    @blp.response(200, RfqTemplateSchema)
    def get(self, template_id: UUID) -> RfqTemplate:
        """Read a template."""
        return templates.read(current_session(), current_actor(), template_id)

    @blp.arguments(TemplateNameSchema)
    @blp.response(200, RfqTemplateSchema)
    def patch(self, data: dict[str, Any], template_id: UUID) -> RfqTemplate:
        """Rename a template."""
        session, actor = current_session(), current_actor()
        return templates.rename(session, actor, template_id, data["name"], expected_version())

    @blp.response(204)
    def delete(self, template_id: UUID) -> None:
        """Remove a template. RFQs that were made of it stay."""
        templates.delete(current_session(), current_actor(), template_id, expected_version())


@blp.route("/<uuid:template_id>/rfqs")
class TemplateUse(MethodView):
    @blp.idempotent()
    @blp.response(201, RfqSchema)
    def post(self, template_id: UUID) -> Shown:
        """Draft an RFQ from a template."""
        session, actor = current_session(), current_actor()
        return views.read(session, actor, templates.use(session, actor, template_id).id)
