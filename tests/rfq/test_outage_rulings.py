"""D-24, D-25: the service was away before a deadline; the buyer rules before any bid is opened."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outages, tenancy
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.rules import DeadlinePassed, TooEarly
from marketplace.rfq.opening import outage_queries
from marketplace.rfq.opening.models import RfqOpening, RfqOutageRuling
from marketplace.rfq.opening.outage_queries import OutageAtDeadline
from marketplace.rfq.services import bidding, opening
from marketplace.rfq.services import outages as rulings
from marketplace.rfq.services.outages import AlreadyRuled, NothingToRule
from marketplace.rfq.terms.states import RfqState
from tests.factories.bids import KEYS, Sourcing, make_sourcing
from tests.factories.identity import make_actor

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
OPENING = 30 * SECOND
DUE_AT = datetime(2099, 3, 10, 11, tzinfo=UTC)
LATER = DUE_AT + timedelta(hours=3)


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    sourcing = make_sourcing(session, bids_due_at=DUE_AT)
    sourcing.submit(0, "1", "2")
    return sourcing


def away(session: Session, began_at: datetime, ended_at: datetime | None) -> None:
    """Nobody answered in between; answers every half minute otherwise."""
    at = [began_at] if ended_at is None else [began_at, ended_at]
    for each in at:
        with clock.frozen(each):
            outages.beat(session)
    session.flush()


def seen_until(session: Session, end: datetime) -> None:
    """The service answers on, until this instant."""
    session.execute(text("UPDATE service_beat SET seen_at = :at"), {"at": end})


def seven_minutes(session: Session) -> None:
    away(session, DUE_AT - 20 * MINUTE, DUE_AT - 13 * MINUTE)
    seen_until(session, DUE_AT + OPENING)


def rule(session: Session, sourcing: Sourcing, **more: object) -> RfqOutageRuling:
    with clock.frozen(DUE_AT + MINUTE):
        return rulings.rule(
            session,
            sourcing.buyer,
            sourcing.rfq.id,
            reason="Power failure",
            **more,  # type: ignore[arg-type]
        )


def count(session: Session, *where: object) -> int:
    return session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type]


class TestOpening:
    def test_is_blocked_with_the_outage_and_nothing_is_opened(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        seven_minutes(session)
        with pytest.raises(OutageAtDeadline) as refusal:
            sourcing.open()
        assert refusal.value.data["outages"] == [
            {"began_at": "2099-03-10T10:40:00Z", "ended_at": "2099-03-10T10:47:00Z"}
        ]
        assert count(session, RfqOpening.rfq_id == sourcing.rfq.id) == 0
        assert sourcing.rfq.opened_at is None

    @pytest.mark.parametrize(
        ("began", "ended", "blocks"),
        [
            # minutes before the deadline; the last hour counts, and the drain after it
            (90, 60, False),
            (90, 59, True),
            (1, -0.25, True),
            (-0.25, -2, True),
            (-0.5, -10, False),
        ],
    )
    def test_what_lies_before_the_last_hour_or_after_the_drain_does_not_count(
        self, session: Session, sourcing: Sourcing, began: float, ended: float, *, blocks: bool
    ) -> None:
        away(session, DUE_AT - began * MINUTE, DUE_AT - ended * MINUTE)
        seen_until(session, DUE_AT + 10 * MINUTE)
        if blocks:
            with pytest.raises(OutageAtDeadline):
                sourcing.open()
        else:
            assert sourcing.open().bid_count == 1

    def test_a_database_that_was_away_through_the_whole_drain_blocks_it(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        """D-25: what arrived then found no database, and nobody could be seen to answer."""
        away(session, DUE_AT - SECOND, None)
        with clock.frozen(DUE_AT + 5 * MINUTE), pytest.raises(OutageAtDeadline) as refusal:
            outage_queries.check_ruled(session, sourcing.rfq)
        assert refusal.value.data["outages"] == [
            {"began_at": "2099-03-10T10:59:59Z", "ended_at": None}
        ]

    def test_without_an_outage_nobody_is_asked(self, session: Session, sourcing: Sourcing) -> None:
        away(session, DUE_AT - 10 * MINUTE, DUE_AT - 9 * MINUTE)
        seen_until(session, DUE_AT + OPENING)
        assert sourcing.open().bid_count == 1


class TestRuling:
    def test_the_deadline_may_stand_for_a_reason(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        seven_minutes(session)
        ruling = rule(session, sourcing)
        assert (ruling.due_at, ruling.extended_to) == (DUE_AT, None)
        assert sourcing.open().bid_count == 1
        [entry] = [
            entry
            for entry in audit.history(
                session, sourcing.buyer.organisation_id, "rfq", sourcing.rfq.id
            )
            if entry.action == "rfq.outage_ruled"
        ]
        assert entry.data == {
            "outages": [["2099-03-10T10:40:00+00:00", "2099-03-10T10:47:00+00:00"]],
            "attempts": [],
            "extended_to": None,
            "reason": "Power failure",
        }
        assert count(session, OutboxMessage.name == "rfq.deadline_extended") == 0

    def test_an_extension_is_for_all_told_once_and_keeps_the_bids(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        seven_minutes(session)
        rule(session, sourcing, bids_due_at=LATER.isoformat())
        session.flush()
        event = session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.deadline_extended")
        ).one()
        invited = {str(supplier.organisation_id) for supplier in sourcing.suppliers}
        assert set(event.payload["supplier_ids"]) == invited
        assert sourcing.rfq.state_at(DUE_AT + 2 * MINUTE) is RfqState.PUBLISHED

        second = sourcing.suppliers[1]
        content = sourcing.content("3", "4")
        arrived = DUE_AT + timedelta(hours=1)
        bidding.submit(session, second, KEYS, sourcing.rfq.id, arrived, content)
        with pytest.raises(DeadlinePassed):
            bidding.submit(session, second, KEYS, sourcing.rfq.id, LATER + SECOND, content)
        assert session.scalar(select(func.count()).select_from(BidVersion)) == 2
        with pytest.raises(TooEarly):
            self.open_at(sourcing, DUE_AT + OPENING)
        seen_until(session, LATER + OPENING)
        assert self.open_at(sourcing, LATER + OPENING).bid_count == 2

    def open_at(self, sourcing: Sourcing, at: datetime) -> RfqOpening:
        assert sourcing.due_at == LATER
        with clock.frozen(at):
            return opening.open_bids(
                sourcing.session, sourcing.buyer, KEYS, sourcing.rfq.id, sourcing.passphrase
            )

    def test_an_outage_before_the_new_deadline_has_to_be_ruled_on_again(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        seven_minutes(session)
        rule(session, sourcing, bids_due_at=LATER.isoformat())
        away(session, LATER - 5 * MINUTE, LATER - MINUTE)
        seen_until(session, LATER + OPENING)
        with pytest.raises(OutageAtDeadline):
            sourcing.open()

    def test_is_refused_before_the_deadline_without_outage_and_twice(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        with pytest.raises(NothingToRule):
            rule(session, sourcing)
        seven_minutes(session)
        with clock.frozen(DUE_AT - MINUTE), pytest.raises(NothingToRule):
            rulings.rule(session, sourcing.buyer, sourcing.rfq.id, reason="too soon")
        rule(session, sourcing)
        with pytest.raises(AlreadyRuled):
            rule(session, sourcing, bids_due_at=LATER.isoformat())
        assert sourcing.rfq.bids_due_at == DUE_AT

    def test_a_new_deadline_lies_in_the_future(self, session: Session, sourcing: Sourcing) -> None:
        seven_minutes(session)
        past = (DUE_AT + 30 * SECOND).isoformat()
        with pytest.raises(Invalid) as refusal, session.begin_nested():
            rule(session, sourcing, bids_due_at=past)
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/bids_due_at", "past")]
        session.refresh(sourcing.rfq)
        assert sourcing.rfq.bids_due_at == DUE_AT
        assert count(session, RfqOutageRuling.rfq_id == sourcing.rfq.id) == 0

    def test_is_the_buyer_s_alone(self, session: Session, sourcing: Sourcing) -> None:
        seven_minutes(session)
        others: list[tuple[Actor, type[Exception]]] = [
            (make_actor(session), NotFound),
            (sourcing.suppliers[0], NotAllowed),
            (make_actor(session, OrgKind.BUYER, Role.APPROVER), NotAllowed),
        ]
        for actor, refusal in others:
            with pytest.raises(refusal):
                rulings.rule(session, actor, sourcing.rfq.id, reason="mine")
        assert count(session, RfqOutageRuling.rfq_id == sourcing.rfq.id) == 0

    def test_the_database_alone_hides_rulings_from_others(
        self, session: Session, sourcing: Sourcing
    ) -> None:
        seven_minutes(session)
        rule(session, sourcing)
        stranger = make_actor(session)
        session.execute(text("SET LOCAL ROLE marketplace_app"))
        seen = []
        for actor in (sourcing.buyer, stranger, sourcing.suppliers[0]):
            tenancy.enter(session, actor.org_id, actor.org_kind)
            seen.append(session.scalar(select(func.count()).select_from(RfqOutageRuling)))
        assert seen == [1, 0, 0]
