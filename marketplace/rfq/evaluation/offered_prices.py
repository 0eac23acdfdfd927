"""What an opened bid asks now: its lines and its bundles, after whatever has lowered them."""

from marketplace.rfq.bids import bundling
from marketplace.rfq.bids.bundling import Bundle, BundleOffer
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import CurrentLine
from marketplace.rfq.evaluation.ranking import Price
from marketplace.rfq.terms import offering
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.rates import Conversion


def price_of(line: CurrentLine, asked: AskedLine, conversion: Conversion) -> Price:
    """What an opened bid asks for a line."""
    breaks = offering.breaks_from({"breaks": line.breaks})
    offered = asked.quantity if line.quantity is None else line.quantity
    return Price(
        unit_price=offering.price_at(line.unit_price, breaks, offered),
        total=line.total,
        note=line.note,
        part=line.quantity,
        base=line.unit_price,
        breaks=breaks,
        opened_unit_price=line.opened_price(offered) if line.is_repriced else None,
        conversion=conversion,
    )


def bundles_of(terms: Terms, offer: BidOffer) -> tuple[BundleOffer, ...]:
    """The bundles of an opened bid that still save something, all of their lines asked for."""
    named = offer.money.bundles if offer.money else []
    if not named:
        return ()
    conversion = terms.conversion(offer.currency)
    prices = {
        line.rfq_line_id: price_of(line, terms.line_by_id[line.rfq_line_id], conversion).unit_price
        for line in offer.lines
        if line.quantity is None and line.rfq_line_id in terms.line_by_id
    }
    found = (
        bundling.offer_of(Bundle.from_json(each), terms.lines, prices, conversion.currency)
        for each in named
    )
    return tuple(each for each in found if each is not None and each.saving > 0)
