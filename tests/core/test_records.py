"""Outbox, audit trail, numbers, pages and tenancy on the database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from marketplace.core import audit, clock, jobs, numbering, outbox, tenancy
from marketplace.core.audit import AuditEvent, BrokenLink
from marketplace.core.jobs import Job
from marketplace.core.outbox import Event, OutboxMessage
from marketplace.core.pages import BadCursor, paginate
from marketplace.identity import queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from tests.factories.identity import make_actor, make_organisation


@outbox.event
@dataclass(frozen=True)
class LampLit(Event):
    name: ClassVar[str] = "lamp.lit"
    lamp_id: UUID
    watts: Decimal
    on: date | None
    rooms: tuple[UUID, ...]


class TestOutbox:
    def test_an_event_is_read_back_as_it_was(self, session):
        lit = LampLit(uuid4(), Decimal("12.50"), date(2026, 3, 1), (uuid4(), uuid4()))
        audience = uuid4()
        outbox.record(session, lit, [audience, audience])
        message = session.scalars(select(OutboxMessage)).one()
        assert outbox.load(message) == lit
        assert message.audience == [audience]
        assert message.relayed_at is None

    def test_two_events_cannot_share_a_name(self):
        with pytest.raises(ValueError, match=r"lamp\.lit"):
            outbox.event(type("Other", (Event,), {"name": "lamp.lit"}))


class TestAudit:
    def test_a_chain_verifies(self, session):
        actor = make_actor(session)
        subject = ("rfq", uuid4())
        for action in ("rfq.created", "rfq.published"):
            audit.record(session, actor, action, subject, {"n": 1})
            session.flush()
        events = audit.history(session, actor.organisation_id, *subject)
        assert [(e.seq, e.action) for e in events] == [(1, "rfq.created"), (2, "rfq.published")]
        assert audit.verify(session, *subject) == []

    def test_others_see_nothing_of_it(self, session):
        subject = ("rfq", uuid4())
        audit.record(session, make_actor(session), "rfq.created", subject)
        session.flush()
        assert audit.history(session, uuid4(), *subject) == []

    @pytest.mark.parametrize(
        ("tampering", "seq", "fault"),
        [
            ("UPDATE audit_event SET action = 'rfq.cancelled' WHERE seq = 2", 2, "changed"),
            ("UPDATE audit_event SET person_id = uuidv7() WHERE seq = 1", 1, "changed"),
            ("UPDATE audit_event SET data = '{\"n\": 2}' WHERE seq = 3", 3, "changed"),
            ("DELETE FROM audit_event WHERE seq = 2", 3, "missing"),
            ("DELETE FROM audit_event WHERE seq = 3", 3, "cut"),
        ],
    )
    def test_tampering_is_found(self, session, connection, tampering, seq, fault):
        actor = make_actor(session)
        subject = ("rfq", uuid4())
        for _n in range(3):
            audit.record(session, actor, "rfq.updated", subject, {"n": 1})
            session.flush()
        connection.execute(text("RESET ROLE"))
        connection.execute(text(f"{tampering} AND subject_id = :id").bindparams(id=subject[1]))
        assert BrokenLink("rfq", subject[1], seq, fault) in audit.verify(session, *subject)

    def test_the_product_cannot_rewrite_history(self, session):
        audit.record(session, make_actor(session), "rfq.created", ("rfq", uuid4()))
        session.flush()
        with pytest.raises(Exception, match="permission denied"):
            session.execute(text("UPDATE audit_event SET action = 'x'"))


class TestNumbering:
    def test_numbers_have_no_gaps_and_belong_to_their_organisation(self, session):
        one, other = make_organisation(session), make_organisation(session)
        year = numbering.clock.now().year
        assert numbering.next_number(session, one.id, "RFQ") == f"RFQ-{year}-00001"
        assert numbering.next_numbers(session, one.id, "RFQ", 2) == [
            f"RFQ-{year}-00002",
            f"RFQ-{year}-00003",
        ]
        assert numbering.next_number(session, other.id, "RFQ") == f"RFQ-{year}-00001"


class TestJobs:
    def test_the_same_key_is_queued_once(self, session):
        for _n in range(2):
            jobs.enqueue(session, "lamp.light", {"id": "1"}, dedupe_key="lamp-1")
        assert session.scalars(select(Job.name)).all() == ["lamp.light"]


class TestPages:
    def test_pages_follow_each_other_without_gap_or_repeat(self, session):
        for number in range(5):
            make_organisation(session, OrgKind.BUYER, name=f"Zzz {number}")
        query = select(Organisation).where(Organisation.name.startswith("Zzz"))
        order = (Organisation.name.desc(), Organisation.id)
        names: list[str] = []
        cursor = None
        for _page in range(3):
            page = paginate(session, query, order=order, cursor=cursor, limit=2)
            names += [organisation.name for organisation in page.items]
            cursor = page.next_cursor
        assert names == ["Zzz 4", "Zzz 3", "Zzz 2", "Zzz 1", "Zzz 0"]
        assert cursor is None

    @pytest.mark.parametrize("way", ["up", "down"])
    def test_equal_sort_keys_neither_repeat_nor_vanish(self, session, way):
        """OPEN-13: 200 records of one instant, in two pages, while another one comes in."""
        with clock.frozen(datetime(2026, 11, 25, 9, tzinfo=UTC)):
            old = {make_organisation(session, name="Yyy").id for _number in range(200)}
            session.flush()
            query = select(Organisation).where(Organisation.name == "Yyy")
            up = (Organisation.created_at, Organisation.id)
            order = up if way == "up" else tuple(column.desc() for column in up)

            def read(*, disturb: bool) -> list[UUID]:
                first = paginate(session, query, order=order, limit=100)
                if disturb:
                    make_organisation(session, name="Yyy")
                    session.flush()
                rest = paginate(session, query, order=order, cursor=first.next_cursor, limit=101)
                return [each.id for each in (*first.items, *rest.items)]

            calm = read(disturb=False)
            assert (len(calm), set(calm)) == (200, old)
            assert read(disturb=False) == calm
            assert [each for each in read(disturb=True) if each in old] == calm

    @pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "W1sidSIsIm5vIl1d", "é", "%00"])
    def test_a_foreign_cursor_is_refused(self, session, cursor):
        with pytest.raises(BadCursor):
            paginate(session, select(Organisation), order=(Organisation.id,), cursor=cursor)


class TestTenancy:
    def test_the_database_itself_hides_other_tenants(self, session, connection):
        mine, theirs = make_actor(session), make_actor(session)
        for actor in (mine, theirs):
            audit.record(session, actor, "rfq.created", ("rfq", uuid4()))
        session.flush()
        connection.execute(text("SET LOCAL ROLE marketplace_app"))
        assert session.scalars(select(AuditEvent)).all() == []
        tenancy.enter(session, mine.org_id, "buyer")
        assert [e.org_id for e in session.scalars(select(AuditEvent))] == [mine.org_id]
        assert [p.id for _m, p in queries.members(session, mine)] == [mine.person_id]
        assert queries.members(session, theirs) == []
