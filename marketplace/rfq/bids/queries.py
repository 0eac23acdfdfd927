"""Reads of bids: a supplier's own at any time, everybody's for the buyer after opening alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from marketplace.core.errors import NotFound
from marketplace.core.text import _, speak_of
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt, BidDocument, BidDraft, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.rules import Sealed
from marketplace.rfq.sealing.models import RfqSeal, RfqTerms
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import READABLE

# aliased, because who may see an RFQ is itself a question about bids
_OwnBid = aliased(Bid)
_DOOR = (
    select(Rfq, RfqSeal, _OwnBid, BidDraft)
    .where(queries.is_visible(OrgKind.SUPPLIER), Rfq.id == bindparam("rfq_id"))
    .join(RfqSeal, RfqSeal.rfq_id == Rfq.id)
    .outerjoin(
        _OwnBid,
        (_OwnBid.rfq_id == Rfq.id)
        & (_OwnBid.supplier_id == bindparam("org_id"))
        & (_OwnBid.alternative == bindparam("alternative")),
    )
    .outerjoin(BidDraft, BidDraft.bid_id == _OwnBid.id)
)
# what is read of an offer together with its prices
PRICES = (selectinload(BidOffer.lines), joinedload(BidOffer.money))
_SHARED_DOOR = _DOOR.with_for_update(read=True, of=Rfq)


@dataclass(frozen=True)
class Door:
    """What a bidder needs to know of an RFQ, one of their own bids on it, and its draft.

    alternative: which of their bids; 0 is the main one.
    """

    rfq: Rfq
    seal: RfqSeal
    bid: Bid | None
    draft: BidDraft | None
    alternative: int = 0


def door(
    session: Session, actor: Actor, rfq_id: UUID, alternative: int = 0, *, share: bool = False
) -> Door:
    """The RFQ with the supplier's own bid, in one statement.

    share: hold the RFQ's row in share until the end, so that it can neither be opened nor moved
    meanwhile, while other bidders pass beside.
    """
    if actor.org_kind is not OrgKind.SUPPLIER:
        raise queries.no_such_rfq()
    wanted = {"rfq_id": rfq_id, "org_id": actor.organisation_id, "alternative": alternative}
    query = _SHARED_DOOR if share else _DOOR
    found = session.execute(query, wanted, execution_options={"populate_existing": True})
    row = found.one_or_none()
    if row is None:
        raise queries.no_such_rfq()
    own = Door(*row, alternative)
    speak_of(own.rfq.kind)
    return own


def own_bid(
    session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, *, share: bool = False
) -> Door:
    """The supplier's bid with its RFQ, or NotFound."""
    which = session.scalar(
        select(Bid.alternative).where(
            Bid.id == bid_id, Bid.rfq_id == rfq_id, Bid.supplier_id == actor.org_id
        )
    )
    if which is None:
        raise _no_such_bid()
    return door(session, actor, rfq_id, which, share=share)


def version(session: Session, bid_id: UUID, number: int) -> BidVersion:
    """One sealed version, or NotFound."""
    found = session.get(BidVersion, (bid_id, number))
    if found is None:
        raise _no_such_bid()
    return found


def attempts(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[BidAttempt]:
    """The supplier's own attempts on this RFQ, newest first."""
    return session.scalars(
        select(BidAttempt)
        .where(BidAttempt.rfq_id == rfq_id, BidAttempt.supplier_id == actor.organisation_id)
        .order_by(BidAttempt.arrived_at.desc(), BidAttempt.id.desc())
        .limit(200)
    ).all()


def attempt(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    attempt_id: UUID,
    *,
    alternative: int | None = None,
) -> BidAttempt:
    """One of the supplier's own attempts, or NotFound. alternative: about this bid of theirs."""
    found = session.scalar(
        select(BidAttempt).where(
            BidAttempt.id == attempt_id,
            BidAttempt.rfq_id == rfq_id,
            BidAttempt.supplier_id == actor.organisation_id,
        )
    )
    if found is None or alternative not in (None, found.alternative):
        raise NotFound(_("There is no such receipt."))
    return found


def document(session: Session, bid_id: UUID, document_id: UUID) -> BidDocument:
    """The locked bytes of a document of this bid, or NotFound."""
    found = session.scalar(
        select(BidDocument).where(BidDocument.id == document_id, BidDocument.bid_id == bid_id)
    )
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def document_ids(session: Session, bid_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which documents are kept for these bids."""
    return frozenset(session.scalars(select(BidDocument.id).where(BidDocument.bid_id.in_(bid_ids))))


def seal(session: Session, rfq_id: UUID) -> RfqSeal:
    """The seal of a published RFQ, or NotFound. The caller has found the RFQ."""
    found = session.get(RfqSeal, rfq_id)
    if found is None:
        raise NotFound(_("This event has not been published."))
    return found


def terms(session: Session, rfq_id: UUID) -> Terms:
    """The published content. The caller has found the RFQ."""
    return Terms.from_json(seal(session, rfq_id).terms)


def terms_version(session: Session, rfq_id: UUID, number: int) -> RfqTerms:
    """One version of the published content. The caller has found the RFQ."""
    return session.get_one(RfqTerms, (rfq_id, number))


def terms_versions(session: Session, rfq_id: UUID) -> dict[int, RfqTerms]:
    """Every version of the published content by number. The caller has found the RFQ."""
    rows = session.scalars(
        select(RfqTerms).where(RfqTerms.rfq_id == rfq_id).order_by(RfqTerms.number)
    )
    return {version.number: version for version in rows}


def opened(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """The buyer's RFQ whose bids may be read; Sealed before its opening, for whoever asks."""
    rfq = queries.get(session, actor, rfq_id)
    check_opened(rfq)
    if rfq.buyer_id != actor.org_id:
        raise NotFound(_("There is no such event."))
    return rfq


def check_opened(rfq: Rfq) -> None:
    """Raise Sealed unless the bids have been opened; says the same for none and for many."""
    if rfq.opened_at is None:
        raise Sealed(_("Bids stay sealed until they are opened after the deadline."))


def readable_bids(session: Session, rfq_id: UUID) -> Sequence[Bid]:
    """The opened bids in the order of their arrival. The caller has checked `opened`."""
    return session.scalars(
        select(Bid)
        .where(Bid.rfq_id == rfq_id, Bid.state.in_(READABLE))
        .order_by(Bid.submitted_at, Bid.id)
    ).all()


def offers(session: Session, rfq_id: UUID, *, priced: bool = True) -> Sequence[BidOffer]:
    """What the opened bids say, in the order of their arrival. The caller has checked `opened`.

    priced: without it no price is read, and every bid comes with no lines.
    """
    query = select(BidOffer).where(BidOffer.rfq_id == rfq_id)
    return _with_lines(
        session, query.order_by(BidOffer.submitted_at, BidOffer.bid_id), priced=priced
    )


def offer(session: Session, rfq_id: UUID, bid_id: UUID, *, priced: bool = True) -> BidOffer:
    """One opened bid, or NotFound; the actor's own or, for the buyer, any."""
    query = select(BidOffer).where(BidOffer.rfq_id == rfq_id, BidOffer.bid_id == bid_id)
    found = _with_lines(session, query, priced=priced)
    if not found:
        raise _no_such_bid()
    return found[0]


def _with_lines(session: Session, query: Select[BidOffer], *, priced: bool) -> Sequence[BidOffer]:
    if priced:
        return session.scalars(query.options(*PRICES)).all()
    found = session.scalars(query).all()
    for each in found:
        without_prices(each)
    return found


def without_prices(offer: BidOffer) -> None:
    """Take out of what was read all that tells a price."""
    set_committed_value(offer, "lines", [])
    set_committed_value(offer, "money", None)


def _no_such_bid() -> NotFound:
    return NotFound(_("There is no such bid."))
