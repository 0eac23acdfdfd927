"""Reads behind the proofs: the facts of a closing, the chain of attempts, opened envelopes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Uuid, bindparam, select, text
from sqlalchemy.orm import Session, undefer

from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt, BidAttemptHead, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.opening.models import (
    BidPriceKey,
    BidUnreadable,
    RfqOpening,
    RfqOutcome,
    RfqPriceOpening,
)
from marketplace.rfq.proofs.papers import ClosingList
from marketplace.rfq.terms.bid_states import BidState

_CLOSING = text("SELECT chain, digests FROM rfq_closing(:rfq_id, :at, :seed)").bindparams(
    bindparam("rfq_id", type_=Uuid()),
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("seed", type_=LargeBinary),
)


@dataclass(frozen=True)
class OpenedEnvelope:
    """An opened bid with its sealed version, and the key of prices that were sealed apart."""

    offer: BidOffer
    version: BidVersion
    price_key: bytes | None


@dataclass(frozen=True)
class SealedForGood:
    """A bid of which nothing could be read, with its sealed version."""

    found: BidUnreadable
    version: BidVersion


def closing_list(session: Session, rfq_id: UUID, at: datetime, seed: bytes) -> ClosingList | None:
    """What was in time, for those who may read the RFQ; None for others and until it is over."""
    wanted = {"rfq_id": rfq_id, "at": at, "seed": seed}
    row = session.execute(_CLOSING, wanted).one_or_none()
    return ClosingList(row.chain, row.digests) if row else None


def attempts(session: Session, rfq_id: UUID) -> Sequence[BidAttempt]:
    """Every attempt in the order of the chain. The caller has checked that the RFQ is opened."""
    return session.scalars(
        select(BidAttempt)
        .where(BidAttempt.rfq_id == rfq_id)
        .order_by(BidAttempt.seq)
        .execution_options(populate_existing=True)
    ).all()


def readable_attempts(
    session: Session, actor: Actor, rfq_id: UUID, *, until: int | None
) -> Sequence[BidAttempt]:
    """Those up to this link that the actor may read: a bidder's own, the buyer's all once opened.

    until: None for all.
    """
    query = select(BidAttempt).where(BidAttempt.rfq_id == rfq_id).order_by(BidAttempt.seq)
    if actor.org_kind is OrgKind.SUPPLIER:
        query = query.where(BidAttempt.supplier_id == actor.organisation_id)
    elif until is None:
        return []
    if until is not None:
        query = query.where(BidAttempt.seq <= until)
    return session.scalars(query).all()


def head(session: Session, rfq_id: UUID) -> BidAttemptHead | None:
    """The last link of the chain, for the buyer after the opening."""
    return session.get(BidAttemptHead, rfq_id)


def outcome(session: Session, rfq_id: UUID) -> RfqOutcome | None:
    """What the opening proved. The caller has found the RFQ."""
    return session.get(RfqOutcome, rfq_id)


def has_file(session: Session, rfq: Rfq, now: datetime) -> bool:
    """Whether there is an opening file for those who may read this RFQ."""
    if rfq.opened_at is not None:
        return outcome(session, rfq.id) is not None
    return bid_rules.is_closed(rfq, now)


def minutes(session: Session, actor: Actor, rfq_id: UUID) -> RfqOpening | None:
    """The minutes, which only the buyer reads: they name the bidders."""
    if actor.org_kind is OrgKind.SUPPLIER:
        return None
    return session.get(RfqOpening, rfq_id)


def price_minutes(session: Session, actor: Actor, rfq_id: UUID) -> RfqPriceOpening | None:
    """The minutes of the second opening, for the buyer alone."""
    if actor.org_kind is OrgKind.SUPPLIER:
        return None
    return session.get(RfqPriceOpening, rfq_id)


def opened_envelopes(session: Session, actor: Actor, rfq_id: UUID) -> list[OpenedEnvelope]:
    """The opened bids with what was sealed: the buyer's all, a bidder's own."""
    query = (
        select(BidOffer, BidVersion, BidPriceKey.data_key)
        .join(
            BidVersion,
            (BidVersion.bid_id == BidOffer.bid_id) & (BidVersion.number == BidOffer.number),
        )
        .outerjoin(BidPriceKey, BidPriceKey.bid_id == BidOffer.bid_id)
        .where(BidOffer.rfq_id == rfq_id)
        .order_by(BidOffer.submitted_at, BidOffer.bid_id)
        .options(undefer(BidOffer.data_key))
    )
    if actor.org_kind is OrgKind.SUPPLIER:
        query = query.where(BidOffer.supplier_id == actor.organisation_id)
    return [OpenedEnvelope(*row) for row in session.execute(query)]


def sealed_for_good(session: Session, actor: Actor, rfq_id: UUID) -> list[SealedForGood]:
    """The bids whose first envelope could not be read: the buyer's all, a bidder's own."""
    query = (
        select(BidUnreadable, BidVersion)
        .join(Bid, Bid.id == BidUnreadable.bid_id)
        .join(BidVersion, (BidVersion.bid_id == Bid.id) & (BidVersion.number == Bid.number))
        .where(BidUnreadable.rfq_id == rfq_id, Bid.state == BidState.UNREADABLE)
        .order_by(Bid.submitted_at, Bid.id)
    )
    if actor.org_kind is OrgKind.SUPPLIER:
        query = query.where(BidUnreadable.supplier_id == actor.organisation_id)
    return [SealedForGood(*row) for row in session.execute(query)]
