"""Publication, the deadline that only moves later, the end of an RFQ, and who reads it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import NotAllowed
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.documents import service as document_service
from marketplace.events.rfq import RfqPublished
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import MailMessage, Notice
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.notices import rfqs as reactions
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.services import papers, publishing
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind, RfqState
from marketplace.suppliers.states import SupplierState
from marketplace.web.idempotency import IdempotencyKey
from tests.factories import suppliers
from tests.factories.identity import make_actor
from tests.factories.rfq import PASSPHRASE, a_line, make_published, make_rfq, make_supplier

Api = Callable[..., Any]
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


class TestCheck:
    def test_names_every_reason_at_once(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(
            session,
            buyer,
            lines=[],
            criteria=[CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(40))],
            bids_due_at=None,
        )
        answer = api(buyer).get(f"/rfqs/{rfq.id}/readiness")
        assert answer.status_code == 200
        assert answer.json["is_ready"] is False
        assert [(r["pointer"], r["code"]) for r in answer.json["reasons"]] == [
            ("/lines", "required"),
            ("/criteria", "weights_not_100"),
            ("/criteria", "one_price_criterion"),
            ("/bids_due_at", "required"),
            ("/invitations", "required"),
        ]
        refused = api(buyer).post(f"/rfqs/{rfq.id}/publish", json={})
        assert (refused.status_code, refused.json["code"]) == (422, "rfq_not_ready")
        assert refused.json["errors"] == answer.json["reasons"]
        assert session.scalars(select(OutboxMessage)).all() == []
        assert session.get_one(Rfq, rfq.id).state is RfqState.DRAFT

    def test_an_empty_lot_late_questions_and_a_blocked_supplier_are_reasons(
        self, session: Session
    ) -> None:
        buyer = make_actor(session)
        asked = suppliers.make_supplier(session)
        rfq = make_rfq(
            session,
            buyer,
            supplier_ids=[asked.id],
            lots=[LotDraft("One"), LotDraft("Two")],
            questions_due_at=clock.now() + timedelta(days=8),
        )
        asked.state = SupplierState.BLOCKED
        found = publishing.check(session, buyer, rfq.id).readiness
        assert [reason.code for reason in found.reasons] == [
            "empty_lot",
            "questions_after_bids",
            "supplier_blocked",
        ]

    def test_little_time_and_a_single_supplier_are_warnings(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(
            session,
            buyer,
            supplier_ids=[make_supplier(session).id],
            bids_due_at=clock.now() + timedelta(minutes=5),
        )
        found = publishing.check(session, buyer, rfq.id).readiness
        assert found.is_ready
        assert [w.code for w in found.warnings] == ["short_bidding_time", "single_supplier"]

    def test_the_deadline_is_at_least_thirty_seconds_ahead(self, session: Session) -> None:
        buyer = make_actor(session)
        now = datetime(2026, 5, 4, 9, tzinfo=UTC)
        with clock.frozen(now):
            rfq = make_rfq(
                session,
                buyer,
                supplier_ids=[make_supplier(session).id],
                bids_due_at=now + timedelta(seconds=29),
            )
            with pytest.raises(rules.RfqNotReady) as refusal:
                publishing.publish(session, buyer, rfq.id)
            assert refusal.value.errors[0].code == "deadline_too_soon"
            rfq.bids_due_at = now + timedelta(seconds=30)
            session.flush()
            assert publishing.publish(session, buyer, rfq.id).rfq.state is RfqState.PUBLISHED


class TestPublish:
    def test_tells_the_passphrase_once_and_keeps_it_nowhere(
        self, session: Session, api: Api
    ) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, supplier_ids=[make_supplier(session).id])
        caller = api(buyer)
        first = caller.post(f"/rfqs/{rfq.id}/publish", json={}, idempotency_key="once")
        assert first.status_code == 200, first.json
        assert len(first.json["opening_passphrase"]) == 29
        again = caller.post(f"/rfqs/{rfq.id}/publish", json={}, idempotency_key="once")
        assert again.status_code == 200
        assert "opening_passphrase" not in again.json
        stored = session.scalars(select(IdempotencyKey)).one()
        assert first.json["opening_passphrase"] not in str(stored.response)
        assert session.scalar(select(func.count()).select_from(RfqSeal)) == 1

    def test_needs_an_idempotency_key(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, supplier_ids=[make_supplier(session).id])
        answer = api(buyer).post(f"/rfqs/{rfq.id}/publish", json={}, idempotency_key=None)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_missing")

    def test_happens_once(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer).rfq
        with pytest.raises(IllegalTransition):
            publishing.publish(session, buyer, rfq.id)
        assert session.scalars(select(OutboxMessage.name)).all() == ["rfq.published"]

    def test_a_requester_drafts_but_does_not_publish(self, session: Session) -> None:
        rfq = make_rfq(session)
        organisation = session.get_one(Organisation, rfq.buyer_id)
        requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=organisation)
        assert publishing.check(session, requester, rfq.id).rfq.id == rfq.id
        with pytest.raises(NotAllowed):
            publishing.publish(session, requester, rfq.id)

    def test_the_events_audience_are_buyer_and_invited_suppliers(self, session: Session) -> None:
        buyer = make_actor(session)
        asked = [make_supplier(session).id, make_supplier(session).id]
        make_published(session, buyer, supplier_ids=asked)
        [message] = session.scalars(select(OutboxMessage)).all()
        assert set(message.audience) == {buyer.org_id, *asked}

    def test_each_invited_person_gets_one_notice_and_one_letter_of_their_own(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        buyer = make_actor(session)
        bidders = [make_actor(session, OrgKind.SUPPLIER) for _number in range(2)]
        make_published(session, buyer, supplier_ids=[each.organisation_id for each in bidders])
        drain()
        notices = session.scalars(select(Notice)).all()
        assert {notice.person_id for notice in notices} == {each.person_id for each in bidders}
        assert [notice.kind for notice in notices] == ["rfq_invitation"] * 2
        assert session.scalar(select(func.count()).select_from(MailMessage)) == 2
        names = {each.org_name for each in bidders}
        assert not any(name in str(notice.params) for notice in notices for name in names)

    def test_a_repeated_announcement_tells_nobody_twice(self, session: Session) -> None:
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(session, supplier_ids=[bidder.organisation_id]).rfq
        assert rfq.bids_due_at
        event = RfqPublished(
            rfq.id, rfq.buyer_id, rfq.number, rfq.bids_due_at, (bidder.organisation_id,)
        )
        for _attempt in range(2):
            reactions.announce_publication(session, event)
        assert session.scalar(select(func.count()).select_from(Notice)) == 1


class TestVisibility:
    def test_an_invited_supplier_reads_it_without_estimates_and_other_invitations(
        self, session: Session, api: Api
    ) -> None:
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(
            session,
            supplier_ids=[bidder.organisation_id, make_supplier(session).id],
            lots=[LotDraft("One", estimate=Money(Decimal(900), "EUR"))],
            lines=[a_line(reference_price=Money(Decimal("1.2"), "EUR"))],
            estimate=Money(Decimal(1000), "EUR"),
        ).rfq
        caller = api(bidder)
        seen = caller.get(f"/rfqs/{rfq.id}")
        assert seen.status_code == 200
        assert seen.json["actions"] == ["ask", "bid"]
        assert seen.json["estimate"] is None
        assert seen.json["lots"][0]["estimate"] is None
        assert seen.json["lines"][0]["reference_price"] is None
        invitations = caller.get(f"/rfqs/{rfq.id}/invitations").json["items"]
        assert [each["supplier_id"] for each in invitations] == [str(bidder.org_id)]
        assert [each["id"] for each in caller.get("/rfqs").json["items"]] == [str(rfq.id)]

    def test_others_get_the_same_answer_as_for_a_number_that_does_not_exist(
        self, session: Session, api: Api
    ) -> None:
        rfq = make_published(session).rfq
        stranger = api(make_actor(session, OrgKind.SUPPLIER))
        for path in ("", "/questions", "/invitations", "/documents"):
            foreign = stranger.get(f"/rfqs/{rfq.id}{path}")
            missing = stranger.get(f"/rfqs/{uuid4()}{path}")
            assert (foreign.status_code, foreign.json["detail"]) == (
                missing.status_code, missing.json["detail"],
            )  # fmt: skip
            assert foreign.status_code == 404

    def test_open_to_all_means_all_qualified_suppliers(self, session: Session, api: Api) -> None:
        rfq = make_published(session, open_to_all=True).rfq
        qualified, unknown = (make_actor(session, OrgKind.SUPPLIER) for _number in range(2))
        organisation = session.get_one(Organisation, qualified.org_id)
        suppliers.make_supplier(session, organisation)
        assert api(qualified).get(f"/rfqs/{rfq.id}").status_code == 200
        assert api(unknown).get(f"/rfqs/{rfq.id}").status_code == 404

    def test_documents_are_readable_from_the_publication_on(
        self, session: Session, api: Api
    ) -> None:
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_rfq(session, buyer, supplier_ids=[bidder.organisation_id])
        document = document_service.store(session, buyer, "plan.pdf", "application/pdf", PDF)
        papers.attach(session, buyer, rfq.id, [document.id])
        content = f"/documents/{document.id}/content"
        assert api(bidder).get(content).status_code == 404
        publishing.publish(session, buyer, rfq.id, PASSPHRASE)
        assert api(bidder).get(content).data == PDF
        listed = api(bidder).get(f"/rfqs/{rfq.id}/documents").json["items"]
        assert [each["filename"] for each in listed] == ["plan.pdf"]
        stranger = api(make_actor(session, OrgKind.SUPPLIER))
        assert stranger.get(content).status_code == 404

    def test_reads_as_closed_from_its_deadline_on_without_any_job(
        self, session: Session, api: Api
    ) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer).rfq
        assert rfq.bids_due_at
        caller = api(buyer)
        with clock.frozen(rfq.bids_due_at):
            assert caller.get(f"/rfqs/{rfq.id}").json["state"] == "published"
        with clock.frozen(rfq.bids_due_at + timedelta(microseconds=1)):
            read = caller.get(f"/rfqs/{rfq.id}").json
            assert read["state"] == "closed"
            assert read["actions"] == ["open", "cancel"]
            assert len(caller.get("/rfqs?state=closed").json["items"]) == 1
            assert caller.get("/rfqs?state=published").json["items"] == []


class TestExtend:
    def test_later_is_possible_for_everybody_at_once(
        self, session: Session, api: Api, drain: Callable[[], int]
    ) -> None:
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(
            session, buyer, supplier_ids=[bidder.organisation_id],
            bids_due_at="2036-05-10T12:00",
        ).rfq  # fmt: skip
        answer = api(buyer).post(f"/rfqs/{rfq.id}/extend", json={"bids_due_at": "2036-05-11T12:00"})
        assert answer.status_code == 200, answer.json
        assert answer.json["bids_due_at"] == "2036-05-11T10:00:00Z"
        assert answer.json["version"] == 3
        drain()
        kinds = session.scalars(select(Notice.kind).order_by(Notice.id)).all()
        assert sorted(kinds) == ["rfq_deadline_extended", "rfq_invitation"]

    def test_earlier_or_the_same_is_forbidden(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer, bids_due_at="2036-05-10T12:00").rfq
        for written in ("2036-05-10T11:59", "2036-05-10T12:00"):
            answer = api(buyer).post(f"/rfqs/{rfq.id}/extend", json={"bids_due_at": written})
            assert (answer.status_code, answer.json["code"]) == (
                409, "deadline_shorten_forbidden",
            )  # fmt: skip
        assert session.scalars(select(OutboxMessage.name)).all() == ["rfq.published"]

    def test_a_local_time_of_the_clock_change_is_refused(self, session: Session, api: Api) -> None:
        buyer = make_actor(session)
        now = datetime(2026, 3, 1, 9, tzinfo=UTC)
        with clock.frozen(now):
            rfq = make_published(
                session, buyer, time_zone="Europe/London", bids_due_at="2026-03-20T12:00"
            ).rfq
            caller, url = api(buyer), f"/rfqs/{rfq.id}/extend"
            skipped = caller.post(url, json={"bids_due_at": "2026-03-29T01:30"})
            assert (skipped.status_code, skipped.json["code"]) == (422, "nonexistent_local_time")
            twice = caller.post(url, json={"bids_due_at": "2026-10-25T01:30"})
            assert (twice.status_code, twice.json["code"]) == (422, "ambiguous_local_time")
            chosen = caller.post(url, json={"bids_due_at": twice.json["candidates"][1]})
            assert chosen.json["bids_due_at"] == "2026-10-25T01:30:00Z"

    def test_a_deadline_that_has_passed_is_not_brought_back(self, session: Session) -> None:
        buyer = make_actor(session)
        rfq = make_published(session, buyer).rfq
        assert rfq.bids_due_at
        with (
            clock.frozen(rfq.bids_due_at + timedelta(seconds=1)),
            pytest.raises(IllegalTransition),
        ):
            publishing.extend(session, buyer, rfq.id, "2036-05-11T12:00")


class TestCancel:
    def test_tells_bidders_why(self, session: Session, drain: Callable[[], int]) -> None:
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_published(session, buyer, supplier_ids=[bidder.organisation_id]).rfq
        publishing.cancel(session, buyer, rfq.id, "The need is gone.")
        drain()
        notice = session.scalars(select(Notice).where(Notice.kind == "rfq_cancelled")).one()
        assert notice.params["reason"] == "The need is gone."
        assert session.get_one(Rfq, rfq.id).state is RfqState.CANCELLED

    def test_a_cancelled_draft_is_nobodys_business(
        self, session: Session, drain: Callable[[], int]
    ) -> None:
        buyer = make_actor(session)
        bidder = make_actor(session, OrgKind.SUPPLIER)
        rfq = make_rfq(session, buyer, supplier_ids=[bidder.organisation_id])
        publishing.cancel(session, buyer, rfq.id, "Mistake")
        drain()
        assert session.scalars(select(Notice)).all() == []
        with pytest.raises(IllegalTransition):
            publishing.publish(session, buyer, rfq.id)


class TestStatements:
    def test_reading_an_rfq_of_ten_lines_takes_two(
        self, session: Session, api: Api, statements: list[str]
    ) -> None:
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, lines=[a_line()] * 10)
        caller = api(buyer)
        statements.clear()
        answer = caller.get(f"/rfqs/{rfq.id}")
        assert len(answer.json["lines"]) == 10
        assert len(statements) == 2, statements

    def test_a_list_of_fifty_takes_at_most_three(
        self, session: Session, api: Api, statements: list[str]
    ) -> None:
        buyer = make_actor(session)
        for _number in range(51):
            make_rfq(session, buyer)
        caller = api(buyer)
        session.flush()
        statements.clear()
        page = caller.get("/rfqs").json
        assert len(page["items"]) == 50
        assert len(statements) <= 3, statements
        rest = caller.get(f"/rfqs?cursor={page['next_cursor']}").json
        assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
        assert queries.search(session, buyer, containing="nothing such").items == []
