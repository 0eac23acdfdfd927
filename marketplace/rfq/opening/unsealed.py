"""A bid whose sealed bytes are those of its receipt, and what opening it finds."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import FieldError
from marketplace.core.text import Text
from marketplace.events.rfq import BidFoundUnreadable
from marketplace.identity.permissions import Actor
from marketplace.rfq.addenda.standing import Stand
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.documents import RefusedDocument
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.parts import joined
from marketplace.rfq.opening.models import BidUnreadable
from marketplace.rfq.receiving import sealed_content
from marketplace.rfq.receiving.sealed_content import Malformed
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import Binding, Envelope, SealBroken, SealedBid
from marketplace.rfq.terms.asked import Terms

WHOLE = "whole"


@dataclass(frozen=True)
class WholeBid:
    """A bid whose sealed bytes are exactly those of its receipt."""

    bid: Bid
    receipt: BidAttempt
    digest: str
    sealed: SealedBid
    binding: Binding
    stand: Stand


@dataclass(frozen=True)
class OpenedBid:
    """A bid with what counts of it under the last terms, and the key that opened it."""

    bid: Bid
    receipt: BidAttempt
    digest: str
    content: BidContent
    data_key: bytes
    unconfirmed: tuple[int, ...] = ()
    refused: tuple[RefusedDocument, ...] = ()


@dataclass(frozen=True)
class Unreadable:
    """A whole bid of which one envelope cannot be read: the bidder sealed it so."""

    whole: WholeBid
    envelope: str
    digest: str
    reason: str
    errors: tuple[FieldError, ...] = ()


def sorted_out(
    bids: Sequence[WholeBid], read: Callable[[WholeBid], OpenedBid | Unreadable]
) -> tuple[list[OpenedBid], list[Unreadable]]:
    """What can be read, and what cannot: one such bid does not stop the others."""
    found = [read(each) for each in bids]
    return (
        [each for each in found if isinstance(each, OpenedBid)],
        [each for each in found if isinstance(each, Unreadable)],
    )


def open_one(
    rfq: Rfq, private_key: X25519PrivateKey, each: WholeBid, envelope: Envelope, name: str
) -> OpenedBid | Unreadable:
    """What this envelope says. Its bytes are those of the receipt: nobody changed them."""
    place = each.binding.of(name)
    digest = each.sealed.digests(each.binding).get(name, each.digest)
    try:
        plain, data_key = envelopes.open_envelope(envelope, private_key, place)
        content = _read(rfq, plain, each, name)
    except SealBroken:
        return Unreadable(each, name or WHOLE, digest, "does_not_open")
    except Malformed as fault:
        return Unreadable(each, name or WHOLE, digest, fault.reason, tuple(fault.errors))
    found = each.stand.counted(content)
    return OpenedBid(
        each.bid, each.receipt, digest, found.content, data_key, unconfirmed=found.unconfirmed
    )


def _read(rfq: Rfq, plain: bytes, each: WholeBid, name: str) -> BidContent:
    """What the service has sealed it has checked as well; what others have sealed, nobody has."""
    if rfq.client_sealing:
        terms = Terms.from_json(each.stand.versions[each.stand.answered])
        return sealed_content.parsed(plain, terms, envelope=name, alternative=each.bid.alternative)
    return joined(json.loads(plain))


def said_of(error: FieldError) -> dict[str, Any]:
    """The error as it is kept: its words are found when they are read, in the reader's language."""
    detail = (
        error.detail
        if isinstance(error.detail, Text)
        else Text("%(words)s", {"words": error.detail})
    )
    values = {
        name: value if isinstance(value, int) else str(value)
        for name, value in detail.values.items()
    }
    return {
        "pointer": error.pointer,
        "code": error.code,
        "message": detail.message,
        "values": values,
    }


def error_from(said: Mapping[str, Any]) -> FieldError:
    """The error that `said_of` has kept."""
    return FieldError(said["pointer"], said["code"], Text(said["message"], said["values"]))


def keep_unreadable(session: Session, actor: Actor, found: Sequence[Unreadable]) -> None:
    """Keep what could not be read for the buyer's ruling, and tell the supplier."""
    now = clock.now()
    for each in found:
        bid = each.whole.bid
        session.add(
            BidUnreadable(
                bid_id=bid.id,
                envelope=each.envelope,
                rfq_id=bid.rfq_id,
                buyer_id=bid.buyer_id,
                supplier_id=bid.supplier_id,
                attempt_id=each.whole.receipt.id,
                digest=each.digest,
                reason=each.reason,
                errors=[said_of(error) for error in each.errors],
                found_at=now,
            )
        )
        facts = {"bid_id": str(bid.id), "envelope": each.envelope, "reason": each.reason}
        audit.record(session, actor, "rfq.bid_unreadable", ("rfq", bid.rfq_id), facts)
        outbox.record(
            session,
            BidFoundUnreadable(
                bid_id=bid.id,
                rfq_id=bid.rfq_id,
                buyer_id=bid.buyer_id,
                supplier_id=bid.supplier_id,
                found_at=now,
            ),
            audience=[bid.buyer_id, bid.supplier_id],
        )
