"""A scenario as one reader gets it: amounts with their currency, constraints in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.money import Money, Quantity, rounded_amount
from marketplace.core.text import Text, _, ngettext_
from marketplace.rfq.asking.models import money_of
from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import BundledLine
from marketplace.rfq.evaluation import total_costs
from marketplace.rfq.evaluation.ranking import Price
from marketplace.scenarios import entrants, problems
from marketplace.scenarios.model import Kind
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.reading import Basis
from marketplace.scenarios.rules import SHAPES, Unit, lots_in
from marketplace.scenarios.states import ACTIONS, SCENARIO_FLOW
from marketplace.web import formats
from marketplace.web.shown import Shown


@dataclass(frozen=True, slots=True)
class AwardedLine:
    """A line with who gets it in a scenario."""

    line_id: UUID
    number: int
    description: str
    bid_id: UUID
    supplier_id: UUID
    supplier_name: str
    quantity: Quantity
    unit_price: Money
    total: Money
    # in the currency of the RFQ, where the bid is in another
    converted_total: Money | None = None


def summary(found: AwardScenario, compared: Basis) -> Shown:
    """The scenario in a list."""
    is_current = found.run > 0 and problems.is_current(found, compared)
    actions = _actions(found, compared, is_current=is_current)
    return Shown(found, actions, **_figures(found, compared, is_current=is_current))


def whole(found: AwardScenario, compared: Basis) -> Shown:
    """The scenario with its constraints, its award and what to loosen."""
    is_current = found.run > 0 and problems.is_current(found, compared)
    return Shown(
        found,
        _actions(found, compared, is_current=is_current),
        constraints=_constraints(found, compared),
        awards=_awards(found.awards, compared),
        relaxation=_relaxation(found, compared),
        **_figures(found, compared, is_current=is_current),
    )


def words(stored: dict[str, Any], compared: Basis) -> str:
    """The constraint as a sentence, with names and numbers."""
    limit = Decimal(stored["limit"])
    unit = SHAPES[Kind(stored["kind"])].unit
    values = {
        "limit": formats.money(Money(limit, compared.terms.currency))
        if unit is Unit.AMOUNT
        else formats.number(limit),
        "who": _who(stored, compared),
        "where": _where(stored, compared),
    }
    if unit is Unit.COUNT:
        return str(_counted(Kind(stored["kind"]), int(limit), values))
    return str(Text(_SENTENCES[Kind(stored["kind"])].message, values))


def shown_limit(stored: dict[str, Any], value: Decimal, currency: str) -> str:
    """A number in the unit of the constraint."""
    unit = SHAPES[Kind(stored["kind"])].unit
    if unit is Unit.AMOUNT:
        return formats.money(Money(value, currency))
    if unit is Unit.PERCENT:
        return formats.percent(value / 100, 2)
    return formats.number(value)


def lines_per_supplier(awards: Sequence[AwardedLine]) -> list[tuple[str, Money, int]]:
    """What each winner gets: name, amount in its own currency, number of lines.

    The largest first, by what it is worth.
    """
    found: dict[str, list[AwardedLine]] = {}
    for award in awards:
        found.setdefault(award.supplier_name, []).append(award)
    by_worth = sorted(sorted(found), key=lambda name: _worth(found[name]), reverse=True)
    return [
        (name, sum((each.total for each in own[1:]), start=own[0].total), len(own))
        for name in by_worth
        if (own := found[name])
    ]


def _worth(awards: Sequence[AwardedLine]) -> Decimal:
    return sum(((each.converted_total or each.total).amount for each in awards), Decimal(0))


_PER_LOT = {
    Kind.INDIVISIBLE_LOT,
    Kind.MAX_LOT_SUPPLIERS,
    Kind.MIN_LOT_SUPPLIERS,
    Kind.MIN_LOT_SHARE,
}
_SENTENCES: dict[Kind, Text] = {
    Kind.MAX_SHARE: _("At most %(limit)s per cent of the value: %(who)s; %(where)s"),
    Kind.MIN_SHARE: _("At least %(limit)s per cent of the value: %(who)s; %(where)s"),
    Kind.MIN_LOT_SHARE: _("At least %(limit)s per cent of a lot for whoever wins of it; %(where)s"),
    Kind.INCUMBENT_SHARE: _(
        "At least %(limit)s per cent stay with the present supplier: %(who)s; %(where)s"
    ),
    Kind.CAPACITY: _("At most %(limit)s: %(who)s; %(where)s"),
    Kind.MIN_VALUE: _("At least %(limit)s: %(who)s; %(where)s"),
    Kind.FIXED_COST: _("%(limit)s count besides for a supplier who wins: %(who)s"),
    Kind.RESERVE_PRICE: _("Rather to nobody than above %(limit)s; %(where)s"),
    Kind.MIN_ORDER_VALUE: _("At least %(limit)s for a supplier who wins: %(who)s"),
    Kind.INDIVISIBLE_LOT: _("A lot goes to one supplier; %(where)s"),
    Kind.EXCLUDE: _("Nothing to: %(who)s; %(where)s"),
    Kind.FIX: _("To %(who)s; %(where)s"),
    Kind.SCORE_FLOOR: _("Only suppliers with at least %(limit)s per cent of the score"),
}


def _counted(kind: Kind, n: int, values: dict[str, str]) -> Text:
    if kind is Kind.MAX_SUPPLIERS:
        return ngettext_(
            "At most %(n)s supplier wins; %(where)s",
            "At most %(n)s suppliers win; %(where)s",
            n,
            **values,
        )
    if kind is Kind.MIN_SUPPLIERS:
        return ngettext_(
            "At least %(n)s supplier wins; %(where)s",
            "At least %(n)s suppliers win; %(where)s",
            n,
            **values,
        )
    if kind is Kind.MAX_LOT_SUPPLIERS:
        return ngettext_(
            "At most %(n)s supplier wins of a lot; %(where)s",
            "At most %(n)s suppliers win of a lot; %(where)s",
            n,
            **values,
        )
    if kind is Kind.MIN_LOT_SUPPLIERS:
        return ngettext_(
            "At least %(n)s supplier wins of a lot; %(where)s",
            "At least %(n)s suppliers win of a lot; %(where)s",
            n,
            **values,
        )
    return ngettext_("At most %(n)s line: %(who)s", "At most %(n)s lines: %(who)s", n, **values)


def _who(stored: dict[str, Any], compared: Basis) -> str:
    named = [compared.supplier_name(UUID(each)) for each in stored["supplier_ids"]]
    return " + ".join(named) if named else str(_("each supplier"))


def _where(stored: dict[str, Any], compared: Basis) -> str:
    if stored["line_id"]:
        number = compared.terms.line_by_id[UUID(stored["line_id"])].number
        return str(_("line %(number)s", number=number))
    named = set(lots_in(stored))
    numbers = [lot.number for lot in compared.terms.lots if str(lot.id) in named]
    if numbers:
        return ", ".join(str(_("lot %(number)s", number=number)) for number in numbers)
    return str(_("every lot") if stored["kind"] in _PER_LOT else _("the whole event"))


def _actions(found: AwardScenario, compared: Basis, *, is_current: bool) -> list[str]:
    if not compared.rfq.flow.may(compared.rfq.state, "award"):
        return ["delete"]
    possible = [action for action in ACTIONS if SCENARIO_FLOW.may(found.state, action)]
    if "propose" in possible and not is_current:
        possible.remove("propose")
    return [*possible, "delete"]


def _figures(found: AwardScenario, compared: Basis, *, is_current: bool) -> dict[str, Any]:
    currency = compared.terms.currency
    awarded = {UUID(award["line_id"]) for award in found.awards}
    cheapest = problems.cheapest_possible(compared, awarded)
    total = None if found.total is None else _rounded(found.total, compared)
    above = None if total is None else max(total - cheapest, Decimal(0))
    suppliers = compared.supplier_of
    return {
        "is_current": is_current,
        "supplier_count": len({suppliers[UUID(award["bid_id"])] for award in found.awards}),
        **_costs(found, compared, is_current=is_current),
        "total": None if total is None else Money(total, currency),
        "above_cheapest": None if above is None else Money(above, currency),
    }


def _costs(found: AwardScenario, compared: Basis, *, is_current: bool) -> dict[str, Money | None]:
    """What the award costs beside its prices, and in all; nothing where that is not asked."""
    currency, further = compared.terms.currency, None
    if compared.terms.costs.terms and is_current and found.total is not None:
        further = entrants.further_costs(compared, map(_pair, found.awards))
    if further is None or found.total is None:
        return {"further_costs": None, "whole_cost": None}
    return {
        "further_costs": total_costs.rounded(further, currency),
        "whole_cost": total_costs.rounded(Fraction(found.total) + further, currency),
    }


def _rounded(amount: Decimal, compared: Basis) -> Decimal:
    """To be shown: what was converted or is a further cost has more digits than its currency."""
    is_exact = not (compared.is_mixed or compared.terms.costs.terms)
    return amount if is_exact else rounded_amount(amount, compared.terms.currency)


def shown_money(compared: Basis) -> Callable[[Decimal | None], str]:
    """How amounts of a solved scenario are written for people."""

    def write(amount: Decimal | None) -> str:
        known = None if amount is None else _rounded(amount, compared)
        return formats.money(money_of(known, compared.terms.currency))

    return write


def _constraints(found: AwardScenario, compared: Basis) -> list[dict[str, Any]]:
    findings = found.findings or [{}] * len(found.constraints)
    return [
        _constraint(stored, finding, compared)
        for stored, finding in zip(found.constraints, findings, strict=True)
    ]


def _constraint(stored: dict[str, Any], finding: dict[str, Any], compared: Basis) -> dict[str, Any]:
    limit, unit = Decimal(stored["limit"]), SHAPES[Kind(stored["kind"])].unit
    currency = compared.terms.currency
    found = {
        name: None if finding.get(name) is None else Decimal(finding[name])
        for name in ("measured", "slack", "cost", "without")
    }
    return {
        "kind": Kind(stored["kind"]),
        "count": int(limit) if unit is Unit.COUNT else None,
        "percent": limit if unit is Unit.PERCENT else None,
        "amount": Money(limit, currency) if unit is Unit.AMOUNT else None,
        "supplier_ids": stored["supplier_ids"],
        "lot_ids": lots_in(stored),
        "line_id": stored["line_id"],
        "words": words(stored, compared),
        **found,
        "cost_is_proven": finding.get("is_proven", False),
        "without_status": finding.get("without_status"),
        "shown_measured": None
        if found["measured"] is None
        else shown_limit(stored, _measured(found["measured"], unit, compared), currency),
    }


def _measured(value: Decimal, unit: Unit | None, compared: Basis) -> Decimal:
    return _rounded(value, compared) if unit is Unit.AMOUNT else value


def _relaxation(found: AwardScenario, compared: Basis) -> dict[str, Any] | None:
    kept = found.relaxation
    if kept is None:
        return None
    currency = compared.terms.currency
    loosened = []
    for each in kept["loosened"]:
        stored = found.constraints[each["constraint"]]
        limit, needed = Decimal(each["limit"]), Decimal(each["needed"])
        loosened.append(
            {
                "constraint": each["constraint"],
                "words": words(stored, compared),
                "limit": limit,
                "needed": needed,
                "shown_limit": shown_limit(stored, limit, currency),
                "shown_needed": shown_limit(stored, needed, currency),
            }
        )
    return {
        "loosened": loosened,
        "total": Money(_rounded(Decimal(kept["total"]), compared), currency),
        "is_proven": kept["is_proven"],
        "awards": _awards(kept["awards"], compared),
    }


def _awards(awards: Sequence[dict[str, str]], compared: Basis) -> list[AwardedLine]:
    """By the number of the line."""
    suppliers, prices = compared.supplier_of, compared.known_prices
    whole = [award for award in awards if "quantity" not in award]
    bundled = _bundled([_pair(award) for award in whole], compared)
    found = []
    for award in awards:
        line_id, bid_id = _pair(award)
        asked, conversion = compared.terms.line_by_id[line_id], compared.conversions[bid_id]
        part = problems.quantity_of(award)
        quantity = part or Quantity(asked.quantity, asked.unit)
        unit_price, total = (
            (price.unit_price, price.total)
            if (price := bundled.get((line_id, bid_id)))
            else _priced(prices[line_id, bid_id], quantity.value, conversion.currency)
        )
        found.append(
            AwardedLine(
                line_id=line_id,
                number=asked.number,
                description=asked.description,
                bid_id=bid_id,
                supplier_id=suppliers[bid_id],
                supplier_name=compared.bidder_name(bid_id),
                quantity=quantity,
                unit_price=Money(unit_price, conversion.currency),
                total=Money(total, conversion.currency),
                converted_total=conversion.shown_beside(total),
            )
        )
    return sorted(found, key=lambda line: line.number)


def _pair(award: dict[str, str]) -> tuple[UUID, UUID]:
    return UUID(award["line_id"]), UUID(award["bid_id"])


def _priced(price: Price, quantity: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    unit_price = price.at(quantity)
    return unit_price, rounded_amount(unit_price * quantity, currency)


def _bundled(
    pairs: Sequence[tuple[UUID, UUID]], compared: Basis
) -> dict[tuple[UUID, UUID], BundledLine]:
    """The prices of lines whose bundle holds in this award."""
    return {
        (line_id, bid_id): price
        for bid_id, offers in compared.known_bundles.items()
        for offer in bundling.applied(offers, {line for line, bid in pairs if bid == bid_id})
        for line_id, price in offer.lines.items()
    }
