"""Contents that were sealed out of sight, by a browser or a partner: trusted in nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.errors import DomainError, FieldError, Invalid
from marketplace.rfq.bids import offer_rules
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.alternatives import name_errors
from marketplace.rfq.bids.answer_rules import answer_errors
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.parts import TECHNICAL_FIELDS, joined
from marketplace.rfq.sealing.envelopes import KEY_BYTES, PRICE, TECHNICAL, canonical
from marketplace.rfq.terms.asked import Terms

LONGEST_TEXT = 5000
MOST_DAYS = 3650
MOST_ERRORS = 20


class Malformed(Exception):
    """Not the content of a bid on this RFQ; ``reason`` says in which way, ``errors`` where."""

    def __init__(self, reason: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.errors = errors


def parsed(plain: bytes, terms: Terms, *, envelope: str = "", alternative: int = 0) -> BidContent:
    """What the bidder sealed, if it answers the terms; Malformed otherwise.

    envelope: which one of two it comes from; empty for the only one. alternative: which of the
    supplier's bids it is.
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
    if not (_is_days(content.delivery_days) and _are_documents(content.documents)):
        raise Malformed("malformed")
    if not _is_plain(replace(content, delivery_days=None, documents=())):
        raise Malformed("malformed")
    errors = list(_errors(terms, content, envelope, alternative))
    if errors:
        raise Malformed("does_not_fit", errors[:MOST_ERRORS])
    return content


def _errors(
    terms: Terms, content: BidContent, envelope: str, alternative: int
) -> Iterator[FieldError]:
    """Why this part of the bid is no answer: answers are in one envelope, prices in the other."""
    if envelope == TECHNICAL:
        yield from _first_part_errors(terms, content, alternative)
        return
    which: int | None = alternative
    if envelope == PRICE:
        # neither answers nor the name of an alternative are here
        prices = tuple(each for each in terms.criteria if each.is_price)
        terms, which = replace(terms, criteria=prices), None
    try:
        bid_rules.check_content(terms, content, complete=True, alternative=which)
    except Invalid as refusal:
        yield from refusal.errors


def _first_part_errors(terms: Terms, content: BidContent, alternative: int) -> Iterator[FieldError]:
    """Prices are not here, so that the bid is not complete; all else must be."""
    yield from name_errors(alternative, content, complete=True)
    needed = bid_rules.concerned(terms, content)
    yield from answer_errors(terms.asked, content.answers, complete=True, needed=needed)
    try:
        bid_rules.check_content(terms, replace(content, answers=()), complete=False)
    except Invalid as refusal:
        yield from refusal.errors


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
    needed = {"": always, TECHNICAL: TECHNICAL_FIELDS & always, PRICE: {"lines"}}
    surplus = {"": set(), TECHNICAL: set(data) - TECHNICAL_FIELDS, PRICE: TECHNICAL_FIELDS}
    if needed[envelope] - set(data) or surplus[envelope] & set(data):
        raise Malformed("malformed")


def _are_documents(documents: Sequence[SealedDocument]) -> bool:
    """Whether these can be looked for; what they hold shows when they are opened."""
    return len({each.id for each in documents}) == len(documents) and all(
        len(each.key) == KEY_BYTES
        and type(each.size) is int
        and all(map(_is_plain, (each.name, each.media_type, each.sha256)))
        for each in documents
    )


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
