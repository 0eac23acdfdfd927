"""Bids in every stage, made by the use cases themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import bidding, evaluation, opening
from marketplace.rfq.services.bidding import Submitted
from marketplace.rfq.terms.offering import QuantityBreak
from tests.factories.identity import make_actor
from tests.factories.rfq import PASSPHRASE, make_published

# the secret of the test settings, so that HTTP and use cases share their keys
KEYS = ServiceKeys.from_secret("s" * 40)


def a_price(
    line: RfqLine, price: str, *, part: str | None = None, breaks: Mapping[str, str] | None = None
) -> PricedLine:
    """A price of a line in EUR, perhaps for a part of it, with quantity breaks."""
    return PricedLine(
        line.id,
        Decimal(price),
        "EUR",
        quantity=Quantity(Decimal(part), line.quantity_unit) if part else None,
        breaks=tuple(
            QuantityBreak(Decimal(quantity), Decimal(each))
            for quantity, each in (breaks or {}).items()
        ),
    )


@dataclass
class Sourcing:
    """A published RFQ with its buyer and the suppliers whom it asked."""

    session: Session
    buyer: Actor
    rfq: Rfq
    lots: Sequence[RfqLot]
    lines: Sequence[RfqLine]
    criteria: Sequence[RfqCriterion]
    suppliers: Sequence[Actor]
    passphrase: str = PASSPHRASE

    @property
    def due_at(self) -> datetime:
        assert self.rfq.bids_due_at is not None
        return self.rfq.bids_due_at

    def content(self, *prices: str | None, **overrides: Any) -> BidContent:
        """Prices for the lines in order; None leaves one out."""
        return BidContent(
            lines=tuple(
                PricedLine(line.id, Decimal(price), self.rfq.currency)
                for line, price in zip(self.lines, prices, strict=False)
                if price is not None
            ),
            **overrides,
        )

    def submit(
        self, supplier: int, *prices: str | None, before: timedelta = timedelta(days=1), **over: Any
    ) -> Submitted:
        """A bid that arrives this long before the deadline."""
        return bidding.submit(
            self.session,
            self.suppliers[supplier],
            KEYS,
            self.rfq.id,
            self.due_at - before,
            self.content(*prices, **over),
        )

    def submit_lines(self, supplier: int, *lines: PricedLine, **over: Any) -> Submitted:
        """A bid of these lines, a day before the deadline; earlier suppliers come first."""
        arrived = self.due_at - timedelta(days=1) + timedelta(minutes=supplier)
        content = BidContent(lines=lines, **over)
        return bidding.submit(
            self.session, self.suppliers[supplier], KEYS, self.rfq.id, arrived, content
        )

    def open(self) -> RfqOpening:
        with clock.frozen(self.due_at + timedelta(seconds=30)):
            return opening.open_bids(self.session, self.buyer, KEYS, self.rfq.id, self.passphrase)

    def score(self, scores: Mapping[UUID, str]) -> None:
        """The same score of a bid for every criterion that people judge."""
        judged = [c for c in self.criteria if c.kind != "price"]
        evaluation.score(
            self.session,
            self.buyer,
            self.rfq.id,
            [
                GivenScore(bid_id, criterion.id, Decimal(score), "as offered")
                for bid_id, score in scores.items()
                for criterion in judged
            ],
        )


def make_sourcing(session: Session, *, suppliers: int = 2, **overrides: Any) -> Sourcing:
    """A published RFQ that asks this many new suppliers, or these ``bidders``."""
    buyer = overrides.pop("buyer", None) or make_actor(session)
    bidders = overrides.pop("bidders", None) or [
        make_actor(session, OrgKind.SUPPLIER) for _number in range(suppliers)
    ]
    published = make_published(
        session,
        buyer,
        supplier_ids=[bidder.organisation_id for bidder in bidders],
        **overrides,
    )
    rfq = published.rfq
    return Sourcing(
        session=session,
        buyer=buyer,
        rfq=rfq,
        lots=_of(session, RfqLot, rfq),
        lines=_of(session, RfqLine, rfq),
        criteria=_of(session, RfqCriterion, rfq),
        suppliers=bidders,
        passphrase=published.opening_passphrase,
    )


def make_opened(session: Session, *bids: Sequence[str | None], **overrides: Any) -> Sourcing:
    """An opened RFQ with one bid per supplier, each with these prices."""
    sourcing = make_sourcing(session, suppliers=len(bids), **overrides)
    for number, prices in enumerate(bids):
        sourcing.submit(number, *prices, before=timedelta(hours=len(bids) - number))
    sourcing.open()
    return sourcing


def _of(session: Session, model: Any, rfq: Rfq) -> Sequence[Any]:
    return session.scalars(select(model).where(model.rfq_id == rfq.id).order_by(model.number)).all()
