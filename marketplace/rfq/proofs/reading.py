"""Files to be verified, read without trusting them: plain values, or Unreadable."""

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.core.text import Text, _
from marketplace.rfq.proofs.papers import Signed
from marketplace.rfq.sealing.envelopes import Cipher, Envelope, SealedBid, canonical

FORMAT = "marketplace-opening/1"


class Unreadable(Exception):
    """This is not a file of ours, or only a part of one."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ShownEnvelope:
    """An envelope as the file shows it; without key and content while it is sealed."""

    envelope: Envelope
    data_key: bytes | None
    content: Mapping[str, Any] | None


@dataclass(frozen=True)
class ShownBid:
    """An opened bid. ``main`` holds its prices alone where there is a technical envelope."""

    bid_id: str
    supplier_id: str
    number: int
    main: ShownEnvelope
    technical: ShownEnvelope | None
    unreadable: str | None

    @property
    def sealed(self) -> SealedBid:
        return SealedBid(self.main.envelope, self.technical.envelope if self.technical else None)


@dataclass(frozen=True)
class OpeningFile:
    """An opening file. ``signed_bytes`` is what its last signature is about.

    ``terms``: each published version of the terms by number, with its fingerprint. A file from
    before there were addenda has the one of the RFQ alone.
    """

    public_key: bytes
    reader_id: str
    rfq: Mapping[str, Any]
    terms: Mapping[int, Mapping[str, Any]]
    names: Mapping[str, str]
    closing: Signed
    outcome: Signed | None
    minutes: Signed | None
    price_minutes: Signed | None
    receipts: tuple[Signed, ...]
    bids: tuple[ShownBid, ...]
    signed_bytes: bytes
    signature: bytes


@dataclass(frozen=True)
class Paper:
    """A single signed statement in a file of its own, with the key that it came with, if any."""

    signed: Signed
    public_key: bytes | None
    said: Mapping[str, Any]


def opening_file(content: bytes) -> OpeningFile:
    """The file; Unreadable when it is cut off or not of this kind."""
    data = _document(content)
    if data.get("format") != FORMAT:
        raise Unreadable(_("This is not an opening file."))
    try:
        unsigned = {name: value for name, value in data.items() if name != "signature"}
        return OpeningFile(
            public_key=_from_hex(data["public_key"]),
            reader_id=str(data["reader_id"]),
            rfq=dict(data["rfq"]),
            terms=_terms(data),
            names={str(key): str(name) for key, name in data["names"].items()},
            closing=_signed(data["closing"]),
            outcome=_signed(data["outcome"]) if data["outcome"] else None,
            minutes=_signed(data["minutes"]) if data["minutes"] else None,
            price_minutes=_signed(data["price_minutes"]) if data.get("price_minutes") else None,
            receipts=tuple(_signed(each) for each in data["receipts"]),
            bids=tuple(_bid(each) for each in data["bids"]),
            signed_bytes=canonical(unsigned),
            signature=_from_hex(data["signature"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(_("A part of the file is missing or malformed.")) from error


def paper(content: bytes) -> Paper:
    """A receipt, a digest list or minutes; Unreadable when it is none of them."""
    data = _document(content)
    try:
        signed = _signed(data)
        said = statement_of(signed)
        if said is None:
            raise ValueError
        key = data.get("public_key")
        return Paper(signed, _from_hex(key) if key is not None else None, said)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(_("This is not a signed statement of the marketplace.")) from error


def statement_of(signed: Signed) -> Mapping[str, Any] | None:
    """What a statement says, as far as it can be read at all."""
    try:
        said = json.loads(signed.statement)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable(_("The file is cut off or damaged: it cannot be read.")) from None
    if not isinstance(data, dict):
        raise Unreadable(_("The file is cut off or damaged: it cannot be read."))
    return data


def _terms(data: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    only = [{"number": 1, **{name: data["rfq"][name] for name in ("fingerprint", "terms")}}]
    return {int(each["number"]): dict(each) for each in data.get("terms_versions", only)}


def _signed(data: Mapping[str, str]) -> Signed:
    statement = data["statement"]
    statement.encode()
    return Signed(statement, _from_hex(data["signature"]))


def _bid(data: Mapping[str, Any]) -> ShownBid:
    return ShownBid(
        bid_id=str(data["bid_id"]),
        supplier_id=str(data["supplier_id"]),
        number=int(data["number"]),
        main=_envelope(data),
        technical=_envelope(data["technical"]) if data.get("technical") else None,
        unreadable=data.get("unreadable"),
    )


def _envelope(data: Mapping[str, Any]) -> ShownEnvelope:
    key, content = data["data_key"], data["content"]
    return ShownEnvelope(
        Envelope(
            _bytes(data["ciphertext"]),
            _bytes(data["key_for_opening"]),
            _bytes(data["key_for_reading_back"]),
            Cipher(data.get("cipher", Cipher.CHACHA20_POLY1305)),
        ),
        data_key=_bytes(key) if key is not None else None,
        content=dict(content) if content is not None else None,
    )


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _from_hex(text: str) -> bytes:
    """Bytes in the one way in which we write them; ValueError for any other."""
    found = bytes.fromhex(text)
    if found.hex() != text:
        raise ValueError("These digits are not written as the marketplace writes them.")
    return found
