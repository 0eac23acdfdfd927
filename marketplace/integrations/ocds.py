"""Tenders published after the Open Contracting Data Standard (OCDS 1.1) become drafts of RFQs.

One contracting process is one RFQ, however many releases of it are imported: each release is noted
in the history of the RFQ, the newest one decides what the draft says. Dates of the past are not
taken over; documents are referred to, never fetched.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalog import queries as catalog
from marketplace.core import audit
from marketplace.core.text import Text, _, register_labels
from marketplace.documents import queries as documents
from marketplace.documents import service as document_service
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.integrations import ocds_files
from marketplace.integrations import ocds_reading as reading
from marketplace.integrations.ocds_reading import Tender
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.services import content, drafting, papers
from marketplace.rfq.terms.drafts import RfqDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import RfqSource, RfqState

IMPORTED = "rfq.ocds_release_imported"


class Outcome(StrEnum):
    """What a release did."""

    CREATED = "created"
    UPDATED = "updated"
    KNOWN = "known"
    OLDER = "older"
    NOT_A_DRAFT = "not_a_draft"


register_labels(
    {
        Outcome.CREATED: _("New draft"),
        Outcome.UPDATED: _("Draft brought up to date"),
        Outcome.KNOWN: _("Imported before"),
        Outcome.OLDER: _("Older than what was imported"),
        Outcome.NOT_A_DRAFT: _("Not a draft any more, left as it is"),
    }
)


@dataclass
class Imported:
    """One release, what became of it, and what to look at in the draft."""

    rfq: Rfq
    release_id: str
    outcome: Outcome
    notices: list[Text | str] = field(default_factory=list)


@requires(Permission.RFQ_DRAFT)
def import_file(
    session: Session, actor: Actor, path: Path | str, *, encoding: str = "utf-8"
) -> list[Imported]:
    """Import every tender of a file: a release, a release package or a record package.

    A workbook after the convention of Flatten-Tool is read as the package it was made of.

    encoding: JSON is UTF-8; name another one only if the publisher broke that rule. Raises
    Unreadable or NothingToImport with the reason.
    """
    return import_bytes(session, actor, Path(path).read_bytes(), encoding=encoding)


@requires(Permission.RFQ_DRAFT)
def import_bytes(
    session: Session, actor: Actor, data: bytes, *, encoding: str = "utf-8"
) -> list[Imported]:
    """As `import_file`, for content that is here already."""
    releases = reading.tender_releases(ocds_files.parse(data, encoding))
    return [import_release(session, actor, release) for release in releases]


@requires(Permission.RFQ_DRAFT)
def import_tender(session: Session, actor: Actor, release: dict[str, Any]) -> Rfq:
    """Import one release and return its RFQ, new or brought up to date."""
    return import_release(session, actor, release).rfq


@requires(Permission.RFQ_DRAFT)
def import_release(session: Session, actor: Actor, release: dict[str, Any]) -> Imported:
    """Make or update the draft of this release's process. The same release twice does nothing."""
    tender = reading.read(release, actor.currency)
    tender = _with_known_categories(session, tender)
    found = _of_process(session, actor, tender.ocid)
    if found is None:
        rfq = _create(session, actor, tender)
        outcome = Outcome.CREATED
    else:
        rfq = found
        outcome = _outcome(session, actor, rfq, tender)
        if outcome is Outcome.UPDATED:
            _update(session, actor, rfq, tender)
    if outcome in (Outcome.CREATED, Outcome.UPDATED):
        _refer_documents(session, actor, rfq, tender)
        _note(session, actor, rfq, tender, release)
    return Imported(rfq, tender.release_id, outcome, list(tender.notices))


def _of_process(session: Session, actor: Actor, ocid: str) -> Rfq | None:
    return session.scalar(
        select(Rfq)
        .where(
            Rfq.buyer_id == actor.org_id,
            Rfq.source == RfqSource.OCDS,
            Rfq.external_ref == ocid,
            Rfq.state != RfqState.CANCELLED,
        )
        .order_by(Rfq.created_at)
        .limit(1)
    )


def _outcome(session: Session, actor: Actor, rfq: Rfq, tender: Tender) -> Outcome:
    noted = [
        entry.data
        for entry in audit.history(session, actor.organisation_id, "rfq", rfq.id)
        if entry.action == IMPORTED
    ]
    if tender.release_id in {data["release_id"] for data in noted}:
        return Outcome.KNOWN
    if rfq.state is not RfqState.DRAFT:
        return Outcome.NOT_A_DRAFT
    newest = max((data["released_at"] for data in noted), default="")
    return Outcome.OLDER if tender.released_at < newest else Outcome.UPDATED


def _create(session: Session, actor: Actor, tender: Tender) -> Rfq:
    return drafting.create(
        session,
        actor,
        RfqDraft(
            header=tender.header,
            lots=tender.lots,
            lines=tender.lines,
            source=RfqSource.OCDS,
            external_ref=tender.ocid,
        ),
    )


def _update(session: Session, actor: Actor, rfq: Rfq, tender: Tender) -> None:
    """Write the draft anew; what buyers had added to lines of the earlier release goes.

    The kind stays as they have chosen it meanwhile.
    """
    header = tender.header.copy()
    del header["kind"]
    if rfq.kind is RfqKind.MINI_COMPETITION:
        del header["open_to_all"]
    content.set_lines(session, actor, rfq.id, [])
    content.set_lots(session, actor, rfq.id, tender.lots)
    drafting.update(session, actor, rfq.id, header)
    content.set_lines(session, actor, rfq.id, tender.lines)


def _refer_documents(session: Session, actor: Actor, rfq: Rfq, tender: Tender) -> None:
    known = {document.url for document in documents.attached(session, actor, "rfq", rfq.id)}
    new = [document for document in tender.documents if document.url not in known]
    made = [
        document_service.refer(session, actor, each.title, each.url, each.format).id for each in new
    ]
    if made:
        papers.attach(session, actor, rfq.id, made)


def _note(
    session: Session, actor: Actor, rfq: Rfq, tender: Tender, release: dict[str, Any]
) -> None:
    plain = orjson.dumps(release, default=str, option=orjson.OPT_SORT_KEYS)
    audit.record(
        session,
        actor,
        IMPORTED,
        ("rfq", rfq.id),
        {
            "ocid": tender.ocid,
            "release_id": tender.release_id,
            "released_at": tender.released_at,
            "sha256": hashlib.sha256(plain).hexdigest(),
        },
    )


def _with_known_categories(session: Session, tender: Tender) -> Tender:
    """Codes that the vocabulary does not have are left out, with a notice."""
    named = [tender.header.get("category_code"), *(line.category_code for line in tender.lines)]
    known = set(catalog.categories(session, named))
    return tender.with_categories(known)


def summary(imported: Sequence[Imported]) -> Iterable[str]:
    """One line of words per release, for the command line."""
    for each in imported:
        yield f"{each.rfq.number}  {each.rfq.title}  ({each.release_id}: {each.outcome})"
