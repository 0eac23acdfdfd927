"""Signing in and out, changing the organisation, choosing passwords, language and theme."""

from datetime import timedelta
from uuid import UUID

from flask import Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.access.schemas import ChoosePasswordSchema, ForgottenSchema, SignInSchema
from marketplace.core.text import LANGUAGES, _, set_language
from marketplace.identity import authentication, changing, password_links
from marketplace.identity import service as identity_service
from marketplace.identity.password_links import PasswordLink
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import (
    LANGUAGE_COOKIE,
    LONGEST_ADDRESS,
    SESSION_COOKIE,
    current_actor,
    current_session,
    find_actor,
    session_token,
)
from marketplace.web.filters import THEMES
from marketplace.web.forms import Form, flash

pages = PageBlueprint("access", __name__)
KEPT = timedelta(days=365)


@pages.get("/sign-in")
@pages.public
def sign_in() -> ResponseReturnValue:
    if find_actor() is not None:
        return redirect(following(), 303)
    return render_template("access/sign_in.html", form=Form(SignInSchema), next=following())


@pages.post("/sign-in")
@pages.public
def enter() -> ResponseReturnValue:
    form = Form(SignInSchema, request.form)
    token = None
    if form.valid:
        token = authentication.sign_in(
            current_session(),
            form.data["email"],
            form.data["password"],
            address=request.remote_addr or "",
            secret_key=_secret_key(),
        )
        if token is None:
            form.refuse("", _("E-mail address and password do not fit together."))
    if token is None:
        return render_template("access/sign_in.html", form=form, next=following()), 422
    return with_session(redirect(following(), 303), token)


@pages.post("/sign-out")
@pages.public
def sign_out() -> ResponseReturnValue:
    token = session_token()
    if token and find_actor() is not None:
        authentication.sign_out(current_session(), token)
    response = make_response(redirect("/sign-in", 303))
    response.delete_cookie(SESSION_COOKIE, path="/")
    flash(_("You are signed out."))
    return response


@pages.post("/organisations/<uuid:org_id>/enter")
def change_organisation(org_id: UUID) -> ResponseReturnValue:
    """Act for another organisation from here on; to home, for other pages may not be there."""
    place, token = changing.change_organisation(
        current_session(), current_actor(), org_id, token=session_token() or ""
    )
    flash(_("You act for %(organisation)s now.", organisation=place.name))
    return with_session(redirect("/", 303), token)


@pages.get("/password/forgotten")
@pages.public
def forgotten() -> str:
    return render_template("access/forgotten.html", form=Form(ForgottenSchema))


@pages.post("/password/forgotten")
@pages.public
def send_link() -> ResponseReturnValue:
    form = Form(ForgottenSchema, request.form)
    if not form.valid:
        return render_template("access/forgotten.html", form=form), 422
    password_links.forgotten(current_session(), form.data["email"])
    flash(_("If somebody signs in with this address, a letter with a link is on its way."))
    return redirect("/sign-in", 303)


PASSWORD_PATH = "/password/<uuid:org_id>/<uuid:person_id>/<int:expires>/<fingerprint>"  # noqa: S105


@pages.get(PASSWORD_PATH)
@pages.public
def password(org_id: UUID, person_id: UUID, expires: int, fingerprint: str) -> str:
    link = PasswordLink(org_id, person_id, expires, fingerprint)
    person = password_links.person_of(current_session(), link, _token(), _secret_key())
    return render_template(
        "access/password.html", form=Form(ChoosePasswordSchema), person=person, token=_token()
    )


@pages.post(PASSWORD_PATH)
@pages.public
def choose_password(
    org_id: UUID, person_id: UUID, expires: int, fingerprint: str
) -> ResponseReturnValue:
    link = PasswordLink(org_id, person_id, expires, fingerprint)
    person = password_links.person_of(current_session(), link, _token(), _secret_key())
    form = Form(ChoosePasswordSchema, request.form)
    token = ""
    if form.valid:
        with form.guard():
            token = password_links.choose_password(
                current_session(), link, person, form.data["new"]
            )
    if not form.valid:
        page = render_template("access/password.html", form=form, person=person, token=_token())
        return page, 422
    flash(_("Your password is set. Welcome."))
    return with_session(redirect("/", 303), token)


@pages.post("/language")
@pages.public
def choose_language() -> ResponseReturnValue:
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        return redirect(following(), 303)
    actor = find_actor()
    if actor is not None:
        identity_service.update_me(current_session(), actor, locale=code)
    set_language(code)
    return _remember(LANGUAGE_COOKIE, code)


@pages.post("/theme")
@pages.public
def choose_theme() -> ResponseReturnValue:
    theme = request.form.get("theme", "")
    return _remember("theme", theme if theme in THEMES else "")


def following() -> str:
    """Where to go next: a page of ours, never another site, at an address that browsers take."""
    path = request.values.get("next", "/")
    inside = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if inside and path.isprintable() and len(path) <= LONGEST_ADDRESS else "/"


def with_session(response: ResponseReturnValue, token: str) -> Response:
    """The response, carrying the new session."""
    made = make_response(response)
    made.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=authentication.SESSION_LIFETIME,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=current_app.settings.secure_cookies,  # type: ignore[attr-defined]
    )
    return made


def _remember(name: str, value: str) -> Response:
    response = make_response(redirect(following(), 303))
    response.set_cookie(name, value, max_age=KEPT, path="/", httponly=True, samesite="Lax")
    return response


def _secret_key() -> str:
    secret_key: str = current_app.settings.secret_key  # type: ignore[attr-defined]
    return secret_key


def _token() -> str:
    return request.values.get("token", "")
