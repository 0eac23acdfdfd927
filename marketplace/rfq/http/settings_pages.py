"""The sourcing settings of one's organisation in the portal."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.identity.permissions import Permission
from marketplace.rfq.http.settings_schemas import SourcingSettingsInputSchema
from marketplace.rfq.services import settings
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("sourcing_settings", __name__, url_prefix="/settings/sourcing")
_FIELDS = ("addendum_days", "standstill_days", "debrief_days", "dispute_clause", "version")


@pages.route("", methods=["GET", "POST"])
def show() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    found = settings.read(session, actor)
    posted = request.form if request.method == "POST" else None
    initial = {name: getattr(found, name) for name in _FIELDS}
    form = Form(SourcingSettingsInputSchema, posted, initial=initial)
    if form.valid:
        with form.guard():
            settings.update(session, actor, **form.data, expected=form.version)
    if form.valid:
        flash(_("The settings are saved."))
        return redirect("/settings/sourcing", 303)
    page = render_template(
        "rfq/settings.html",
        form=form,
        settings=found,
        may_change=actor.may(Permission.ORGANISATION_MANAGE),
        is_buyer=True,
    )
    return page, 200 if posted is None else 422
