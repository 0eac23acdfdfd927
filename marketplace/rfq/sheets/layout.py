"""The spreadsheet of a bid: its sheets, columns and keys, for who writes it and who reads it.

Headers are written in the supplier's language and read in every one. Each row carries the id of
its line and what it was made from, so that rows can be sorted, filtered or copied to CSV.
"""

from collections.abc import Collection
from uuid import UUID

from marketplace.core.tabular import Column
from marketplace.core.text import _
from marketplace.rfq.terms.offering import OfferKind

MAX_NOTE = 500
MAX_TEXT = 5000
MAX_DAYS = 3650

PRICE_COLUMNS = (
    Column("line_id", _("Line id"), ("line id", "identifiant de ligne")),
    Column("revision", _("Revision"), ("revision", "révision")),
    Column("lot", _("Lot"), ("lot",)),
    Column("number", _("No."), ("no", "n°", "n")),
    Column("description", _("Description"), ("description",)),
    Column("quantity", _("Quantity"), ("quantity", "quantité")),
    Column("unit", _("Unit"), ("unit", "unité")),
    Column("delivery_on", _("Deliver by"), ("deliver by", "à livrer avant le")),
    Column("delivery_place", _("Place of delivery"), ("place of delivery", "lieu de livraison")),
    Column("unit_price", _("Unit price"), ("unit price", "prix unitaire")),
    Column("currency", _("Currency"), ("currency", "devise")),
    Column("total", _("Total"), ("total",)),
    Column("note", _("Note"), ("note",)),
)
# columns of what only some RFQs allow, behind the others
EXTRA_COLUMNS = {
    OfferKind.PARTIAL_QUANTITIES: Column(
        "offered",
        _("Offered quantity"),
        ("offered quantity", "quantité offerte", "quantité proposée"),
    ),
    OfferKind.QUANTITY_BREAKS: Column(
        "breaks", _("Quantity breaks"), ("quantity breaks", "paliers de quantité", "paliers")
    ),
}
# a total is the spreadsheet's own doing, and where to deliver the buyer's
PRICE_READ = tuple(
    column
    for column in (*PRICE_COLUMNS, *EXTRA_COLUMNS.values())
    if column.name not in ("lot", "delivery_on", "delivery_place", "total")
)
EXTRA_INSTRUCTIONS = {
    OfferKind.PARTIAL_QUANTITIES: _(
        "Offered quantity: leave it empty to offer the whole line; the buyer may take less than you"
        " offer."
    ),
    OfferKind.QUANTITY_BREAKS: _(
        "Quantity breaks: quantity and price, several with a semicolon, such as 100: 9; 500: 8."
        " From each quantity on every unit has its price; the unit price holds below the first one."
    ),
    OfferKind.BUNDLES: _(
        "Bundles: name lines by their numbers, such as 1; 3; 5-8, and give a price for all of them"
        " together or a discount in per cent. It holds if all of them go to you, whole."
    ),
    OfferKind.ALTERNATIVES: _(
        "Alternatives: each is a bid of its own with a spreadsheet of its own; download and upload"
        " it on the page of that alternative."
    ),
    OfferKind.MINIMUM_ORDER: _(
        "Minimum order value: you need not deliver an award of less than this."
    ),
}
PRICE_REQUIRED = ("line_id", "revision", "unit_price")
HIDDEN = ("line_id", "revision")

WHOLE_COLUMNS = (
    Column("field", _("Field id"), ("field id", "identifiant de champ")),
    Column("question", _("Question"), ("question",)),
    Column("answer", _("Your answer"), ("your answer", "votre réponse")),
)
BUNDLE_COLUMNS = (
    Column("bundle", _("Bundle"), ("bundle", "lot groupé")),
    Column("lines", _("Numbers of lines"), ("numbers of lines", "numéros de lignes")),
    Column(
        "lots", _("Numbers of whole lots"), ("numbers of whole lots", "numéros de lots entiers")
    ),
    Column("price", _("Price of the bundle"), ("price of the bundle", "prix du lot groupé")),
    Column("percent", _("Discount in per cent"), ("discount in per cent", "remise en pour cent")),
)
BUNDLE_REQUIRED = ("bundle", "lines")
WHOLE_REQUIRED = ("field", "answer")
WHOLE_SHEET = _("Whole bid")
# always the first field, so that formulas find it
CURRENCY = "currency"
DELIVERY_DAYS = "delivery_days"
NOTE = "note"
NAME = "name"
MINIMUM_ORDER = "minimum_order"
LOT = "lot:"
CRITERION = "criterion:"


def price_columns(allows: Collection[OfferKind]) -> tuple[Column, ...]:
    """The columns of the first sheet of an RFQ that allows this."""
    return (
        *PRICE_COLUMNS,
        *(column for kind, column in EXTRA_COLUMNS.items() if kind in allows),
    )


INDEX = {column.name: index for index, column in enumerate(PRICE_COLUMNS)}
WHOLE_INDEX = {column.name: index for index, column in enumerate(WHOLE_COLUMNS)}


def revision_of(rfq_id: UUID, fingerprint: str) -> str:
    """What a row was made from: the RFQ and the fingerprint of its published content."""
    return f"{rfq_id} {fingerprint}"
