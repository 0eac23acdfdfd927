"""What crosses the API and the forms about organisations, people and keys."""

from typing import Any
from zoneinfo import available_timezones

from marshmallow import fields

from marketplace.core.text import LANGUAGES, _
from marketplace.identity.permissions import OrgKind, Permission, Role
from marketplace.web.fields import (
    EmailField,
    EnumField,
    IdField,
    InstantField,
    TextField,
    refuse,
)
from marketplace.web.schemas import ListQuerySchema, Schema

ZONES = frozenset(available_timezones())


class LanguageField(TextField):
    """``en`` or ``fr``."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        code = super()._deserialize(value, attr, data, **kw)
        if code not in LANGUAGES:
            raise refuse("unknown_language", _("Choose en or fr."))
        return code


class ZoneField(TextField):
    """A name of the IANA time zone database."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> str:
        name = super()._deserialize(value, attr, data, **kw)
        if name not in ZONES:
            raise refuse("unknown_time_zone", _("Use a name such as Europe/Paris."))
        return name


class OrganisationSchema(Schema):
    id = IdField()
    name = fields.String()
    kind = EnumField(OrgKind)
    country = fields.String()
    currency = fields.String()
    locale = fields.String()
    time_zone = fields.String()
    siren = fields.String(allow_none=True)
    siret = fields.String(allow_none=True)
    vat_number = fields.String(allow_none=True)
    lei = fields.String(allow_none=True)
    street = fields.String(allow_none=True)
    postal_code = fields.String(allow_none=True)
    city = fields.String(allow_none=True)
    version = fields.Integer()


class OrganisationQuerySchema(ListQuerySchema):
    kind = EnumField(OrgKind, load_default=None)
    q = TextField(max=100, load_default=None, metadata={"description": "Words in the name."})


class OrganisationUpdateSchema(Schema):
    name = TextField(min=1)
    locale = LanguageField()
    time_zone = ZoneField()
    street = TextField(allow_none=True)
    postal_code = TextField(max=20, allow_none=True)
    city = TextField(max=100, allow_none=True)


class UserSchema(Schema):
    id = IdField()
    name = fields.String()
    email = fields.String()
    active = fields.Boolean()


class MembershipSchema(Schema):
    id = IdField()
    person_id = IdField()
    organisation_id = IdField()
    roles = fields.List(EnumField(Role))
    active = fields.Boolean()
    version = fields.Integer()
    created_at = InstantField()


class MembershipCreateSchema(Schema):
    email = EmailField(required=True)
    name = TextField(required=True, max=120)
    roles = fields.List(EnumField(Role), required=True)


class MembershipUpdateSchema(Schema):
    roles = fields.List(EnumField(Role))
    active = fields.Boolean()


class MeSchema(Schema):
    """The caller: person, organisation, roles, and what they may do."""

    person_id = IdField()
    name = fields.String()
    email = fields.String()
    locale = fields.String()
    time_zone = fields.String()
    organisation_id = IdField()
    organisation_name = fields.String()
    organisation_kind = EnumField(OrgKind)
    roles = fields.List(EnumField(Role))
    permissions = fields.List(EnumField(Permission))
    version = fields.Integer()


class MeUpdateSchema(Schema):
    name = TextField(min=1, max=120)
    locale = LanguageField()
    time_zone = ZoneField()


class ApiKeySchema(Schema):
    """A key without its secret."""

    id = IdField()
    name = fields.String()
    prefix = fields.String()
    person_id = IdField()
    scopes = fields.List(fields.String(), allow_none=True)
    created_at = InstantField()
    expires_at = InstantField(allow_none=True)
    revoked_at = InstantField(allow_none=True)


class NewApiKeySchema(ApiKeySchema):
    """A key as it is shown once, right after it was made."""

    key = fields.String()


class ApiKeyCreateSchema(Schema):
    name = TextField(required=True, max=100)
    scopes = fields.List(EnumField(Permission), load_default=None, allow_none=True)
    expires_at = InstantField(load_default=None, allow_none=True)


class SignInSchema(Schema):
    email = TextField(required=True)
    password = TextField(required=True, max=1024)


class ForgottenSchema(Schema):
    email = EmailField(required=True)


class ChoosePasswordSchema(Schema):
    new = TextField(required=True, max=1024)


class PasswordSchema(Schema):
    current = TextField(required=True, max=1024)
    new = TextField(required=True, max=1024)
