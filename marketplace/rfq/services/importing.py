"""Lines of a draft from a spreadsheet: shown first, then all of them or none."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalog import queries as catalog
from marketplace.catalog.rules import sku_key
from marketplace.core import audit, tabular
from marketplace.core.tabular import Options, Parsed
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.editing import editable
from marketplace.rfq.asking.models import Rfq, RfqLine, RfqLot
from marketplace.rfq.services import content
from marketplace.rfq.sheets import lines as sheets
from marketplace.rfq.sheets.lines import Known, SheetLine
from marketplace.rfq.terms.drafts import LotDraft


@dataclass(frozen=True)
class Plan:
    """What an import would do."""

    rfq: Rfq
    parsed: Parsed
    lines: Sequence[SheetLine]
    new_lots: Sequence[str]

    @property
    def refused(self) -> int:
        return sum(record.refused for record in self.parsed.records)


@requires(Permission.RFQ_DRAFT)
def preview(
    session: Session, actor: Actor, rfq_id: UUID, data: bytes, filename: str, options: Options
) -> Plan:
    """Read the file against the RFQ and the catalogue; nothing is written."""
    rfq = editable(session, actor, rfq_id, None)
    parsed = sheets.read(tabular.read(data, filename), options)
    known = Known(
        currency=rfq.currency,
        references=_references(session, rfq_id),
        items=catalog.by_sku(session, actor, sheets.references_in(parsed)),
        categories=frozenset(catalog.categories(session, sheets.categories_in(parsed))),
    )
    lines = sheets.lines_of(parsed, known)
    lots = queries.lots(session, rfq_id)
    return Plan(rfq, parsed, lines, _new_lots(lines, _numbers(lots)))


@requires(Permission.RFQ_DRAFT)
def import_lines(
    session: Session, actor: Actor, rfq_id: UUID, data: bytes, filename: str, options: Options
) -> Plan:
    """Append the lines of the file, making the lots that it names.

    Raises Invalid with a reason for each refused row, and writes nothing, unless the user has
    asked for the valid rows only.
    """
    plan = preview(session, actor, rfq_id, data, filename, options)
    tabular.refuse_file(plan.parsed, options)
    numbers = _make_lots(session, actor, plan)
    drafts = [
        replace(found.line, lot=numbers[sheets.lot_key(found.lot)] if found.lot else 1)
        for found in plan.lines
    ]
    rfq = content.add_lines(session, actor, rfq_id, drafts)
    audit.record(
        session,
        actor,
        "rfq.lines_imported",
        ("rfq", rfq_id),
        {
            "sha256": hashlib.sha256(data).hexdigest(),
            "lines": len(drafts),
            "refused": plan.refused,
        },
    )
    return replace(plan, rfq=rfq)


def _references(session: Session, rfq_id: UUID) -> frozenset[tuple[str, str]]:
    """Lot and reference of the lines that are there, as rows are compared."""
    rows = session.execute(
        select(RfqLot.number, RfqLot.title, RfqLine.external_ref)
        .join(RfqLot, RfqLot.id == RfqLine.lot_id)
        .where(RfqLine.rfq_id == rfq_id, RfqLine.external_ref.is_not(None))
    )
    found: set[tuple[str, str]] = set()
    for number, title, reference in rows:
        key = sku_key(reference or "")
        found |= {(str(number), key), (sheets.lot_key(title), key)}
        if number == 1:
            found.add(("", key))
    return frozenset(found)


def _numbers(lots: Sequence[RfqLot]) -> dict[str, int]:
    """The numbers of lots by their titles; the number itself names a lot that has none other."""
    numbers = {str(lot.number): lot.number for lot in lots}
    return numbers | {sheets.lot_key(lot.title): lot.number for lot in lots}


def _new_lots(lines: Sequence[SheetLine], numbers: dict[str, int]) -> list[str]:
    """Lots that the file names and the RFQ has not, in the order of the file."""
    names: dict[str, str] = {}
    for found in lines:
        key = sheets.lot_key(found.lot)
        if found.lot and key not in numbers:
            names.setdefault(key, found.lot)
    return list(names.values())


def _make_lots(session: Session, actor: Actor, plan: Plan) -> dict[str, int]:
    """The numbers of all lots that the file names.

    An RFQ without lines has nothing in its lots yet, so that those of the file replace them.
    """
    rfq_id = plan.rfq.id
    named = list(dict.fromkeys(sheets.lot_key(found.lot) for found in plan.lines if found.lot))
    if not named:
        return {}
    if not queries.line_counts(session, [rfq_id]).get(rfq_id):
        first = {sheets.lot_key(found.lot): found.lot for found in reversed(plan.lines)}
        content.set_lots(session, actor, rfq_id, [_lot(first[key]) for key in named])
        return {key: number for number, key in enumerate(named, start=1)}
    if plan.new_lots:
        content.add_lots(session, actor, rfq_id, [_lot(name) for name in plan.new_lots])
    return _numbers(queries.lots(session, rfq_id))


def _lot(name: str) -> LotDraft:
    titled = name if sheets.lot_key(name) != name.casefold() else str(_("Lot %(name)s", name=name))
    return LotDraft(titled)
