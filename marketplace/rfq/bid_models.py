"""Tables of bids: seals, sealed versions, signed attempts, and what opening revealed."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from marketplace.core.db import (
    Amount,
    Base,
    CurrencyCode,
    HasCreated,
    HasId,
    HasVersion,
    QuantityValue,
    Rate,
    UnitCode,
    UnitPrice,
)
from marketplace.core.text import Text
from marketplace.rfq import alternatives
from marketplace.rfq.award_models import AwardStanding
from marketplace.rfq.bid_states import AttemptOutcome, BidState
from marketplace.rfq.envelopes import Cipher
from marketplace.rfq.price_models import CurrentLine


class RfqTerms(Base):
    """One version of what is asked for: the publication's is 1, each addendum makes the next.

    ``terms`` is the published content, ``fingerprint`` its digest.
    """

    __tablename__ = "rfq_terms"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    buyer_id: Mapped[UUID]
    terms: Mapped[dict[str, Any]]
    fingerprint: Mapped[str]
    published_at: Mapped[datetime]


class RfqSeal(Base):
    """What the bids of a published RFQ are sealed with, and the terms that new ones answer.

    The private key is wrapped with the opening passphrase, which is not kept; None where it lies
    in the shares of officers.
    """

    __tablename__ = "rfq_seal"
    __table_args__ = (
        ForeignKeyConstraint(["rfq_id", "terms_number"], ["rfq_terms.rfq_id", "rfq_terms.number"]),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"), primary_key=True)
    buyer_id: Mapped[UUID]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    # of the envelope with all but the prices, where an RFQ has two
    technical_public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    terms_number: Mapped[int] = mapped_column(server_default="1")

    published: Mapped[RfqTerms] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def terms(self) -> dict[str, Any]:
        """What is asked for now."""
        return self.published.terms

    @property
    def fingerprint(self) -> str:
        return self.published.fingerprint


class Bid(HasId, HasVersion, HasCreated, Base):
    """A bid of a supplier; ``number`` is its last submitted version, 0 before the first.

    ``alternative`` is 0 for the main bid, and counts the others that the supplier offers beside.
    """

    __tablename__ = "bid"
    __table_args__ = (
        UniqueConstraint("rfq_id", "supplier_id", "alternative"),
        CheckConstraint("alternative BETWEEN 0 AND 9", name="alternative_sane"),
        Index(None, "supplier_id", "created_at", "id"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    alternative: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    state: Mapped[BidState]
    number: Mapped[int] = mapped_column(server_default="0", default=0)
    submitted_at: Mapped[datetime | None]


class BidDraft(Base):
    """What the supplier is writing, locked with a key of the service; gone once submitted.

    ``terms_number``: the version of the terms that it was last saved under.
    """

    __tablename__ = "bid_draft"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime]
    terms_number: Mapped[int] = mapped_column(server_default="1")


class BidDocument(HasId, HasCreated, Base):
    """The locked bytes of a document; name and key stand in the bid that it belongs to.

    ``digest`` is that of the locked bytes, where the bidder has locked them; receipts state it.
    """

    __tablename__ = "bid_document"
    __table_args__ = (Index(None, "bid_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"))
    supplier_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    cipher: Mapped[Cipher] = mapped_column(
        default=Cipher.CHACHA20_POLY1305, server_default=Cipher.CHACHA20_POLY1305.value
    )
    digest: Mapped[str | None]


class BidVersion(Base):
    """One submitted version. Every one is kept sealed; opening reads the last alone.

    Where an RFQ has two envelopes, the first three columns hold the prices and ``technical`` the
    rest; ``digest`` covers both.
    ``terms_number``: the version of the terms that it answers and is bound to.
    """

    __tablename__ = "bid_version"
    __table_args__ = (CheckConstraint("terms_number > 0", name="terms_number_sane"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supplier_id: Mapped[UUID]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    key_for_opening: Mapped[bytes] = mapped_column(LargeBinary)
    key_for_reading_back: Mapped[bytes] = mapped_column(LargeBinary)
    technical_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_key_for_opening: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_key_for_reading_back: Mapped[bytes | None] = mapped_column(LargeBinary)
    cipher: Mapped[Cipher] = mapped_column(
        default=Cipher.CHACHA20_POLY1305, server_default=Cipher.CHACHA20_POLY1305.value
    )
    digest: Mapped[str]
    arrived_at: Mapped[datetime]
    terms_number: Mapped[int] = mapped_column(server_default="1")


class BidAttempt(HasId, Base):
    """One attempt to submit or withdraw, accepted or not, with the signed statement about it.

    ``seq`` and ``link`` chain the attempts of an RFQ; a trigger gives them (migration 0017).
    """

    __tablename__ = "bid_attempt"
    __table_args__ = (
        Index(None, "rfq_id", "supplier_id", "arrived_at"),
        UniqueConstraint("rfq_id", "seq"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    bid_id: Mapped[UUID | None]
    number: Mapped[int | None]
    outcome: Mapped[AttemptOutcome]
    code: Mapped[str | None]
    digest: Mapped[str | None]
    arrived_at: Mapped[datetime]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    link: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))

    @property
    def alternative(self) -> int:
        """Which of the supplier's bids it was about, as the statement says; 0: the main one."""
        return int(json.loads(self.statement).get("alternative", 0))


class BidAttemptHead(Base):
    """The last link of each RFQ's chain of attempts."""

    __tablename__ = "bid_attempt_head"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    link: Mapped[bytes] = mapped_column(LargeBinary)


class RfqOpening(Base):
    """The minutes of the opening: who, when, which envelopes; signed like a receipt."""

    __tablename__ = "rfq_opening"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    bid_count: Mapped[int]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class RfqOutcome(Base):
    """What the opening proves to buyer and bidders alike; it names nobody. Signed."""

    __tablename__ = "rfq_outcome"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class BidOffer(Base):
    """What a bid says, written at opening and never changed.

    ``data_key`` opens the sealed version, so that anybody can compare; unknown before 0017.
    """

    __tablename__ = "bid_offer"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    alternative: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # what the supplier calls an alternative
    name: Mapped[str] = mapped_column(default="", server_default="")
    number: Mapped[int]
    submitted_at: Mapped[datetime]
    note: Mapped[str]
    delivery_days: Mapped[int | None]
    lot_ids: Mapped[list[UUID]]
    answers: Mapped[list[Any]]
    documents: Mapped[list[Any]]
    # what bidders had locked themselves and could not be taken as a document
    refused_documents: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    lines: Mapped[list[CurrentLine]] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="BidOffer.bid_id == foreign(CurrentLine.bid_id)",
    )
    money: Mapped["BidMoney | None"] = relationship(lazy="raise", viewonly=True)
    left_out: Mapped["BidUnconfirmed | None"] = relationship(lazy="joined", viewonly=True)

    @property
    def minimum_order(self) -> Decimal | None:
        """The least order that the bidder takes."""
        return self.money.minimum_order if self.money else None

    def bidder(self, supplier: str) -> Text | str:
        """Whose bid it is, and which of several. supplier: their name."""
        return alternatives.named(supplier, self.alternative, self.name)

    @property
    def currency(self) -> str | None:
        """What its amounts are in; None: the currency of the RFQ, or not to be seen."""
        return self.money.currency if self.money else None

    @property
    def unconfirmed(self) -> list[int]:
        """Numbers of priced lines that do not count, since they were not confirmed."""
        return self.left_out.lines if self.left_out else []


class BidMoney(Base):
    """What an opened bid says about money besides its lines; bids before 0026 have none."""

    __tablename__ = "bid_money"
    __table_args__ = (CheckConstraint("minimum_order > 0", name="minimum_order_positive"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    minimum_order: Mapped[Amount | None]
    bundles: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # None: that of the RFQ, as for all bids before 0044
    currency: Mapped[CurrencyCode | None]


class BidUnconfirmed(Base):
    """Numbers of priced lines that do not count: touched by an addendum, and not confirmed."""

    __tablename__ = "bid_unconfirmed"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    lines: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class BidScore(Base):
    """What a judge gave a bid for one criterion, and why."""

    __tablename__ = "bid_score"
    __table_args__ = (CheckConstraint("score >= 0 AND score < 1e13", name="score_finite"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_criterion.id"), primary_key=True)
    score: Mapped[Rate]
    comment: Mapped[str]
    scored_by: Mapped[UUID]
    scored_at: Mapped[datetime]


class Award(HasId, HasCreated, Base):
    """A decision on an RFQ; ``evidence`` is the ranking as it stood when it was taken.

    ``reasons`` is what all bidders read. An award is never changed: what becomes of it is its
    ``standing``, and one that was withdrawn stays.
    """

    __tablename__ = "award"
    __table_args__ = (Index(None, "rfq_id"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
    justification: Mapped[str]
    reasons: Mapped[str] = mapped_column(default="", server_default="")
    evidence: Mapped[dict[str, Any]]

    lines: Mapped[list["AwardLine"]] = relationship(
        lazy="raise", viewonly=True, order_by="AwardLine.number, AwardLine.bid_id"
    )
    standing: Mapped["AwardStanding"] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: Award.id == foreign(AwardStanding.award_id),
        uselist=False,
    )


class AwardLine(Base):
    """A line of the RFQ, or a part of it, given to one supplier at the price of its bid."""

    __tablename__ = "award_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bid_id", "rfq_line_id"], ["bid_line.bid_id", "bid_line.rfq_line_id"]
        ),
        CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity_finite"),
        CheckConstraint("unit_price > 0 AND unit_price < 1e13", name="unit_price_finite"),
        CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
        Index(None, "supplier_id"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    rfq_line_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_line.id"), primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(primary_key=True)
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    lot_id: Mapped[UUID]
    number: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[QuantityValue]
    unit: Mapped[UnitCode]
    unit_price: Mapped[UnitPrice]
    total: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    is_best: Mapped[bool] = mapped_column(server_default=text("false"))
