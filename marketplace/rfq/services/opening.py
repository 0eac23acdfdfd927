"""Opening with the one passphrase of the RFQ: the bids, and later prices that are sealed apart."""

from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.opening import prices as price_opening
from marketplace.rfq.opening import unsealing
from marketplace.rfq.opening.models import RfqOpening, RfqPriceOpening
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import KeyPair, SealBroken, ServiceKeys
from marketplace.rfq.sealing.officers.rules import TwoOfficersNeeded


@requires(Permission.RFQ_OPEN)
def open_bids(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, passphrase: str
) -> RfqOpening:
    """Open every bid of the RFQ and write the minutes; prices sealed apart stay sealed.

    Raises TooEarly until thirty seconds after the deadline, WrongPassphrase, TwoOfficersNeeded,
    and SealMismatch, which names the bid, when what lies there is not exactly what the receipts
    say.
    """
    rfq, seal = unsealing.openable(session, actor, rfq_id)
    wrapped, public, envelope = seal.wrapped_private_key, seal.public_key, ""
    if seal.technical_public_key is not None:
        public, envelope = seal.technical_public_key, envelopes.TECHNICAL
        wrapped = seal.technical_wrapped_key
    private_key = _private_key(rfq_id, public, wrapped, passphrase, envelope)
    return unsealing.open_all(session, actor, keys, rfq, private_key)


@requires(Permission.RFQ_OPEN)
def open_prices(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, passphrase: str
) -> RfqPriceOpening:
    """Open the prices of the bids that are not excluded, once quality is locked.

    Raises QualityNotLocked, WrongPassphrase, TwoOfficersNeeded and SealMismatch.
    """
    rfq, seal = price_opening.openable(session, actor, rfq_id)
    private_key = _private_key(rfq_id, seal.public_key, seal.wrapped_private_key, passphrase, "")
    return price_opening.open_prices(session, actor, keys, rfq, private_key)


def _private_key(
    rfq_id: UUID, public: bytes, wrapped: bytes | None, passphrase: str, envelope: str
) -> X25519PrivateKey:
    if wrapped is None:
        raise TwoOfficersNeeded(
            _("Two officers open these bids together. Each of them gives their share.")
        )
    try:
        pair = KeyPair(public, wrapped)
        return envelopes.free_private_key(pair, rfq_id, passphrase, envelope)
    except SealBroken:
        raise bid_rules.WrongPassphrase(
            _("This is not the opening passphrase of this event. Nothing was opened.")
        ) from None
