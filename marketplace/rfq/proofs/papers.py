"""The signed papers about a closing and an opening, and how their digests hang together.

Every attempt on an RFQ is a link of a chain. At the deadline the *closing* states the digests of
the bids that stand, hidden among fillers, and a commitment to the chain. The *outcome*, written at
the opening, reveals what were fillers, the chain, and which digests were opened.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from marketplace.rfq.sealing.envelopes import ServiceKeys, canonical, is_signed

# No bid and a thousand look alike before the opening; beyond, the list doubles.
FEWEST_DIGESTS = 1024


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement as it was signed: canonical JSON, and an Ed25519 signature over its bytes."""

    statement: str
    signature: bytes

    @property
    def hash(self) -> str:
        return sha256(self.statement.encode())

    def is_genuine(self, public_key: bytes) -> bool:
        return is_signed(self.statement.encode(), self.signature, public_key)

    def to_json(self) -> dict[str, str]:
        return {"statement": self.statement, "signature": self.signature.hex()}


@dataclass(frozen=True, slots=True)
class ClosingList:
    """What a closing states: the hidden head of the chain, and digests among fillers."""

    chain: str
    digests: Sequence[str]


@dataclass(frozen=True, slots=True)
class Place:
    """The RFQ and the deadline that papers are about, as statements write them."""

    rfq_id: str
    buyer_id: str
    bids_due_at: str
    fingerprint: str


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def links(statement_hashes: Iterable[str]) -> list[bytes]:
    """The link of each attempt, in order: a hash over the one before and its own statement.

    The trigger `chain_bid_attempt` (migration 0017) computes the same.
    """
    own = (bytes.fromhex(each) for each in statement_hashes)
    grown = accumulate(own, lambda link, each: hashlib.sha256(link + each).digest(), initial=b"")
    return list(grown)[1:]


def hidden_head(seed: bytes, link: bytes) -> str:
    """Binds to the head of the chain without telling even whether there was an attempt."""
    return sha256(b"chain|" + seed + link)


def digest_list(seed: bytes, digests: Sequence[str]) -> list[str]:
    """The digests among fillers, sorted. Nobody without the seed can tell them apart.

    Once the seed is known nothing can pass for a filler afterwards: that would take a digest whose
    preimage is the seed.
    """
    size = max(FEWEST_DIGESTS, 1 << max(len(digests) - 1, 0).bit_length())
    fillers = [sha256(b"filler|" + seed + number.to_bytes(4, "big")) for number in range(size)]
    return sorted([*digests, *fillers[: size - len(digests)]])


def closing_list(seed: bytes, link: bytes, digests: Sequence[str]) -> ClosingList:
    """From what an opening reveals. The function `rfq_closing` (migration 0017) does the same."""
    return ClosingList(hidden_head(seed, link), digest_list(seed, digests))


def closing(keys: ServiceKeys, place: Place, listed: ClosingList) -> Signed:
    """What is published at the deadline: the same bytes for everybody, whenever it is asked for."""
    return _signed(
        keys,
        {
            "kind": "rfq-closing",
            "rfq_id": place.rfq_id,
            "buyer_id": place.buyer_id,
            "bids_due_at": place.bids_due_at,
            "fingerprint": place.fingerprint,
            "chain": listed.chain,
            "digests": list(listed.digests),
        },
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening found: every attempt until then, and the digests of the bids it opened.

    closed_at: the place of the last attempt that was in time, 0 when there was none.
    """

    opened_at: str
    closed_at: int
    chain: Sequence[str]
    digests: Sequence[str]


def outcome(
    keys: ServiceKeys, closed: Signed, seed: bytes, opened: Opened, minutes: Signed
) -> Signed:
    """What the opening proves to everybody: the chain and the opened digests, no name."""
    place = json.loads(closed.statement)
    return _signed(
        keys,
        {
            "kind": "rfq-outcome",
            "rfq_id": place["rfq_id"],
            "buyer_id": place["buyer_id"],
            "bids_due_at": place["bids_due_at"],
            "fingerprint": place["fingerprint"],
            "opened_at": opened.opened_at,
            "closing": closed.hash,
            "minutes": minutes.hash,
            "seed": seed.hex(),
            "closed_at": opened.closed_at,
            "chain": list(opened.chain),
            "digests": sorted(opened.digests),
        },
    )


def whole_file(keys: ServiceKeys, content: dict[str, Any]) -> bytes:
    """The opening file: readable JSON, signed as a whole besides the papers in it."""
    signature = keys.sign(canonical(content)).hex()
    signed = {**content, "signature": signature}
    return json.dumps(signed, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _signed(keys: ServiceKeys, content: dict[str, Any]) -> Signed:
    statement = canonical(content)
    return Signed(statement.decode(), keys.sign(statement))
