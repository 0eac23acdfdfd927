"""A question for the solver: the problem and its rules, and what of the RFQ stands behind them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import BundleOffer
from marketplace.rfq.terms.rates import Conversion
from marketplace.scenarios.model import Bloc, Constraint, Kind, Option, Problem, Taken
from marketplace.scenarios.parts import DividedLine
from marketplace.scenarios.rules import lots_in


@dataclass(frozen=True, slots=True)
class Offered:
    """What stands behind an option: a bid with its lines; ``divided``: the only one, in parts."""

    lines: tuple[UUID, ...]
    bid_id: UUID
    divided: DividedLine | None = None
    bundle: BundleOffer | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Matter:
    """What several questions may be about: all but their rules.

    given: what the bids themselves demand; nobody can loosen it.
    """

    problem: Problem
    offered: tuple[Offered, ...]
    given: tuple[Constraint, ...]
    bundles: Mapping[UUID, Sequence[BundleOffer]]
    conversions: Mapping[UUID, Conversion]

    @cached_property
    def written(self) -> dict[str, str]:
        """Everything that an answer depends on, part by part, as JSON."""
        problem = self.problem
        content: dict[str, Any] = {
            "objective": problem.objective,
            "offers": [
                _named(offered, option)
                for offered, option in zip(self.offered, problem.options, strict=True)
            ],
            "lots": {lot: sorted(items) for lot, items in problem.lots.items()},
            "scores": {supplier: str(score) for supplier, score in problem.scores.items()},
        }
        if self.given:
            content["given"] = [_plain(rule) for rule in self.given]
        if problem.blocs:
            content["blocs"] = [_together(bloc) for bloc in problem.blocs]
            content["rivals"] = [sorted(each) for each in problem.rivals]
        return {name: _json(value) for name, value in content.items()}


@dataclass(frozen=True)
class Question:
    """A problem with its rules."""

    matter: Matter
    rules: tuple[Constraint, ...]

    @property
    def problem(self) -> Problem:
        return self.matter.problem

    @property
    def offered(self) -> tuple[Offered, ...]:
        return self.matter.offered

    @property
    def given(self) -> tuple[Constraint, ...]:
        return self.matter.given

    @property
    def digest(self) -> str:
        """Names everything that the answer depends on."""
        parts = {**self.matter.written, "rules": _json([_plain(rule) for rule in self.rules])}
        whole = ",".join(f'"{name}":{parts[name]}' for name in sorted(parts))
        return hashlib.sha256(f"{{{whole}}}".encode()).hexdigest()

    def total(self, chosen: Taken) -> Fraction:
        """What the award comes to at bid prices, as orders have it.

        Each part of a line is rounded, and bundles hold wherever all of their lines come together.
        """
        listed = (
            divided.worth(share)
            if (divided := self.offered[index].divided)
            else Fraction(self.problem.options[index].cost)
            for index, share in chosen.items()
        )
        return sum(listed, Fraction(0)) - self._saved(chosen)

    def _saved(self, chosen: Taken) -> Fraction:
        """What bundles save that hold without having been chosen as bundles."""
        saved = Fraction(0)
        for bid_id, bundles in self.matter.bundles.items():
            own = [self.offered[i] for i, share in chosen.items() if share == 1]
            own = [each for each in own if each.bid_id == bid_id]
            held = bundling.applied(bundles, {line for each in own for line in each.lines})
            saving = sum((each.saving for each in held), Decimal(0))
            counted = sum((each.bundle.saving for each in own if each.bundle), Decimal(0))
            saved += self.matter.conversions[bid_id].exact(saving - counted)
        return saved


def rule_of(stored: Mapping[str, Any]) -> Constraint:
    """A constraint as it is kept, for the solver."""
    return Constraint(
        kind=Kind(stored["kind"]),
        limit=Decimal(stored["limit"]),
        suppliers=tuple(stored["supplier_ids"]),
        lots=tuple(lots_in(stored)),
        line=stored["line_id"],
    )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _named(offered: Offered, option: Option) -> list[Any]:
    named: list[Any] = [
        "+".join(map(str, offered.lines)),
        str(offered.bid_id),
        option.supplier,
        str(option.cost),
        str(option.points),
    ]
    if offered.divided:
        breaks = [[str(each.from_share), str(each.cost)] for each in option.breaks]
        named += [offered.divided.parts, str(option.max_share), breaks]
    return named


def _together(bloc: Bloc) -> list[Any]:
    return [sorted(bloc.options), str(bloc.cost), str(bloc.least)]


def _plain(rule: Constraint) -> list[Any]:
    # one lot or none is written as it was before a rule could have more: old answers still hold
    lots = sorted(rule.lots) if len(rule.lots) > 1 else next(iter(rule.lots), None)
    return [rule.kind, str(rule.limit), sorted(rule.suppliers), lots, rule.line]
