"""Financial ratios from filed annual figures.

Altman's Z' (1983 revision for private companies, as in Altman 2000): coefficients .717 .847 3.107
.420 .998; below 1.23 distress, above 2.90 safe. A statistical hint, never a judgement: it leads
to a review by a person at most.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from marketplace.suppliers.states import Outcome

Z_DISTRESS = Decimal("1.23")
Z_SAFE = Decimal("2.90")
MIN_CURRENT_RATIO = Decimal(1)
MAX_DEBT_TO_EQUITY = Decimal(3)
PLACES = Decimal("0.000001")


class Zone(StrEnum):
    DISTRESS = "distress"
    GREY = "grey"
    SAFE = "safe"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a company filed for one year, in its currency. None: not filed."""

    total_assets: Decimal | None = None
    current_assets: Decimal | None = None
    current_liabilities: Decimal | None = None
    total_liabilities: Decimal | None = None
    equity: Decimal | None = None
    retained_earnings: Decimal | None = None
    ebit: Decimal | None = None
    sales: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ratios:
    """None where the figures for it were not filed, or where it is not defined."""

    current: Decimal | None
    debt_to_equity: Decimal | None
    z_prime: Decimal | None
    zone: Zone | None
    negative_equity: bool


def ratios_of(figures: Figures) -> Ratios:
    """All ratios that the figures allow."""
    z = z_prime(figures)
    return Ratios(
        current=_quotient(figures.current_assets, figures.current_liabilities),
        debt_to_equity=_debt_to_equity(figures),
        z_prime=z,
        zone=None if z is None else zone_of(z),
        negative_equity=figures.equity is not None and figures.equity < 0,
    )


def z_prime(figures: Figures) -> Decimal | None:
    """Altman's Z' from five ratios; None unless all of them can be made."""
    parts = (
        (Decimal(".717"), _quotient(_working_capital(figures), figures.total_assets)),
        (Decimal(".847"), _quotient(figures.retained_earnings, figures.total_assets)),
        (Decimal("3.107"), _quotient(figures.ebit, figures.total_assets)),
        (Decimal(".420"), _quotient(figures.equity, figures.total_liabilities)),
        (Decimal(".998"), _quotient(figures.sales, figures.total_assets)),
    )
    terms = [weight * ratio for weight, ratio in parts if ratio is not None]
    if len(terms) < len(parts):
        return None
    return sum(terms, Decimal(0)).quantize(PLACES)


def zone_of(z: Decimal) -> Zone:
    """Altman's zones for Z'."""
    if z < Z_DISTRESS:
        return Zone.DISTRESS
    return Zone.SAFE if z > Z_SAFE else Zone.GREY


def warnings_of(ratios: Ratios) -> list[str]:
    """What a reviewer should look at, as codes."""
    found = {
        "current_ratio_low": ratios.current is not None and ratios.current < MIN_CURRENT_RATIO,
        "equity_negative": ratios.negative_equity,
        "debt_high": ratios.debt_to_equity is not None
        and ratios.debt_to_equity > MAX_DEBT_TO_EQUITY,
        "z_distress": ratios.zone is Zone.DISTRESS,
    }
    return [code for code, is_so in found.items() if is_so]


def outcome_of(ratios: Ratios) -> Outcome:
    """Clear, review or unknown; figures alone never block anybody."""
    if warnings_of(ratios):
        return Outcome.REVIEW
    if ratios.current is None and ratios.debt_to_equity is None and ratios.z_prime is None:
        return Outcome.UNKNOWN
    return Outcome.CLEAR


def _working_capital(figures: Figures) -> Decimal | None:
    if figures.current_assets is None or figures.current_liabilities is None:
        return None
    return figures.current_assets - figures.current_liabilities


def _debt_to_equity(figures: Figures) -> Decimal | None:
    """Not defined for equity of zero or less, which is a warning of its own."""
    if figures.equity is None or figures.equity <= 0:
        return None
    return _quotient(figures.total_liabilities, figures.equity)


def _quotient(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    if numerator is None or denominator is None or denominator <= 0:
        return None
    return numerator / denominator
