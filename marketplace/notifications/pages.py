"""The list behind the bell."""

from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.notifications import queries, service
from marketplace.notifications.wording import words_of
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import flash

pages = PageBlueprint("notifications", __name__, url_prefix="/notices")


@pages.get("")
def index() -> str:
    actor = current_actor()
    unread = request.args.get("show") == "unread"
    page = queries.search(
        current_session(), actor, unread=unread, cursor=request.args.get("cursor")
    )
    return render_template(
        "notifications/index.html",
        page=page,
        notices=[(notice, words_of(notice, actor.time_zone)) for notice in page.items],
        unread=unread,
    )


@pages.post("/<uuid:notice_id>/open")
def open_notice(notice_id: UUID) -> ResponseReturnValue:
    notice = service.mark_read(current_session(), current_actor(), notice_id)
    return redirect(notice.url, 303)


@pages.post("/read")
def read_all() -> ResponseReturnValue:
    service.mark_all_read(current_session(), current_actor())
    flash(_("All notices are marked as read."))
    return redirect("/notices", 303)
