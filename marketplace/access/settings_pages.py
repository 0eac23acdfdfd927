"""One's own profile, and the organisation's particulars, members and keys."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from marketplace.access.pages import with_session
from marketplace.access.schemas import (
    ZONES,
    ApiKeyCreateSchema,
    MembershipCreateSchema,
    MembershipUpdateSchema,
    MeUpdateSchema,
    OrganisationUpdateSchema,
    PasswordSchema,
)
from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.identity import authentication, queries, service
from marketplace.identity.models import Membership, Person
from marketplace.identity.permissions import KIND_ROLES, Actor, Permission
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("settings", __name__, url_prefix="/settings")
LANGUAGE_NAMES = (("fr", "Français"), ("en", "English"))


@pages.get("/profile")
def profile() -> str:
    person = queries.me(current_session(), current_actor())
    return _profile(Form(MeUpdateSchema, initial=_own(person)), Form(PasswordSchema))


@pages.post("/profile")
def update_profile() -> ResponseReturnValue:
    form = Form(MeUpdateSchema, request.form)
    if form.valid:
        with form.guard():
            service.update_me(current_session(), current_actor(), **form.data)
    if not form.valid:
        return _profile(form, Form(PasswordSchema)), 422
    flash(_("Your profile is saved."))
    return redirect("/settings/profile", 303)


@pages.post("/password")
def change_password() -> ResponseReturnValue:
    actor = current_actor()
    form = Form(PasswordSchema, request.form)
    if form.valid:
        with form.guard():
            service.change_password(current_session(), actor, **form.data)
    if not form.valid:
        own = Form(MeUpdateSchema, initial=_own(queries.me(current_session(), actor)))
        return _profile(own, form), 422
    token = authentication.open_session(
        current_session(), actor.person, actor.organisation_id, actor.org_kind
    )
    flash(_("Your password is changed. Sessions on other devices have ended."))
    return with_session(redirect("/settings/profile", 303), token)


def _own(person: Person) -> dict[str, Any]:
    actor = current_actor()
    return {
        "name": person.name,
        "locale": person.locale or actor.locale,
        "time_zone": person.time_zone or actor.time_zone,
    }


def _profile(form: Form, password_form: Form) -> str:
    return render_template(
        "access/profile.html",
        form=form,
        password_form=password_form,
        me=queries.me(current_session(), current_actor()),
        actor=current_actor(),
        languages=LANGUAGE_NAMES,
        zones=sorted(ZONES),
    )


@pages.get("/organisation")
def organisation() -> str:
    found = queries.organisation(current_session(), current_actor().organisation_id)
    return _organisation(Form(OrganisationUpdateSchema, initial=_fields(found)))


@pages.post("/organisation")
def update_organisation() -> ResponseReturnValue:
    form = Form(OrganisationUpdateSchema, request.form)
    if form.valid:
        with form.guard():
            service.update_organisation(
                current_session(), current_actor(), form.data, expected_version=form.version
            )
    if not form.valid:
        return _organisation(form), 422
    flash(_("The organisation is saved."))
    return redirect("/settings/organisation", 303)


def _fields(found: Any) -> dict[str, Any]:
    names = ("name", "locale", "time_zone", "street", "postal_code", "city", "version")
    return {name: getattr(found, name) for name in names}


def _organisation(form: Form) -> str:
    return render_template(
        "access/organisation.html",
        form=form,
        organisation=queries.organisation(current_session(), current_actor().organisation_id),
        may_change=current_actor().may(Permission.ORGANISATION_MANAGE),
        languages=LANGUAGE_NAMES,
        zones=sorted(ZONES),
    )


@pages.get("/members")
def members() -> str:
    return _members(Form(MembershipCreateSchema))


@pages.post("/members")
def add_member() -> ResponseReturnValue:
    form = Form(MembershipCreateSchema, request.form)
    if form.valid:
        with form.guard():
            service.add_member(current_session(), current_actor(), **form.data)
    if not form.valid:
        return _members(form), 422
    flash(
        _(
            "%(name)s is a member now and gets a letter with a link to choose a password.",
            name=form.data["name"],
        )
    )
    return redirect("/settings/members", 303)


@pages.get("/members/<uuid:membership_id>")
def member(membership_id: UUID) -> str:
    membership, person = _found(membership_id)
    initial = {"roles": membership.roles, "active": membership.active}
    form = Form(MembershipUpdateSchema, initial=initial | {"version": membership.version})
    return _member(form, membership, person)


@pages.post("/members/<uuid:membership_id>")
def change_member(membership_id: UUID) -> ResponseReturnValue:
    form = Form(MembershipUpdateSchema, request.form)
    if form.valid:
        with form.guard():
            service.change_member(
                current_session(),
                current_actor(),
                membership_id,
                roles=form.data.get("roles", ()),
                active=form.data.get("active", False),
                expected_version=form.version,
            )
    if not form.valid:
        return _member(form, *_found(membership_id)), 422
    flash(_("The member is saved."))
    return redirect("/settings/members", 303)


def _found(membership_id: UUID) -> tuple[Membership, Person]:
    return queries.member(current_session(), _administrator(), membership_id)


def _administrator() -> Actor:
    actor = current_actor()
    if not actor.may(Permission.ORGANISATION_MANAGE):
        raise NotAllowed(_("Administrators of the organisation look after its members."))
    return actor


def _members(form: Form) -> str:
    actor = current_actor()
    return render_template(
        "access/members.html",
        form=form,
        members=queries.members(current_session(), actor),
        roles=sorted(KIND_ROLES[actor.org_kind]),
        may_change=actor.may(Permission.ORGANISATION_MANAGE),
    )


def _member(form: Form, membership: Membership, person: Person) -> str:
    return render_template(
        "access/member.html",
        form=form,
        membership=membership,
        person=person,
        roles=sorted(KIND_ROLES[current_actor().org_kind]),
    )


@pages.get("/api-keys")
def api_keys() -> str:
    return _api_keys(Form(ApiKeyCreateSchema))


@pages.post("/api-keys")
def create_api_key() -> ResponseReturnValue:
    form = Form(ApiKeyCreateSchema, request.form)
    key = None
    if form.valid:
        with form.guard():
            scopes = form.data.pop("scopes") or None
            _row, key = service.create_api_key(
                current_session(), current_actor(), scopes=scopes, **form.data
            )
    if not form.valid:
        return _api_keys(form), 422
    return _api_keys(Form(ApiKeyCreateSchema), key)


@pages.post("/api-keys/<uuid:key_id>/revoke")
def revoke_api_key(key_id: UUID) -> ResponseReturnValue:
    service.revoke_api_key(current_session(), current_actor(), key_id)
    flash(_("The key does not work any more."))
    return redirect("/settings/api-keys", 303)


def _api_keys(form: Form, new_key: str | None = None) -> str:
    actor = current_actor()
    keys = queries.api_keys(current_session(), actor)
    return render_template(
        "access/api_keys.html",
        form=form,
        new_key=new_key,
        keys=keys,
        people=queries.people(current_session(), {key.person_id for key in keys}),
        permissions=[str(permission) for permission in sorted(actor.permissions)],
        actor=actor,
        may_manage=actor.may(Permission.ORGANISATION_MANAGE),
    )
