"""Writing what an addendum wants into the RFQ: lots, lines, criteria and conditions.

Numbers stay: bidders have read them, and a line that was removed leaves its number unused. Lots
that were cancelled stay as they are.
"""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.addenda.wanted import (
    Wanted,
    WantedConditions,
    WantedCriterion,
    WantedLine,
    WantedLot,
)
from marketplace.rfq.asking import queries, rows, rules
from marketplace.rfq.asking.items import with_items
from marketplace.rfq.asking.models import Rfq, RfqLine, RfqLot
from marketplace.rfq.terms import cost_terms, criteria_tree, lot_weights
from marketplace.rfq.terms.criteria_tree import Place
from marketplace.rfq.terms.drafts import LineDraft, LotDraft
from marketplace.rfq.terms.lot_states import LotState


def apply(session: Session, actor: Actor, rfq: Rfq, wanted: Wanted, highest: int) -> None:
    """Make the RFQ what is wanted; refusals name every reason, and then nothing may be kept.

    highest: the greatest number that a line of any published version has had.
    """
    dropped = _set_lots(session, rfq, wanted.lots) if wanted.lots is not None else []
    if wanted.lines is not None:
        _set_lines(session, actor, rfq, wanted.lines, highest)
    if dropped:
        session.execute(delete(RfqLot).where(RfqLot.id.in_(dropped)))
        numbers = [lot.number for lot in queries.lots(session, rfq.id)]
        rfq.cost_terms = cost_terms.within(rfq.cost_terms or [], numbers)
    _set_criteria(session, rfq, wanted.criteria)
    if wanted.conditions is not None:
        _set_conditions(rfq, wanted.conditions)
    session.flush()
    refuse_all(list(rules.content_reasons(queries.get_own_with_content(session, actor, rfq.id))))


def _set_lots(session: Session, rfq: Rfq, wanted: Sequence[WantedLot]) -> list[UUID]:
    """Write lots; returns the ids of those that go, once their lines have gone or moved."""
    every = queries.lots(session, rfq.id)
    present = {lot.id: lot for lot in every if lot.state is LotState.OPEN}
    drafts = [LotDraft(lot.title, lot.description) for lot in wanted]
    unknown = _unknown("/lots", [lot.id for lot in wanted], present)
    refuse_all([*unknown, *rules.lot_faults(drafts, rfq.currency)])
    for lot in wanted:
        if lot.id is not None:
            present[lot.id].title, present[lot.id].description = lot.title, lot.description
    first = max(lot.number for lot in every) + 1
    new = [draft for draft, lot in zip(drafts, wanted, strict=True) if lot.id is None]
    rows.add_lots(session, rfq, new, first=first)
    kept = {lot.id for lot in wanted}
    return [lot_id for lot_id in present if lot_id not in kept]


def _set_lines(
    session: Session, actor: Actor, rfq: Rfq, wanted: Sequence[WantedLine], highest: int
) -> None:
    lot_ids = {
        lot.number: lot.id for lot in queries.lots(session, rfq.id) if lot.state is LotState.OPEN
    }
    asked = select(RfqLine).where(RfqLine.lot_id.in_(lot_ids.values()))
    present = {line.id: line for line in session.scalars(asked)}
    drafts = with_items(session, actor, [_draft(line) for line in wanted])
    unknown = _unknown("/lines", [line.id for line in wanted], present)
    refuse_all([*unknown, *rules.line_faults(drafts, lot_ids, rfq.currency)])
    for line, draft in zip(wanted, drafts, strict=True):
        if line.id is not None:
            _change_line(present[line.id], draft, lot_ids[draft.lot])
    new = [draft for line, draft in zip(wanted, drafts, strict=True) if line.id is None]
    rows.add_lines(session, rfq, new, lot_ids, first=highest + 1)
    kept = {line.id for line in wanted}
    gone = [line_id for line_id in present if line_id not in kept]
    session.flush()
    if gone:
        session.execute(delete(RfqLine).where(RfqLine.id.in_(gone)))


def _draft(line: WantedLine) -> LineDraft:
    return LineDraft(
        quantity=line.quantity,
        description=line.description,
        lot=line.lot,
        item_id=line.item_id if line.id is None else None,
        delivery_place=line.delivery_place,
        delivery_on=line.delivery_on,
    )


def _change_line(line: RfqLine, draft: LineDraft, lot_id: UUID) -> None:
    """What bidders read of a line; its item, category and references are the buyer's own."""
    line.lot_id = lot_id
    line.description = draft.description
    line.quantity_value, line.quantity_unit = draft.quantity.value, draft.quantity.unit
    line.delivery_place, line.delivery_on = draft.delivery_place, draft.delivery_on


def _set_criteria(session: Session, rfq: Rfq, wanted: Sequence[WantedCriterion]) -> None:
    if not wanted:
        return
    present = {criterion.id: criterion for criterion in queries.criteria(session, rfq.id)}
    refuse_all(list(_unknown("/criteria", [each.id for each in wanted], present)))
    placed = [Place(each.weight, present[each.id].section, each.importance) for each in wanted]
    refuse_all(
        [
            fault
            for index, place in enumerate(placed)
            for fault in criteria_tree.place_faults(rfq.sections, place, f"/criteria/{index}")
        ]
    )
    names = {present[each.id].name: each.name for each in wanted}
    rfq.cost_terms = cost_terms.renamed(rfq.cost_terms or [], names)
    for lot in queries.lots(session, rfq.id):
        lot.weights = lot_weights.renamed(lot.weights, names)
    for each in wanted:
        criterion = present[each.id]
        criterion.name, criterion.weight = each.name, each.weight
        criterion.importance = each.importance


def _set_conditions(rfq: Rfq, wanted: WantedConditions) -> None:
    rfq.description = wanted.description
    rfq.payment_terms_days = wanted.payment_terms_days
    rfq.delivery_street, rfq.delivery_postal_code = (
        wanted.delivery.street, wanted.delivery.postal_code,
    )  # fmt: skip
    rfq.delivery_city, rfq.delivery_country = wanted.delivery.city, wanted.delivery.country


def _unknown(
    place: str, given: Sequence[UUID | None], present: Collection[UUID]
) -> Iterator[FieldError]:
    seen: set[UUID] = set()
    for index, each in enumerate(given):
        if each is None:
            continue
        if each not in present:
            yield FieldError(f"{place}/{index}/id", "unknown", _("This is not part of the event."))
        if each in seen:
            yield FieldError(f"{place}/{index}/id", "duplicate", _("This is listed twice."))
        seen.add(each)
