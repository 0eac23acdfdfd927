"""Verification of an opening file with the public key alone: papers first, then the bids."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marketplace.core.text import Text, _, ngettext_
from marketplace.rfq.proofs import contents, papers
from marketplace.rfq.proofs.findings import Case, Fault, Finding, Receipt, check_key
from marketplace.rfq.proofs.held import compare
from marketplace.rfq.proofs.papers import Signed
from marketplace.rfq.proofs.reading import OpeningFile, Paper, Unreadable, statement_of
from marketplace.rfq.sealing.envelopes import fingerprint, is_signed


def verify(
    file: OpeningFile, expected_key: bytes | None = None, held: Sequence[Paper] = ()
) -> list[Finding]:
    """Everything that holds and everything that does not.

    expected_key: the marketplace's public key from elsewhere; the file's own by default, which
    proves only that the file agrees with itself. held: receipts and digest lists that the reader
    has kept. Raises Unreadable where signed statements are not of our kind.
    """
    try:
        return list(_verified(file, expected_key or file.public_key, expected_key, held))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(_("A statement in the file is not one of the marketplace.")) from error


def _verified(
    file: OpeningFile, key: bytes, expected_key: bytes | None, held: Sequence[Paper]
) -> Iterator[Finding]:
    yield check_key(file.public_key, expected_key)
    if is_signed(file.signed_bytes, file.signature, key):
        yield Finding(_("File: whole, and signed by the marketplace."))
    else:
        yield Finding(
            _("File: changed after it was made; its own signature is wrong."), Fault.WRONG_SIGNATURE
        )
    receipts, forged = _receipts(file, key)
    case = Case(
        file,
        _genuine(file.closing, key, "rfq-closing"),
        _genuine(file.outcome, key, "rfq-outcome"),
        _genuine(file.minutes, key, "rfq-opening"),
        _genuine(file.price_minutes, key, "rfq-price-opening"),
        receipts,
    )
    yield from _terms(case)
    yield from _signatures(case)
    yield from forged
    yield from _receipts_place(case)
    if case.outcome is not None:
        yield from _opening(case, case.outcome)
    elif file.outcome is None:
        yield Finding(_("Opening: the bids are still sealed."))
    yield from contents.check(case)
    yield from contents.check_unconfirmed(case)
    yield from compare(case, key, held)


def _genuine(signed: Signed | None, key: bytes, kind: str) -> Mapping[str, Any] | None:
    if signed is None or not signed.is_genuine(key):
        return None
    said = statement_of(signed)
    return said if said is not None and said["kind"] == kind else None


def _terms(case: Case) -> Iterator[Finding]:
    rfq = case.file.rfq
    number = rfq["number"]
    computed = fingerprint({"rfq_id": rfq["id"], "terms": rfq["terms"]})
    papers_say = {each["fingerprint"] for each in _papers(case)}
    versions = case.file.terms.values()
    is_whole = all(
        each["fingerprint"] == fingerprint({"rfq_id": rfq["id"], "terms": each["terms"]})
        for each in versions
    )
    is_last = case.file.terms[max(case.file.terms)]["fingerprint"] == rfq["fingerprint"]
    if is_whole and is_last and papers_say <= {computed} and rfq["fingerprint"] == computed:
        yield Finding(
            _("Event %(number)s: its terms are those that were published.", number=number)
        )
    else:
        yield Finding(
            _("Event %(number)s: its terms are not those that were published.", number=number),
            Fault.CHANGED,
        )
    if {each["rfq_id"] for each in _papers(case)} - {rfq["id"]}:
        yield Finding(_("A paper in the file belongs to another event."), Fault.SWAPPED)


def _papers(case: Case) -> list[Mapping[str, Any]]:
    signed = (case.closing, case.outcome, case.minutes, case.price_minutes)
    return [each for each in signed if each is not None]


def _signatures(case: Case) -> Iterator[Finding]:
    for name, signed, said in (
        (_("Digest list"), case.file.closing, case.closing),
        (_("Outcome"), case.file.outcome, case.outcome),
        (_("Minutes"), case.file.minutes, case.minutes),
        (_("Minutes of the prices"), case.file.price_minutes, case.price_minutes),
    ):
        if signed is None:
            continue
        if said is None:
            yield _forged(name)
        else:
            yield Finding(_("%(paper)s: signed by the marketplace.", paper=name))


def _forged(paper: Text) -> Finding:
    return Finding(
        _("%(paper)s: changed, its signature is wrong.", paper=paper), Fault.WRONG_SIGNATURE
    )


def _receipts(file: OpeningFile, key: bytes) -> tuple[list[Receipt], list[Finding]]:
    receipts, findings = [], []
    for number, signed in enumerate(file.receipts, start=1):
        said = _genuine(signed, key, "bid-attempt")
        if said is not None and said["rfq_id"] == file.rfq["id"]:
            receipts.append(Receipt(signed, said))
        elif said is not None:
            findings.append(Finding(_("Receipt %(n)s: of another event.", n=number), Fault.ADDED))
        else:
            findings.append(_forged(_receipt_name(file, signed, number)))
    if receipts:
        count = len(receipts)
        findings.insert(
            0,
            Finding(
                ngettext_(
                    "Receipts: %(n)s signed by the marketplace.",
                    "Receipts: %(n)s signed by the marketplace.",
                    count,
                )
            ),
        )
    return receipts, findings


def _receipt_name(file: OpeningFile, signed: Signed, number: int) -> Text:
    said = statement_of(signed) or {}
    supplier = str(said.get("supplier_id", "?"))
    return _(
        "Receipt %(n)s, of %(supplier)s", n=number, supplier=file.names.get(supplier, supplier)
    )


def _receipts_place(case: Case) -> Iterator[Finding]:
    """Every receipt stands in the chain; the buyer's file has all of them, in order."""
    if case.outcome is None:
        return
    places = []
    for receipt in case.receipts:
        place = case.place_of.get(receipt.signed.hash)
        if place is None:
            yield Finding(
                _(
                    "%(bid)s: its receipt is not in the chain of attempts.",
                    bid=_attempt(receipt, case),
                ),
                Fault.ADDED,
            )
        else:
            places.append(place)
    if places != sorted(set(places)):
        yield Finding(_("Receipts: not in the order of the chain."), Fault.CHANGED)
    if case.is_buyers:
        yield from _missing_attempts(case, set(places))


def _missing_attempts(case: Case, present: set[int]) -> Iterator[Finding]:
    for place in range(1, len(case.place_of) + 1):
        if place not in present:
            yield Finding(
                _("Attempt %(n)s of the chain: its receipt is missing.", n=place), Fault.DELETED
            )


def _attempt(receipt: Receipt, case: Case) -> Text:
    if receipt.said["number"] is not None:
        return case.bid(receipt.said)
    return _("Refused attempt of %(supplier)s", supplier=case.supplier(receipt.said["supplier_id"]))


def _opening(case: Case, outcome: Mapping[str, Any]) -> Iterator[Finding]:
    if case.closing is not None:
        yield from _list_against_outcome(case, case.closing, outcome)
    if case.is_buyers and case.file.minutes is None:
        yield Finding(_("Minutes: missing in the file."), Fault.DELETED)
    if case.minutes is not None and case.file.minutes is not None:
        if case.file.minutes.hash != outcome["minutes"]:
            yield Finding(_("Minutes: not those of this opening."), Fault.SWAPPED)
        yield from _minutes_against_outcome(case, case.minutes, outcome)
    if case.price_minutes is not None:
        yield from _prices_against_minutes(case, case.price_minutes)


def _list_against_outcome(
    case: Case, closing: Mapping[str, Any], outcome: Mapping[str, Any]
) -> Iterator[Finding]:
    """The list holds the opened digests and fillers, and was made from this very chain."""
    if case.file.closing.hash != outcome["closing"]:
        yield Finding(_("Digest list: not the one of this opening."), Fault.SWAPPED)
    seed, opened = bytes.fromhex(outcome["seed"]), outcome["digests"]
    published = set(closing["digests"])
    fillers = set(papers.digest_list(seed, opened)) - set(opened)
    gone, new = published - fillers - set(opened), set(opened) - published
    for digest in sorted(gone):
        yield Finding(
            _("%(bid)s: published at the closing, but not opened.", bid=case.bid_with(digest)),
            Fault.DELETED,
        )
    for digest in sorted(new):
        yield Finding(
            _("%(bid)s: opened, but not published at the closing.", bid=case.bid_with(digest)),
            Fault.ADDED,
        )
    links = [b"", *papers.links(outcome["chain"])]
    if papers.hidden_head(seed, links[outcome["closed_at"]]) != closing["chain"]:
        yield Finding(
            _("Chain of attempts: not the one that the digest list was made from."), Fault.CHANGED
        )
    elif not gone and not new:
        yield Finding(
            _(
                "Chain: %(attempts)s attempts, none removed since the closing;"
                " %(bids)s bids opened, exactly those of the digest list.",
                attempts=len(outcome["chain"]),
                bids=len(opened),
            )
        )


def _minutes_against_outcome(
    case: Case, minutes: Mapping[str, Any], outcome: Mapping[str, Any]
) -> Iterator[Finding]:
    named = (*minutes["bids"], *minutes.get("unreadable", ()))
    listed, opened = {bid["digest"] for bid in named}, set(outcome["digests"])
    for digest in sorted(opened - listed):
        yield Finding(
            _("%(bid)s: missing in the minutes.", bid=case.bid_with(digest)), Fault.DELETED
        )
    for digest in sorted(listed - opened):
        yield Finding(
            _("%(bid)s: in the minutes, but was not opened.", bid=case.bid_with(digest)),
            Fault.ADDED,
        )


def _prices_against_minutes(case: Case, prices: Mapping[str, Any]) -> Iterator[Finding]:
    """The second opening follows the first, and every bid was opened or left sealed in it."""
    if case.file.minutes is not None and prices["opening"] != case.file.minutes.hash:
        yield Finding(_("Minutes of the prices: of another opening."), Fault.SWAPPED)
    digests = {
        bid_id: each.said["envelopes"]["price"]
        for bid_id, each in case.standing.items()
        if "envelopes" in each.said
    }
    named = (*prices["bids"], *prices.get("unreadable", ()), *prices["left_sealed"])
    listed = {each["bid_id"]: each for each in named}
    lost = {each["bid_id"] for each in (case.minutes or {}).get("unreadable", ())}
    digests = {bid_id: digest for bid_id, digest in digests.items() if bid_id not in lost}
    for bid_id in sorted(set(digests) - set(listed)):
        name = case.bid(case.standing[bid_id].said)
        yield Finding(_("%(bid)s: missing in the minutes of the prices.", bid=name), Fault.DELETED)
    for bid_id, each in listed.items():
        if digests.get(bid_id) != each["digest"]:
            yield Finding(
                _("%(bid)s: not as its receipt in the minutes of the prices.", bid=case.bid(each)),
                Fault.CHANGED,
            )
    yield Finding(
        _(
            "Minutes of the prices: %(opened)s opened, %(left)s left sealed.",
            opened=len(prices["bids"]),
            left=len(prices["left_sealed"]),
        )
    )
