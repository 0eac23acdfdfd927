"""Bulk writing of what hangs on an RFQ: one statement per table, however many rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as insert_or_ignore
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.ids import uuid7
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.asking.participants import RfqInvitation
from marketplace.rfq.terms import cost_terms, lot_weights
from marketplace.rfq.terms.cost_terms import Costs
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft


def add_lots(
    session: Session, rfq: Rfq, lots: Sequence[LotDraft], *, first: int
) -> dict[int, UUID]:
    """Append lots from this number on; returns their ids by number."""
    ids = {number: uuid7() for number in range(first, first + len(lots))}
    rows = [
        {"id": ids[number], "rfq_id": rfq.id, "number": number, "weights": None} | lot_values(lot)
        for number, lot in enumerate(lots, start=first)
    ]
    if rows:
        session.execute(insert(RfqLot), rows)
    return ids


def add_lines(
    session: Session,
    rfq: Rfq,
    lines: Sequence[LineDraft],
    lot_ids: Mapping[int, UUID],
    *,
    first: int,
) -> None:
    """Append lines from this number on. lot_ids: the RFQ's lots by number."""
    rows = [
        {"id": uuid7(), "rfq_id": rfq.id, "number": number, **line_values(line, lot_ids)}
        for number, line in enumerate(lines, start=first)
    ]
    if rows:
        session.execute(insert(RfqLine), rows)


def add_criteria(
    session: Session, rfq: Rfq, criteria: Sequence[CriterionDraft], *, first: int
) -> None:
    """Append criteria from this number on."""
    rows = [
        {"id": uuid7(), "rfq_id": rfq.id, "number": number, **criterion_values(criterion)}
        for number, criterion in enumerate(criteria, start=first)
    ]
    if rows:
        session.execute(insert(RfqCriterion), rows)


def set_sections(rfq: Rfq, sections: Iterable[Section]) -> None:
    """Make these the sections of the criteria; without any there are none."""
    rfq.criteria_sections = [section.to_json() for section in sections] or None


def set_costs(rfq: Rfq, costs: Costs) -> None:
    """Make these the costs beside the price."""
    rfq.price_basis, rfq.cost_terms = costs.basis, cost_terms.stored(costs.terms)


def add_invitations(
    session: Session, rfq: Rfq, supplier_ids: Iterable[UUID], *, invited_at: datetime | None
) -> list[UUID]:
    """Invite each supplier once; returns those who had not been invited before."""
    rows = [
        {
            "rfq_id": rfq.id,
            "supplier_id": supplier_id,
            "buyer_id": rfq.buyer_id,
            "invited_at": invited_at,
            "created_at": clock.now(),
        }
        for supplier_id in dict.fromkeys(supplier_ids)
    ]
    if not rows:
        return []
    added = session.scalars(
        insert_or_ignore(RfqInvitation)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(RfqInvitation.supplier_id)
    )
    return list(added)


def close_gap(
    session: Session, table: type[RfqLot | RfqLine | RfqCriterion], rfq_id: UUID, behind: int
) -> None:
    """Move the rows behind a removed one up by one."""
    session.execute(
        update(table)
        .where(table.rfq_id == rfq_id, table.number > behind)
        .values(number=table.number - 1)
        .execution_options(synchronize_session=False)
    )


def lot_values(lot: LotDraft) -> dict[str, object]:
    return {
        "title": lot.title,
        "description": lot.description,
        "estimated_value": lot.estimate.amount if lot.estimate else None,
        "minimum_bids": lot.minimum_bids,
        **({} if lot.weights is None else {"weights": lot_weights.stored(lot.weights)}),
    }


def line_values(line: LineDraft, lot_ids: Mapping[int, UUID]) -> dict[str, object]:
    return {
        "lot_id": lot_ids[line.lot],
        "item_id": line.item_id,
        "description": line.description,
        "quantity_value": line.quantity.value,
        "quantity_unit": line.quantity.unit,
        "category_code": line.category_code,
        "delivery_place": line.delivery_place,
        "delivery_on": line.delivery_on,
        "reference_price": line.reference_price.amount if line.reference_price else None,
        "external_ref": line.external_ref,
    }


def criterion_values(criterion: CriterionDraft) -> dict[str, object]:
    return {
        "name": criterion.name,
        "kind": criterion.kind,
        "weight": criterion.weight,
        "section": criterion.section,
        "importance": criterion.importance,
        "max_score": criterion.max_score,
        "price_formula": criterion.price_formula.to_json() if criterion.price_formula else None,
        "answer": criterion.answer.to_json() if criterion.answer else None,
    }
