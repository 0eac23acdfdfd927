"""What crosses the API of suppliers."""

import re
from typing import Any

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.core.text import _
from marketplace.suppliers.states import (
    BankAccountState,
    CertificateKind,
    CertificateState,
    CheckKind,
    Outcome,
    RunState,
    SupplierState,
    Trigger,
    Verdict,
)
from marketplace.web.fields import (
    CountryField,
    CurrencyField,
    Day,
    DecimalField,
    EmailField,
    EnumField,
    IdField,
    InstantField,
    TextField,
    refuse,
)
from marketplace.web.schemas import ListQuerySchema, Schema

FIGURES = (
    "total_assets",
    "current_assets",
    "current_liabilities",
    "total_liabilities",
    "equity",
    "retained_earnings",
    "ebit",
    "sales",
)
MAX_CATEGORIES = 50
MAX_OWNERS = 50


class SupplierQuerySchema(ListQuerySchema):
    q = TextField(max=100, load_default=None)
    state = EnumField(SupplierState, load_default=None)
    outcome = EnumField(Outcome, load_default=None)
    category = TextField(max=20, load_default=None)
    country = CountryField(max=2, load_default=None)
    awaiting_review = mf.Boolean(load_default=False)


class SupplierProfileSchema(Schema):
    """What a supplier says about itself."""

    description = TextField(max=4000)
    website = TextField(max=255, allow_none=True)
    contact_email = EmailField(max=255, allow_none=True)
    categories = mf.List(
        TextField(max=20, required=True), validate=validate.Length(max=MAX_CATEGORIES)
    )
    owners = mf.List(
        TextField(max=200, required=True),
        validate=validate.Length(max=MAX_OWNERS),
        metadata={"description": "People who own or control the company; they are screened."},
    )


class ApplicantOrganisationSchema(Schema):
    name = TextField(max=200, required=True)
    country = CountryField(max=2, required=True)
    currency = CurrencyField(max=3, load_default="EUR")
    locale = TextField(max=5, load_default="fr", validate=validate.OneOf(["en", "fr"]))
    time_zone = TextField(max=50, load_default="Europe/Paris")
    siren = TextField(max=20, allow_none=True)
    siret = TextField(max=25, allow_none=True)
    vat_number = TextField(max=25, allow_none=True)
    lei = TextField(max=25, allow_none=True)
    street = TextField(max=200, allow_none=True)
    postal_code = TextField(max=20, allow_none=True)
    city = TextField(max=100, allow_none=True)


class ApplicantPersonSchema(Schema):
    name = TextField(max=200, required=True)
    email = EmailField(max=255, required=True)
    password = mf.String(required=True, load_only=True, validate=validate.Length(max=200))


class ApplicationSchema(Schema):
    organisation = mf.Nested(ApplicantOrganisationSchema, required=True)
    person = mf.Nested(ApplicantPersonSchema, required=True)
    profile = mf.Nested(SupplierProfileSchema)


class SupplierSchema(Schema):
    id = IdField()
    name = mf.String()
    country = mf.String()
    siren = mf.String(allow_none=True)
    siret = mf.String(allow_none=True)
    vat_number = mf.String(allow_none=True)
    lei = mf.String(allow_none=True)
    state = EnumField(SupplierState)
    outcome = EnumField(
        Outcome, allow_none=True, metadata={"description": "Of the last checks; reviewers only."}
    )
    description = mf.String()
    website = mf.String(allow_none=True)
    contact_email = mf.String(allow_none=True)
    categories = mf.List(mf.String())
    owners = mf.List(mf.String())
    score = DecimalField(allow_none=True)
    observations = mf.Integer()
    applied_at = InstantField()
    decided_at = InstantField(allow_none=True)
    screened_at = InstantField(allow_none=True)
    next_review_on = Day(allow_none=True)
    actions = mf.List(mf.String())
    version = mf.Integer()


class SupplierDecisionCreateSchema(Schema):
    action = TextField(max=20, required=True)
    reason = TextField(max=2000, required=True)


class SupplierDecisionSchema(Schema):
    id = IdField()
    action = mf.String()
    from_state = mf.String()
    to_state = mf.String()
    reason = mf.String()
    run_id = IdField(allow_none=True)
    decided_by = IdField(allow_none=True)
    decided_for = IdField(allow_none=True)
    created_at = InstantField()


class DueDiligenceCheckSchema(Schema):
    """One check with its evidence."""

    id = IdField()
    kind = EnumField(CheckKind)
    outcome = EnumField(Outcome)
    finding = mf.String(metadata={"description": "A stable code."})
    text = mf.String(metadata={"description": "The finding in the caller's language."})
    source = mf.String()
    source_version = mf.String()
    source_date = Day(allow_none=True)
    query = mf.Dict()
    evidence = mf.Dict()
    digest = mf.String(metadata={"description": "SHA-256 over question, source and answer."})
    checked_at = InstantField()


class DueDiligenceRunSchema(Schema):
    id = IdField()
    supplier_id = IdField()
    trigger = EnumField(Trigger)
    state = EnumField(RunState)
    outcome = EnumField(Outcome, allow_none=True)
    created_at = InstantField()
    completed_at = InstantField(allow_none=True)
    checks = mf.List(mf.Nested(DueDiligenceCheckSchema))


class CertificateCreateSchema(Schema):
    kind = EnumField(CertificateKind, required=True)
    reference = TextField(max=100, required=True)
    issuer = TextField(max=200, load_default="")
    issued_on = Day(required=True)
    valid_until = Day(allow_none=True, load_default=None)
    document_id = IdField(allow_none=True, load_default=None)


class CertificateSchema(Schema):
    id = IdField()
    kind = EnumField(CertificateKind)
    reference = mf.String()
    issuer = mf.String()
    issued_on = Day()
    valid_until = Day(allow_none=True)
    document_id = IdField(allow_none=True)
    state = EnumField(CertificateState)
    verdict = EnumField(Verdict)
    verdict_reason = mf.String()
    verdict_at = InstantField(allow_none=True)
    version = mf.Integer()


class CertificateVerdictSchema(Schema):
    reason = TextField(max=1000, load_default="")


class BankAccountCreateSchema(Schema):
    holder = TextField(max=200, required=True)
    iban = TextField(max=42, required=True)


class BankAccountSchema(Schema):
    id = IdField()
    holder = mf.String()
    iban = mf.String(metadata={"description": "In full for the supplier itself, else masked."})
    state = EnumField(BankAccountState)
    in_use = mf.Boolean()
    proposed_by = IdField()
    confirmed_by = IdField(allow_none=True)
    confirmed_at = InstantField(allow_none=True)
    usable_from = InstantField(allow_none=True)
    created_at = InstantField()
    version = mf.Integer()


class YearField(mf.Field[int]):
    """A year with four digits, as a number or, from forms, as text."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> int:
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if not re.fullmatch(r"(19[5-9]|20[0-9])[0-9]", text):
            raise refuse("not_a_year", _("Give a year with four digits."))
        return int(text)


def _figure() -> DecimalField:
    return DecimalField(places=2, allow_none=True, load_default=None)


class FilingCreateSchema(Schema):
    """Figures of one year. What was not filed stays null: it is not zero."""

    year = YearField(required=True)
    currency = CurrencyField(max=3, required=True)
    total_assets = _figure()
    current_assets = _figure()
    current_liabilities = _figure()
    total_liabilities = _figure()
    equity = _figure()
    retained_earnings = _figure()
    ebit = _figure()
    sales = _figure()


class FilingSchema(FilingCreateSchema):
    id = IdField()
    current_ratio = DecimalField(allow_none=True)
    debt_to_equity = DecimalField(allow_none=True)
    z_prime = DecimalField(allow_none=True)
    zone = mf.String(allow_none=True)
    warnings = mf.List(mf.String())
    version = mf.Integer()


class ScorecardSchema(Schema):
    period = Day()
    months = mf.Integer()
    version = mf.Integer()
    observations = mf.Integer()
    score = DecimalField(allow_none=True)
    raw = DecimalField(allow_none=True)
    complete = mf.Boolean()
    figures = mf.Dict(
        allow_none=True,
        metadata={
            "description": "Null for a buyer where fewer than three buyers stand behind them."
        },
    )
    created_at = InstantField()


class CountsSchema(Schema):
    """What the caller's own organisation counted in the last twelve months."""

    orders = mf.Integer()
    observations = mf.Integer()
    on_time_rate = DecimalField(allow_none=True)
    defect_ppm = DecimalField(allow_none=True)
    price_variance = DecimalField(allow_none=True)
    response_rate = DecimalField(allow_none=True)
    lead_time_days = DecimalField(allow_none=True)


class ScorecardsSchema(Schema):
    scorecards = mf.List(mf.Nested(ScorecardSchema))
    with_us = mf.Nested(CountsSchema, allow_none=True)


class RiskFactorSchema(Schema):
    kind = EnumField(CheckKind)
    outcome = EnumField(Outcome)
    weight = mf.Integer()
    points = DecimalField()


class RiskSchema(Schema):
    level = EnumField(Outcome, metadata={"description": "The worst outcome: veto, not average."})
    points = DecimalField(metadata={"description": "0 to 100, for comparing suppliers."})
    factors = mf.List(mf.Nested(RiskFactorSchema))


class SanctionsEntrySchema(Schema):
    reference = TextField(max=100, required=True)
    name = TextField(max=500, required=True)
    aliases = mf.List(TextField(max=500), load_default=list)
    country = CountryField(max=2, allow_none=True, load_default=None)
    programme = TextField(max=500, load_default="")
    identifiers = mf.List(TextField(max=100), load_default=list)


class SanctionsHeadSchema(Schema):
    source = TextField(max=100, required=True)
    version = TextField(max=100, required=True)
    published_on = Day(required=True)


class SanctionsListCreateSchema(SanctionsHeadSchema):
    entries = mf.List(mf.Nested(SanctionsEntrySchema), required=True)


class SanctionsListSchema(Schema):
    id = IdField()
    source = mf.String()
    version = mf.String()
    published_on = Day()
    names = mf.Integer()
    digest = mf.String()
    in_force = mf.Boolean()
    created_at = InstantField()


class ItemsSchema(Schema):
    """A short list that comes whole."""

    next_cursor = mf.String(allow_none=True)


def whole(item: type[Schema]) -> type[Schema]:
    """The schema of a list that is never paged, in the shape of a page."""
    name = item.__name__.removesuffix("Schema") + "ListSchema"
    made: type[Schema] = ItemsSchema.from_dict({"items": mf.List(mf.Nested(item))}, name=name)  # type: ignore[assignment]
    return made


class LinesField(mf.Field[list[str]]):
    """Several values of a form's text area, one on each line."""

    def __init__(self, *, max: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = TextField(max=max)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kw: Any) -> list[str]:
        lines = [line for line in str(value).splitlines() if line.strip()]
        return list(dict.fromkeys(self.line.deserialize(line, attr, data) for line in lines))


class ProfileFormSchema(Schema):
    """The profile as the portal's form sends it."""

    description = TextField(max=4000)
    website = TextField(max=255, allow_none=True)
    contact_email = EmailField(max=255, allow_none=True)
    categories = LinesField(max=20)
    owners = LinesField(max=200)


class RegistrationFormSchema(Schema):
    """The public registration form; the rest of the file is filled in after signing in."""

    organisation = mf.Nested(ApplicantOrganisationSchema, required=True)
    person = mf.Nested(ApplicantPersonSchema, required=True)
    profile = mf.Nested(ProfileFormSchema)
