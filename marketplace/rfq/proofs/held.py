"""Papers that a reader has kept, held against the file: what no meddling in the file can undo."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marketplace.core.text import Text, _, ngettext_
from marketplace.rfq.proofs.contents import older_version
from marketplace.rfq.proofs.findings import LAST_WORDS, Case, Fault, Finding, check_key
from marketplace.rfq.proofs.reading import Paper, Unreadable


def compare(case: Case, key: bytes, held: Sequence[Paper]) -> Iterator[Finding]:
    """Whether each held receipt or digest list agrees with the file."""
    for number, paper in enumerate(held, start=1):
        name = _("Held paper %(n)s", n=number)
        said = paper.said
        if not paper.signed.is_genuine(key):
            yield Finding(
                _("%(paper)s: changed, its signature is wrong.", paper=name), Fault.WRONG_SIGNATURE
            )
        elif said["rfq_id"] != case.file.rfq["id"]:
            yield Finding(_("%(paper)s: of another event.", paper=name), Fault.SWAPPED)
        elif said["kind"] == "rfq-closing":
            yield from _list(case, paper, name)
        elif said["kind"] == "bid-attempt":
            yield from _receipt(case, paper, name)
        else:
            yield Finding(
                _("%(paper)s: neither receipt nor digest list.", paper=name), Fault.SWAPPED
            )


def _list(case: Case, paper: Paper, name: Text) -> Iterator[Finding]:
    if case.closing is None:
        return
    if paper.said["bids_due_at"] != case.closing["bids_due_at"]:
        yield Finding(_("%(paper)s: of an earlier deadline, which was extended.", paper=name))
    elif paper.signed.statement == case.file.closing.statement:
        yield Finding(_("%(paper)s: the same digest list as in the file.", paper=name))
    else:
        yield Finding(
            _("%(paper)s: another digest list was published at the closing.", paper=name),
            Fault.CHANGED,
        )


def _receipt(case: Case, paper: Paper, name: Text) -> Iterator[Finding]:
    said = paper.said
    known = case.known_digests
    if known is None:
        return
    if case.outcome is not None and paper.signed.hash not in case.place_of:
        if said["arrived_at"] > case.outcome["opened_at"]:
            yield Finding(_("%(paper)s: of an attempt after the opening.", paper=name))
            return
        yield _left_out(case, said, name)
    elif said["outcome"] != "accepted" or said["digest"] in known:
        yield Finding(_("%(paper)s: the file has this attempt.", paper=name))
    elif not _has_receipts_of(case, said["supplier_id"]):
        yield Finding(_("%(paper)s: this file cannot tell whether it was replaced.", paper=name))
    elif _was_followed(case, paper):
        yield Finding(_("%(paper)s: later replaced or withdrawn by its supplier.", paper=name))
    else:
        yield _left_out(case, said, name)


def _has_receipts_of(case: Case, supplier_id: str) -> bool:
    """Whether the file must have every receipt of this supplier."""
    return case.file.reader_id == supplier_id or (case.is_buyers and case.outcome is not None)


def _was_followed(case: Case, paper: Paper) -> bool:
    """Whether the supplier did something with the bid after this submission."""
    own = [each for each in case.receipts if each.said["bid_id"] == paper.said["bid_id"]]
    words = [each.signed.hash for each in own if each.said["outcome"] in LAST_WORDS]
    return paper.signed.hash in words[:-1]


def _left_out(case: Case, said: Mapping[str, Any], name: Text) -> Finding:
    older = older_version(case, said) if said["outcome"] == "accepted" else None
    if older is not None:
        return Finding(
            _(
                "%(paper)s: is for version %(number)s, but the older version %(older)s was put in"
                " its place.",
                paper=name,
                number=said["number"],
                older=older,
            ),
            Fault.OLD_VERSION,
        )
    return Finding(
        _("%(paper)s: this attempt was deleted; the file does not have it.", paper=name),
        Fault.DELETED,
    )


def check_paper(paper: Paper, expected_key: bytes | None) -> list[Finding]:
    """A single paper by itself: the key, the signature, and what it says.

    Raises Unreadable when neither the reader nor the file gives a key.
    """
    key = expected_key or paper.public_key
    if key is None:
        raise Unreadable(_("The file has no public key. Give the marketplace's with --public-key."))
    findings = [check_key(paper.public_key or key, expected_key)]
    if not paper.signed.is_genuine(key):
        forged = _("The statement or its signature was changed.")
        return [*findings, Finding(forged, Fault.WRONG_SIGNATURE)]
    findings.append(Finding(_("The marketplace has signed this statement.")))
    return [*findings, *(_told(name, value) for name, value in sorted(paper.said.items()))]


def _told(name: str, value: Any) -> Finding:
    if isinstance(value, list):
        value = ngettext_("%(n)s entry", "%(n)s entries", len(value))
    return Finding(_("%(name)s: %(value)s", name=name, value="–" if value is None else value))
