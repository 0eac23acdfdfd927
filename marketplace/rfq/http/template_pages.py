"""RFQ templates in the portal."""

from collections.abc import Callable
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.http.template_schemas import TemplateNameSchema
from marketplace.rfq.services import templates
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_templates", __name__, url_prefix="/rfqs")


@pages.get("/templates")
def listing() -> str:
    page = templates.search(current_session(), current_actor(), request.args.get("cursor"))
    return render_template("rfq/templates.html", page=page)


@pages.route("/<uuid:rfq_id>/template", methods=["GET", "POST"])
def save(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    form = _form({"name": rfq.title})
    return _named(form, lambda: templates.save(session, actor, rfq_id, form.data["name"]), back=rfq)


@pages.route("/templates/<uuid:template_id>", methods=["GET", "POST"])
def rename(template_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    found = templates.read(session, actor, template_id)
    form = _form({"name": found.name, "version": found.version})
    return _named(
        form,
        lambda: templates.rename(session, actor, template_id, form.data["name"], form.version),
    )


@pages.post("/templates/<uuid:template_id>/use")
def use(template_id: UUID) -> ResponseReturnValue:
    made = templates.use(current_session(), current_actor(), template_id)
    flash(_("This is the new draft. Set its dates, then check and publish it."))
    return redirect(url_for("rfq.show", rfq_id=made.id), 303)


@pages.post("/templates/<uuid:template_id>/delete")
def delete(template_id: UUID) -> ResponseReturnValue:
    templates.delete(current_session(), current_actor(), template_id)
    flash(_("The template has been deleted."))
    return redirect(url_for("rfq_templates.listing"), 303)


def _form(initial: dict[str, object]) -> Form:
    posted = request.form if request.method == "POST" else None
    return Form(TemplateNameSchema, posted, initial=initial)


def _named(form: Form, act: Callable[[], object], back: object = None) -> ResponseReturnValue:
    """Save under the name of the form, or show the form with what is wrong."""
    if form.valid:
        with form.guard():
            act()
    if form.valid:
        flash(_("The template is saved."))
        return redirect(url_for("rfq_templates.listing"), 303)
    page = render_template("rfq/template.html", form=form, rfq=back)
    return page, 200 if request.method == "GET" else 422
