"""Bids as their readers get them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq, money_of
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.bundling import Bundle
from marketplace.rfq.bids.content import Answer, BidContent, PricedLine
from marketplace.rfq.bids.documents import RefusedDocument, SealedDocument, document_from_json
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import CurrentLine
from marketplace.rfq.bids.totals import line_total
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.services.bid_drafts import OwnBid
from marketplace.rfq.services.bidding import Submitted
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.offering import QuantityBreak, breaks_from, price_at
from marketplace.rfq.terms.rates import AS_IT_IS, Conversion
from marketplace.rfq.terms.states import EnvelopeRule


@dataclass(frozen=True)
class LineView:
    line_id: UUID
    unit_price: Money
    total: Money
    note: str
    quantity: Quantity
    is_partial: bool
    breaks: tuple[QuantityBreak, ...]
    # what an auction has made of it since
    auction_unit_price: Money | None = None
    auction_total: Money | None = None

    @property
    def price(self) -> Money:
        """The price of each unit of what is offered."""
        amount = price_at(self.unit_price.amount, self.breaks, self.quantity.value)
        return Money(amount, self.unit_price.currency)


@dataclass(frozen=True)
class ContentView:
    """What a bid says. ``total`` is None while its prices may not be seen.

    ``conversion`` is into the currency of the RFQ, by its published rate.
    """

    lot_ids: Iterable[UUID]
    lines: list[LineView]
    total: Money | None
    note: str
    delivery_days: int | None
    answers: Iterable[Answer]
    documents: Iterable[SealedDocument]
    minimum_order: Money | None
    bundles: tuple[Bundle, ...] = ()
    name: str = ""
    currency: str | None = None
    conversion: Conversion = AS_IT_IS
    refused_documents: Sequence[RefusedDocument] = ()

    @property
    def converted_total(self) -> Money | None:
        """The total in the currency of the RFQ, where the bid is in another."""
        return self.conversion.shown_beside(self.total.amount) if self.total else None


@dataclass(frozen=True)
class BidView:
    id: UUID
    rfq_id: UUID
    supplier_id: UUID
    supplier_name: str
    alternative: int
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
    terms_number: int | None = None
    lines_to_confirm: Sequence[UUID] = ()
    lines_to_price: Sequence[int] = ()
    exclusion: BidExclusion | None = None


def content_view(terms: Terms, content: BidContent) -> ContentView:
    """The content with its totals."""
    conversion = terms.conversion(content.currency)
    lines = [_line(terms.line_by_id[line.line_id], line) for line in content.lines]
    return ContentView(
        lot_ids=content.lot_ids,
        lines=lines,
        total=sum((line.total for line in lines), Money(Decimal(0), conversion.currency)),
        note=content.note,
        delivery_days=content.delivery_days,
        answers=content.answers,
        documents=content.documents,
        minimum_order=content.minimum_order,
        bundles=content.bundles,
        currency=conversion.currency,
        conversion=conversion,
        name=content.name,
    )


def _line(asked: AskedLine, line: PricedLine) -> LineView:
    offered = line.offered(asked)
    return LineView(
        line_id=line.line_id,
        unit_price=line.price,
        total=Money(line_total(asked, line), line.currency),
        note=line.note,
        quantity=Quantity(offered, asked.unit),
        is_partial=offered < asked.quantity,
        breaks=line.breaks,
    )


def own(bid: Bid, read: OwnBid, actor: Actor) -> BidView:
    """The supplier's own bid before the opening; its content as far as it could be read."""
    shown = _view(
        bid,
        actor.org_name,
        actions=bid_rules.actions_for(bid.state, read.door.rfq, actor, clock.now()),
        draft=content_view(read.terms, read.draft) if read.draft else None,
        content=content_view(read.terms, read.sealed) if read.sealed else None,
    )
    if read.amended is None:
        return replace(shown, terms_number=read.door.seal.terms_number)
    return replace(
        shown,
        state=BidState.NEEDS_CONFIRMATION if read.needs_confirmation else shown.state,
        actions=[*shown.actions, "confirm"]
        if read.needs_confirmation and "submit" in shown.actions
        else shown.actions,
        terms_number=read.door.seal.terms_number,
        lines_to_confirm=[UUID(line_id) for line_id in sorted(read.amended.to_confirm)],
        lines_to_price=read.amended.added,
    )


def submitted(done: Submitted, actor: Actor) -> BidView:
    """The bid that has just been submitted, with its receipt and the key that reads it back."""
    receipt = done.receipt
    return BidView(
        id=done.bid_id,
        rfq_id=receipt.rfq_id,
        supplier_id=receipt.supplier_id,
        supplier_name=actor.org_name,
        alternative=receipt.alternative,
        state=BidState.SUBMITTED,
        actions=bid_rules.bidder_actions(BidState.SUBMITTED),
        version=done.version,
        number=receipt.number or 0,
        submitted_at=receipt.arrived_at,
        created_at=done.stored.created_at,
        content=content_view(done.terms, done.content),
        receipt=receipt,
        read_back_key=done.read_back_key.hex(),
    )


def opened(
    bid: Bid, offer: BidOffer, terms: Terms, supplier_name: str, *, priced: bool = True
) -> BidView:
    """A bid after its opening."""
    return _view(bid, supplier_name, content=offer_view(offer, terms, priced=priced))


def is_priced(rfq: Rfq, offer: BidOffer) -> bool:
    """Whether the prices of this opened bid are open: excluded ones may stay sealed for ever."""
    return rfq.envelopes is EnvelopeRule.ONE or bool(offer.lines)


def offer_view(offer: BidOffer, terms: Terms, *, priced: bool = True) -> ContentView:
    """What an opened bid says, as it was sealed; prices that an auction has set stand beside.

    priced: whether it was read with its prices.
    """
    conversion = terms.conversion(offer.currency)
    currency = conversion.currency
    lines = [
        _opened_line(terms.line_by_id[line.rfq_line_id], line, currency)
        for line in offer.lines
        if line.rfq_line_id in terms.line_by_id
    ]
    return ContentView(
        lot_ids=offer.lot_ids,
        lines=lines,
        total=sum((line.total for line in lines), Money(Decimal(0), currency)) if priced else None,
        note=offer.note,
        delivery_days=offer.delivery_days,
        answers=[Answer(UUID(a["criterion_id"]), a["text"]) for a in offer.answers],
        documents=documents_of(offer),
        minimum_order=money_of(offer.minimum_order, currency),
        bundles=tuple(map(Bundle.from_json, offer.money.bundles if offer.money else ())),
        currency=currency if priced else None,
        conversion=conversion,
        name=offer.name,
        refused_documents=[RefusedDocument.from_json(each) for each in offer.refused_documents],
    )


def _opened_line(asked: AskedLine, line: CurrentLine, currency: str) -> LineView:
    offered = asked.quantity if line.quantity is None else line.quantity
    return LineView(
        line_id=line.rfq_line_id,
        unit_price=Money(line.opened_unit_price, currency),
        total=Money(line.opened_total, currency),
        note=line.note,
        quantity=Quantity(offered, asked.unit),
        is_partial=line.quantity is not None,
        breaks=breaks_from({"breaks": line.opened_breaks}),
        auction_unit_price=Money(line.unit_price, currency) if line.is_repriced else None,
        auction_total=Money(line.total, currency) if line.is_repriced else None,
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
        alternative=bid.alternative,
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
