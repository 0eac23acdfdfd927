"""Personal opening keys and the shares that are encrypted for them: cryptography alone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import SUITE, KeyPair, SealBroken, ServiceKeys
from marketplace.rfq.sealing.officers import shamir
from marketplace.rfq.sealing.officers.shamir import Share

NEEDED = 2
SHARES = 3


@dataclass(frozen=True, slots=True)
class SharePlace:
    """Where a share belongs: it opens nowhere else."""

    rfq_id: UUID
    public_key: bytes
    number: int

    def bytes_for(self, purpose: str) -> bytes:
        return f"share:{purpose}|{self.rfq_id}|{self.public_key.hex()}|{self.number}".encode()


@dataclass(frozen=True, slots=True)
class SealedShare:
    """A share as it is stored: encrypted for its person, with a digest to know it again."""

    sealed: bytes
    digest: bytes


def new_opening_key(organisation_id: UUID, person_id: UUID, passphrase: str) -> KeyPair:
    """A key pair of this person's own."""
    place = _person_place(organisation_id, person_id)
    return envelopes.wrapped_pair(X25519PrivateKey.generate(), passphrase, place)


def free_opening_key(
    pair: KeyPair, organisation_id: UUID, person_id: UUID, passphrase: str
) -> X25519PrivateKey:
    """The person's private key; SealBroken when the passphrase is another one."""
    return envelopes.unwrapped(pair, passphrase, _person_place(organisation_id, person_id))


def new_shared_pair(
    rfq_id: UUID, holders: Mapping[int, bytes]
) -> tuple[bytes, dict[int, SealedShare]]:
    """A public key, and its private half in shares alone. holders: public keys by number."""
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    shares = shamir.split(private.private_bytes_raw(), needed=NEEDED, count=SHARES)
    return public, {
        share.number: _sealed(
            share, holders[share.number], SharePlace(rfq_id, public, share.number)
        )
        for share in shares
    }


def open_share(stored: SealedShare, holder: X25519PrivateKey, place: SharePlace) -> Share:
    """The share; SealBroken unless it is the one that was made for this place."""
    try:
        value = SUITE.decrypt(stored.sealed, holder, info=place.bytes_for("holder"))
    except (InvalidTag, ValueError):
        raise SealBroken from None
    share = Share(place.number, value)
    if _digest(share, place) != stored.digest:
        raise SealBroken
    return share


def private_key_of(public: bytes, shares: Sequence[Share]) -> X25519PrivateKey:
    """The private key that these shares give; SealBroken when it is not that of the public one."""
    return envelopes.private_key_of(public, shamir.combine(shares))


def lock_waiting(keys: ServiceKeys, share: Share, place: SharePlace) -> bytes:
    """A given share as it waits for the second one: never readable on the disk."""
    key = keys.ceremony_key(place.rfq_id, place.number)
    return envelopes.lock(key, share.value, place.bytes_for("waiting"))


def unlock_waiting(keys: ServiceKeys, locked: bytes, place: SharePlace) -> Share:
    """The share that waits; SealBroken when the row was changed."""
    key = keys.ceremony_key(place.rfq_id, place.number)
    return Share(place.number, envelopes.unlock(key, locked, place.bytes_for("waiting")))


def _sealed(share: Share, public_key: bytes, place: SharePlace) -> SealedShare:
    holder = X25519PublicKey.from_public_bytes(public_key)
    sealed = SUITE.encrypt(share.value, holder, info=place.bytes_for("holder"))
    return SealedShare(sealed, _digest(share, place))


def _digest(share: Share, place: SharePlace) -> bytes:
    return hashlib.sha256(place.bytes_for("digest") + share.value).digest()


def _person_place(organisation_id: UUID, person_id: UUID) -> bytes:
    return f"opening-key|{organisation_id}|{person_id}".encode()
