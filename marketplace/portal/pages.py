"""Home and search, and the frame around every page."""

from flask import render_template, request

from marketplace.notifications import queries as notification_queries
from marketplace.portal import home, search, speakers
from marketplace.portal.navigation import groups_for
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, find_actor, other_places
from marketplace.web.frame import Frame

pages = PageBlueprint("portal", __name__)
SPEAKERS = speakers.SPEAKERS


@pages.app_template_global("shell")
def shell() -> Frame:
    """Top bar and navigation of this request's page."""
    actor = find_actor()
    if actor is None:
        return Frame()
    return Frame(
        organisation=actor.org_name,
        name=actor.name,
        roles=sorted(actor.roles),
        navigation=groups_for(actor),
        others=other_places(),
        unread=notification_queries.unread_count(current_session(), actor),
        searching=request.endpoint == "portal.find",
    )


@pages.get("/")
def index() -> str:
    actor = current_actor()
    return render_template(
        "portal/home.html", actor=actor, overview=home.overview(current_session(), actor)
    )


@pages.get("/search")
def find() -> str:
    words = request.args.get("q", "").strip()[: search.MAX_LENGTH]
    return render_template(
        "portal/search.html",
        words=words,
        groups=search.everything(current_session(), current_actor(), words),
        too_short=0 < len(words) < search.MIN_LENGTH,
    )
