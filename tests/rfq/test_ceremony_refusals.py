"""What a ceremony refuses: D-16 to D-20 where the private key lies in shares."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation, Person
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.rules import SealMismatch, TooEarly, WrongPassphrase
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.sealing.officers.models import RfqGivenShare, RfqOfficer
from marketplace.rfq.sealing.officers.rules import (
    EscrowNotNeeded,
    FourEyesViolation,
    NotAnOfficer,
    OnePassphraseOpens,
    QuorumUnavailable,
    TwoOfficersNeeded,
)
from marketplace.rfq.services import ceremony, opening
from marketplace.rfq.terms.states import RfqState
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor, make_person
from tests.factories.officers import ANNA, BORIS, CLARA, give, make_officers, make_shared

DRAIN = timedelta(seconds=30)


@pytest.fixture
def officers(session):
    return make_officers(session)


@pytest.fixture
def sourcing(session, officers):
    made = make_shared(session, officers)
    made.submit(0, "12", "3")
    made.submit(1, "10", "4")
    return made


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def refused(session, sourcing, error, actor, passphrase, **when):
    """The share is refused, and neither kept nor used."""
    before = count(session, RfqGivenShare)
    with pytest.raises(error) as refusal, session.begin_nested():
        give(sourcing, actor, passphrase, **when)
    assert count(session, RfqGivenShare) == before
    assert (count(session, BidOffer), count(session, RfqOpening)) == (0, 0)
    return refusal.value


def noted(session, sourcing, action):
    return session.scalars(
        select(AuditEvent).where(
            AuditEvent.subject_id == sourcing.rfq.id, AuditEvent.action == action
        )
    ).all()


class TestFourEyes:
    """D-17: one person alone opens nothing, whatever accounts they have."""

    def test_one_opener_gives_twice(self, session, sourcing, officers):
        give(sourcing, officers.anna, ANNA)
        refused(session, sourcing, FourEyesViolation, officers.anna, ANNA)

    def test_two_accounts_of_one_mailbox(self, session, sourcing, officers):
        give(sourcing, officers.anna, ANNA)
        anna, boris = (
            session.get_one(Person, actor.person) for actor in (officers.anna, officers.boris)
        )
        boris.email = anna.email.upper().replace("@", "+boris@")
        session.flush()
        refused(session, sourcing, FourEyesViolation, officers.boris, BORIS)

    def test_a_member_of_somebody_who_may_bid(self, session, sourcing, officers):
        bidder = session.get_one(Organisation, sourcing.suppliers[0].organisation_id)
        boris = session.get_one(Person, officers.boris.person)
        make_person(session, bidder, Role.SUPPLIER, email=boris.email.replace("@", "+work@"))
        refused(session, sourcing, FourEyesViolation, officers.boris, BORIS)
        assert list(give(sourcing, officers.anna, ANNA).given) == [1]

    def test_a_member_of_a_supplier_who_was_not_asked_may_open(self, session, sourcing, officers):
        elsewhere = make_actor(session, OrgKind.SUPPLIER)
        organisation = session.get_one(Organisation, elsewhere.organisation_id)
        boris = session.get_one(Person, officers.boris.person)
        make_person(session, organisation, Role.SUPPLIER, email=boris.email.replace("@", "+w@"))
        assert list(give(sourcing, officers.boris, BORIS).given) == [2]
        sourcing.rfq.open_to_all = True
        session.flush()
        refused(session, sourcing, FourEyesViolation, officers.boris, BORIS)

    def test_others_of_the_house_and_of_other_houses(self, session, sourcing, officers):
        organisation = session.get_one(Organisation, officers.anna.organisation_id)
        colleague = make_actor(session, organisation=organisation)
        refused(session, sourcing, NotAnOfficer, colleague, ANNA)
        refused(session, sourcing, NotFound, make_actor(session), ANNA)
        refused(session, sourcing, NotFound, sourcing.suppliers[0], ANNA)

    def test_a_wrong_passphrase(self, session, sourcing, officers):
        refused(session, sourcing, WrongPassphrase, officers.anna, BORIS)

    def test_one_passphrase_and_two_people_are_not_mixed(self, session, sourcing, officers):
        with pytest.raises(TwoOfficersNeeded), clock.frozen(sourcing.due_at + DRAIN):
            opening.open_bids(session, officers.anna, KEYS, sourcing.rfq.id, ANNA)
        usual = make_sourcing(session, buyer=officers.anna)
        refused(session, usual, OnePassphraseOpens, officers.anna, ANNA)


class TestTooEarly:
    def test_no_share_is_taken_before_the_end(self, session, sourcing, officers):
        """D-18."""
        for at in (
            clock.now(),
            sourcing.due_at,
            sourcing.due_at + DRAIN - timedelta.resolution,
        ):
            refused(session, sourcing, TooEarly, officers.anna, ANNA, at=at)

    def test_nor_after_the_opening(self, session, sourcing, officers):
        give(sourcing, officers.anna, ANNA)
        give(sourcing, officers.boris, BORIS)
        with pytest.raises(IllegalTransition), session.begin_nested():
            give(sourcing, officers.clara, CLARA)
        assert count(session, RfqGivenShare) == 0


class TestLostShares:
    """D-20: one lost share is replaced by escrow, openly; two lost shares open nothing."""

    def lose(self, sourcing, actor, by=None):
        return ceremony.note_loss(
            sourcing.session, by or actor, sourcing.rfq.id, actor.person, "Passphrase forgotten"
        )

    def test_escrow_does_not_step_in_unasked(self, session, sourcing, officers):
        refused(session, sourcing, EscrowNotNeeded, officers.clara, CLARA)
        give(sourcing, officers.anna, ANNA)
        refused(session, sourcing, EscrowNotNeeded, officers.clara, CLARA)

    def test_the_other_opener_and_escrow_open(self, session, sourcing, officers):
        lost = self.lose(sourcing, officers.boris)
        assert [each.person.id for each in lost.awaited] == [
            officers.anna.person, officers.clara.person,
        ]  # fmt: skip
        (loss,) = noted(session, sourcing, "rfq.share_lost")
        assert loss.data == {
            "officer": str(officers.boris.person), "reason": "Passphrase forgotten",
        }  # fmt: skip
        give(sourcing, officers.clara, CLARA)
        done = give(sourcing, officers.anna, ANNA)
        assert done.minutes is not None
        assert len(noted(session, sourcing, "rfq.escrow_used")) == 1
        events = session.scalars(
            select(OutboxMessage.name).where(OutboxMessage.name.startswith("rfq.e"))
        ).all()
        assert events == ["rfq.escrow_used"]

    def test_buyers_are_told(self, session, sourcing, officers, drain):
        self.lose(sourcing, officers.boris, by=officers.anna)
        give(sourcing, officers.anna, ANNA)
        give(sourcing, officers.clara, CLARA)
        drain()
        told = session.execute(
            select(Notice.kind, Notice.person_id)
            .where(Notice.kind.in_(["rfq_share_lost", "rfq_escrow_used"]))
            .order_by(Notice.kind, Notice.person_id)
        ).all()
        by_kind = {kind: {each.person_id for each in told if each.kind == kind}
                   for kind in ("rfq_share_lost", "rfq_escrow_used")}  # fmt: skip
        buyers = {officers.anna.person_id, officers.boris.person_id}
        assert by_kind == {
            "rfq_share_lost": buyers | {officers.clara.person_id},
            "rfq_escrow_used": buyers,
        }

    def test_with_two_lost_nobody_opens(self, session, sourcing, officers):
        self.lose(sourcing, officers.boris)
        left = self.lose(sourcing, officers.clara)
        assert (left.quorum_available, [each.person.id for each in left.awaited]) == (
            False, [officers.anna.person],
        )  # fmt: skip
        refusal = refused(session, sourcing, QuorumUnavailable, officers.anna, ANNA)
        assert "cancel this event" in str(refusal.detail)
        assert sourcing.rfq.state is RfqState.PUBLISHED

    def test_a_passphrase_that_is_found_again_counts(self, session, sourcing, officers):
        self.lose(sourcing, officers.boris)
        self.lose(sourcing, officers.clara)
        give(sourcing, officers.boris, BORIS)
        assert give(sourcing, officers.anna, ANNA).minutes is not None
        assert len(noted(session, sourcing, "rfq.share_found")) == 1
        assert noted(session, sourcing, "rfq.escrow_used") == []

    def test_only_oneself_or_a_buyer_notes_a_loss(self, session, sourcing, officers):
        with pytest.raises(NotAllowed):
            self.lose(sourcing, officers.boris, by=officers.clara)
        with pytest.raises(NotFound):
            self.lose(sourcing, make_actor(session), by=officers.anna)
        with pytest.raises(NotFound):
            self.lose(sourcing, officers.boris, by=make_actor(session))
        lost = session.scalars(select(RfqOfficer).where(RfqOfficer.lost_at.is_not(None))).all()
        assert lost == []


class TestMeddling:
    """D-16: what was changed is noticed, and nothing is opened."""

    def test_a_bid_changed_between_the_shares(self, session, sourcing, officers):
        give(sourcing, officers.anna, ANNA)
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        session.execute(update(BidVersion).values(ciphertext=b"\0" * 4124))
        refused(session, sourcing, SealMismatch, officers.boris, BORIS)
        assert sourcing.rfq.state is RfqState.PUBLISHED

    def test_the_waiting_share_changed(self, session, sourcing, officers):
        give(sourcing, officers.anna, ANNA)
        session.execute(update(RfqGivenShare).values(locked=b"\0" * 60))
        refusal = refused(session, sourcing, SealMismatch, officers.boris, BORIS)
        assert refusal.data["reason"] == "share_changed"

    def test_shares_of_two_officers_swapped(self, session, sourcing, officers):
        first, second = session.scalars(select(RfqOfficer).order_by(RfqOfficer.number).limit(2))
        first.sealed_share, second.sealed_share = second.sealed_share, first.sealed_share
        session.flush()
        refused(session, sourcing, WrongPassphrase, officers.anna, ANNA)
