"""The checks of due diligence: a supplier's file in, findings with their evidence out."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from marketplace.core.text import Text, _, label
from marketplace.suppliers import numbers, ratios, rules, screening
from marketplace.suppliers.models import BankAccount, Certificate, Filing, SanctionsList
from marketplace.suppliers.states import CertificateKind, CertificateState, CheckKind, Outcome

LIST_STALE_AFTER = timedelta(days=30)
FILING_STALE_AFTER_YEARS = 2
OWN_RULES = "marketplace rules"
RULES_VERSION = "1"
CHECK_DIGITS = "python-stdnum"
CHECK_DIGITS_VERSION = "2.2"

CERTIFICATE_OUTCOMES: dict[CertificateState, Outcome] = {
    CertificateState.MISSING: Outcome.UNKNOWN,
    CertificateState.SUBMITTED: Outcome.REVIEW,
    CertificateState.VERIFIED: Outcome.CLEAR,
    CertificateState.EXPIRING: Outcome.CLEAR,
    CertificateState.EXPIRED: Outcome.REVIEW,
    CertificateState.REJECTED: Outcome.REVIEW,
}
NUMBER_OUTCOMES: dict[numbers.Validity, tuple[str, Outcome]] = {
    numbers.Validity.VALID: ("number_valid", Outcome.CLEAR),
    numbers.Validity.INVALID: ("number_invalid", Outcome.REVIEW),
    numbers.Validity.UNCHECKED: ("number_unchecked", Outcome.UNKNOWN),
}


@dataclass(frozen=True)
class Identity:
    """Who the supplier says it is."""

    name: str
    country: str
    owners: tuple[str, ...]
    numbers: dict[str, str | None]


@dataclass(frozen=True)
class LoadedList:
    """A list in force with its names made ready."""

    head: SanctionsList
    index: screening.NameIndex


@dataclass(frozen=True)
class Finding:
    """The answer of one check. ``finding`` is a code of FINDINGS, filled in from ``evidence``."""

    kind: CheckKind
    finding: str
    outcome: Outcome
    query: dict[str, Any]
    evidence: dict[str, Any] = field(default_factory=dict)
    source: str = OWN_RULES
    source_version: str = RULES_VERSION
    source_date: date | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over everything that stands here: what was asked, of what, and the answer."""
        return digest_of(asdict(self))


FINDINGS: dict[str, Text] = {
    "number_valid": _("%(what)s %(number)s: the check digits are right."),
    "number_invalid": _("%(what)s %(number)s: the check digits are wrong."),
    "number_unchecked": _("%(what)s %(number)s cannot be checked offline."),
    "number_missing": _("%(what)s is missing."),
    "number_of_other_company": _("%(what)s %(number)s belongs to another SIREN."),
    "vat_of_other_country": _("%(what)s %(number)s is of another country than the company."),
    "bank_missing": _("No bank account has been confirmed."),
    "bank_valid": _("IBAN %(iban)s: structure and check digits are right."),
    "bank_invalid": _("IBAN %(iban)s: structure or check digits are wrong."),
    "bank_unchecked": _("IBAN %(iban)s: the country is not in the IBAN registry."),
    "bank_other_country": _("IBAN %(iban)s is of another country than the company."),
    "list_none": _("No sanctions list is loaded, so nobody can tell."),
    "list_stale": _("Nothing found, but the list is %(days)s days old."),
    "list_clear": _("No name of the list resembles those asked for."),
    "list_hits": _("%(count)s names resemble those asked for; first: %(found)s (%(score)s)."),
    "list_cleared": _("All hits were judged to be somebody else: %(count)s."),
    "figures_missing": _("No annual figures have been filed."),
    "figures_old": _("The last figures are of %(year)s."),
    "figures_incomplete": _("The figures of %(year)s are not enough for any ratio."),
    "figures_good": _("Figures of %(year)s: nothing conspicuous."),
    "figures_warning": _("Figures of %(year)s: %(warnings)s."),
    "certificate": _("%(what)s: %(state)s."),
}  # fmt: skip
WARNINGS: dict[str, Text] = {
    "current_ratio_low": _("current ratio below 1"),
    "equity_negative": _("negative equity"),
    "debt_high": _("debt above three times equity"),
    "z_distress": _("Altman Z′ in the distress zone"),
}
NUMBER_NAMES: dict[str, Text] = {
    "siren": _("SIREN"),
    "siret": _("SIRET"),
    "vat_number": _("VAT number"),
    "lei": _("LEI"),
}


def describe(finding: str, evidence: dict[str, Any]) -> str:
    """The finding in the reader's language."""
    values = dict(evidence)
    if "what" in values:
        values["what"] = NUMBER_NAMES.get(values["what"]) or label(CertificateKind(values["what"]))
    if "state" in values:
        values["state"] = label(CertificateState(values["state"]))
    if "warnings" in values:
        values["warnings"] = ", ".join(str(WARNINGS[code]) for code in values["warnings"])
    return str(FINDINGS[finding]) % values if values else str(FINDINGS[finding])


def digest_of(value: Any) -> str:
    """SHA-256 of the value as canonical JSON."""
    return hashlib.sha256(orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def identity_findings(identity: Identity) -> Iterator[Finding]:
    """One finding for each identity number that is given or ought to be."""
    siren = identity.numbers.get("siren")
    for name in NUMBER_NAMES:
        number = identity.numbers.get(name)
        if number:
            yield _number_finding(name, number, siren, identity.country)
        elif _is_required(name, identity.country):
            yield Finding(
                CheckKind.IDENTITY, "number_missing", Outcome.UNKNOWN, {name: None}, {"what": name}
            )


def _is_required(name: str, country: str) -> bool:
    return name in ("siren", "vat_number") if country == "FR" else name == "vat_number"


def _number_finding(name: str, number: str, siren: str | None, country: str) -> Finding:
    check = numbers.CHECKS[name](number)
    finding, outcome = NUMBER_OUTCOMES[check.validity]
    if not check.is_invalid:
        if siren and not numbers.belongs_to_siren(siren, check):
            finding, outcome = "number_of_other_company", Outcome.REVIEW
        elif name == "vat_number" and numbers.vat_country(check.number) != country:
            finding, outcome = "vat_of_other_country", Outcome.REVIEW
    return Finding(
        kind=CheckKind.IDENTITY,
        finding=finding,
        outcome=outcome,
        query={name: number},
        evidence={"what": name, "number": check.number, "validity": str(check.validity)},
        source=CHECK_DIGITS,
        source_version=CHECK_DIGITS_VERSION,
    )


def bank_finding(account: BankAccount | None, country: str) -> Finding:
    """The bank account that is confirmed last, whether its cooling period is over or not."""
    if account is None:
        return Finding(CheckKind.BANK, "bank_missing", Outcome.UNKNOWN, {})
    check = numbers.check_iban(account.iban)
    finding, outcome = {
        numbers.Validity.VALID: ("bank_valid", Outcome.CLEAR),
        numbers.Validity.INVALID: ("bank_invalid", Outcome.REVIEW),
        numbers.Validity.UNCHECKED: ("bank_unchecked", Outcome.UNKNOWN),
    }[check.validity]
    if outcome is Outcome.CLEAR and check.number[:2] != country:
        finding, outcome = "bank_other_country", Outcome.REVIEW
    masked = numbers.masked_iban(check.number)
    return Finding(
        kind=CheckKind.BANK,
        finding=finding,
        outcome=outcome,
        query={"account_id": str(account.id)},
        evidence={"iban": masked, "validity": str(check.validity)},
        source=CHECK_DIGITS,
        source_version=CHECK_DIGITS_VERSION,
    )


def sanctions_findings(
    identity: Identity,
    lists: Sequence[LoadedList],
    cleared: Iterable[tuple[str, str, str]],
    today: date,
) -> Iterator[Finding]:
    """One finding for each list in force.

    cleared: (source, reference, name asked for) of hits that a person judged to be others.
    """
    if not lists:
        yield Finding(CheckKind.SANCTIONS, "list_none", Outcome.UNKNOWN, {})
    known = frozenset(cleared)
    names = rules.names_to_screen(identity.name, identity.owners)
    for loaded in lists:
        yield _list_finding(identity, names, loaded, known, today)


def _list_finding(
    identity: Identity,
    names: Sequence[str],
    loaded: LoadedList,
    cleared: frozenset[tuple[str, str, str]],
    today: date,
) -> Finding:
    head = loaded.head
    own_numbers = [number for number in identity.numbers.values() if number]
    hits = []
    for place, name in enumerate(names):
        # The company's numbers and country say nothing about its owners.
        country, ids = (identity.country, own_numbers) if place == 0 else (None, [])
        hits += screening.hits_of(name, country, ids, loaded.index)
    open_hits = [
        hit
        for hit in hits
        if (head.source, hit.reference, screening.normalised(hit.asked)) not in cleared
    ]
    finding, outcome, said = _list_verdict(hits, open_hits, (today - head.published_on).days)
    return Finding(
        kind=CheckKind.SANCTIONS,
        finding=finding,
        outcome=outcome,
        query={"names": list(names), "country": identity.country, "numbers": own_numbers},
        evidence=said | {"hits": [_hit_evidence(hit, open_hits) for hit in hits]},
        source=head.source,
        source_version=head.version,
        source_date=head.published_on,
    )


def _list_verdict(
    hits: Sequence[screening.Hit], open_hits: Sequence[screening.Hit], age: int
) -> tuple[str, Outcome, dict[str, Any]]:
    if open_hits:
        first = open_hits[0]
        said = {"count": len(open_hits), "found": first.found, "score": str(first.score)}
        return "list_hits", rules.overall(hit.outcome for hit in open_hits), said
    if age > LIST_STALE_AFTER.days:
        return "list_stale", Outcome.UNKNOWN, {"days": age}
    if hits:
        return "list_cleared", Outcome.CLEAR, {"count": len(hits)}
    return "list_clear", Outcome.CLEAR, {}


def _hit_evidence(hit: screening.Hit, open_hits: Sequence[screening.Hit]) -> dict[str, Any]:
    return {
        "asked": hit.asked,
        "found": hit.found,
        "reference": hit.reference,
        "country": hit.country,
        "score": str(hit.score),
        "reason": hit.reason,
        "outcome": str(hit.outcome),
        "cleared": hit not in open_hits,
    }


def financial_finding(filing: Filing | None, today: date) -> Finding:
    """Ratios of the last figures on file."""
    if filing is None:
        return Finding(CheckKind.FINANCIAL, "figures_missing", Outcome.UNKNOWN, {})
    found = ratios.ratios_of(figures_of(filing))
    warnings = ratios.warnings_of(found)
    outcome = ratios.outcome_of(found)
    if warnings:
        finding = "figures_warning"
    elif today.year - filing.year > FILING_STALE_AFTER_YEARS:
        finding, outcome = "figures_old", Outcome.UNKNOWN
    else:
        finding = "figures_incomplete" if outcome is Outcome.UNKNOWN else "figures_good"
    return Finding(
        kind=CheckKind.FINANCIAL,
        finding=finding,
        outcome=outcome,
        query={"filing_id": str(filing.id), "year": filing.year},
        evidence={"year": filing.year, **({"warnings": warnings} if warnings else {})}
        | {
            "current_ratio": _shown(found.current),
            "debt_to_equity": _shown(found.debt_to_equity),
            "z_prime": _shown(found.z_prime),
            "zone": str(found.zone) if found.zone else None,
        },
        source="filed figures",
        source_version=str(filing.version),
        source_date=date(filing.year, 12, 31),
    )


def figures_of(filing: Filing) -> ratios.Figures:
    """The filed figures as the ratios take them."""
    return ratios.Figures(
        **{name: getattr(filing, name) for name in ratios.Figures.__dataclass_fields__}
    )


def certificate_findings(
    certificates: Sequence[Certificate], country: str, today: date
) -> Iterator[Finding]:
    """The papers that are required, and every other kind that is on file."""
    required = rules.required_certificates(country)
    others = sorted({c.kind for c in certificates} - set(required))
    for kind in (*required, *others):
        certificate, state = rules.best_certificate(certificates, kind, today)
        until = certificate.valid_until if certificate else None
        yield Finding(
            kind=CheckKind.CERTIFICATES,
            finding="certificate",
            outcome=CERTIFICATE_OUTCOMES[state],
            query={"kind": str(kind), "required": kind in required},
            evidence={
                "what": str(kind),
                "state": str(state),
                "certificate_id": str(certificate.id) if certificate else None,
                "valid_until": until.isoformat() if until else None,
            },
        )


def checked_day(at: datetime) -> date:
    """The day by which validity and age are judged (UTC)."""
    return at.date()


def _shown(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.4f}"
