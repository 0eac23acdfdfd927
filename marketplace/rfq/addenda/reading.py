"""Reads of addenda, and what they mean for a supplier's own bid."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.addenda import comparing, standing
from marketplace.rfq.addenda.comparing import Change
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.models import BidAttempt, BidVersion
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.bids.rules import TermsChanged
from marketplace.rfq.terms.bid_states import AttemptOutcome, BidState


@dataclass(frozen=True)
class Amended:
    """What has changed since a supplier's submitted version, or since their draft was saved.

    to_confirm: ids of the lines whose price has to be confirmed, those in the bid or not: that is
    sealed. added: numbers of lines that are new, and can only be priced.
    """

    terms_number: int
    changes: Sequence[Change]
    to_confirm: frozenset[str]
    added: tuple[int, ...]
    lines: tuple[int, ...]


def addenda(session: Session, actor: Actor, rfq: Rfq) -> Sequence[RfqAddendum]:
    """Published ones by number, and for the buyer the one that is being written."""
    query = select(RfqAddendum).where(RfqAddendum.rfq_id == rfq.id)
    if actor.org_id != rfq.buyer_id:
        query = query.where(RfqAddendum.published_at.is_not(None))
    return session.scalars(query.order_by(RfqAddendum.number.nulls_last())).all()


def addendum(
    session: Session, rfq_id: UUID, addendum_id: UUID, *, lock: bool = False
) -> RfqAddendum:
    """One addendum of this RFQ, or NotFound. The caller has found the RFQ."""
    query = select(RfqAddendum).where(RfqAddendum.id == addendum_id, RfqAddendum.rfq_id == rfq_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such addendum."))
    return found


def of_bid(session: Session, door: Door) -> Amended | None:
    """What addenda mean for the submitted bid; None where it stands as it is."""
    bid = door.bid
    if door.seal.terms_number == 1 or bid is None or bid.state is not BidState.SUBMITTED:
        return None
    answered = session.scalar(
        select(BidVersion.terms_number).where(
            BidVersion.bid_id == bid.id, BidVersion.number == bid.number
        )
    )
    if answered is None or answered == door.seal.terms_number:
        return None
    versions = _versions(session, door)
    said = standing.confirmed_in(_confirmations(session, bid.id), bid.number)
    return _amended(versions, answered, standing.to_confirm(versions, answered, said))


def of_draft(session: Session, door: Door) -> Amended | None:
    """What addenda have changed since the draft was saved; None where nothing did."""
    if door.draft is None or door.draft.terms_number == door.seal.terms_number:
        return None
    return _amended(_versions(session, door), door.draft.terms_number, frozenset())


def check_draft(session: Session, door: Door) -> None:
    """Raise TermsChanged where the draft was last saved for other terms than the present ones."""
    amended = of_draft(session, door)
    if amended is not None:
        raise TermsChanged(
            _(
                "The buyer has changed the event since you saved this draft. Look at the changes "
                "and save it again."
            ),
            terms_number=amended.terms_number,
        )


def _amended(
    versions: Mapping[int, Mapping[str, Any]], answered: int, to_confirm: frozenset[str]
) -> Amended:
    last = max(versions)
    old, new = versions[answered], versions[last]
    return Amended(
        terms_number=last,
        changes=comparing.changes(old, new),
        to_confirm=to_confirm,
        added=tuple(line["number"] for line in comparing.added(old, new)),
        lines=tuple(line["number"] for line in new["lines"] if line["id"] in to_confirm),
    )


def _versions(session: Session, door: Door) -> dict[int, Mapping[str, Any]]:
    found = bid_queries.terms_versions(session, door.rfq.id)
    return {number: each.terms for number, each in found.items()}


def _confirmations(session: Session, bid_id: UUID) -> list[Mapping[str, Any]]:
    rows = session.scalars(
        select(BidAttempt.statement).where(
            BidAttempt.bid_id == bid_id, BidAttempt.outcome == AttemptOutcome.CONFIRMED
        )
    )
    return [json.loads(statement) for statement in rows]
