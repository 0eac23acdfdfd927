"""Writing orders: new ones, edits, copies, and revisions of issued ones."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import service as approvals
from marketplace.core import audit, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, Invalid, NotFound
from marketplace.core.numbering import next_number
from marketplace.core.text import _
from marketplace.events.orders import OrderCreated
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.orders import drafts, queries, rules
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.rules import LineDraft, OrderDraft
from marketplace.orders.states import ORDER_FLOW, OrderState
from marketplace.orders.subjects import SUBJECT
from marketplace.rfq.awards.queries import AwardedLine, AwardRecord

PREFIX = "PO"
ALIVE = frozenset(OrderState) - {OrderState.CANCELLED, OrderState.REPLACED}


class RevisionOpen(Conflict):
    code = "revision_open"


@requires(Permission.ORDER_DRAFT)
def create(session: Session, actor: Actor, draft: OrderDraft) -> Order:
    """A new draft of the actor's organisation. It binds nobody yet."""
    rules.check_draft(draft, ())
    supplier = _supplier(session, draft.supplier_id)
    order = Order(
        invoices=[],
        buyer_id=actor.organisation_id,
        number=next_number(session, actor.organisation_id, PREFIX),
        created_by=actor.person_id,
    )
    _write(order, supplier, draft)
    order.author_ids = [actor.person]
    return _add(session, actor, order)


@requires(Permission.ORDER_DRAFT)
def create_from_award(session: Session, actor: Actor, awarded: AwardRecord) -> list[Order]:
    """One draft per winning supplier; an order that this award already has is left alone."""
    return [
        queries.find_awarded(session, awarded.award_id, supplier_id)
        or _from_award(session, actor, awarded, supplier_id)
        for supplier_id in dict.fromkeys(line.supplier_id for line in awarded.lines)
    ]


def _from_award(session: Session, actor: Actor, awarded: AwardRecord, supplier_id: UUID) -> Order:
    won = [line for line in awarded.lines if line.supplier_id == supplier_id]
    draft = OrderDraft(
        supplier_id=supplier_id,
        currency=won[0].currency,
        title=awarded.rfq_title,
        category=won[0].category_code or "",
        payment_terms_days=awarded.payment_terms_days,
        lines=tuple(_awarded_line(line) for line in won),
    )
    order = Order(
        invoices=[],
        buyer_id=awarded.buyer_id,
        number=next_number(session, awarded.buyer_id, PREFIX),
        rfq_id=awarded.rfq_id,
        award_id=awarded.award_id,
        created_by=awarded.decided_by,
    )
    _write(order, identity_queries.organisation(session, supplier_id), draft)
    order.author_ids = [awarded.decided_by]
    return _add(session, actor, order)


def _awarded_line(line: AwardedLine) -> LineDraft:
    return LineDraft(
        description=line.description,
        quantity=line.quantity,
        unit=line.unit,
        unit_price=line.unit_price,
        category=line.category_code or "",
        delivery_place=line.delivery_place or "",
        due_on=line.delivery_on,
        item_id=line.item_id,
        rfq_line_id=line.rfq_line_id,
    )


@requires(Permission.ORDER_DRAFT)
def update(
    session: Session,
    actor: Actor,
    order_id: UUID,
    draft: OrderDraft,
    expected_version: int | None = None,
) -> Order:
    """Rewrite an order that has not been issued.

    A waiting request is voided by any change of content, a granted approval by all but a pure
    decrease. The order then is a draft again.
    """
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    after = ORDER_FLOW.next(order.state, "edit")
    rules.check_draft(draft, [line.line_no for line in order.lines])
    supplier = _supplier(session, draft.supplier_id)
    before = order.fingerprint
    _write(order, supplier, draft)
    order.author_ids = sorted({*order.author_ids, actor.person})
    if order.fingerprint != before:
        _void_approval(session, actor, order, after)
    session.flush()
    _audit(session, actor, "order.updated", order)
    return order


def _void_approval(session: Session, actor: Actor, order: Order, after: OrderState) -> None:
    """The content changed: back to a draft, unless a granted approval covers the new content."""
    if order.state is OrderState.APPROVED and rules.is_covered(
        rules.content_of(order), order.approved_content
    ):
        order.state = ORDER_FLOW.next(order.state, "trim")
        return
    if order.state is not OrderState.DRAFT:
        approvals.supersede(session, actor, SUBJECT, order.id)
    order.state = after
    if not rules.is_covered(rules.content_of(order), order.approved_content):
        order.approved_content = None
        order.approved_at = None


@requires(Permission.ORDER_DRAFT)
def copy(session: Session, actor: Actor, order_id: UUID) -> Order:
    """A new draft with the same lines: nothing of approvals, dates or deliveries comes along."""
    source = queries.get(session, actor, order_id)
    draft = drafts.draft_of(source)
    lines = tuple(
        replace(line, due_on=None, rfq_line_id=None, line_no=None) for line in draft.lines
    )
    return create(session, actor, replace(draft, lines=lines))


@requires(Permission.ORDER_DRAFT)
def revise(session: Session, actor: Actor, order_id: UUID) -> Order:
    """A draft of the next revision. The issued one stays in force until this one is issued.

    The approval comes along, so that a pure decrease needs no other.
    """
    source = queries.get(session, actor, order_id, lock=True)
    ORDER_FLOW.next(source.state, "replace")
    rules.check_nothing_received(source)
    following = queries.revisions(session, actor, source)
    if following[0].state in ALIVE and following[0].id != source.id:
        raise RevisionOpen(
            _("A revision of this order is already being written."), order_id=str(following[0].id)
        )
    order = Order(
        invoices=[],
        buyer_id=source.buyer_id,
        number=source.number,
        revision=following[0].revision + 1,
        replaces_id=source.id,
        rfq_id=source.rfq_id,
        award_id=source.award_id,
        created_by=actor.person_id,
        approved_content=source.approved_content,
    )
    _write(
        order, _supplier(session, source.supplier_id), drafts.draft_of(source), keep_numbers=True
    )
    order.author_ids = sorted({*source.author_ids, actor.person})
    return _add(session, actor, order)


def _write(
    order: Order, supplier: Organisation, draft: OrderDraft, *, keep_numbers: bool = False
) -> None:
    """Put the draft into the order and compute totals and fingerprint from what is stored."""
    known = {line.line_no: line for line in order.lines}
    taken: Iterable[int] = {*known, *_approved_numbers(order)}
    numbered = rules.numbered(draft.lines, () if keep_numbers else taken)
    order.supplier_id = supplier.id
    order.supplier_name = supplier.name
    order.state = order.state or OrderState.DRAFT
    for name in (
        "currency", "category", "cost_centre", "note", "over_delivery_percent",
        "issue_when_approved", "payment_terms_days",
    ):  # fmt: skip
        setattr(order, name, getattr(draft, name))
    order.title = draft.title or _title_of(draft.lines)
    order.lines = [
        _written(known.get(number) or OrderLine(line_no=number), line, draft.currency)
        for number, line in numbered
    ]
    drafts.recompute(order)


def _written(line: OrderLine, draft: LineDraft, currency: str) -> OrderLine:
    for name in LineDraft.__dataclass_fields__:
        if name != "line_no":
            setattr(line, name, getattr(draft, name))
    line.net = rules.line_net(line.quantity, line.unit_price, line.base_quantity, currency)
    return line


def _approved_numbers(order: Order) -> list[int]:
    return [int(number) for number in (order.approved_content or {}).get("lines", {})]


def _title_of(lines: Sequence[LineDraft]) -> str:
    return lines[0].description[:120] if lines else ""


def _supplier(session: Session, supplier_id: UUID) -> Organisation:
    """An active supplier: archived ones keep their documents but get no new ones."""
    try:
        found = identity_queries.organisation(session, supplier_id)
    except NotFound:
        found = None
    if found is None or found.kind is not OrgKind.SUPPLIER or not found.active:
        raise Invalid(
            _("Choose a supplier that takes orders."),
            errors=[FieldError("/supplier_id", "no_supplier", _("There is no such supplier."))],
        )
    return found


def _add(session: Session, actor: Actor, order: Order) -> Order:
    session.add(order)
    session.flush()
    _audit(session, actor, "order.created", order)
    outbox.record(
        session,
        OrderCreated(
            order_id=order.id,
            buyer_id=order.buyer_id,
            supplier_id=order.supplier_id,
            number=order.number,
        ),
        audience=[order.buyer_id],
    )
    return order


def _audit(session: Session, actor: Actor, action: str, order: Order) -> None:
    audit.record(
        session,
        actor,
        action,
        (SUBJECT, order.id),
        {"gross": str(order.gross), "currency": order.currency, "fingerprint": order.fingerprint},
        owner_id=order.buyer_id,
    )
