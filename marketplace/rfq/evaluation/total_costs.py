"""What a bid costs in a lot beside its price: exactly, with where each amount comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from marketplace.core.money import Money, exponent
from marketplace.rfq.scoring import answers
from marketplace.rfq.scoring.answers import AnswerType
from marketplace.rfq.terms.cost_terms import AskedCost


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost of one bid. ``amount`` is None while it is unknown; ``said``: the number answered.

    ``entered``: the buyer's amount, which stands in for an answer that was not given.
    """

    asked: AskedCost
    said: Fraction | None = None
    entered: Decimal | None = None
    reason: str = ""

    @property
    def amount(self) -> Fraction | None:
        if self.said is not None:
            return self.said * self.asked.factor
        return None if self.entered is None else Fraction(self.entered)

    @property
    def is_answered(self) -> bool:
        """Whether the bidder's own number decides, so that nothing is entered for it."""
        return self.said is not None


@dataclass(frozen=True, slots=True)
class EnteredCost:
    """What a buyer says that a bid costs beside its price, and why."""

    term_id: UUID
    amount: Money
    reason: str


def costs(
    asked: Iterable[AskedCost],
    said: Mapping[UUID, str],
    entered: Mapping[UUID, tuple[Decimal, str]],
) -> tuple[Cost, ...]:
    """All costs of a bid. said: its answers by criterion; entered: amount and reason by term."""
    found = []
    for each in asked:
        text = said.get(each.criterion_id) if each.criterion_id else None
        number = answers.measure(AnswerType.NUMBER, text)
        amount, reason = entered.get(each.id, (None, ""))
        usable = number if number is not None and number >= 0 else None
        found.append(Cost(each, usable, amount, reason))
    return tuple(found)


def in_lot(found: Iterable[Cost], lot_id: UUID) -> tuple[Cost, ...]:
    """Those that count there."""
    return tuple(each for each in found if each.asked.counts_in(lot_id))


def unknown(found: Iterable[Cost]) -> tuple[str, ...]:
    """Names of the costs that nobody has said yet."""
    return tuple(each.asked.name for each in found if each.amount is None)


def rounded(amount: Fraction, currency: str) -> Money:
    """For people: half up to the places of the currency. Comparisons use the exact amount."""
    places = exponent(currency)
    units = (amount * 10**places + Fraction(1, 2)).__floor__()
    return Money(Decimal(units).scaleb(-places), currency)


def together(found: Iterable[Cost]) -> Fraction:
    """The sum of those that are known."""
    return sum((each.amount or Fraction(0) for each in found), Fraction(0))
