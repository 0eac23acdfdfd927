"""Sanctions lists: loaded by the operator from files, each version kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import Conflict, FieldError, refuse_all
from marketplace.core.text import _
from marketplace.events.suppliers import SanctionsListLoaded
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.suppliers import checks, queries, sanctions_files, screening
from marketplace.suppliers.models import SanctionsList, SanctionsName, Supplier
from marketplace.suppliers.sanctions_files import ListedName


class ListKnown(Conflict):
    code = "sanctions_list_known"


@requires(Permission.SANCTIONS_LOAD)
def load(
    session: Session,
    actor: Actor,
    *,
    source: str,
    version: str,
    published_on: date,
    names: Sequence[ListedName],
) -> SanctionsList:
    """Put a list in force in place of the last one of its source; everybody is screened again.

    Raises ListKnown when this version was loaded before, Invalid for a list without names.
    """
    if not names:
        refuse_all([FieldError("/entries", "required", _("The list holds no names."))])
    _check_new(session, source, version)
    session.execute(
        update(SanctionsList).where(SanctionsList.source == source).values(in_force=False)
    )
    head = SanctionsList(
        source=source,
        version=version,
        published_on=published_on,
        digest=checks.digest_of([list(name.row()) for name in names]),
        names=len(names),
        in_force=True,
        loaded_by=actor.person_id,
    )
    session.add(head)
    session.flush()
    session.execute(insert(SanctionsName), [_row(head, name) for name in names])
    audit.record(
        session,
        actor,
        "sanctions_list.loaded",
        ("sanctions_list", head.id),
        {"source": source, "version": version, "names": len(names), "digest": head.digest},
    )
    outbox.record(session, SanctionsListLoaded(list_id=head.id, source=source))
    return head


@dataclass(frozen=True)
class Loaded:
    """A list from a file: what it holds, what it replaces, who is screened again."""

    head: SanctionsList
    entries: int
    replaced: str | None
    suppliers: int


@requires(Permission.SANCTIONS_LOAD)
def load_file(
    session: Session,
    actor: Actor,
    content: bytes,
    *,
    source: str,
    version: str | None = None,
    published_on: date | None = None,
) -> Loaded:
    """Load a file as `load` does. Unless told, it is published on its own day, else today.

    Without a version it is named by its day and its content, so that the same file is known.
    """
    names = sanctions_files.read(content)
    day = published_on or sanctions_files.published_on(content) or clock.now().date()
    version = version or f"{day.isoformat()}-{hashlib.sha256(content).hexdigest()[:8]}"
    replaced = session.scalar(
        select(SanctionsList.version).where(SanctionsList.source == source, SanctionsList.in_force)
    )
    return Loaded(
        head=load(session, actor, source=source, version=version, published_on=day, names=names),
        entries=len({name.reference for name in names}),
        replaced=replaced,
        suppliers=session.scalar(select(func.count()).select_from(Supplier)) or 0,
    )


@requires(Permission.SUPPLIER_REVIEW)
def lists(session: Session, actor: Actor) -> Sequence[SanctionsList]:
    """Every loaded list."""
    return queries.sanctions_lists(session)


def _check_new(session: Session, source: str, version: str) -> None:
    known = session.scalar(
        select(SanctionsList.id).where(
            SanctionsList.source == source, SanctionsList.version == version
        )
    )
    if known is not None:
        raise ListKnown(
            _(
                "Version %(version)s of %(source)s has been loaded before.",
                version=version,
                source=source,
            )
        )


def _row(head: SanctionsList, listed: ListedName) -> dict[str, object]:
    return {
        "list_id": head.id,
        "reference": listed.reference,
        "name": listed.name,
        "normalised": screening.normalised(listed.name),
        "country": listed.country,
        "programme": listed.programme,
        "identifiers": list(listed.identifiers),
    }
