"""What a verification finds, and the genuine part of a file that it is found in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from marketplace.core.text import Text, _
from marketplace.rfq.bids import alternatives
from marketplace.rfq.proofs.papers import Signed, sha256
from marketplace.rfq.proofs.reading import OpeningFile

# what decides whether a bid stands: refusals and confirmations leave it as it was
LAST_WORDS = ("accepted", "withdrawn")


class Fault(StrEnum):
    """The kinds of meddling that are told apart."""

    WRONG_KEY = "wrong_key"
    WRONG_SIGNATURE = "wrong_signature"
    CHANGED = "changed"
    SWAPPED = "swapped"
    OLD_VERSION = "old_version"
    DELETED = "deleted"
    ADDED = "added"


@dataclass(frozen=True)
class Finding:
    """One line of the result; without a fault it says what was verified."""

    text: Text
    fault: Fault | None = None


@dataclass(frozen=True)
class Receipt:
    """A receipt that the marketplace has signed."""

    signed: Signed
    said: Mapping[str, Any]

    @property
    def is_submission(self) -> bool:
        return bool(self.said["outcome"] == "accepted")


@dataclass(frozen=True)
class Case:
    """A file with those of its papers that are genuine; what is forged proves nothing."""

    file: OpeningFile
    closing: Mapping[str, Any] | None
    outcome: Mapping[str, Any] | None
    minutes: Mapping[str, Any] | None
    price_minutes: Mapping[str, Any] | None
    receipts: Sequence[Receipt]

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each attempt in the revealed chain, by the hash of its statement."""
        chain = self.outcome["chain"] if self.outcome else []
        return {hashed: place for place, hashed in enumerate(chain, start=1)}

    @cached_property
    def standing(self) -> dict[str, Receipt]:
        """The last word of each bid where it is a submission, by bid."""
        last = {each.said["bid_id"]: each for each in self.receipts
                if each.said["outcome"] in LAST_WORDS}  # fmt: skip
        return {bid_id: each for bid_id, each in last.items() if each.is_submission}

    @cached_property
    def known_digests(self) -> frozenset[str] | None:
        """The digests that were opened, or else published; None where neither is genuine."""
        paper = self.outcome or self.closing
        return frozenset(paper["digests"]) if paper is not None else None

    @property
    def is_buyers(self) -> bool:
        """Whether the file was made for the buyer, who sees everybody's bids once opened."""
        return self.file.reader_id == str(self.file.rfq["buyer_id"])

    def fingerprint_of(self, terms_number: int) -> str:
        """Of one version of the terms; of the present one where the file has no such version."""
        version = self.file.terms.get(terms_number, self.file.rfq)
        return str(version["fingerprint"])

    def supplier(self, supplier_id: str) -> str:
        return self.file.names.get(supplier_id, supplier_id)

    def bid(self, said: Mapping[str, Any]) -> Text:
        """Which bid a receipt or a line of the minutes is about."""
        return _(
            "Bid of %(supplier)s, version %(number)s",
            supplier=self.bidder(said),
            number=said["number"],
        )

    def bidder(self, said: Mapping[str, Any]) -> Text | str:
        """Whose bid it is, and which of several."""
        supplier = self.supplier(said["supplier_id"])
        return alternatives.named(supplier, said.get("alternative", 0), "")

    @property
    def _named(self) -> list[Mapping[str, Any]]:
        minutes = self.minutes or {}
        return [*minutes.get("bids", ()), *minutes.get("unreadable", ())]

    def bid_with(self, digest: str) -> Text:
        """Which bid has this digest, as far as this reader may know."""
        known = [*(each.said for each in self.receipts), *self._named]
        for said in known:
            if said["digest"] == digest:
                return self.bid(said)
        return _("Bid with the digest %(digest)s", digest=digest)


def check_key(own: bytes, expected: bytes | None) -> Finding:
    """Whether a file was made with the key that the reader trusts."""
    if expected is None:
        return Finding(
            _(
                "Public key: taken from the file itself. Compare its fingerprint with the one that"
                " the marketplace shows: %(fingerprint)s",
                fingerprint=sha256(own),
            )
        )
    if own != expected:
        return Finding(
            _("Public key: the file was made with another key than the one given."), Fault.WRONG_KEY
        )
    return Finding(_("Public key: the one given."))
