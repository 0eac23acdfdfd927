"""The change feed for partners."""

from typing import Any

from flask.views import MethodView
from marshmallow import fields, validate

from marketplace.integrations import feed
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.fields import IdField, InstantField, TextField
from marketplace.web.schemas import Schema

blp = ApiBlueprint(
    "events", __name__, url_prefix="/events", description="What happened, in order, without gaps."
)


class FeedQuerySchema(Schema):
    after = TextField(
        max=40, load_default=None, metadata={"description": "next_after of the last answer."}
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class EventSchema(Schema):
    id = IdField()
    name = fields.String(metadata={"description": "For example rfq.published."})
    occurred_at = InstantField()
    position = fields.String()
    data = fields.Dict()


class FeedSchema(Schema):
    items = fields.List(fields.Nested(EventSchema))
    next_after = fields.String(
        allow_none=True,
        metadata={"description": "Send it as `after` to read on; it stays when nothing is new."},
    )


@blp.route("")
class Feed(MethodView):
    @blp.arguments(FeedQuerySchema, location="query")
    @blp.response(200, FeedSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The events after a position that the caller's organisation may know, oldest first."""
        items = feed.read(current_session(), current_actor(), **query)
        return {"items": items, "next_after": items[-1].position if items else query["after"]}
