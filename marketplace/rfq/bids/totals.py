"""What a bid comes to, in its own currency."""

from decimal import Decimal

from marketplace.core.money import Money, rounded_amount
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.terms.asked import AskedLine, Terms


def line_total(asked: AskedLine, line: PricedLine) -> Decimal:
    """Price of what is offered of the line; fixed, and so rounded by its own currency, here."""
    quantity = line.offered(asked)
    return rounded_amount(quantity * line.price_at(quantity), line.currency)


def total_of(terms: Terms, content: BidContent) -> Decimal:
    """The sum of the line totals, which are all in the one currency of the bid."""
    return sum(
        (line_total(terms.line_by_id[line.line_id], line) for line in content.lines),
        Decimal(0),
    )


def money_total(terms: Terms, content: BidContent) -> Money:
    """The sum of the line totals with the currency of the bid."""
    return Money(total_of(terms, content), content.currency or terms.currency)
