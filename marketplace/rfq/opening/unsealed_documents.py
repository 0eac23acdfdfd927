"""The documents of bids at the opening: all there, and those that nobody has seen yet checked."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.documents import rules as document_rules
from marketplace.documents.rules import FileRefused
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.documents import DocumentFault, RefusedDocument, SealedDocument
from marketplace.rfq.bids.models import BidDocument
from marketplace.rfq.bids.rules import mismatch
from marketplace.rfq.opening.unsealed import OpenedBid
from marketplace.rfq.receiving import documents as bid_documents
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing.envelopes import SealBroken


def checked(session: Session, rfq: Rfq, opened: Sequence[OpenedBid]) -> list[OpenedBid]:
    """The bids with their documents; SealMismatch where one is not there as it was submitted.

    What bidders have locked themselves nobody has checked: a file that an upload would have been
    refused for is named with its reason, and does not stop the opening.
    """
    if rfq.client_sealing:
        return _locked_by_bidders(session, opened)
    kept = bid_queries.document_ids(session, [each.bid.id for each in opened])
    for each in opened:
        if any(document.id not in kept for document in each.content.documents):
            raise mismatch(each.bid.id, each.bid.supplier_id, "document_missing")
    return list(opened)


def _locked_by_bidders(session: Session, opened: Sequence[OpenedBid]) -> list[OpenedBid]:
    stated = {each.bid.id: submitted_with(each.receipt.statement) for each in opened}
    wanted = [UUID(name) for documents in stated.values() for name in documents]
    bids = {each.bid.id: each for each in opened}
    found: dict[UUID, SealedDocument | RefusedDocument | None] = {}
    for stored in bid_documents.one_by_one(session, wanted) if wanted else ():
        each = bids.get(stored.bid_id)
        if each is None or _digest(stored) != stated[stored.bid_id].get(str(stored.id)):
            continue
        named = {document.id: document for document in each.content.documents}.get(stored.id)
        # one that the content does not name was submitted all the same: it must be there
        found[stored.id] = _taken(each.bid, stored, named) if named else None
    for bid_id, documents in stated.items():
        if any(UUID(name) not in found for name in documents):
            raise mismatch(bid_id, bids[bid_id].bid.supplier_id, "document_missing")
    return [_with_documents(each, found) for each in opened]


def submitted_with(statement: str) -> Mapping[str, str]:
    """The digests of the documents that this receipt states, by their ids."""
    documents: Mapping[str, str] = json.loads(statement).get("documents", {})
    return documents


def _digest(stored: BidDocument) -> str:
    return hashlib.sha256(stored.content).hexdigest()


def _with_documents(
    each: OpenedBid, found: Mapping[UUID, SealedDocument | RefusedDocument | None]
) -> OpenedBid:
    outcomes = list(_outcomes(each, found))
    taken = tuple(one for one in outcomes if isinstance(one, SealedDocument))
    refused = tuple(one for one in outcomes if isinstance(one, RefusedDocument))
    return replace(each, content=replace(each.content, documents=taken), refused=refused)


def _outcomes(
    each: OpenedBid, found: Mapping[UUID, SealedDocument | RefusedDocument | None]
) -> Iterator[SealedDocument | RefusedDocument]:
    submitted = submitted_with(each.receipt.statement)
    for named in each.content.documents:
        outcome = found.get(named.id) if str(named.id) in submitted else None
        yield outcome or _refused(named, DocumentFault.NOT_SUBMITTED)


def _taken(
    bid: Bid, stored: BidDocument, named: SealedDocument
) -> SealedDocument | RefusedDocument:
    """The document, under its checked name and type, or why it cannot be taken."""
    name = document_rules.clean_name(named.name)
    try:
        content = bid_vault.unlock_document(stored, named, bid)
        kind = document_rules.checked_type(name, named.media_type, content)
    except SealBroken:
        return _refused(named, DocumentFault.DOES_NOT_OPEN)
    except FileRefused as refusal:
        return _refused(named, DocumentFault(refusal.errors[0].code))
    return replace(named, name=name, media_type=kind, size=len(content))


def _refused(named: SealedDocument, reason: DocumentFault) -> RefusedDocument:
    return RefusedDocument(named.id, document_rules.clean_name(named.name), reason)
