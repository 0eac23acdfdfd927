"""Two of three officers open together: opening keys, publication, and the usual ceremony."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.rules import WrongPassphrase
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import SealBroken
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.sealing.officers import keys as share_keys
from marketplace.rfq.sealing.officers import reactions
from marketplace.rfq.sealing.officers.keys import SealedShare, SharePlace
from marketplace.rfq.sealing.officers.models import OpeningKey, RfqGivenShare, RfqOfficer
from marketplace.rfq.sealing.officers.rules import Appointment, OfficersInvalid
from marketplace.rfq.sealing.seals import WeakPassphrase
from marketplace.rfq.services import opening_keys, publishing
from marketplace.rfq.terms.states import RfqState
from tests.factories.bids import KEYS
from tests.factories.identity import make_actor
from tests.factories.officers import ANNA, BORIS, give, make_officers, make_shared
from tests.factories.rfq import make_rfq, make_supplier

DRAIN = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def officers(session):
    return make_officers(session)


@pytest.fixture
def sourcing(session, officers):
    made = make_shared(session, officers)
    made.submit(0, "12", "3")
    made.submit(1, "10", "4")
    return made


def nothing_opened(session):
    return (
        session.scalar(select(func.count()).select_from(BidOffer)) == 0
        and session.scalar(select(func.count()).select_from(RfqOpening)) == 0
    )


def waiting(session):
    return session.scalar(select(func.count()).select_from(RfqGivenShare))


def actions(session, rfq_id):
    return session.scalars(
        select(AuditEvent.action)
        .where(AuditEvent.subject_kind == "rfq", AuditEvent.subject_id == rfq_id)
        .order_by(AuditEvent.seq)
    ).all()


class TestPublication:
    def test_the_private_key_is_kept_nowhere(self, session, sourcing, officers):
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        assert seal.wrapped_private_key is None
        rows = session.scalars(
            select(RfqOfficer)
            .where(RfqOfficer.rfq_id == sourcing.rfq.id)
            .order_by(RfqOfficer.number)
        ).all()
        assert [(row.person_id, str(row.part)) for row in rows] == [
            (officers.anna.person_id, "opener"),
            (officers.boris.person_id, "opener"),
            (officers.clara.person_id, "escrow"),
        ]
        assert "rfq.officers_named" in actions(session, sourcing.rfq.id)

    def test_everybody_must_be_another_person_with_a_key(self, session, officers):
        organisation = session.get_one(Organisation, officers.anna.organisation_id)
        double = make_actor(session, organisation=organisation, email="boris+2@example.org")
        keyless = make_actor(session, organisation=organisation)
        stranger = make_actor(session)
        opening_keys.make(session, double, ANNA)
        twin = make_actor(session, organisation=organisation, email="Boris@example.org")
        opening_keys.make(session, twin, ANNA)
        rfq = make_rfq(session, officers.anna, supplier_ids=[make_supplier(session).id])
        for appointment, expected in (
            ((officers.anna, officers.anna, officers.clara), [("second_opener_id", "same_person")]),
            ((twin, double, officers.clara), [("second_opener_id", "same_person")]),
            ((officers.anna, keyless, officers.clara), [("second_opener_id", "no_opening_key")]),
            (
                (officers.clara, officers.anna, officers.boris),
                [("first_opener_id", "may_not_open")],
            ),
            ((officers.anna, officers.boris, stranger), [("escrow_id", "unknown_person")]),
        ):
            named = Appointment(*(actor.person for actor in appointment))
            with pytest.raises(OfficersInvalid) as refusal, session.begin_nested():
                publishing.publish(session, officers.anna, rfq.id, officers=named)
            found = [(error.pointer, error.code) for error in refusal.value.errors]
            assert found == [(f"/{field}", code) for field, code in expected]
        nobody = Appointment(None, None, None)
        with pytest.raises(OfficersInvalid) as refusal, session.begin_nested():
            publishing.publish(session, officers.anna, rfq.id, officers=nobody)
        assert len(refusal.value.errors) == 3
        session.refresh(rfq)
        assert rfq.state is RfqState.DRAFT

    def test_a_weak_passphrase_makes_no_key(self, session):
        actor = make_actor(session)
        with pytest.raises(WeakPassphrase):
            opening_keys.make(session, actor, "too short")
        assert session.scalar(select(func.count()).select_from(OpeningKey)) == 0
        with pytest.raises(NotAllowed):
            opening_keys.make(session, make_actor(session, OrgKind.SUPPLIER), ANNA)

    def test_a_share_opens_for_its_person_and_place_alone(self, session, sourcing):
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        first, second = session.scalars(
            select(RfqOfficer).order_by(RfqOfficer.number).limit(2)
        ).all()
        own = _own_key(session, first, ANNA)
        place = SharePlace(seal.rfq_id, seal.public_key, 1)
        stored = SealedShare(first.sealed_share, first.share_digest)
        assert share_keys.open_share(stored, own, place).number == 1
        for wrong in (
            (stored, own, SharePlace(seal.rfq_id, seal.public_key, 2)),
            (stored, _own_key(session, second, BORIS), place),
            (SealedShare(first.sealed_share, second.share_digest), own, place),
            (SealedShare(second.sealed_share, first.share_digest), own, place),
        ):
            with pytest.raises(SealBroken):
                share_keys.open_share(*wrong)


def _own_key(session, row, passphrase):
    key = session.get_one(OpeningKey, row.key_id)
    pair = envelopes.KeyPair(key.public_key, key.wrapped_private_key)
    return share_keys.free_opening_key(pair, key.organisation_id, key.person_id, passphrase)


class TestTwoOpeners:
    def test_the_second_share_opens_everything(self, session, sourcing, officers):
        first = give(sourcing, officers.anna, ANNA)
        assert (first.minutes, list(first.given)) == (None, [1])
        assert first.waits_until == sourcing.due_at + DRAIN + 15 * MINUTE
        assert [each.person.id for each in first.awaited] == [officers.boris.person_id]
        assert nothing_opened(session)
        assert sourcing.rfq.state is RfqState.PUBLISHED
        later = sourcing.due_at + DRAIN + MINUTE
        second = give(sourcing, officers.boris, BORIS, at=later)
        assert second.minutes is not None
        assert second.minutes.bid_count == 2
        said = json.loads(second.minutes.statement)
        assert [(each["person_id"], each["part"]) for each in said["openers"]] == [
            (str(officers.anna.person_id), "opener"),
            (str(officers.boris.person_id), "opener"),
        ]
        assert envelopes.is_signed(
            second.minutes.statement.encode(), second.minutes.signature, KEYS.public_key()
        )
        assert len(bid_queries.offers(session, sourcing.rfq.id)) == 2
        assert waiting(session) == 0
        assert actions(session, sourcing.rfq.id)[-2:] == ["rfq.share_given", "rfq.opened"]

    def test_the_waiting_share_is_not_readable(self, session, sourcing, officers):
        """D-15: what waits is locked with a key that is not in the database."""
        give(sourcing, officers.anna, ANNA)
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        (kept,) = session.scalars(select(RfqGivenShare))
        place = SharePlace(seal.rfq_id, seal.public_key, 1)
        share = share_keys.unlock_waiting(KEYS, kept.locked, place)
        assert share.value not in kept.locked
        with pytest.raises(SealBroken):
            share_keys.unlock_waiting(envelopes.ServiceKeys(b"other"), kept.locked, place)

    def test_the_first_share_lapses_after_a_quarter_of_an_hour(self, session, sourcing, officers):
        at = sourcing.due_at + DRAIN
        give(sourcing, officers.anna, ANNA, at=at)
        lapsed = give(sourcing, officers.boris, BORIS, at=at + 15 * MINUTE)
        assert (lapsed.minutes, list(lapsed.given)) == (None, [2])
        assert nothing_opened(session)
        done = give(sourcing, officers.anna, ANNA, at=at + 29 * MINUTE)
        assert done.minutes is not None

    def test_the_clock_removes_a_lapsed_share(self, session, sourcing, officers):
        at = sourcing.due_at + DRAIN
        give(sourcing, officers.anna, ANNA, at=at)
        for minutes, left in ((14, 1), (15, 0)):
            with clock.frozen(at + minutes * MINUTE):
                reactions.forget_waiting_shares(session, officers.anna)
            assert waiting(session) == left

    def test_a_new_key_leaves_the_share_with_the_old_passphrase(self, session, sourcing, officers):
        opening_keys.make(session, officers.anna, "a wholly new passphrase")
        with pytest.raises(WrongPassphrase):
            give(sourcing, officers.anna, "a wholly new passphrase")
        assert list(give(sourcing, officers.anna, ANNA).given) == [1]
