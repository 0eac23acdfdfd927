"""Verification of the bids themselves: sealed bytes, the key that opens them, what they say."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from marketplace.core.text import Text, _
from marketplace.rfq.addenda.standing import Stand, confirmed_in
from marketplace.rfq.bids.parts import joined
from marketplace.rfq.proofs.findings import Case, Fault, Finding
from marketplace.rfq.proofs.reading import ShownBid, ShownEnvelope
from marketplace.rfq.sealing.envelopes import (
    PRICE,
    TECHNICAL,
    Binding,
    SealBroken,
    canonical,
    open_body,
)


def check(case: Case) -> Iterator[Finding]:
    """Every bid that must be there is there, exactly as its receipt says, and no other."""
    expected = {bid_id: each.said for bid_id, each in case.standing.items()}
    known = case.known_digests
    for said in expected.values():
        if known is not None and said["digest"] not in known:
            yield _unexplained(case, said)
    if case.outcome is not None or case.file.bids:
        yield from _shown_bids(case, expected)


def _shown_bids(case: Case, expected: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    shown = {bid.bid_id for bid in case.file.bids}
    for bid_id, said in expected.items():
        if bid_id not in shown:
            yield Finding(_("%(bid)s: missing in the file.", bid=case.bid(said)), Fault.DELETED)
    for bid in case.file.bids:
        if bid.bid_id in expected:
            yield _checked(case, bid, expected[bid.bid_id])
        else:
            name = case.bid({"supplier_id": bid.supplier_id, "number": bid.number})
            yield Finding(
                _("%(bid)s: in the file, but no receipt says that it stands.", bid=name),
                Fault.ADDED,
            )
    if len(shown) < len(case.file.bids):
        yield Finding(_("A bid stands twice in the file."), Fault.ADDED)


def _unexplained(case: Case, said: Mapping[str, Any]) -> Finding:
    """A bid that stands by its receipts, but not in what was published or opened."""
    older = older_version(case, said)
    if older is not None:
        return Finding(
            _(
                "%(bid)s: the older version %(older)s was put in its place.",
                bid=case.bid(said),
                older=older,
            ),
            Fault.OLD_VERSION,
        )
    return Finding(
        _("%(bid)s: its receipt says that it stands, but it was left out.", bid=case.bid(said)),
        Fault.DELETED,
    )


def older_version(case: Case, said: Mapping[str, Any]) -> int | None:
    """The earlier version of this bid whose digest was published or opened, if any."""
    known = case.known_digests or frozenset()
    for receipt in case.receipts:
        older = receipt.said
        is_older = older["bid_id"] == said["bid_id"] and receipt.is_submission
        if is_older and older["number"] < said["number"] and older["digest"] in known:
            return int(older["number"])
    return None


def _checked(case: Case, bid: ShownBid, said: Mapping[str, Any]) -> Finding:
    name, binding = case.bid(said), _binding(case, said)
    if bid.sealed.digest(binding) != said["digest"]:
        return _diagnosed(case, bid, said)
    if bid.supplier_id != said["supplier_id"]:
        return _swapped(case, said, case.supplier(bid.supplier_id))
    if bid.number != said["number"]:
        return Finding(_("%(bid)s: shown under another version.", bid=name), Fault.OLD_VERSION)
    if bid.unreadable is not None:
        return _unreadable(case, bid, name)
    return _seal_fault(case, bid, binding, name) or _agreed(case, bid, name)


def _unreadable(case: Case, bid: ShownBid, name: Text) -> Finding:
    """The bytes are those of the receipt; that nobody can read them is what the minutes say."""
    if case.minutes is not None and bid.bid_id not in {
        each["bid_id"] for each in case.minutes.get("unreadable", ())
    }:
        return Finding(
            _("%(bid)s: shown as unreadable, but the minutes do not say so.", bid=name),
            Fault.CHANGED,
        )
    return Finding(
        _("%(bid)s: the sealed bytes are those of its receipt; found unreadable.", bid=name)
    )


def _seal_fault(case: Case, bid: ShownBid, binding: Binding, name: Text) -> Finding | None:
    """What is wrong with one of its envelopes, if anything."""
    for shown, place in _envelopes(bid, binding):
        if shown.data_key is None or shown.content is None:
            continue
        try:
            plain = open_body(shown.envelope, shown.data_key, place)
        except SealBroken:
            return Finding(
                _("%(bid)s: the key in the file does not open it.", bid=name), Fault.CHANGED
            )
        if canonical(shown.content) != plain:
            return Finding(
                _("%(bid)s: the content shown is not what was sealed.", bid=name), Fault.CHANGED
            )
    return _left_fault(case, bid, name)


def _left_fault(case: Case, bid: ShownBid, name: Text) -> Finding | None:
    """Prices are open exactly where the minutes say so; a bidder's file has no minutes."""
    if bid.main.data_key is None and bid.technical is None:
        return Finding(_("%(bid)s: its key is missing in the file.", bid=name), Fault.DELETED)
    if case.price_minutes is None:
        return None
    is_open = bid.main.data_key is not None
    if not is_open and bid.bid_id in {
        each["bid_id"] for each in case.price_minutes.get("unreadable", ())
    }:
        return None
    if is_open != (bid.bid_id in {each["bid_id"] for each in case.price_minutes["bids"]}):
        return Finding(
            _("%(bid)s: its prices are not as the minutes of the prices say.", bid=name),
            Fault.CHANGED,
        )
    return None


def _agreed(case: Case, bid: ShownBid, name: Text) -> Finding:
    if bid.main.data_key is not None:
        return Finding(_("%(bid)s: digest, seal and content agree.", bid=name))
    if case.price_minutes is None:
        return Finding(
            _("%(bid)s: digest, seal and content agree; its prices are sealed.", bid=name)
        )
    return Finding(
        _("%(bid)s: digest, seal and content agree; excluded, its prices stay sealed.", bid=name)
    )


def _envelopes(bid: ShownBid, binding: Binding) -> list[tuple[ShownEnvelope, Binding]]:
    if bid.technical is None:
        return [(bid.main, binding)]
    return [(bid.technical, binding.of(TECHNICAL)), (bid.main, binding.of(PRICE))]


def check_unconfirmed(case: Case) -> Iterator[Finding]:
    """The lines that the minutes leave out are those that were not confirmed after an addendum."""
    listed = _left_out(case)
    for bid in case.file.bids:
        receipt = case.standing.get(bid.bid_id)
        if receipt is None or bid.main.content is None or bid.bid_id not in listed:
            continue
        name, found = case.bid(receipt.said), _unconfirmed(case, bid, receipt.said)
        if found != tuple(listed[bid.bid_id]):
            yield Finding(
                _("%(bid)s: the minutes leave out other lines than the unconfirmed.", bid=name),
                Fault.CHANGED,
            )
        elif found:
            numbers = ", ".join(map(str, found))
            yield Finding(
                _(
                    "%(bid)s: not confirmed and left out: line %(numbers)s.",
                    bid=name,
                    numbers=numbers,
                )
            )


def _left_out(case: Case) -> dict[str, list[int]]:
    """By bid, as the minutes say it that were written when the prices were read."""
    is_apart = any(bid.technical is not None for bid in case.file.bids)
    minutes = case.price_minutes if is_apart else case.minutes
    if minutes is None or len(case.file.terms) == 1:
        return {}
    return {each["bid_id"]: each.get("unconfirmed", []) for each in minutes["bids"]}


def _unconfirmed(case: Case, bid: ShownBid, said: Mapping[str, Any]) -> tuple[int, ...]:
    own = [each.said for each in case.receipts if each.said["bid_id"] == bid.bid_id]
    versions = {number: each["terms"] for number, each in case.file.terms.items()}
    stand = Stand(versions, said.get("terms_number") or 1, confirmed_in(own, bid.number))
    return stand.counted(joined(bid.main.content or {})).unconfirmed


def _diagnosed(case: Case, bid: ShownBid, said: Mapping[str, Any]) -> Finding:
    """What was put in the place of the sealed version: another bid, an older one, other bytes."""
    for receipt in case.receipts:
        other = receipt.said
        if other["digest"] is None or bid.sealed.digest(_binding(case, other)) != other["digest"]:
            continue
        if other["bid_id"] != said["bid_id"]:
            return _swapped(case, said, case.bidder(other))
        return Finding(
            _(
                "%(bid)s: the older version %(older)s was put in its place.",
                bid=case.bid(said),
                older=other["number"],
            ),
            Fault.OLD_VERSION,
        )
    return Finding(
        _("%(bid)s: the sealed bytes are not those of its receipt.", bid=case.bid(said)),
        Fault.CHANGED,
    )


def _swapped(case: Case, said: Mapping[str, Any], other: Text | str) -> Finding:
    return Finding(
        _(
            "%(bid)s: swapped with the bid of %(other)s.",
            bid=case.bid(said),
            other=other,
        ),
        Fault.SWAPPED,
    )


def _binding(case: Case, said: Mapping[str, Any]) -> Binding:
    """Where the bid of a receipt belongs; receipts from before addenda name no terms."""
    return Binding(
        UUID(case.file.rfq["id"]),
        UUID(said["supplier_id"]),
        said["number"],
        case.fingerprint_of(said.get("terms_number") or 1),
        alternative=said.get("alternative", 0),
    )
