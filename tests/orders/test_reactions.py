"""From the event to the order: awards, approvals, paper and notices, by the real workers."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.approvals import queries as approval_queries
from marketplace.approvals import service as approvals
from marketplace.approvals.states import Verdict
from marketplace.core.ids import uuid7
from marketplace.documents import queries as document_queries
from marketplace.events.approvals import ApprovalGranted
from marketplace.identity.permissions import SYSTEM
from marketplace.notifications.models import Notice
from marketplace.orders import filing, queries, reactions
from marketplace.orders.models import Order
from marketplace.orders.services import drafting, fulfilling
from marketplace.orders.states import OrderState
from marketplace.rfq.awards.queries import AwardedLine, AwardRecord
from tests.factories.orders import Parties, line, make_issued, make_order, make_submitted, receive


def kinds(session: Session, org_id: object) -> list[str]:
    rows = session.scalars(
        select(Notice.kind).where(Notice.organisation_id == org_id).order_by(Notice.kind)
    )
    return list(rows)


def award_record(parties: Parties, *others: Parties) -> AwardRecord:
    won = [
        AwardedLine(
            rfq_line_id=uuid7(),
            supplier_id=each.vendor.id,
            number=number,
            item_id=None,
            category_code="39112000",
            description=f"Chair {number}",
            quantity=Decimal(4),
            unit="C62",
            unit_price=Decimal("12.345"),
            total=Decimal("49.38"),
            currency="EUR",
            delivery_place="Lyon",
            delivery_on=date(2030, 1, 4),
        )
        for number, each in enumerate((parties, *others, parties), start=1)
    ]
    return AwardRecord(
        award_id=uuid7(),
        rfq_id=uuid7(),
        rfq_number="RFQ-2026-00001",
        rfq_title="Chairs for Lyon",
        buyer_id=parties.company.id,
        payment_terms_days=30,
        decided_by=parties.buyer.person,
        decided_at=datetime(2026, 3, 1, tzinfo=UTC),
        lines=tuple(won),
    )


class TestAward:
    def test_it_becomes_one_draft_per_winner(self, session: Session) -> None:
        parties, other = Parties(session), Parties(session)
        first, second = drafting.create_from_award(session, SYSTEM, award_record(parties, other))
        assert [len(first.lines), len(second.lines)] == [2, 1]
        assert first.state is OrderState.DRAFT
        assert (first.net, first.tax, first.gross) == (
            Decimal("98.76"), Decimal("19.75"), Decimal("118.51"),
        )  # fmt: skip
        assert first.title == "Chairs for Lyon"
        assert first.payment_terms_days == 30
        assert first.lines[0].due_on == date(2030, 1, 4)
        assert first.author_ids == [parties.buyer.person]
        assert second.supplier_id == other.vendor.id

    def test_a_repeat_makes_no_second_order(self, session: Session) -> None:
        parties = Parties(session)
        record = award_record(parties)
        before = drafting.create_from_award(session, SYSTEM, record)
        after = drafting.create_from_award(session, SYSTEM, record)
        assert [order.id for order in after] == [order.id for order in before]
        assert len(session.scalars(select(Order)).all()) == 1


class TestApproval:
    def test_a_granted_order_is_issued_filed_and_announced(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session, locale="fr")
        order = make_submitted(session, parties)
        [asked] = approval_queries.about(session, parties.approver, "order", order.id)
        approvals.decide(session, parties.approver, asked.id, Verdict.APPROVE)
        drain()
        order = queries.get(session, parties.buyer, order.id)
        assert order.state is OrderState.ISSUED
        assert order.issued_at == session.get_one(type(asked), asked.id).decided_at
        assert kinds(session, parties.vendor.id) == ["order_issued"]
        assert kinds(session, parties.company.id) == ["approval_granted", "approval_requested"]

    def test_the_paper_is_in_the_suppliers_language_and_both_can_read_it(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session, locale="fr")
        order = make_issued(session, parties, line(description="Chaise #let *x*"))
        drain()
        for reader in (parties.buyer, parties.supplier):
            name, content = filing.paper(session, reader, order.id)
            text = PdfReader(BytesIO(content)).pages[0].extract_text()
            assert name == f"{order.number}.pdf"
            assert "Bon de commande" in text
            assert "Chaise #let *x*" in text
            assert "1 200,00" in text.replace("\u202f", " ").replace("\xa0", " ")
        [document] = document_queries.attached(session, parties.supplier, "order", order.id)
        assert document.content_type == "application/pdf"

    def test_filing_twice_keeps_one_document(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session)
        order = make_issued(session, parties)
        drain()
        order = queries.get(session, SYSTEM, order.id)
        before = order.document_id
        filing.file(session, order)
        assert order.document_id == before

    def test_a_rejection_makes_it_a_draft_again(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session)
        order = make_submitted(session, parties)
        [asked] = approval_queries.about(session, parties.approver, "order", order.id)
        approvals.decide(session, parties.approver, asked.id, Verdict.REJECT, reason="Too dear")
        drain()
        assert queries.get(session, parties.buyer, order.id).state is OrderState.DRAFT
        assert "approval_rejected" in kinds(session, parties.company.id)

    def test_an_approval_of_other_content_changes_nothing(self, session: Session) -> None:
        parties = Parties(session)
        order = make_submitted(session, parties)
        reactions.take_over_approval(
            session,
            ApprovalGranted(
                request_id=uuid7(),
                buyer_id=parties.company.id,
                subject_kind="order",
                subject_id=order.id,
                fingerprint="another",
                decided_at=datetime(2026, 3, 1, tzinfo=UTC),
            ),
        )
        assert order.state is OrderState.AWAITING_APPROVAL


class TestNotices:
    def test_the_buyer_hears_of_acknowledgement(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session)
        order = make_issued(session, parties)
        fulfilling.acknowledge(session, parties.supplier, order.id)
        drain()
        assert "order_acknowledged" in kinds(session, parties.company.id)

    def test_the_supplier_hears_of_rejected_goods_and_cancelled_orders(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session)
        receive(session, parties, make_issued(session, parties), 4, 2)
        cancelled = make_issued(session, parties)
        fulfilling.cancel(session, parties.buyer, cancelled.id, "Not needed")
        drain()
        assert kinds(session, parties.vendor.id) == [
            "goods_rejected", "order_cancelled", "order_issued", "order_issued",
        ]  # fmt: skip

    def test_a_cancelled_draft_tells_nobody_outside(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        parties = Parties(session)
        order = make_order(session, parties)
        fulfilling.cancel(session, parties.buyer, order.id, "Not needed")
        drain()
        assert kinds(session, parties.vendor.id) == []
