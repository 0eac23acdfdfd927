"""Lots, lines and criteria of a draft: replaced as a whole, or one by one."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.errors import Conflict, FieldError, Invalid, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries, rows, rules
from marketplace.rfq.asking.editing import editable, touch
from marketplace.rfq.asking.items import with_items
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.scoring.answers import AnswerSpec
from marketplace.rfq.terms import criteria_tree, lot_weights
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft
from marketplace.rfq.terms.lot_weights import LotWeight

Numbered = RfqLot | RfqLine | RfqCriterion


class LotInUse(Invalid):
    code = "lot_in_use"


class LastLot(Conflict):
    code = "last_lot"


@requires(Permission.RFQ_DRAFT)
def set_lots(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lots: Sequence[LotDraft],
    expected: int | None = None,
) -> Rfq:
    """Make these the lots. Those in the same place keep their lines; others must be empty."""
    rfq = editable(session, actor, rfq_id, expected)
    refuse_all(list(rules.lot_faults(lots, rfq.currency)))
    _replace_lots(session, rfq, lots)
    return _changed(session, actor, rfq, "rfq.lots.changed", {"lots": len(lots)})


@requires(Permission.RFQ_DRAFT)
def add_lots(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lots: Sequence[LotDraft],
    expected: int | None = None,
) -> Rfq:
    """Append lots."""
    rfq = editable(session, actor, rfq_id, expected)
    refuse_all(list(rules.lot_faults(lots, rfq.currency)))
    rows.add_lots(session, rfq, lots, first=_next_number(session, RfqLot, rfq_id))
    return _changed(session, actor, rfq, "rfq.lots.added", {"lots": len(lots)})


@requires(Permission.RFQ_DRAFT)
def change_lot(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    lot: LotDraft,
    expected: int | None = None,
) -> Rfq:
    """Give a lot another title, description or estimate."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.lot(session, rfq_id, lot_id)
    refuse_all(_at_one("/lots/0", rules.lot_faults([lot], rfq.currency)))
    _assign(found, rows.lot_values(lot))
    return _changed(session, actor, rfq, "rfq.lot.changed", {"lot": found.number})


@requires(Permission.RFQ_DRAFT)
def set_lot_weights(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    weights: Sequence[LotWeight],
    expected: int | None = None,
) -> Rfq:
    """Let a lot weigh the criteria for itself; without weights it uses those of the RFQ."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.lot(session, rfq_id, lot_id)
    refuse_all(list(lot_weights.faults(weights, "/weights")))
    found.weights = lot_weights.stored(weights)
    data = {"lot": found.number, "criteria": len(weights)}
    return _changed(session, actor, rfq, "rfq.lot.weighed", data)


@requires(Permission.RFQ_DRAFT)
def remove_lot(
    session: Session, actor: Actor, rfq_id: UUID, lot_id: UUID, expected: int | None = None
) -> Rfq:
    """Remove an empty lot; one lot always stays."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.lot(session, rfq_id, lot_id)
    if len(queries.lots(session, rfq_id)) == 1:
        raise LastLot(_("An event has at least one lot."))
    _remove_surplus(session, [found])
    rows.close_gap(session, RfqLot, rfq_id, found.number)
    return _changed(session, actor, rfq, "rfq.lot.removed", {"lot": found.number})


@requires(Permission.RFQ_DRAFT)
def set_lines(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lines: Sequence[LineDraft],
    expected: int | None = None,
) -> Rfq:
    """Make these the lines."""
    rfq = editable(session, actor, rfq_id, expected)
    lines = with_items(session, actor, lines)
    lot_ids = _lot_ids(session, rfq_id)
    refuse_all(list(rules.line_faults(lines, lot_ids, rfq.currency)))
    session.execute(delete(RfqLine).where(RfqLine.rfq_id == rfq_id))
    rows.add_lines(session, rfq, lines, lot_ids, first=1)
    return _changed(session, actor, rfq, "rfq.lines.changed", {"lines": len(lines)})


@requires(Permission.RFQ_DRAFT)
def add_lines(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lines: Sequence[LineDraft],
    expected: int | None = None,
) -> Rfq:
    """Append lines, all or none."""
    rfq = editable(session, actor, rfq_id, expected)
    lines = with_items(session, actor, lines)
    lot_ids = _lot_ids(session, rfq_id)
    first = _next_number(session, RfqLine, rfq_id)
    refuse_all(list(rules.line_faults(lines, lot_ids, rfq.currency, already=first - 1)))
    rows.add_lines(session, rfq, lines, lot_ids, first=first)
    return _changed(session, actor, rfq, "rfq.lines.added", {"lines": len(lines)})


@requires(Permission.RFQ_DRAFT)
def change_line(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    line_id: UUID,
    line: LineDraft,
    expected: int | None = None,
) -> Rfq:
    """Write a line anew; it keeps its number."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.line(session, rfq_id, line_id)
    [line] = with_items(session, actor, [line])
    lot_ids = _lot_ids(session, rfq_id)
    refuse_all(_at_one("/lines/0", rules.line_faults([line], lot_ids, rfq.currency)))
    _assign(found, rows.line_values(line, lot_ids))
    return _changed(session, actor, rfq, "rfq.line.changed", {"line": found.number})


@requires(Permission.RFQ_DRAFT)
def remove_line(
    session: Session, actor: Actor, rfq_id: UUID, line_id: UUID, expected: int | None = None
) -> Rfq:
    """Remove a line; those behind it move up."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.line(session, rfq_id, line_id)
    _remove(session, RfqLine, found)
    return _changed(session, actor, rfq, "rfq.line.removed", {"line": found.number})


@requires(Permission.RFQ_DRAFT)
def set_lots_and_lines(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lots: Sequence[LotDraft],
    lines: Sequence[LineDraft],
    expected: int | None = None,
) -> Rfq:
    """Make these the lots and lines, at once: a line may move to a lot that is new."""
    rfq = editable(session, actor, rfq_id, expected)
    lines = with_items(session, actor, lines)
    numbers = range(1, len(lots) + 1)
    refuse_all(
        [
            *rules.lot_faults(lots, rfq.currency),
            *rules.line_faults(lines, numbers, rfq.currency),
        ]
    )
    session.execute(delete(RfqLine).where(RfqLine.rfq_id == rfq_id))
    _replace_lots(session, rfq, lots)
    rows.add_lines(session, rfq, lines, _lot_ids(session, rfq_id), first=1)
    data = {"lots": len(lots), "lines": len(lines)}
    return _changed(session, actor, rfq, "rfq.lines.changed", data)


@requires(Permission.RFQ_DRAFT)
def set_criteria(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    criteria: Sequence[CriterionDraft],
    expected: int | None = None,
    *,
    sections: Sequence[Section] = (),
) -> Rfq:
    """Make these the criteria, in these sections."""
    rfq = editable(session, actor, rfq_id, expected)
    refuse_all(
        [
            *criteria_tree.section_faults(sections),
            *rules.criterion_faults(criteria, sections),
        ]
    )
    rows.set_sections(rfq, sections)
    session.execute(delete(RfqCriterion).where(RfqCriterion.rfq_id == rfq_id))
    rows.add_criteria(session, rfq, criteria, first=1)
    return _changed(session, actor, rfq, "rfq.criteria.changed", {"criteria": len(criteria)})


@requires(Permission.RFQ_DRAFT)
def add_criteria(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    criteria: Sequence[CriterionDraft],
    expected: int | None = None,
) -> Rfq:
    """Append criteria."""
    rfq = editable(session, actor, rfq_id, expected)
    refuse_all(list(rules.criterion_faults(criteria, rfq.sections)))
    first = _next_number(session, RfqCriterion, rfq_id)
    rows.add_criteria(session, rfq, criteria, first=first)
    return _changed(session, actor, rfq, "rfq.criteria.added", {"criteria": len(criteria)})


@requires(Permission.RFQ_DRAFT)
def change_criterion(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    criterion_id: UUID,
    criterion: CriterionDraft,
    expected: int | None = None,
) -> Rfq:
    """Write a criterion anew; it keeps its number."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.criterion(session, rfq_id, criterion_id)
    refuse_all(_at_one("/criteria/0", rules.criterion_faults([criterion], rfq.sections)))
    _assign(found, rows.criterion_values(criterion))
    return _changed(session, actor, rfq, "rfq.criterion.changed", {"criterion": found.number})


@requires(Permission.RFQ_DRAFT)
def set_answer(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    criterion_id: UUID,
    asked: AnswerSpec,
    expected: int | None = None,
) -> Rfq:
    """Write what bidders are asked for at a criterion, and how it is graded."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.criterion(session, rfq_id, criterion_id)
    whole = CriterionDraft(
        found.name,
        found.kind,
        found.weight,
        found.max_score,
        answer=asked,
        section=found.section,
        importance=found.importance,
    )
    refuse_all(_at_one("/criteria/0/answer", rules.criterion_faults([whole], rfq.sections)))
    found.answer = asked.to_json()
    return _changed(session, actor, rfq, "rfq.criterion.changed", {"criterion": found.number})


@requires(Permission.RFQ_DRAFT)
def remove_criterion(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    criterion_id: UUID,
    expected: int | None = None,
) -> Rfq:
    """Remove a criterion; those behind it move up."""
    rfq = editable(session, actor, rfq_id, expected)
    found = queries.criterion(session, rfq_id, criterion_id)
    _remove(session, RfqCriterion, found)
    return _changed(session, actor, rfq, "rfq.criterion.removed", {"criterion": found.number})


def _changed(session: Session, actor: Actor, rfq: Rfq, action: str, data: Mapping[str, int]) -> Rfq:
    touch(rfq)
    audit.record(session, actor, action, ("rfq", rfq.id), data)
    session.flush()
    return rfq


def _replace_lots(session: Session, rfq: Rfq, lots: Sequence[LotDraft]) -> None:
    present = queries.lots(session, rfq.id)
    _remove_surplus(session, present[len(lots) :])
    for lot, draft in zip(present, lots, strict=False):
        _assign(lot, rows.lot_values(draft))
    rows.add_lots(session, rfq, lots[len(present) :], first=len(present) + 1)


def _remove(session: Session, table: type[RfqLine | RfqCriterion], row: Numbered) -> None:
    session.execute(delete(table).where(table.id == row.id))
    rows.close_gap(session, table, row.rfq_id, row.number)


def _remove_surplus(session: Session, lots: Sequence[RfqLot]) -> None:
    """Delete these lots; LotInUse names every one that still has lines."""
    if not lots:
        return
    ids = [lot.id for lot in lots]
    used = set(session.scalars(select(RfqLine.lot_id).where(RfqLine.lot_id.in_(ids)).distinct()))
    errors = [
        FieldError(
            "/lots",
            LotInUse.code,
            _("Lot %(number)s still has lines. Move or remove them first.", number=lot.number),
        )
        for lot in lots
        if lot.id in used
    ]
    if errors:
        raise LotInUse(_("A lot with lines cannot be removed."), errors=errors)
    session.execute(delete(RfqLot).where(RfqLot.id.in_(ids)))


def _lot_ids(session: Session, rfq_id: UUID) -> dict[int, UUID]:
    return {lot.number: lot.id for lot in queries.lots(session, rfq_id)}


def _next_number(session: Session, table: type[Numbered], rfq_id: UUID) -> int:
    last = session.scalar(select(func.max(table.number)).where(table.rfq_id == rfq_id))
    return (last or 0) + 1


def _assign(row: Numbered, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _at_one(prefix: str, faults: Iterable[FieldError]) -> list[FieldError]:
    """Faults of a list of one, with pointers into the single object that was sent."""
    return [
        FieldError(fault.pointer.removeprefix(prefix), fault.code, fault.detail) for fault in faults
    ]
