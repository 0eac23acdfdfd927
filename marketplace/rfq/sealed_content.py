"""Contents that were sealed out of sight, by a browser or a partner: trusted in nothing."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.errors import DomainError
from marketplace.rfq import bid_rules, offer_rules
from marketplace.rfq.answer_rules import answer_errors
from marketplace.rfq.bid_content import BidContent, Terms
from marketplace.rfq.envelope_parts import TECHNICAL_FIELDS, joined
from marketplace.rfq.envelopes import canonical

LONGEST_TEXT = 5000
MOST_DAYS = 3650


class Malformed(Exception):
    """Not the content of a bid on this RFQ; ``reason`` says in which way."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parsed(plain: bytes, terms: Terms, *, envelope: str = "") -> BidContent:
    """What the bidder sealed, if it answers the terms; Malformed otherwise.

    envelope: which one of two it comes from; empty for the only one.
    """
    data = _document(plain)
    _check_fields(data, envelope)
    try:
        content = joined(data)
        whole = content.to_json()
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, DomainError):
        raise Malformed("malformed") from None
    # what is written back must be what was read: no other type, no other spelling, nothing more
    if any(name not in whole or whole[name] != value for name, value in data.items()):
        raise Malformed("malformed")
    if not (_is_days(content.delivery_days) and _is_plain(replace(content, delivery_days=None))):
        raise Malformed("malformed")
    if not _fits(terms, content, envelope):
        raise Malformed("does_not_fit")
    return content


def _fits(terms: Terms, content: BidContent, envelope: str) -> bool:
    """Whether this part of the bid is complete: answers in one envelope, prices in the other."""
    asked = terms
    if envelope == "price":
        prices = tuple(each for each in terms.criteria if each.is_price)
        asked = replace(terms, criteria=prices)
    try:
        bid_rules.check_content(asked, content, complete=envelope != "technical")
    except DomainError:
        return False
    return not list(
        answer_errors(
            asked.asked, content.answers, complete=True, needed=bid_rules.concerned(asked, content)
        )
    )


def _document(plain: bytes) -> Mapping[str, Any]:
    """The bytes must be canonical, so that everybody computes the same from what they say."""
    try:
        data = json.loads(plain)
        if not isinstance(data, dict) or canonical(data) != plain:
            raise Malformed("malformed")
    except (ValueError, RecursionError):
        raise Malformed("malformed") from None
    return data


def _check_fields(data: Mapping[str, Any], envelope: str) -> None:
    always = set(BidContent().to_json())
    needed = {"": always, "technical": TECHNICAL_FIELDS & always, "price": {"lines"}}
    surplus = {"": set(), "technical": set(data) - TECHNICAL_FIELDS, "price": TECHNICAL_FIELDS}
    if needed[envelope] - set(data) or surplus[envelope] & set(data):
        raise Malformed("malformed")
    # documents are locked by the service and cannot be part of what it never sees
    if data.get("documents"):
        raise Malformed("malformed")


def _is_plain(value: object) -> bool:
    """Whether there are but texts of a usual length, numbers of a usual size, and ids."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and "\0" not in value
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) < offer_rules.PRICE_LIMIT
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    if is_dataclass(value):
        return all(_is_plain(getattr(value, field.name)) for field in fields(value))
    return value is None or isinstance(value, UUID)


def _is_days(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= MOST_DAYS)
