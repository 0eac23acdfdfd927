"""One's notices for partners."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.notifications import queries, service
from marketplace.notifications.models import Notice
from marketplace.notifications.schemas import NoticeQuerySchema, NoticeSchema
from marketplace.notifications.wording import words_of
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema

blp = ApiBlueprint(
    "notices", __name__, url_prefix="/notices", description="What the caller has been told."
)


@blp.route("")
class Notices(MethodView):
    @blp.arguments(NoticeQuerySchema, location="query")
    @blp.response(200, PageSchema.of(NoticeSchema))
    def get(self, query: dict[str, Any]) -> Page[dict[str, Any]]:
        """The caller's notices, newest first."""
        page = queries.search(current_session(), current_actor(), **query)
        return Page([_spoken(notice) for notice in page.items], page.next_cursor)


@blp.route("/<uuid:notice_id>/read")
class NoticeRead(MethodView):
    @blp.response(200, NoticeSchema)
    def post(self, notice_id: UUID) -> dict[str, Any]:
        """Note that it has been seen."""
        return _spoken(service.mark_read(current_session(), current_actor(), notice_id))


@blp.route("/read")
class AllRead(MethodView):
    @blp.response(204)
    def post(self) -> None:
        """Note that everything has been seen."""
        service.mark_all_read(current_session(), current_actor())


def _spoken(notice: Notice) -> dict[str, Any]:
    words = words_of(notice, current_actor().time_zone)
    return {
        "id": notice.id,
        "kind": notice.kind,
        "title": words.title,
        "body": words.body,
        "url": notice.url,
        "occurred_at": notice.occurred_at,
        "created_at": notice.created_at,
        "read_at": notice.read_at,
    }
