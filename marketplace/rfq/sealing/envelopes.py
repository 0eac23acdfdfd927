"""Sealed envelopes and signed receipts: cryptography alone, no tables, no clock, no rules.

A bid is sealed with a fresh data key. The data key is wrapped twice: for the key pair of the RFQ
(HPKE, RFC 9180), whose private half only the opening passphrase frees, and for a read-back key
that the supplier alone receives. Every wrap and the body itself are bound to where they belong, so
that an envelope moved to another supplier, RFQ or version does not open.
"""

import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
SMALLEST_ENVELOPE = 4096
# names of two envelopes, as bindings and receipts write them
TECHNICAL, PRICE = "technical", "price"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
# of bids that are sealed in a browser, whose cryptography knows no ChaCha20-Poly1305
BROWSER_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
TAG_BYTES = 16
WRAPPED_KEY_BYTES = 32 + KEY_BYTES + TAG_BYTES
LOCKED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES


class Cipher(StrEnum):
    """What body and keys of an envelope are encrypted with."""

    CHACHA20_POLY1305 = "chacha20poly1305"
    AES_256_GCM = "aes256gcm"


class Cost(NamedTuple):
    """What one guess of a passphrase costs (argon2id): passes, KiB of memory, lanes.

    It is kept beside each wrapped key, so that it may be raised without losing older ones.
    """

    passes: int
    memory: int
    lanes: int


# RFC 9106, second recommended choice (memory-constrained)
PASSPHRASE_COST = Cost(passes=3, memory=65536, lanes=4)
COST_LAYOUT = struct.Struct(">BIB")
# Crockford's alphabet: no letter that reads like a digit
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PASSPHRASE_GROUPS = 5
PASSPHRASE_GROUP_LENGTH = 5


class SealBroken(Exception):
    """The envelope does not open: another key, another place, or changed bytes."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an envelope belongs.

    fingerprint: digest of the content that was published, so that a bid answers to that alone.
    envelope: which one of two; empty where a bid has only one.
    alternative: which of the bids of one supplier; 0 is the main one.
    """

    rfq_id: UUID
    supplier_id: UUID
    number: int
    fingerprint: str
    envelope: str = ""
    alternative: int = 0

    def bytes_for(self, purpose: str) -> bytes:
        """The binding as associated data; purposes never share it."""
        place = f"{self.rfq_id}|{self.supplier_id}|{self.number}|{self.fingerprint}"
        # said only of an alternative: main bids are bound as they were before there were any
        which = f"|alternative-{self.alternative}" if self.alternative else ""
        which += f"|{self.envelope}" if self.envelope else ""
        return f"bid:{purpose}|{place}{which}".encode()

    def of(self, envelope: str) -> "Binding":
        """The same for one of two envelopes."""
        return replace(self, envelope=envelope)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The keys of one RFQ: anybody may seal, only the passphrase opens."""

    public: bytes
    wrapped_private: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """One sealed version of a bid, and the digest that its receipt states."""

    ciphertext: bytes
    key_for_opening: bytes
    key_for_reading_back: bytes
    cipher: Cipher = Cipher.CHACHA20_POLY1305

    @property
    def is_well_formed(self) -> bool:
        """Whether the parts have the sizes of an envelope with padded content."""
        return (
            is_padded(self.ciphertext)
            and len(self.key_for_opening) == WRAPPED_KEY_BYTES
            and len(self.key_for_reading_back) == LOCKED_KEY_BYTES
        )

    def digest(self, binding: Binding) -> str:
        """SHA-256 over all parts and their place; changes with any bit of them."""
        digest = hashlib.sha256(binding.bytes_for("digest"))
        for part in (self.ciphertext, self.key_for_opening, self.key_for_reading_back):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SealedBid:
    """A sealed version: one envelope, or one with the prices and a technical one with the rest."""

    main: Envelope
    technical: Envelope | None = None

    def digests(self, binding: Binding) -> dict[str, str]:
        """The digest of each of two envelopes by name; nothing where there is only one."""
        if self.technical is None:
            return {}
        return {
            TECHNICAL: self.technical.digest(binding.of(TECHNICAL)),
            PRICE: self.main.digest(binding.of(PRICE)),
        }

    def digest(self, binding: Binding) -> str:
        """What the receipt states of the whole."""
        both = self.digests(binding)
        return digest_of_both(both) if both else self.main.digest(binding)


def digest_of_both(digests: Mapping[str, str]) -> str:
    """One digest over those of two envelopes."""
    return hashlib.sha256(f"bid:both|{digests[TECHNICAL]}|{digests[PRICE]}".encode()).hexdigest()


def canonical(content: Mapping[str, Any] | list[Any]) -> bytes:
    """JSON in one way of writing only: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(content)).hexdigest()


def padded(plain: bytes) -> bytes:
    """Length, content and zeros up to a power of two: the size tells next to nothing."""
    framed = len(plain).to_bytes(8, "big") + plain
    size = max(SMALLEST_ENVELOPE, 1 << (len(framed) - 1).bit_length())
    return framed.ljust(size, b"\0")


def is_padded(locked: bytes) -> bool:
    """Whether locked bytes have the size of something that was padded."""
    framed = len(locked) - NONCE_BYTES - TAG_BYTES
    return framed >= SMALLEST_ENVELOPE and framed.bit_count() == 1


def unpadded(framed: bytes) -> bytes:
    """The content that `padded` was given."""
    length = int.from_bytes(framed[:8], "big")
    return framed[8 : 8 + length]


def new_key() -> bytes:
    """A random key for one use."""
    return secrets.token_bytes(KEY_BYTES)


def lock(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """Encrypt and authenticate; the random nonce stands in front."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, associated)


def unlock(
    key: bytes, locked: bytes, associated: bytes, cipher: Cipher = Cipher.CHACHA20_POLY1305
) -> bytes:
    """The plain bytes; SealBroken when key, place or a single bit differs."""
    try:
        aead = AESGCM(key) if cipher is Cipher.AES_256_GCM else ChaCha20Poly1305(key)
        return aead.decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], associated)
    except (InvalidTag, ValueError):
        raise SealBroken from None


# Key pair of an RFQ


def new_passphrase() -> str:
    """Five groups of five characters: 125 bits that can be written down and read aloud."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _character in range(PASSPHRASE_GROUP_LENGTH))
        for _group in range(PASSPHRASE_GROUPS)
    )


def new_key_pair(rfq_id: UUID, passphrase: str, envelope: str = "") -> KeyPair:
    """A fresh key pair; its private half is kept only wrapped. envelope: as in `Binding`."""
    return wrapped_pair(X25519PrivateKey.generate(), passphrase, _pair_place(rfq_id, envelope))


def free_private_key(
    pair: KeyPair, rfq_id: UUID, passphrase: str, envelope: str = ""
) -> X25519PrivateKey:
    """The private key of the RFQ; SealBroken when the passphrase is another one."""
    return unwrapped(pair, passphrase, _pair_place(rfq_id, envelope))


def wrapped_pair(private: X25519PrivateKey, passphrase: str, place: bytes) -> KeyPair:
    """The pair of this private key, wrapped with the passphrase and bound to its place."""
    head = COST_LAYOUT.pack(*PASSPHRASE_COST) + secrets.token_bytes(SALT_BYTES)
    locked = lock(_passphrase_key(passphrase, head), private.private_bytes_raw(), place)
    return KeyPair(private.public_key().public_bytes_raw(), head + locked)


def unwrapped(pair: KeyPair, passphrase: str, place: bytes) -> X25519PrivateKey:
    """The private key of the pair; SealBroken for another passphrase or place."""
    size = COST_LAYOUT.size + SALT_BYTES
    head, locked = pair.wrapped_private[:size], pair.wrapped_private[size:]
    return private_key_of(pair.public, unlock(_passphrase_key(passphrase, head), locked, place))


def private_key_of(public: bytes, raw: bytes) -> X25519PrivateKey:
    """The private key with these bytes; SealBroken unless it belongs to the public one."""
    private = X25519PrivateKey.from_private_bytes(raw)
    if private.public_key().public_bytes_raw() != public:
        raise SealBroken
    return private


def _passphrase_key(passphrase: str, head: bytes) -> bytes:
    """Upper and lower case, spaces and dashes do not matter: people type it from paper."""
    typed = "".join(passphrase.split()).replace("-", "").casefold()
    cost = Cost(*COST_LAYOUT.unpack_from(head))
    return hash_secret_raw(
        typed.encode(),
        head[COST_LAYOUT.size :],
        time_cost=cost.passes,
        memory_cost=cost.memory,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def _pair_place(rfq_id: UUID, envelope: str) -> bytes:
    which = f"|{envelope}" if envelope else ""
    return f"rfq-key|{rfq_id}{which}".encode()


# Envelopes


def seal(plain: bytes, public_key: bytes, binding: Binding) -> tuple[Envelope, bytes]:
    """The sealed envelope, and the read-back key that only the supplier may receive."""
    read_back_key = new_key()
    return sealed_for(plain, public_key, read_back_key, binding), read_back_key


def sealed_for(plain: bytes, public_key: bytes, read_back_key: bytes, binding: Binding) -> Envelope:
    """The envelope that the RFQ's key opens and the supplier's key reads back."""
    data_key = new_key()
    return Envelope(
        ciphertext=lock(data_key, padded(plain), binding.bytes_for("body")),
        key_for_opening=SUITE.encrypt(
            data_key,
            X25519PublicKey.from_public_bytes(public_key),
            info=binding.bytes_for("opening"),
        ),
        key_for_reading_back=lock(read_back_key, data_key, binding.bytes_for("reading-back")),
    )


def open_envelope(
    envelope: Envelope, private_key: X25519PrivateKey, binding: Binding
) -> tuple[bytes, bytes]:
    """What the bidder sealed, and its data key; SealBroken when it is not exactly that."""
    suite = BROWSER_SUITE if envelope.cipher is Cipher.AES_256_GCM else SUITE
    try:
        data_key = suite.decrypt(
            envelope.key_for_opening, private_key, info=binding.bytes_for("opening")
        )
    except (InvalidTag, ValueError):
        raise SealBroken from None
    return open_body(envelope, data_key, binding), data_key


def open_body(envelope: Envelope, data_key: bytes, binding: Binding) -> bytes:
    """What the bidder sealed, by the data key that the opening made known."""
    place = binding.bytes_for("body")
    return unpadded(unlock(data_key, envelope.ciphertext, place, envelope.cipher))


def read_back(envelope: Envelope, read_back_key: bytes, binding: Binding) -> bytes:
    """The supplier's own bid, by the key that they received when they submitted it."""
    place = binding.bytes_for("reading-back")
    data_key = unlock(read_back_key, envelope.key_for_reading_back, place, envelope.cipher)
    return open_body(envelope, data_key, binding)


# Keys of the service, derived from its secret


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """What this installation signs receipts, hides digests and keeps drafts with."""

    secret: bytes

    @classmethod
    def from_secret(cls, secret_key: str) -> "ServiceKeys":
        """Keys of the installation with this secret."""
        return cls(secret_key.encode())

    def draft_key(self, bid_id: UUID) -> bytes:
        """The key of one bid's draft."""
        return self._derived(f"bid-draft|{bid_id}")

    def closing_seed(self, rfq_id: UUID, due_at: str) -> bytes:
        """What hides the bids in the digest list of this closing; the opening makes it known."""
        return self._derived(f"rfq-closing|{rfq_id}|{due_at}")

    def ceremony_key(self, rfq_id: UUID, number: int) -> bytes:
        """The key of a share that waits for a second one."""
        return self._derived(f"rfq-ceremony|{rfq_id}|{number}")

    def sign(self, statement: bytes) -> bytes:
        """Ed25519 signature of the service."""
        return self._signer().sign(statement)

    def public_key(self) -> bytes:
        """The key that verifies receipts; it is published."""
        return self._signer().public_key().public_bytes_raw()

    def _signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derived("receipts"))

    def _derived(self, purpose: str) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(self.secret)


def is_signed(statement: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the service with this public key signed exactly this statement."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True
