"""Opening with the one passphrase of the RFQ."""

from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq import bid_rules, envelopes, unsealing
from marketplace.rfq.bid_models import RfqOpening, RfqSeal
from marketplace.rfq.envelopes import SealBroken, ServiceKeys
from marketplace.rfq.officers.rules import TwoOfficersNeeded


@requires(Permission.RFQ_OPEN)
def open_bids(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, passphrase: str
) -> RfqOpening:
    """Open every bid of the RFQ and write the minutes.

    Raises TooEarly until thirty seconds after the deadline, WrongPassphrase, TwoOfficersNeeded,
    and SealMismatch, which names the bid, when what lies there is not exactly what the receipts
    say.
    """
    rfq, seal = unsealing.openable(session, actor, rfq_id)
    return unsealing.open_all(session, actor, keys, rfq, _private_key(seal, passphrase))


def _private_key(seal: RfqSeal, passphrase: str) -> X25519PrivateKey:
    if seal.wrapped_private_key is None:
        raise TwoOfficersNeeded(
            _("Two officers open these bids together. Each of them gives their share.")
        )
    pair = envelopes.KeyPair(seal.public_key, seal.wrapped_private_key)
    try:
        return envelopes.free_private_key(pair, seal.rfq_id, passphrase)
    except SealBroken:
        raise bid_rules.WrongPassphrase(
            _("This is not the opening passphrase of this RFQ. Nothing was opened.")
        ) from None
