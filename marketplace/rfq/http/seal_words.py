"""What the page on which a bid is sealed says by itself: rules are checked in the browser there."""

from marketplace.core.text import Text, _
from marketplace.documents.rules import MAX_BYTES
from marketplace.rfq.bids.answer_rules import HINTS
from marketplace.rfq.bids.bundling import MAX_BUNDLES
from marketplace.rfq.bids.offer_rules import PRICE_PLACES, QUANTITY_PLACES
from marketplace.rfq.bids.rules import MAX_DOCUMENTS
from marketplace.rfq.terms.offering import MAX_BREAKS

# by what seal-rules.js and seal-form.js call them; the words are those of the same rules here
RULES: dict[str, Text] = {
    "price": _("A price is more than zero."),
    "price_too_large": _("This price is out of range."),
    "price_decimals": _("A unit price has at most %(places)s decimal places.", places=PRICE_PLACES),
    "no_price": _("Give a price for at least one line."),
    "total_too_large": _("The total is out of range."),
    "quantity": _("A quantity is more than zero; leave the price empty to offer nothing."),
    "quantity_decimals": _(
        "A quantity has at most %(places)s decimal places.", places=QUANTITY_PLACES
    ),
    "above_asked": _("This is more than is asked for."),
    "partial_not_allowed": _("This event takes offers for the whole quantity of a line only."),
    "breaks_not_allowed": _("This event takes no quantity breaks."),
    "too_many_breaks": _("A line has at most %(n)s quantity breaks.", n=MAX_BREAKS),
    "not_ascending": _("The quantities of the breaks are more than zero and ascend."),
    "break_above_asked": _("A break starts at a quantity that is more than is asked for."),
    "not_breaks": _("Write quantity breaks as quantity and price, such as 100: 9; 500: 8"),
    "unknown_line": _("This line is not part of the event."),
    "unknown_lot": _("This lot is not part of the event."),
    "unknown_criterion": _("This criterion takes no answer."),
    "wrong_unit": _("Give the quantity in the unit of the line."),
    "lot_not_chosen": _("This line belongs to a lot that the bid is not for."),
    "amount_range": _("This amount is out of range."),
    "amount_decimals": _("This amount has more decimal places than its currency."),
    "minimum_not_allowed": _("This event takes no minimum order value."),
    "minimum_above_total": _(
        "The minimum order value is above the total: the bid could never be awarded."
    ),
    "bundles_not_allowed": _("This event takes no bundles."),
    "too_many_bundles": _("A bid has at most %(n)s bundles.", n=MAX_BUNDLES),
    "name_not_own": _("Give each bundle a name of its own."),
    "too_few_lines": _("A bundle has at least two lines."),
    "price_or_percent": _("Give either a price for the bundle or a discount in per cent."),
    "percent_range": _(
        "A discount is between 0 and 100 per cent, with at most two decimal places."
    ),
    "not_priced": _("Price line %(numbers)s for its whole quantity too.", numbers="{numbers}"),
    "not_exact": _(
        "No unit prices with six decimal places come to this price. Change it a little."
    ),
    "not_cheaper": _("Its lines cost no more one by one."),
    "name": _("Name the alternative, so that the buyer can tell it from your other bids."),
    "days": _("A delivery time is a whole number of days, at most 3,650."),
    "required": _("This must be answered."),
    "not_a_number": _("This is not a number we can read."),
    "too_long": _("This text is too long."),
    **{f"answer_{kind}": hint for kind, hint in HINTS.items()},
    "of_line": _("Line %(number)s: %(detail)s", number="{number}", detail="{detail}"),
    "of_bundle": _("Bundle %(number)s: %(detail)s", number="{number}", detail="{detail}"),
    "of_answer": _("“%(name)s”: %(detail)s", name="{name}", detail="{detail}"),
}
DOCUMENTS: dict[str, Text] = {
    "file_kind": _("{name}: files of this kind are not taken."),
    "file_empty": _("{name}: the file is empty."),
    "file_too_large": _("{name}: the file is larger than %(limit)s MB.", limit=MAX_BYTES >> 20),
    "too_many_documents": _("A bid has at most %(count)s documents.", count=MAX_DOCUMENTS),
    "sending": _("is being sent"),
    "not_sent": _("not sent: there is no connection"),
    "again": _("Try again"),
    "read": _("Read it"),
    "remove": _("Remove"),
    "not_read": _("{name} cannot be read: it is not there, or there is no connection."),
    "documents_not_sent": _("A document has not been sent yet. Try again or remove it."),
    "documents_gone": _("A document of it is not there any more. Attach it again."),
}
DRAFTS: dict[str, Text] = {
    "read_back": _("Your submitted bid was read back in this browser."),
    "wrong_key": _("This key does not open the submitted bid."),
    "draft_restored": _("This is the draft that this browser has kept. It is not submitted."),
    "terms_changed": _(
        "The buyer has changed the event since you wrote this draft. Look at what it asks for now"
        " before you seal the bid."
    ),
    "left_out": _("What is not asked for any more has been left out."),
    "not_arrived": _(
        "What you sent last from this browser is not the submitted bid: it has not arrived, or"
        " another version came between. Your draft is still here. Seal it and send it again."
    ),
}


def in_words() -> dict[str, str]:
    """All of them in the reader's language."""
    return {name: str(words) for name, words in (RULES | DOCUMENTS | DRAFTS).items()}
