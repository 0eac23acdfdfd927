"""Generated awards of the hard kind: what makes them hard is that every rule is about the others.

Every lot is one line that up to two suppliers share, each with a fifth of it at least; the largest
fifth of the lots needs two. A quarter of the suppliers may win at all. Each supplier takes less
for everything from two spends on, costs a fixed sum to work with and has a cap. For every five
lots there is a bundle of three at a lower price, all or nothing. A lot may stay open at a reserve
price far above the bids. The same seed gives the same instance on every machine.
"""

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from marketplace.scenarios.model import (
    Constraint,
    Kind,
    Option,
    Problem,
    SpendTier,
    SupplierTerms,
)

SEED = 20
PARTS = 1_000_000
LEAST_PART = Fraction(1, 5)
RESERVE = Decimal("1.6")


@dataclass(frozen=True, slots=True)
class Size:
    """How many lots and suppliers, and the chance that a supplier bids for a lot."""

    lots: int
    suppliers: int
    density: float

    def __str__(self) -> str:
        return f"{self.lots}x{self.suppliers}"


SIZES = (Size(50, 20, 0.8), Size(500, 50, 0.44), Size(2000, 100, 0.15))


def instance(size: Size, seed: int = SEED) -> tuple[Problem, list[Constraint]]:
    """The bids, and the rules of the award."""
    chance = random.Random(seed)  # noqa: S311 - to be the same everywhere
    lots = [str(number) for number in range(size.lots)]
    level = {f"s{number}": chance.uniform(0.9, 1.1) for number in range(size.suppliers)}
    price = {lot: chance.uniform(100, 10_000) for lot in lots}
    options, asked = [], {}
    for lot in lots:
        # two bids for certain, so that every lot can be shared
        certain = chance.sample(sorted(level), 2)
        for supplier, factor in level.items():
            if supplier in certain or chance.random() < size.density:
                cost = _money(price[lot] * factor * chance.uniform(0.85, 1.15))
                asked[supplier, lot] = cost
                options.append(Option(supplier, frozenset({lot}), cost, min_share=LEAST_PART))
    options += _bundles(chance, size, asked)
    total = sum(price.values())
    terms = {supplier: _terms(chance, total / (size.suppliers / 4)) for supplier in level}
    problem = Problem(
        tuple(lots),
        tuple(options),
        lots={lot: frozenset({lot}) for lot in lots},
        terms=terms,
        reserves={lot: _money(price[lot]) * RESERVE for lot in lots},
        divisions=dict.fromkeys(lots, PARTS),
    )
    largest = sorted(lots, key=lambda lot: -price[lot])[: size.lots // 5]
    rules = [
        Constraint(Kind.MAX_SUPPLIERS, Decimal(size.suppliers // 4)),
        Constraint(Kind.MAX_LOT_SUPPLIERS, Decimal(2)),
        Constraint(Kind.MIN_LOT_SUPPLIERS, Decimal(2), lots=tuple(largest)),
    ]
    return problem, rules


def _bundles(
    chance: random.Random, size: Size, asked: dict[tuple[str, str], Decimal]
) -> list[Option]:
    """Three lots of one supplier together, 5 to 12 per cent below the sum."""
    by_supplier: dict[str, list[str]] = {}
    for supplier, lot in asked:
        by_supplier.setdefault(supplier, []).append(lot)
    bundles = []
    for _number in range(size.lots // 5):
        supplier = chance.choice([each for each, own in by_supplier.items() if len(own) > 2])
        lots = chance.sample(by_supplier[supplier], 3)
        listed = sum(float(asked[supplier, lot]) for lot in lots)
        cost = _money(listed * chance.uniform(0.88, 0.95))
        bundles.append(Option(supplier, frozenset(lots), cost))
    return bundles


def _terms(chance: random.Random, fair: float) -> SupplierTerms:
    """Of a supplier; ``fair`` is what each winner would get if all got the same."""
    second, third = chance.uniform(0.5, 0.9), chance.uniform(1.0, 1.4)
    return SupplierTerms(
        spend_cap=_money(fair * chance.uniform(1.3, 2.0)),
        fixed_cost=_money(fair * chance.uniform(0.01, 0.04)),
        tiers=(
            SpendTier(
                _money(fair * second),
                Decimal(round(chance.uniform(2, 5), 1)).quantize(Decimal("0.1")),
            ),
            SpendTier(
                _money(fair * third),
                Decimal(round(chance.uniform(5, 9), 1)).quantize(Decimal("0.1")),
            ),
        ),
    )


def _money(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
