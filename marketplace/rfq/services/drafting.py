"""Writing an RFQ: its header, from nothing, from an import or from an earlier one."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.ids import uuid7
from marketplace.core.numbering import next_number
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, kind_rules, queries, rules
from marketplace.rfq.asking.editing import editable, touch
from marketplace.rfq.asking.items import with_items
from marketplace.rfq.asking.models import Rfq, RfqLine, RfqLot
from marketplace.rfq.asking.repeating import draft_of
from marketplace.rfq.asking.rows import (
    add_criteria,
    add_invitations,
    add_lines,
    add_lots,
    set_costs,
    set_sections,
)
from marketplace.rfq.terms import cost_terms, criteria_tree, deadlines, rates
from marketplace.rfq.terms.drafts import (
    Address,
    CriterionDraft,
    Deadline,
    Header,
    LotDraft,
    RfqDraft,
)
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, RfqState

_AS_GIVEN = (
    "title", "description", "open_to_all", "agreement_ref", "blind_scoring", "low_price_check",
    "envelopes", "client_sealing", "category_code", "payment_terms_days", "standstill_days",
    "addendum_days", "minimum_bids", "max_alternatives",
)  # fmt: skip


@requires(Permission.RFQ_DRAFT)
def create(
    session: Session, actor: Actor, draft: RfqDraft, origin: dict[str, str] | None = None
) -> Rfq:
    """A new RFQ in draft, with all that is known about it so far.

    origin: where it came from, for the history.
    """
    return _create(session, actor, draft, origin or {"source": str(draft.source)})


@requires(Permission.RFQ_DRAFT)
def copy(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """A new draft that asks for the same. Dates, questions and bids are not copied."""
    original = queries.get_own_with_content(session, actor, rfq_id)
    asked = [invitation.supplier_id for invitation in queries.invitations(session, rfq_id)]
    draft = draft_of(original, audience.still_invitable(session, asked))
    return _create(session, actor, draft, {"copied_from": original.number})


def _create(session: Session, actor: Actor, draft: RfqDraft, origin: dict[str, str]) -> Rfq:
    currency = draft.header.get("currency") or actor.currency
    lots = draft.lots or [LotDraft(draft.header["title"])]
    lines = with_items(session, actor, draft.lines)
    refuse_all(
        [
            *rules.lot_faults(lots, currency),
            *rules.line_faults(lines, range(1, len(lots) + 1), currency),
            *criteria_tree.section_faults(draft.sections),
            *rules.criterion_faults(draft.criteria, draft.sections),
            *cost_terms.faults(draft.costs.terms, "/costs/terms"),
        ]
    )
    kind = draft.header.get("kind", RfqKind.RFQ)
    rfq = Rfq(
        id=uuid7(),
        buyer_id=actor.organisation_id,
        number=next_number(session, actor.organisation_id, kind_rules.PREFIXES[kind]),
        currency=currency,
        time_zone=actor.time_zone,
        state=RfqState.DRAFT,
        source=draft.source,
        external_ref=draft.external_ref,
        created_by=actor.person_id,
    )
    usual = queries.settings(session, actor.organisation_id)
    rfq.standstill_days, rfq.addendum_days = usual.standstill_days, usual.addendum_days
    kind_rules.adopt(rfq, kind)
    _apply(rfq, draft.header)
    set_sections(rfq, draft.sections)
    set_costs(rfq, draft.costs)
    session.add(rfq)
    session.flush()
    lot_ids = add_lots(session, rfq, lots, first=1)
    add_lines(session, rfq, lines, lot_ids, first=1)
    add_criteria(session, rfq, draft.criteria or _usual_criteria(kind), first=1)
    if draft.supplier_ids:
        audience.check_invitable(session, draft.supplier_ids)
        add_invitations(session, rfq, draft.supplier_ids, invited_at=None)
    audit.record(
        session,
        actor,
        "rfq.created",
        ("rfq", rfq.id),
        {**origin, "lines": len(lines)},
    )
    return rfq


@requires(Permission.RFQ_DRAFT)
def update(
    session: Session, actor: Actor, rfq_id: UUID, header: Header, expected: int | None = None
) -> Rfq:
    """Change fields of a draft; those that are left out stay.

    Of another kind it takes the defaults of that kind, and a number of its series.
    """
    rfq = editable(session, actor, rfq_id, expected)
    if header.get("currency", rfq.currency) != rfq.currency:
        _check_no_amounts(session, rfq, header)
    changed: dict[str, object] = {"fields": sorted(header)}
    if header.get("kind", rfq.kind) is not rfq.kind:
        changed |= _become(session, rfq, header["kind"])
    _apply(rfq, header)
    touch(rfq)
    audit.record(session, actor, "rfq.updated", ("rfq", rfq.id), changed)
    return rfq


def _become(session: Session, rfq: Rfq, kind: RfqKind) -> dict[str, object]:
    """Nobody outside has read the draft yet, so that its number may follow the kind."""
    old = {"kind": str(rfq.kind), "number": rfq.number}
    kind_rules.adopt(rfq, kind)
    rfq.number = next_number(session, rfq.buyer_id, kind_rules.PREFIXES[kind])
    return {"was": old, "kind": str(kind), "number": rfq.number}


def _apply(rfq: Rfq, header: Header) -> None:
    """Write the given fields; refusals name every one that cannot be taken."""
    for name in _AS_GIVEN:
        if name in header:
            setattr(rfq, name, header[name])  # type: ignore[literal-required]
    rfq.currency = header.get("currency", rfq.currency)
    refuse_all([*_apply_estimate(rfq, header), *_apply_rates(rfq, header)])
    if "allows" in header:
        rfq.allows = sorted(str(each) for each in set(header["allows"]))
    if "delivery" in header:
        _apply_address(rfq, header["delivery"] or Address())
    _apply_times(rfq, header)
    refuse_all(list(kind_rules.header_faults(rfq)))


def _apply_estimate(rfq: Rfq, header: Header) -> Iterator[FieldError]:
    if "estimate" not in header:
        return
    estimate = header["estimate"]
    if estimate is not None and estimate.currency != rfq.currency:
        yield rules.currency_fault("/estimate/currency", rfq.currency)
    rfq.estimated_value = None if estimate is None else estimate.amount


def _apply_rates(rfq: Rfq, header: Header) -> Iterator[FieldError]:
    if "rates" in header:
        rfq.currency_rates = [each.to_json() for each in header["rates"]] or None
        yield from rates.faults(header["rates"], rfq.currency)


def _apply_address(rfq: Rfq, address: Address) -> None:
    rfq.delivery_street = address.street
    rfq.delivery_postal_code = address.postal_code
    rfq.delivery_city = address.city
    rfq.delivery_country = address.country


def _apply_times(rfq: Rfq, header: Header) -> None:
    rfq.time_zone = header.get("time_zone", rfq.time_zone)
    zone = deadlines.zone_of(rfq.time_zone)
    if "bids_due_at" in header:
        rfq.bids_due_at = _instant(header["bids_due_at"], zone, "/bids_due_at")
    if "questions_due_at" in header:
        rfq.questions_due_at = _instant(header["questions_due_at"], zone, "/questions_due_at")
    if "auction_starts_at" in header:
        rfq.auction_starts_at = _instant(header["auction_starts_at"], zone, "/auction_starts_at")
    days = header.get("questions_days_before")
    if days is not None and rfq.bids_due_at is not None:
        rfq.questions_due_at = deadlines.days_before(rfq.bids_due_at, days, zone)


def _instant(written: Deadline | None, zone: ZoneInfo, pointer: str) -> datetime | None:
    return None if written is None else deadlines.instant_of(written, zone, pointer)


def _check_no_amounts(session: Session, rfq: Rfq, header: Header) -> None:
    """Raise where the same number would come to mean another amount of money."""
    if rfq.currency_rates and "rates" not in header:
        detail = _("Give the rates anew when you change the currency: they are per unit of it.")
        refuse_all([FieldError("/currency", "currency_in_use", detail)])
    own_estimate = rfq.estimated_value is not None and "estimate" not in header
    priced = select(
        or_(
            exists().where(RfqLine.rfq_id == rfq.id, RfqLine.reference_price.is_not(None)),
            exists().where(RfqLot.rfq_id == rfq.id, RfqLot.estimated_value.is_not(None)),
        )
    )
    if own_estimate or session.scalar(priced):
        refuse_all(
            [
                FieldError(
                    "/currency",
                    "currency_in_use",
                    _("Remove the estimates and reference prices before changing the currency."),
                )
            ]
        )


def _usual_criteria(kind: RfqKind) -> list[CriterionDraft]:
    """The price alone; nothing where no prices are asked."""
    if kind is RfqKind.RFI:
        return []
    return [CriterionDraft(str(_("Price")), CriterionKind.PRICE, rules.WHOLE)]
