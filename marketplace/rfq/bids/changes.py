"""What differs between two contents of one bid, for those who decide which to keep."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.core.text import Text, _
from marketplace.rfq.bids.bundling import Bundle
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.terms.asked import AskedLine, Terms


@dataclass(frozen=True)
class LineChange:
    """A line whose price or note differs; None stands for no price."""

    line: AskedLine
    old: PricedLine | None
    new: PricedLine | None


@dataclass(frozen=True)
class FieldChange:
    """A field of the whole bid that differs."""

    field: Text | str
    old: Text | str
    new: Text | str


def line_changes(terms: Terms, old: BidContent, new: BidContent) -> list[LineChange]:
    """Lines that differ, in their order."""
    before, after = old.line_by_id, new.line_by_id
    return [
        LineChange(line, before.get(line.id), after.get(line.id))
        for line in terms.lines
        if before.get(line.id) != after.get(line.id)
    ]


def field_changes(terms: Terms, old: BidContent, new: BidContent) -> list[FieldChange]:
    """Fields of the whole bid that differ, documents apart."""
    return [
        change
        for change in (
            FieldChange(_("Name of the alternative"), old.name, new.name),
            FieldChange(_("Currency"), *(each.currency or terms.currency for each in (old, new))),
            *_lots(terms, old, new),
            FieldChange(_("Delivery time in days"), _days(old), _days(new)),
            FieldChange(_("Bundles"), _bundles(terms, old), _bundles(terms, new)),
            FieldChange(_("Minimum order value"), _minimum(old), _minimum(new)),
            *_answers(terms, old, new),
            FieldChange(_("Note to the buyer"), old.note, new.note),
        )
        if str(change.old) != str(change.new)
    ]


def _lots(terms: Terms, old: BidContent, new: BidContent) -> Iterator[FieldChange]:
    for lot in terms.lots:
        name = _("Bid for lot %(number)s: %(title)s", number=lot.number, title=lot.title)
        words = [_("yes") if lot.id in each.lot_ids else _("no") for each in (old, new)]
        yield FieldChange(name, *words)


def _bundles(terms: Terms, content: BidContent) -> str:
    return "\n".join(bundle_words(terms, bundle) for bundle in content.bundles)


def bundle_words(terms: Terms, bundle: Bundle) -> str:
    """A bundle in a line: its name, the numbers of its lines, and what it costs."""
    numbers = ", ".join(str(line.number) for line in terms.lines if bundle.covers(line))
    if bundle.price:
        worth = f"{bundle.price.amount.normalize():f} {bundle.price.currency}"
    else:
        worth = f"-{bundle.percent or 0:f} %"
    return f"{bundle.name} ({numbers}): {worth}"


def _minimum(content: BidContent) -> str:
    least = content.minimum_order
    return f"{least.amount.normalize():f} {least.currency}" if least else ""


def _days(content: BidContent) -> str:
    return "" if content.delivery_days is None else str(content.delivery_days)


def _answers(terms: Terms, old: BidContent, new: BidContent) -> Iterator[FieldChange]:
    said = [{answer.criterion_id: answer.text for answer in each.answers} for each in (old, new)]
    for criterion in terms.asked:
        yield FieldChange(criterion.name, *(each.get(criterion.id, "") for each in said))
