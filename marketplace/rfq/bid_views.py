"""Bids as their readers get them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.core import clock
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor
from marketplace.rfq import bid_rules
from marketplace.rfq.bid_content import (
    Answer,
    BidContent,
    SealedDocument,
    Terms,
    document_from_json,
    line_total,
)
from marketplace.rfq.bid_models import Bid, BidAttempt, BidOffer
from marketplace.rfq.bid_states import BidState
from marketplace.rfq.evaluation_models import BidExclusion
from marketplace.rfq.models import Rfq
from marketplace.rfq.services.bid_drafts import OwnBid
from marketplace.rfq.services.bidding import Submitted
from marketplace.rfq.states import EnvelopeRule


@dataclass(frozen=True)
class LineView:
    line_id: UUID
    unit_price: Money
    total: Money
    note: str


@dataclass(frozen=True)
class ContentView:
    """What a bid says. ``total`` is None while its prices may not be seen."""

    lot_ids: Iterable[UUID]
    lines: list[LineView]
    total: Money | None
    note: str
    delivery_days: int | None
    answers: Iterable[Answer]
    documents: Iterable[SealedDocument]


@dataclass(frozen=True)
class BidView:
    id: UUID
    rfq_id: UUID
    supplier_id: UUID
    supplier_name: str
    state: BidState
    actions: list[str]
    version: int
    number: int
    submitted_at: datetime | None
    created_at: datetime
    draft: ContentView | None = None
    content: ContentView | None = None
    receipt: BidAttempt | None = None
    read_back_key: str | None = None
    exclusion: BidExclusion | None = None


def content_view(terms: Terms, content: BidContent) -> ContentView:
    """The content with its totals."""
    currency = terms.currency
    lines = [
        LineView(
            line.line_id,
            Money(line.unit_price, line.currency),
            Money(line_total(terms.line_by_id[line.line_id], line.unit_price, currency), currency),
            line.note,
        )
        for line in content.lines
    ]
    return ContentView(
        lot_ids=content.lot_ids,
        lines=lines,
        total=sum((line.total for line in lines), Money(Decimal(0), currency)),
        note=content.note,
        delivery_days=content.delivery_days,
        answers=content.answers,
        documents=content.documents,
    )


def own(bid: Bid, read: OwnBid, actor: Actor) -> BidView:
    """The supplier's own bid before the opening; its content as far as it could be read."""
    return _view(
        bid,
        actor.org_name,
        actions=bid_rules.actions_for(bid.state, read.door.rfq, actor, clock.now()),
        draft=content_view(read.terms, read.draft) if read.draft else None,
        content=content_view(read.terms, read.sealed) if read.sealed else None,
    )


def submitted(done: Submitted, actor: Actor) -> BidView:
    """The bid that has just been submitted, with its receipt and the key that reads it back."""
    receipt = done.receipt
    return BidView(
        id=done.bid_id,
        rfq_id=receipt.rfq_id,
        supplier_id=receipt.supplier_id,
        supplier_name=actor.org_name,
        state=BidState.SUBMITTED,
        actions=bid_rules.bidder_actions(BidState.SUBMITTED),
        version=done.version,
        number=receipt.number or 0,
        submitted_at=receipt.arrived_at,
        created_at=done.created_at,
        content=content_view(done.terms, done.content),
        receipt=receipt,
        read_back_key=done.read_back_key.hex(),
    )


def opened(
    bid: Bid, offer: BidOffer, currency: str, supplier_name: str, *, priced: bool = True
) -> BidView:
    """A bid after its opening."""
    return _view(bid, supplier_name, content=offer_view(offer, currency, priced=priced))


def is_priced(rfq: Rfq, offer: BidOffer) -> bool:
    """Whether the prices of this opened bid are open: excluded ones may stay sealed for ever."""
    return rfq.envelopes is EnvelopeRule.ONE or bool(offer.lines)


def offer_view(offer: BidOffer, currency: str, *, priced: bool = True) -> ContentView:
    """What an opened bid says. priced: whether it was read with its prices."""
    lines = [
        LineView(
            line.rfq_line_id,
            Money(line.unit_price, currency),
            Money(line.total, currency),
            line.note,
        )
        for line in offer.lines
    ]
    return ContentView(
        lot_ids=offer.lot_ids,
        lines=lines,
        total=sum((line.total for line in lines), Money(Decimal(0), currency)) if priced else None,
        note=offer.note,
        delivery_days=offer.delivery_days,
        answers=[Answer(UUID(a["criterion_id"]), a["text"]) for a in offer.answers],
        documents=documents_of(offer),
    )


def documents_of(offer: BidOffer) -> list[SealedDocument]:
    """The documents of an opened bid, with the keys that open them."""
    return [document_from_json(document) for document in offer.documents]


def _view(
    bid: Bid,
    supplier_name: str,
    *,
    actions: Sequence[str] = (),
    draft: ContentView | None = None,
    content: ContentView | None = None,
) -> BidView:
    return BidView(
        id=bid.id,
        rfq_id=bid.rfq_id,
        supplier_id=bid.supplier_id,
        supplier_name=supplier_name,
        state=bid.state,
        actions=list(actions),
        version=bid.version,
        number=bid.number,
        submitted_at=bid.submitted_at,
        created_at=bid.created_at,
        draft=draft,
        content=content,
    )


def signed_file(statement: str, signature: bytes, public_key: bytes) -> bytes:
    """A signed statement with all that is needed to verify it."""
    content = {
        "statement": statement,
        "signature": signature.hex(),
        "public_key": public_key.hex(),
        "algorithm": "Ed25519",
    }
    return json.dumps(content, indent=2).encode()
