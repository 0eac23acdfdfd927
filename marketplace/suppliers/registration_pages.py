"""The public page on which a company applies as a supplier."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _, language
from marketplace.suppliers import registration
from marketplace.suppliers.schemas import RegistrationFormSchema
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("registration", __name__, url_prefix="/register")


@pages.route("", methods=["GET", "POST"])
@pages.public
def register() -> ResponseReturnValue:
    """Apply: company, first person, what the company does."""
    if request.method == "GET":
        initial = {"organisation": {"country": "FR", "currency": "EUR", "locale": language()}}
        return _page(Form(RegistrationFormSchema, initial=initial))
    form = Form(RegistrationFormSchema, request.form)
    if form.valid:
        with form.guard():
            registration.apply(current_session(), **form.data)
    if not form.valid:
        return _page(form), 422
    flash(_("Your company is registered. Sign in to complete your file."))
    return redirect(url_for("access.sign_in"), 303)


def _page(form: Form) -> str:
    return render_template("suppliers/register.html", form=form)
