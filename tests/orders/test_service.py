"""The use cases of orders: what they do, what they refuse, and what they leave untouched."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.approvals import queries as approval_queries
from marketplace.approvals import service as approvals
from marketplace.approvals.rules import ContentChanged, FourEyesViolation, NoApprover
from marketplace.approvals.states import RequestState, Verdict
from marketplace.core import audit, clock
from marketplace.core.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from marketplace.core.ids import uuid7
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind, Role
from marketplace.orders import queries, receiving_rules, rules
from marketplace.orders.models import Order, Receipt
from marketplace.orders.receiving_rules import ReturnDraft
from marketplace.orders.services import approving, drafting, fulfilling, receiving, settling
from marketplace.orders.states import Bucket, OrderState
from tests.factories.approvals import ONE_APPROVER, make_policy
from tests.factories.identity import make_actor
from tests.factories.orders import (
    Parties,
    approve,
    line,
    make_issued,
    make_order,
    make_submitted,
    order_draft,
    receive,
)


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


def announced(session: Session) -> list[str]:
    session.flush()
    names = session.scalars(select(OutboxMessage.name).order_by(OutboxMessage.seq))
    return [name for name in names if name.startswith("orders.")]


def payload(session: Session, name: str) -> dict[str, Any]:
    session.flush()
    query = select(OutboxMessage.payload).where(OutboxMessage.name == name)
    return session.scalars(query.order_by(OutboxMessage.seq.desc())).first() or {}


def limit_of_5000(session: Session, parties: Parties) -> None:
    """Up to 5,000 nobody is asked; above, an approver."""
    make_policy(session, parties.approver, up_to=Decimal(5000), name="Small", priority=1)
    make_policy(session, parties.approver, ONE_APPROVER, over=Decimal(5000), name="Large")


def of_net(amount: str) -> drafting.LineDraft:
    return line(quantity=Decimal(1), unit_price=Decimal(amount), tax_rate=Decimal(0))


class TestDraft:
    def test_it_has_number_totals_and_author(self, session: Session, parties: Parties) -> None:
        order = make_order(session, parties)
        assert order.number.startswith("PO-")
        assert (order.net, order.tax, order.gross) == (1000, 200, 1200)
        assert order.author_ids == [parties.buyer.person]
        assert order.supplier_name == parties.vendor.name
        assert announced(session) == ["orders.created"]
        [entry] = audit.history(session, parties.company.id, "order", order.id)
        assert entry.action == "order.created"

    def test_bad_lines_are_all_named_and_nothing_is_written(
        self, session: Session, parties: Parties
    ) -> None:
        bad = line(quantity=Decimal(0), base_quantity=Decimal(0), line_no=4)
        with pytest.raises(Invalid) as refusal:
            make_order(session, parties, bad)
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            ("/lines/0/quantity", "not_positive"),
            ("/lines/0/base_quantity", "not_positive"),
            ("/lines/0/line_no", "unknown_line"),
        ]
        assert session.scalars(select(Order)).all() == []
        assert announced(session) == []

    def test_only_active_suppliers_get_orders(self, session: Session, parties: Parties) -> None:
        for wrong in (parties.company.id, uuid7()):
            with pytest.raises(Invalid):
                drafting.create(session, parties.buyer, order_draft(wrong))
        parties.vendor.active = False
        with pytest.raises(Invalid):
            make_order(session, parties)

    def test_documents_of_an_archived_supplier_stay(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        before = parties.vendor.name
        parties.vendor.active = False
        parties.vendor.name = "Renamed"
        session.flush()
        assert queries.get(session, parties.buyer, order.id).supplier_name == before
        assert [o.id for o in queries.search(session, parties.buyer).items] == [order.id]

    @pytest.mark.parametrize("role", [Role.APPROVER, Role.RECEIVER, Role.AUDITOR])
    def test_other_roles_write_none(self, session: Session, parties: Parties, role: Role) -> None:
        actor = make_actor(session, OrgKind.BUYER, role, organisation=parties.company)
        with pytest.raises(NotAllowed):
            drafting.create(session, actor, order_draft(parties.vendor.id))

    def test_other_organisations_find_nothing(self, session: Session, parties: Parties) -> None:
        order = make_order(session, parties)
        for stranger in (make_actor(session), parties.supplier):
            with pytest.raises(NotFound):
                queries.get(session, stranger, order.id)

    def test_lines_keep_their_numbers(self, session: Session, parties: Parties) -> None:
        order = make_order(session, parties, line(description="A"), line(description="B"))
        kept = line(description="B", line_no=2)
        draft = order_draft(parties.vendor.id, kept, line(description="C"))
        order = drafting.update(session, parties.buyer, order.id, draft)
        session.expire_all()
        order = queries.get(session, parties.buyer, order.id)
        assert [(e.line_no, e.description) for e in order.lines] == [(2, "B"), (3, "C")]

    def test_an_edit_of_another_version_is_refused(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_order(session, parties)
        draft = order_draft(parties.vendor.id, line(line_no=1, quantity=Decimal(2)))
        drafting.update(session, parties.buyer, order.id, draft, order.version)
        with pytest.raises(Stale):
            drafting.update(session, parties.buyer, order.id, draft, 1)


class TestOpen03:
    """An approval limit of 5,000: checked on the stored total, at every door."""

    def test_a_an_edit_from_4000_to_9000_needs_approval(
        self, session: Session, parties: Parties
    ) -> None:
        limit_of_5000(session, parties)
        order = make_order(session, parties, of_net("4000"), issue_when_approved=False)
        approving.submit(session, parties.buyer, order.id)
        assert order.state is OrderState.APPROVED
        draft = order_draft(parties.vendor.id, line(line_no=1, unit_price=Decimal(900)))
        drafting.update(session, parties.buyer, order.id, draft)
        assert order.state is OrderState.DRAFT
        with pytest.raises(IllegalTransition):
            approving.issue(session, parties.buyer, order.id)
        approving.submit(session, parties.buyer, order.id)
        assert order.state is OrderState.AWAITING_APPROVAL

    def test_b_the_check_uses_the_stored_total(self, session: Session, parties: Parties) -> None:
        limit_of_5000(session, parties)
        order = make_order(session, parties, of_net("9000"))
        order.net = order.gross = Decimal(1)
        session.flush()
        approving.submit(session, parties.buyer, order.id)
        assert order.state is OrderState.AWAITING_APPROVAL

    def test_c_a_copy_of_an_approved_order_is_an_unapproved_draft(
        self, session: Session, parties: Parties
    ) -> None:
        limit_of_5000(session, parties)
        order = approve(session, parties, make_submitted(session, parties, of_net("9000")))
        copied = drafting.copy(session, parties.buyer, order.id)
        assert (copied.state, copied.approved_content) == (OrderState.DRAFT, None)
        assert copied.number != order.number
        approving.submit(session, parties.buyer, copied.id)
        assert copied.state is OrderState.AWAITING_APPROVAL

    def test_exactly_the_limit_is_below_it(self, session: Session, parties: Parties) -> None:
        limit_of_5000(session, parties)
        order = make_order(session, parties, of_net("5000"))
        assert approving.submit(session, parties.buyer, order.id).state is OrderState.ISSUED

    def test_a_foreign_currency_does_not_slip_below(
        self, session: Session, parties: Parties
    ) -> None:
        limit_of_5000(session, parties)
        order = make_order(session, parties, of_net("1"), currency="USD")
        approving.submit(session, parties.buyer, order.id)
        assert order.state is OrderState.AWAITING_APPROVAL


class TestApproval:
    def test_what_was_approved_cannot_be_raised_by_a_cent(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_submitted(session, parties, issue_when_approved=False)
        approve(session, parties, order)
        assert order.state is OrderState.APPROVED
        draft = order_draft(
            parties.vendor.id, line(line_no=1, unit_price=Decimal("100.001")),
            issue_when_approved=False,
        )  # fmt: skip
        drafting.update(session, parties.buyer, order.id, draft)
        assert order.state is OrderState.DRAFT
        [asked] = approval_queries.about(session, SYSTEM, "order", order.id)
        assert asked.state is RequestState.SUPERSEDED

    def test_a_pure_decrease_keeps_it(self, session: Session, parties: Parties) -> None:
        order = make_submitted(session, parties, issue_when_approved=False)
        approve(session, parties, order)
        less = order_draft(parties.vendor.id, line(line_no=1, quantity=Decimal(9)))
        drafting.update(session, parties.buyer, order.id, less)
        assert (order.state, order.gross) == (OrderState.APPROVED, 1080)
        assert approving.issue(session, parties.buyer, order.id).state is OrderState.ISSUED

    def test_an_edit_while_it_waits_voids_the_request(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_submitted(session, parties)
        [asked] = approval_queries.about(session, SYSTEM, "order", order.id)
        draft = order_draft(parties.vendor.id, line(line_no=1, unit_price=Decimal("100.001")))
        drafting.update(session, parties.buyer, order.id, draft)
        assert order.state is OrderState.DRAFT
        with pytest.raises(ContentChanged):
            approvals.decide(session, parties.approver, asked.id, Verdict.APPROVE)
        approving.submit(session, parties.buyer, order.id)
        assert order.state is OrderState.AWAITING_APPROVAL

    def test_an_edit_of_the_note_alone_does_not(self, session: Session, parties: Parties) -> None:
        order = make_submitted(session, parties)
        draft = order_draft(parties.vendor.id, line(line_no=1), note="Ring twice")
        drafting.update(session, parties.buyer, order.id, draft)
        assert order.state is OrderState.AWAITING_APPROVAL

    def test_the_author_of_an_edit_does_not_approve_it(
        self, session: Session, parties: Parties
    ) -> None:
        both = make_actor(
            session, OrgKind.BUYER, Role.REQUESTER, Role.APPROVER, organisation=parties.company
        )
        order = make_order(session, parties)
        draft = order_draft(parties.vendor.id, line(line_no=1, quantity=Decimal(11)))
        drafting.update(session, both, order.id, draft)
        approving.submit(session, parties.buyer, order.id)
        [asked] = approval_queries.about(session, SYSTEM, "order", order.id)
        with pytest.raises(FourEyesViolation):
            approvals.decide(session, both, asked.id, Verdict.APPROVE)

    def test_nobody_to_ask_leaves_the_draft(self, session: Session, parties: Parties) -> None:
        alone = make_actor(session, OrgKind.BUYER, Role.BUYER, Role.APPROVER)
        order = drafting.create(session, alone, order_draft(parties.vendor.id))
        with pytest.raises(NoApprover):
            approving.submit(session, alone, order.id)

    def test_an_empty_order_and_past_days_are_refused_together(
        self, session: Session, parties: Parties
    ) -> None:
        yesterday = clock.now().date() - timedelta(days=1)
        late = make_order(session, parties, line(due_on=yesterday))
        empty = drafting.create(
            session, parties.buyer, drafting.OrderDraft(parties.vendor.id, "EUR")
        )
        for order, code in ((late, "in_the_past"), (empty, "required")):
            with pytest.raises(rules.OrderNotReady) as refusal:
                approving.submit(session, parties.buyer, order.id)
            assert [error.code for error in refusal.value.errors] == [code]
            assert order.state is OrderState.DRAFT

    def test_requesters_submit_but_do_not_issue(self, session: Session, parties: Parties) -> None:
        order = drafting.create(
            session, parties.requester,
            order_draft(parties.vendor.id, issue_when_approved=False),
        )  # fmt: skip
        approving.submit(session, parties.requester, order.id)
        approve(session, parties, order)
        with pytest.raises(NotAllowed):
            approving.issue(session, parties.requester, order.id)

    def test_withdrawing_ends_the_request(self, session: Session, parties: Parties) -> None:
        order = make_submitted(session, parties)
        approving.withdraw(session, parties.buyer, order.id)
        [asked] = approval_queries.about(session, SYSTEM, "order", order.id)
        assert (order.state, asked.state) == (OrderState.DRAFT, RequestState.WITHDRAWN)


class TestRevision:
    def test_it_replaces_the_order_when_it_is_issued(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        revised = drafting.revise(session, parties.buyer, order.id)
        assert (revised.number, revised.revision, revised.state) == (
            order.number, 2, OrderState.DRAFT,
        )  # fmt: skip
        more = order_draft(parties.vendor.id, line(line_no=1, quantity=Decimal(20)))
        drafting.update(session, parties.buyer, revised.id, more)
        approving.submit(session, parties.buyer, revised.id)
        assert order.state is OrderState.ISSUED
        approve(session, parties, revised)
        assert (revised.state, order.state) == (OrderState.ISSUED, OrderState.REPLACED)

    def test_a_pure_decrease_needs_no_other_approval(
        self, session: Session, parties: Parties
    ) -> None:
        revised = drafting.revise(session, parties.buyer, make_issued(session, parties).id)
        less = order_draft(parties.vendor.id, line(line_no=1, quantity=Decimal(4)))
        drafting.update(session, parties.buyer, revised.id, less)
        assert approving.submit(session, parties.buyer, revised.id).state is OrderState.ISSUED

    def test_one_at_a_time(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        drafting.revise(session, parties.buyer, order.id)
        with pytest.raises(drafting.RevisionOpen):
            drafting.revise(session, parties.buyer, order.id)

    def test_not_once_goods_have_arrived(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        revised = drafting.revise(session, parties.buyer, order.id)
        receive(session, parties, order, 1)
        with pytest.raises(IllegalTransition):
            drafting.revise(session, parties.buyer, order.id)
        approving.submit(session, parties.buyer, revised.id)
        assert (revised.state, order.state) == (OrderState.APPROVED, OrderState.PARTLY_RECEIVED)


class TestSupplier:
    def test_it_acknowledges_with_days(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        day = clock.now().date() + timedelta(days=9)
        fulfilling.acknowledge(
            session, parties.supplier, order.id, supplier_reference="AB-1", confirmed={1: day}
        )
        assert (order.state, order.lines[0].promised_on) == (OrderState.ACKNOWLEDGED, day)
        assert payload(session, "orders.acknowledged")["order_id"] == str(order.id)

    def test_days_must_be_possible(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        yesterday = clock.now().date() - timedelta(days=1)
        with pytest.raises(Invalid) as refusal:
            fulfilling.acknowledge(
                session, parties.supplier, order.id, confirmed={1: yesterday, 7: yesterday}
            )
        assert {error.code for error in refusal.value.errors} == {"in_the_past", "unknown_line"}
        assert order.state is OrderState.ISSUED

    def test_it_refuses_with_a_reason_only(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        with pytest.raises(Invalid):
            fulfilling.refuse(session, parties.supplier, order.id, " ")
        fulfilling.refuse(session, parties.supplier, order.id, "Out of stock")
        assert (order.state, order.refusal_reason) == (OrderState.REFUSED, "Out of stock")
        with pytest.raises(IllegalTransition):
            fulfilling.acknowledge(session, parties.supplier, order.id)

    def test_a_buyer_does_not_confirm_for_it(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        with pytest.raises(NotAllowed):
            fulfilling.acknowledge(session, parties.buyer, order.id)
        other = make_actor(session, OrgKind.SUPPLIER)
        with pytest.raises(NotFound):
            fulfilling.acknowledge(session, other, order.id)


class TestCancel:
    def test_before_anything_arrived(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        fulfilling.cancel(session, parties.buyer, order.id, "Not needed")
        assert (order.state, order.lines[0].to_deliver) == (OrderState.CANCELLED, 0)
        assert payload(session, "orders.cancelled")["was_issued"] is True

    def test_a_waiting_request_ends_with_it(self, session: Session, parties: Parties) -> None:
        order = make_submitted(session, parties)
        fulfilling.cancel(session, parties.buyer, order.id, "Not needed")
        [asked] = approval_queries.about(session, SYSTEM, "order", order.id)
        assert asked.state is RequestState.WITHDRAWN

    def test_after_a_delivery_only_the_rest_is_given_up(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        receive(session, parties, order, 4)
        with pytest.raises(IllegalTransition):
            fulfilling.cancel(session, parties.buyer, order.id, "Not needed")
        fulfilling.close(session, parties.buyer, order.id, "Enough")
        assert (order.state, order.lines[0].cancelled) == (OrderState.RECEIVED, 6)

    def test_requesters_do_not_cancel(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        with pytest.raises(NotAllowed):
            fulfilling.cancel(session, parties.requester, order.id, "Not needed")


class TestReceive:
    def test_partly_then_the_rest(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        receive(session, parties, order, 4)
        assert order.state is OrderState.PARTLY_RECEIVED
        receive(session, parties, order, 6)
        assert order.state is OrderState.RECEIVED
        [sent] = payload(session, "orders.goods_received")["lines"]
        assert (sent["line_no"], sent["unit"], sent["due_on"]) == (1, "C62", None)
        assert [Decimal(sent[name]) for name in ("ordered", "accepted", "rejected")] == [10, 6, 0]
        assert sent["received_on"] == clock.now().date().isoformat()

    def test_open_06(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties, line(quantity=Decimal(100)))
        received = receive(session, parties, order, 60, 20)
        back = ReturnDraft(received.lines[0].id, Bucket.REJECTED, Decimal(20))
        receiving.return_goods(session, parties.receiver, order.id, [back], "Damaged")
        [ordered] = order.lines
        assert (ordered.accepted, ordered.rejected, ordered.returned_rejected) == (60, 20, 20)
        assert (ordered.to_deliver, ordered.invoiceable) == (40, 60)
        assert order.state is OrderState.PARTLY_RECEIVED
        one = ReturnDraft(received.lines[0].id, Bucket.REJECTED, Decimal(1))
        with pytest.raises(receiving_rules.BucketEmpty):
            receiving.return_goods(session, parties.receiver, order.id, [one], "Again")

    def test_open_36_no_more_than_ordered(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties, line(quantity=Decimal(100), unit="MTR"))
        with pytest.raises(receiving_rules.OverDelivery) as refusal:
            receive(session, parties, order, "100.002")
        assert list(refusal.value.data["remaining"].values()) == ["100"]
        for part in ("33.333", "33.333", "33.334"):
            receive(session, parties, order, part)
        assert order.state is OrderState.RECEIVED

    def test_the_tolerance_is_a_limit_over_all_deliveries(
        self, session: Session, parties: Parties
    ) -> None:
        ordered = line(quantity=Decimal(10_000))
        order = make_issued(session, parties, ordered, over_delivery_percent=Decimal(2))
        for _number in range(20):
            receive(session, parties, order, 490)
        with pytest.raises(receiving_rules.OverDelivery):
            receive(session, parties, order, 401)
        receive(session, parties, order, 400)
        assert order.lines[0].kept == 10_200

    def test_returning_accepted_goods_reopens_the_order(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        received = receive(session, parties, order, 10)
        back = ReturnDraft(received.lines[0].id, Bucket.ACCEPTED, Decimal(3))
        receiving.return_goods(session, parties.receiver, order.id, [back], "Wrong colour")
        assert (order.state, order.lines[0].to_deliver) == (OrderState.PARTLY_RECEIVED, 3)
        receive(session, parties, order, 3)
        assert order.state is OrderState.RECEIVED

    @pytest.mark.parametrize("role", ["buyer", "requester", "approver", "supplier"])
    def test_only_receivers_book(self, session: Session, parties: Parties, role: str) -> None:
        order = make_issued(session, parties)
        actor: Actor = getattr(parties, role)
        draft = receiving_rules.ReceivedDraft(order.lines[0].id, Decimal(1))
        with pytest.raises(NotAllowed):
            receiving.receive(session, actor, order.id, [draft])
        assert session.scalars(select(Receipt)).all() == []

    def test_nothing_is_received_before_it_is_issued(
        self, session: Session, parties: Parties
    ) -> None:
        order = make_submitted(session, parties)
        with pytest.raises(IllegalTransition):
            receive(session, parties, order, 1)


class TestCompletion:
    def invoiced(self, session: Session, order: Order, quantity: int, net: str) -> object:
        invoice_id = uuid7()
        quantities = {order.lines[0].id: Decimal(quantity)}
        settling.record_invoiced(session, SYSTEM, order.id, invoice_id, quantities, Decimal(net))
        return invoice_id

    def test_received_invoiced_and_paid(self, session: Session, parties: Parties) -> None:
        due = clock.now().date() + timedelta(days=1)
        order = make_issued(session, parties, line(due_on=due))
        receive(session, parties, order, 10, 1)
        invoice = self.invoiced(session, order, 10, "1010")
        assert order.state is OrderState.RECEIVED
        with pytest.raises(rules.NotComplete) as refusal:
            settling.complete(session, parties.buyer, order.id)
        assert refusal.value.data == {"missing": ["payment"]}
        paid_at = clock.now()
        settling.record_paid(session, SYSTEM, order.id, invoice, paid_at)
        assert (order.state, order.completed_at) == (OrderState.COMPLETED, paid_at)
        sent = payload(session, "orders.completed")
        figures = {
            "net": 1010, "agreed_net": 1000, "invoiced_net": 1010, "due_quantity": 10,
            "on_time_quantity": 10, "received_quantity": 11, "rejected_quantity": 1,
        }  # fmt: skip
        assert {name: Decimal(str(sent[name])) for name in figures} == figures

    def test_recording_twice_counts_once(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        receive(session, parties, order, 10)
        invoice = uuid7()
        for _time in range(2):
            settling.record_invoiced(
                session, SYSTEM, order.id, invoice, {order.lines[0].id: Decimal(10)}, Decimal(1000)
            )
        assert order.lines[0].invoiced == 10
        for _time in range(2):
            settling.record_paid(session, SYSTEM, order.id, invoice, clock.now())
        assert announced(session).count("orders.completed") == 1

    def test_open_25_a_credit_note_takes_back(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        received = receive(session, parties, order, 10)
        self.invoiced(session, order, 10, "1000")
        back = ReturnDraft(received.lines[0].id, Bucket.ACCEPTED, Decimal(3))
        receiving.return_goods(session, parties.receiver, order.id, [back], "Wrong colour")
        self.invoiced(session, order, -3, "-300")
        [ordered] = order.lines
        assert (ordered.kept, ordered.invoiced, ordered.invoiceable) == (7, 7, 0)
        with pytest.raises(settling.OverInvoiced):
            self.invoiced(session, order, -8, "-800")

    def test_closed_short_counts_as_delivered(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        receive(session, parties, order, 4)
        invoice = self.invoiced(session, order, 4, "400")
        settling.record_paid(session, SYSTEM, order.id, invoice, clock.now())
        assert order.state is OrderState.PARTLY_RECEIVED
        fulfilling.close(session, parties.buyer, order.id)
        assert order.state is OrderState.COMPLETED

    def test_unknown_invoices_are_not_paid(self, session: Session, parties: Parties) -> None:
        order = make_issued(session, parties)
        with pytest.raises(Conflict):
            settling.record_paid(session, SYSTEM, order.id, uuid7(), clock.now())
