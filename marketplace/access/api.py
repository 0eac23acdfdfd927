"""Organisations, people, memberships and keys for partners."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.access.schemas import (
    ApiKeyCreateSchema,
    ApiKeySchema,
    MembershipCreateSchema,
    MembershipSchema,
    MembershipUpdateSchema,
    MeSchema,
    MeUpdateSchema,
    NewApiKeySchema,
    OrganisationQuerySchema,
    OrganisationSchema,
    OrganisationUpdateSchema,
    UserSchema,
)
from marketplace.access.views import Me, NewKey, me_of
from marketplace.core.errors import NotAllowed
from marketplace.core.pages import Page
from marketplace.core.text import _
from marketplace.identity import queries, service
from marketplace.identity.models import ApiKey, Membership, Organisation, Person
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema

me = ApiBlueprint("me", __name__, url_prefix="/me", description="Who the key acts as.")
organisations = ApiBlueprint(
    "organisations", __name__, url_prefix="/organisations", description="The public directory."
)
users = ApiBlueprint(
    "users", __name__, url_prefix="/users", description="People of the caller's organisation."
)
memberships = ApiBlueprint(
    "memberships", __name__, url_prefix="/memberships", description="Who has which roles."
)
api_keys = ApiBlueprint(
    "api_keys", __name__, url_prefix="/api-keys", description="Keys of the organisation."
)


@me.route("")
class MeResource(MethodView):
    @me.response(200, MeSchema)
    def get(self) -> Me:
        """The caller: person, organisation, roles and permissions."""
        return me_of(current_session(), current_actor())

    @me.arguments(MeUpdateSchema)
    @me.response(200, MeSchema)
    def patch(self, changes: dict[str, Any]) -> Me:
        """Change the caller's own name, language or time zone."""
        service.update_me(
            current_session(), current_actor(), expected_version=expected_version(), **changes
        )
        return me_of(current_session(), current_actor())


@organisations.route("")
class Organisations(MethodView):
    @organisations.arguments(OrganisationQuerySchema, location="query")
    @organisations.response(200, PageSchema.of(OrganisationSchema))
    def get(self, query: dict[str, Any]) -> Page[Organisation]:
        """Active organisations by name."""
        current_actor()
        return queries.search_organisations(
            current_session(),
            kind=query["kind"],
            containing=query["q"],
            cursor=query["cursor"],
            limit=query["limit"],
        )


@organisations.route("/<uuid:organisation_id>")
class OrganisationResource(MethodView):
    @organisations.response(200, OrganisationSchema)
    def get(self, organisation_id: UUID) -> Organisation:
        """One organisation."""
        current_actor()
        return queries.organisation(current_session(), organisation_id)

    @organisations.arguments(OrganisationUpdateSchema)
    @organisations.response(200, OrganisationSchema)
    def patch(self, changes: dict[str, Any], organisation_id: UUID) -> Organisation:
        """Change the caller's own organisation."""
        if organisation_id != current_actor().org_id:
            raise NotAllowed(_("Only members of an organisation change it."))
        return service.update_organisation(
            current_session(), current_actor(), changes, expected_version=expected_version()
        )


@users.route("")
class Users(MethodView):
    @users.response(200, PageSchema.of(UserSchema))
    def get(self) -> Page[Person]:
        """The people of the caller's organisation, by name."""
        found = queries.members(current_session(), current_actor())
        return Page([person for _membership, person in found], None)


@memberships.route("")
class Memberships(MethodView):
    @memberships.response(200, PageSchema.of(MembershipSchema))
    def get(self) -> Page[Membership]:
        """The memberships of the caller's organisation."""
        found = queries.members(current_session(), current_actor())
        return Page([membership for membership, _person in found], None)

    @memberships.idempotent()
    @memberships.arguments(MembershipCreateSchema)
    @memberships.response(201, MembershipSchema)
    def post(self, new: dict[str, Any]) -> Membership:
        """Take a person into the organisation; they get a letter to choose their password."""
        return service.add_member(current_session(), current_actor(), **new)


@memberships.route("/<uuid:membership_id>")
class MembershipResource(MethodView):
    @memberships.response(200, MembershipSchema)
    def get(self, membership_id: UUID) -> Membership:
        """One membership."""
        return queries.member(current_session(), current_actor(), membership_id)[0]

    @memberships.arguments(MembershipUpdateSchema)
    @memberships.response(200, MembershipSchema)
    def patch(self, changes: dict[str, Any], membership_id: UUID) -> Membership:
        """Give other roles, suspend or readmit."""
        return service.change_member(
            current_session(),
            current_actor(),
            membership_id,
            expected_version=expected_version(),
            **changes,
        )


@api_keys.route("")
class ApiKeys(MethodView):
    @api_keys.response(200, PageSchema.of(ApiKeySchema))
    def get(self) -> Page[ApiKey]:
        """The keys of the organisation, newest first."""
        found: Sequence[ApiKey] = queries.api_keys(current_session(), current_actor())
        return Page(found, None)

    @api_keys.idempotent(redact=("key",))
    @api_keys.arguments(ApiKeyCreateSchema)
    @api_keys.response(201, NewApiKeySchema)
    def post(self, new: dict[str, Any]) -> NewKey:
        """Make a key; its secret is in this answer and never again."""
        row, key = service.create_api_key(current_session(), current_actor(), **new)
        return NewKey.of(row, key)


@api_keys.route("/<uuid:key_id>/revoke")
class ApiKeyRevoke(MethodView):
    @api_keys.response(200, ApiKeySchema)
    def post(self, key_id: UUID) -> ApiKey:
        """End a key at once."""
        return service.revoke_api_key(current_session(), current_actor(), key_id)
