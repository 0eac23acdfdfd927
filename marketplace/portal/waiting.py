"""What waits for a person, asked of each package; a table says whom each question concerns."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, false, func, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from marketplace.approvals import queries as approval_queries
from marketplace.core import clock
from marketplace.core.jobs import Job, JobState
from marketplace.core.tasks import Task
from marketplace.core.text import Text, _, ngettext_
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.invoices.models import Invoice
from marketplace.invoices.states import InvoiceKind, InvoiceState
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import OrderState
from marketplace.payments import queries as payment_queries
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import CaseKind
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid, RfqQuestion
from marketplace.rfq.evaluation.graders import queries as grader_queries
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import RfqState
from marketplace.suppliers import queries as supplier_queries
from marketplace.suppliers.models import Certificate, Supplier

AT_MOST = 25
CERTIFICATE_NOTICE = timedelta(days=30)
P = Permission


def rfqs_to_move(session: Session, actor: Actor) -> list[Task]:
    """RFQs of the buyer on which the next step is this person's, or which they score.

    In one statement.
    """
    now = clock.now()
    questions = (
        select(func.count())
        .where(RfqQuestion.rfq_id == Rfq.id, RfqQuestion.answered_at.is_(None))
        .scalar_subquery()
    )
    published, late = Rfq.state == RfqState.PUBLISHED, Rfq.bids_due_at < now
    case = _next_case(actor)
    steps = {
        P.RFQ_DRAFT: (Rfq.state == RfqState.DRAFT) & (Rfq.created_by == actor.person_id),
        P.RFQ_ANSWER: published & ~late & (questions > 0),
        P.RFQ_AWARD: (Rfq.state == RfqState.OPENED) | (published & late) | case.c.id.is_not(None),
    }
    duty = grader_queries.duties(actor)
    is_step = or_(false(), *(step for permission, step in steps.items() if actor.may(permission)))
    rows = session.execute(
        rfq_queries.visible_to(actor)
        .add_columns(questions.label("questions"), case, is_step.label("is_step"))
        .add_columns(duty.c.rfq_id.label("duty"), duty.c.interest, duty.c.missing)
        .select_from(Rfq)
        .outerjoin(case, true())
        .outerjoin(duty, duty.c.rfq_id == Rfq.id)
        .where(is_step | duty.c.rfq_id.is_not(None))
        .order_by(Rfq.bids_due_at.nulls_last(), Rfq.changed_at.desc())
        .limit(AT_MOST)
    )
    return [task for row in rows for task in _tasks(row, now)]


def _tasks(row: Row[Any], now: datetime) -> Iterator[Task]:
    if row.duty:
        yield _duty_task(row.Rfq, row.interest, row.missing)
    if row.id:
        yield Task("rfq", _fill(CASE_WORDS[row.kind], row.Rfq), f"/cases/{row.id}", row.due_at)
    elif row.is_step:
        yield _rfq_task(row.Rfq, row.questions, now)


def _next_case(actor: Actor) -> LateralFromClause:
    """The debrief or challenge of an RFQ on which the buyer has to do something first."""
    kinds = [CaseKind.DEBRIEF] if actor.may(P.RFQ_AWARD) else []
    kinds += [CaseKind.CHALLENGE] if actor.may(P.CHALLENGE_DECIDE) else []
    return (
        select(AwardCase.id, AwardCase.kind, AwardCase.due_at)
        .where(
            AwardCase.rfq_id == Rfq.id,
            AwardCase.kind.in_(kinds),
            AwardCase.due_at.is_not(None),
        )
        .order_by(AwardCase.due_at, AwardCase.id)
        .limit(1)
        .lateral("waiting_case")
    )


CASE_WORDS: dict[CaseKind, Text] = {
    CaseKind.DEBRIEF: _("Answer a debrief about %(number)s, %(title)s"),
    CaseKind.CHALLENGE: _("Settle a challenge about %(number)s, %(title)s"),
}


RFQ_WORDS: dict[RfqState, Text] = {
    RfqState.DRAFT: _("Finish the draft %(number)s, %(title)s"),
    RfqState.CLOSED: _("Open the bids for %(number)s, %(title)s"),
    RfqState.OPENED: _("Compare and award %(number)s, %(title)s"),
}
# where no prices are asked
RFI_WORDS: dict[RfqState, Text] = {
    RfqState.CLOSED: _("Open the answers to %(number)s, %(title)s"),
    RfqState.OPENED: _("Read the answers to %(number)s, %(title)s"),
}


def _rfq_task(rfq: Rfq, questions: int, now: datetime) -> Task:
    url, state = f"/rfqs/{rfq.id}", rfq.state_at(now)
    known = RFQ_WORDS | RFI_WORDS if rfq.kind is RfqKind.RFI else RFQ_WORDS
    if state in known:
        return Task("rfq", _fill(known[state], rfq), url, rfq.bids_due_at)
    words = ngettext_(
        "Answer %(n)s question about %(number)s",
        "Answer %(n)s questions about %(number)s",
        questions,
        number=rfq.number,
    )
    return Task("rfq", words, f"{url}/questions", rfq.bids_due_at, questions)


def _duty_task(rfq: Rfq, interest: str | None, missing: int) -> Task:
    """What a grader has to do."""
    url = f"/rfqs/{rfq.id}/graders"
    if interest is None:
        return Task("rfq", _fill(_("Declare your interests for %(number)s, %(title)s"), rfq), url)
    words = ngettext_(
        "Give %(n)s missing score for %(number)s",
        "Give %(n)s missing scores for %(number)s",
        missing,
        number=rfq.number,
    )
    return Task("rfq", words, f"{url}/scores", count=missing)


def rfqs_to_answer(session: Session, actor: Actor) -> list[Task]:
    """Running RFQs for which this supplier has submitted nothing, by deadline."""
    answered = (
        select(Bid.rfq_id)
        .where(
            Bid.rfq_id == Rfq.id,
            Bid.supplier_id == actor.org_id,
            Bid.state == BidState.SUBMITTED,
        )
        .exists()
    )
    rows = session.scalars(
        rfq_queries.visible_to(actor)
        .where(Rfq.state == RfqState.PUBLISHED, Rfq.bids_due_at >= clock.now(), ~answered)
        .order_by(Rfq.bids_due_at, Rfq.id)
        .limit(AT_MOST)
    )
    priced, unpriced = _("Bid for %(number)s, %(title)s"), _("Answer %(number)s, %(title)s")
    return [
        Task(
            "bid",
            _fill(unpriced if rfq.kind is RfqKind.RFI else priced, rfq),
            f"/rfqs/{rfq.id}",
            rfq.bids_due_at,
        )
        for rfq in rows
    ]


def decisions(session: Session, actor: Actor) -> list[Task]:
    """Approvals that this person can decide now."""
    page = approval_queries.waiting_for(session, actor, with_steps=False, limit=AT_MOST)
    words = _("Decide on %(title)s")
    return [Task("approval", _fill(words, asked), f"/approvals/{asked.id}") for asked in page.items]


ORDER_WORDS: dict[OrderState, Text] = {
    OrderState.DRAFT: _("Check and submit order %(number)s for approval"),
    OrderState.APPROVED: _("Send the approved order %(number)s"),
    OrderState.REFUSED: _("Find another way: the supplier refused order %(number)s"),
}


def orders_to_move(session: Session, actor: Actor) -> list[Task]:
    """Orders of the buyer on which the next step is the buyer's."""
    query = order_queries.visible_to(actor).where(Order.state.in_(ORDER_WORDS))
    rows = session.scalars(query.order_by(Order.created_at, Order.id).limit(AT_MOST))
    return [
        Task("order", _fill(ORDER_WORDS[order.state], order), f"/orders/{order.id}")
        for order in rows
    ]


def orders_to_confirm(session: Session, actor: Actor) -> list[Task]:
    """Orders that the supplier has not answered."""
    query = order_queries.visible_to(actor).where(Order.state == OrderState.ISSUED)
    rows = session.scalars(query.order_by(Order.issued_at, Order.id).limit(AT_MOST))
    words = _("Confirm order %(number)s, %(title)s")
    return [Task("order", _fill(words, order), f"/orders/{order.id}") for order in rows]


def orders_to_invoice(session: Session, actor: Actor) -> list[Task]:
    """Orders of the supplier with goods that were kept and not invoiced yet."""
    kept = OrderLine.accepted - OrderLine.returned_accepted
    open_line = (
        select(OrderLine.id)
        .where(OrderLine.order_id == Order.id, kept - OrderLine.invoiced > 0)
        .exists()
    )
    query = order_queries.visible_to(actor).where(open_line)
    rows = session.scalars(query.order_by(Order.issued_at, Order.id).limit(AT_MOST))
    words = _("Invoice what was accepted of order %(number)s")
    return [Task("invoice", _fill(words, order), f"/orders/{order.id}") for order in rows]


def deliveries(session: Session, actor: Actor) -> list[Task]:
    """What should have arrived by tonight, late ones first."""
    today = clock.now().date()
    words = _("Receive order %(number)s of %(supplier_name)s")
    found = order_queries.arriving(session, actor, until=today, limit=AT_MOST)
    return [
        Task("delivery", _fill(words, order), f"/orders/{order.id}", _promised(order.lines))
        for order in found
    ]


def _promised(lines: Sequence[OrderLine]) -> datetime | None:
    days = [line.promised_on for line in lines if line.to_deliver and line.promised_on]
    return evening(min(days)) if days else None


def evening(day: date) -> datetime:
    """The end of a day, to sort it among instants."""
    return datetime.combine(day, time(23, 59), UTC)


INVOICE_WORDS: dict[InvoiceState, tuple[Permission, Text]] = {
    InvoiceState.IN_VARIANCE: (
        P.INVOICE_MATCH,
        _("Clear the differences of invoice %(number)s"),
    ),
    InvoiceState.MATCHED: (P.PAYMENT_MAKE, _("Pay invoice %(number)s")),
    InvoiceState.APPROVED: (P.PAYMENT_MAKE, _("Pay invoice %(number)s")),
}


def invoices_to_clear(session: Session, actor: Actor) -> list[Task]:
    """Invoices that differ from order and receipt, and those that can be paid, by due date."""
    mine = [state for state, (needed, _words) in INVOICE_WORDS.items() if actor.may(needed)]
    rows = session.scalars(
        select(Invoice)
        .where(
            Invoice.buyer_id == actor.org_id,
            Invoice.kind == InvoiceKind.INVOICE,
            Invoice.state.in_(mine),
        )
        .order_by(Invoice.due_on.nulls_last(), Invoice.id)
        .limit(AT_MOST)
    )
    return [
        Task(
            "invoice",
            _fill(INVOICE_WORDS[invoice.state][1], invoice),
            f"/invoices/{invoice.id}",
            evening(invoice.due_on) if invoice.due_on else None,
        )
        for invoice in rows
    ]


def payment_issues(session: Session, actor: Actor) -> list[Task]:
    """Payments that do not fit what was asked for."""
    return [
        Task("payment", _("Look into a payment that does not fit"), f"/payments/{issue.payment_id}")
        for issue in payment_queries.open_issues(session, actor)[:AT_MOST]
    ]


def company_file(session: Session, actor: Actor) -> list[Task]:
    """Papers of the supplier that end soon or have ended."""
    limit = clock.now().date() + CERTIFICATE_NOTICE
    rows = session.scalars(
        select(Certificate)
        .where(Certificate.supplier_id == actor.org_id, Certificate.valid_until <= limit)
        .order_by(Certificate.valid_until, Certificate.id)
        .limit(AT_MOST)
    )
    words = _("Renew the certificate %(reference)s")
    return [
        Task(
            "supplier",
            _fill(words, paper),
            "/suppliers/me",
            evening(paper.valid_until) if paper.valid_until else None,
        )
        for paper in rows
    ]


def suppliers_to_review(session: Session, actor: Actor) -> list[Task]:
    """Suppliers whose application waits for the operator, longest first."""
    rows = session.execute(
        select(Supplier.id, Supplier.applied_at)
        .where(Supplier.state.in_(supplier_queries.AWAITING_REVIEW))
        .order_by(Supplier.applied_at, Supplier.id)
        .limit(AT_MOST)
    ).all()
    return [Task("supplier", _("Review a supplier"), f"/suppliers/{row.id}") for row in rows]


def failed_jobs(session: Session, _actor: Actor) -> list[Task]:
    """Jobs that have given up."""
    count = session.scalar(select(func.count()).where(Job.state == JobState.DEAD)) or 0
    words = ngettext_("Look into %(n)s failed job", "Look into %(n)s failed jobs", count)
    return [Task("job", words, "/jobs?state=dead", count=count)] if count else []


def _fill(words: Text, document: object) -> Text:
    """The words with the document's attributes in their places."""
    return Text(words.message, _Attributes(document))


class _Attributes(dict[str, object]):
    """A document's attributes by name, for the places of a message."""

    def __init__(self, document: object) -> None:
        super().__init__(document=document)

    def __missing__(self, name: str) -> object:
        return getattr(self["document"], name)


Source = Callable[[Session, Actor], list[Task]]
BUYER, SUPPLIER, OPERATOR = OrgKind.BUYER, OrgKind.SUPPLIER, OrgKind.OPERATOR

SOURCES: tuple[tuple[OrgKind, Permission, Source], ...] = (
    (BUYER, P.APPROVAL_DECIDE, decisions),
    (BUYER, P.RFQ_READ, rfqs_to_move),
    (BUYER, P.ORDER_ISSUE, orders_to_move),
    (BUYER, P.RECEIPT_BOOK, deliveries),
    (BUYER, P.INVOICE_MATCH, invoices_to_clear),
    (BUYER, P.PAYMENT_MAKE, payment_issues),
    (SUPPLIER, P.BID_SUBMIT, rfqs_to_answer),
    (SUPPLIER, P.ORDER_ACKNOWLEDGE, orders_to_confirm),
    (SUPPLIER, P.INVOICE_SUBMIT, orders_to_invoice),
    (SUPPLIER, P.SUPPLIER_EDIT, company_file),
    (OPERATOR, P.SUPPLIER_REVIEW, suppliers_to_review),
    (OPERATOR, P.JOB_MANAGE, failed_jobs),
)


def waiting(session: Session, actor: Actor) -> list[Task]:
    """Everything that waits for this person, the most urgent first."""
    found = [
        task
        for kind, permission, source in SOURCES
        if actor.org_kind is kind and actor.may(permission)
        for task in source(session, actor)
    ]
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(found, key=lambda task: task.due_at or never)
