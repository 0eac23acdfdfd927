"""Which part of a bid goes into which envelope."""

from collections.abc import Mapping
from typing import Any

from marketplace.rfq.bids.content import BidContent

# Everything else is about money, or may be, and belongs to the price envelope.
TECHNICAL_FIELDS = frozenset({"lot_ids", "name", "note", "delivery_days", "answers", "documents"})


def split(content: BidContent) -> tuple[dict[str, Any], dict[str, Any]]:
    """What goes into the technical envelope, and what goes into the one with the prices."""
    whole = content.to_json()
    technical = {name: value for name, value in whole.items() if name in TECHNICAL_FIELDS}
    prices = {name: value for name, value in whole.items() if name not in TECHNICAL_FIELDS}
    return technical, prices


def joined(*parts: Mapping[str, Any]) -> BidContent:
    """The content as far as these parts say it."""
    whole = BidContent().to_json()
    for part in parts:
        whole |= part
    return BidContent.from_json(whole)
