"""Lines that several suppliers may share: what a bid asks for a part of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from marketplace.core.money import rounded_amount
from marketplace.rfq.evaluation.ranking import Price
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.rates import Conversion
from marketplace.scenarios.model import Option, PriceBreak


@dataclass(frozen=True, slots=True)
class DividedLine:
    """A line in so many equal ``parts``, with what one bid asks for it."""

    asked: AskedLine
    price: Price
    conversion: Conversion
    parts: int

    def option(self, supplier: str, points: Fraction) -> Option:
        """Any part of it up to what is offered, at the price that holds for the part."""
        whole = self.asked.quantity
        base = self.price.unit_price if self.price.base is None else self.price.base
        offered = whole if self.price.part is None else self.price.part
        breaks = tuple(
            PriceBreak(
                Fraction(each.from_quantity) / Fraction(whole), self._cost(each.unit_price * whole)
            )
            for each in self.price.breaks
            if each.from_quantity <= offered
        )
        return Option(
            supplier,
            frozenset({str(self.asked.id)}),
            self._cost(base * whole),
            points,
            breaks,
            min_share=Fraction(1, self.parts),
            max_share=Fraction(offered) / Fraction(whole),
        )

    def quantity(self, share: Fraction) -> Decimal:
        """So much of the line is the share, exactly."""
        return Decimal((share * self.parts).numerator) * self.asked.quantity / self.parts

    def worth(self, share: Fraction) -> Fraction:
        """What the share comes to as an order has it, in the currency of the RFQ."""
        quantity = self.quantity(share)
        total = rounded_amount(quantity * self.price.at(quantity), self.conversion.currency)
        return self.conversion.exact(total)

    def _cost(self, amount: Decimal) -> Decimal | Fraction:
        return self.conversion.exact(amount) if self.conversion.is_needed else amount


def parts_of(asked: AskedLine, prices: Iterable[Price]) -> int:
    """Into how many parts a line is split: whole units, or as finely as its quantities are said."""
    said = [asked.quantity, *(price.part for price in prices if price.part is not None)]
    places = max(0, *(-_exponent(quantity) for quantity in said))
    return int(asked.quantity.scaleb(places))


def _exponent(quantity: Decimal) -> int:
    return int(quantity.normalize().as_tuple().exponent)
