"""The sourcing settings of one's organisation over the API."""

from typing import Any

from flask.views import MethodView

from marketplace.rfq.asking.settings_models import SourcingSettings
from marketplace.rfq.http.settings_schemas import (
    SourcingSettingsInputSchema,
    SourcingSettingsSchema,
)
from marketplace.rfq.services import settings
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "sourcing_settings",
    __name__,
    url_prefix="/sourcing-settings",
    description="How the organisation deals with bidders, unless an RFQ says otherwise",
)


@blp.route("")
class OwnSettings(MethodView):
    @blp.response(200, SourcingSettingsSchema)
    def get(self) -> SourcingSettings:
        """The settings of the caller's organisation. Version 0: never changed."""
        return settings.read(current_session(), current_actor())

    @blp.arguments(SourcingSettingsInputSchema)
    @blp.response(200, SourcingSettingsSchema)
    def put(self, data: dict[str, Any]) -> SourcingSettings:
        """Change them, for RFQs written and awards decided from now on."""
        return settings.update(
            current_session(), current_actor(), **data, expected=expected_version()
        )
