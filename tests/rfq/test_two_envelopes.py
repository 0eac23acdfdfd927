"""Two envelopes: prices are sealed apart, opened last, and never for excluded bids (D-16, D-17)."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.money import Quantity
from marketplace.identity.permissions import Role
from marketplace.rfq.addenda.wanted import Wanted, WantedLine
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import Answer, BidContent
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.parts import TECHNICAL_FIELDS, joined, split
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.bids.rules import Sealed, SealMismatch, WrongPassphrase
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.evaluation.quality_rules import PricesHidden, PricesSeen, QualityNotLocked
from marketplace.rfq.opening.models import BidPriceKey, RfqPriceOpening
from marketplace.rfq.opening.prices import NoPriceEnvelope, PricesOpenAlready
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import PRICE, TECHNICAL, Binding, KeyPair, SealBroken
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.services import (
    addenda,
    bid_drafts,
    evaluation,
    excluding,
    opening,
    proving,
    quality,
)
from marketplace.rfq.services.excluding import PriceStaysSealed
from marketplace.rfq.terms.states import EnvelopeRule
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.officers import ANNA, BORIS, give, make_officers, make_shared

DRAIN = timedelta(seconds=30)


@pytest.fixture
def sourcing(session):
    """Three bids whose technical envelopes are open."""
    made = make_sourcing(session, suppliers=3, envelopes=EnvelopeRule.TWO)
    made.bids = [
        made.submit(number, str(10 + number), "3", note=f"Offer {number}", delivery_days=number)
        for number in range(3)
    ]
    made.open()
    return made


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def lock(sourcing):
    sourcing.score({bid.bid_id: "50" for bid in sourcing.bids})
    quality.lock_quality(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def open_prices(sourcing, passphrase=None, actor=None):
    return opening.open_prices(
        sourcing.session,
        actor or sourcing.buyer,
        KEYS,
        sourcing.rfq.id,
        passphrase or sourcing.passphrase,
    )


def exclude(sourcing, number):
    bid_id = sourcing.bids[number].bid_id
    excluding.exclude(sourcing.session, sourcing.buyer, sourcing.rfq.id, bid_id, "No certificate")
    return bid_id


class TestContent:
    def test_everything_about_money_is_in_the_price_envelope(self):
        technical, prices = split(BidContent())
        assert set(technical) == TECHNICAL_FIELDS - {"name"}  # main bids have none
        assert set(technical) | set(prices) == set(BidContent().to_json())
        assert "lines" in prices

    def test_the_parts_give_the_whole(self, session):
        sourcing = make_sourcing(session, suppliers=1)
        judged = next(c for c in sourcing.criteria if c.kind != "price")
        whole = sourcing.content("1", "2", note="n", answers=(Answer(judged.id, "yes"),))
        technical, prices = split(whole)
        assert joined(technical, prices) == whole
        assert joined(technical).lines == ()
        assert joined(technical).note == "n"


class TestSubmission:
    def test_the_receipt_names_both_digests(self, session, sourcing):
        bid = sourcing.bids[0]
        said = json.loads(bid.receipt.statement)
        assert set(said["envelopes"]) == {TECHNICAL, PRICE}
        assert said["digest"] == envelopes.digest_of_both(said["envelopes"])
        version = session.get_one(BidVersion, (bid.bid_id, 1))
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        supplier = sourcing.suppliers[0].organisation_id
        binding = Binding(sourcing.rfq.id, supplier, 1, seal.fingerprint)
        assert bid_vault.sealed_bid(version).digests(binding) == said["envelopes"]

    def test_each_envelope_has_its_own_key_and_neither_opens_the_other(self, session, sourcing):
        version = session.get_one(BidVersion, (sourcing.bids[0].bid_id, 1))
        seal = session.get_one(RfqSeal, sourcing.rfq.id)
        supplier = sourcing.suppliers[0].organisation_id
        binding = Binding(sourcing.rfq.id, supplier, 1, seal.fingerprint)
        sealed = bid_vault.sealed_bid(version)
        technical_pair = KeyPair(seal.technical_public_key, seal.technical_wrapped_key)
        technical = envelopes.free_private_key(
            technical_pair, sourcing.rfq.id, sourcing.passphrase, TECHNICAL
        )
        price_pair = KeyPair(seal.public_key, seal.wrapped_private_key)
        price = envelopes.free_private_key(price_pair, sourcing.rfq.id, sourcing.passphrase)
        plain, _key = envelopes.open_envelope(sealed.main, price, binding.of(PRICE))
        assert set(json.loads(plain)) == {"lines"}
        plain, _key = envelopes.open_envelope(sealed.technical, technical, binding.of(TECHNICAL))
        assert set(json.loads(plain)) == TECHNICAL_FIELDS - {"name"}
        for envelope, key, place in (
            (sealed.main, technical, binding.of(PRICE)),
            (sealed.technical, price, binding.of(TECHNICAL)),
            (sealed.main, price, binding.of(TECHNICAL)),
            (sealed.main, price, binding),
        ):
            with pytest.raises(SealBroken):
                envelopes.open_envelope(envelope, key, place)

    def test_the_supplier_reads_both_back(self, session):
        sourcing = make_sourcing(session, envelopes=EnvelopeRule.TWO)
        done = sourcing.submit(0, "7", "8", note="Both parts")
        own = bid_drafts.read(
            session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, done.read_back_key
        )
        assert own.sealed == sourcing.content("7", "8", note="Both parts")

    def test_both_are_padded(self, session, sourcing):
        version = session.get_one(BidVersion, (sourcing.bids[0].bid_id, 1))
        assert [len(version.ciphertext), len(version.technical_ciphertext)] == [4096 + 28] * 2


class TestTechnicalOpening:
    def test_all_but_the_prices_is_read(self, session, sourcing):
        compared = evaluation.read(session, sourcing.buyer, sourcing.rfq.id)
        assert [(o.note, o.delivery_days, o.lines) for o in compared.offers] == [
            ("Offer 0", 0, []), ("Offer 1", 1, []), ("Offer 2", 2, []),
        ]  # fmt: skip
        assert compared.prices_shown is False
        assert count(session, BidLine) == 0
        with pytest.raises(PricesHidden):
            evaluation.read_priced(session, sourcing.buyer, sourcing.rfq.id)

    def test_prices_wait_for_the_lock(self, session, sourcing):
        with pytest.raises(QualityNotLocked):
            open_prices(sourcing)
        lock(sourcing)
        with pytest.raises(WrongPassphrase), session.begin_nested():
            open_prices(sourcing, "incorrect horse battery")
        assert (count(session, BidLine), count(session, RfqPriceOpening)) == (0, 0)
        session.refresh(sourcing.rfq)
        assert sourcing.rfq.prices_opened_at is None

    def test_who_may_not(self, session, sourcing):
        lock(sourcing)
        with pytest.raises(NotAllowed):
            open_prices(sourcing, actor=sourcing.suppliers[0])
        requester = make_actor(session, sourcing.buyer.org_kind, Role.REQUESTER)
        with pytest.raises(NotAllowed):
            open_prices(sourcing, actor=requester)
        with pytest.raises(NotFound):
            open_prices(sourcing, actor=make_actor(session))

    def test_one_envelope_has_no_second_opening(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(Sealed):
            open_prices(sourcing)
        sourcing.open()
        with pytest.raises(NoPriceEnvelope):
            open_prices(sourcing)


class TestPriceOpening:
    def test_prices_of_all_who_are_left(self, session, sourcing):
        out = exclude(sourcing, 1)
        lock(sourcing)
        minutes = open_prices(sourcing)
        assert minutes.bid_count == 2
        said = json.loads(minutes.statement)
        assert [bid["bid_id"] for bid in said["bids"]] == [
            str(sourcing.bids[0].bid_id), str(sourcing.bids[2].bid_id),
        ]  # fmt: skip
        ((left_id, ground),) = [(b["bid_id"], b["ground"]) for b in said["left_sealed"]]
        assert (left_id, ground) == (str(out), "ruling")
        compared = evaluation.read_priced(session, sourcing.buyer, sourcing.rfq.id)
        assert {(o.bid_id, line.unit_price) for o in compared.offers for line in o.lines} == {
            (sourcing.bids[0].bid_id, Decimal(10)),
            (sourcing.bids[0].bid_id, Decimal(3)),
            (sourcing.bids[2].bid_id, Decimal(12)),
            (sourcing.bids[2].bid_id, Decimal(3)),
        }
        assert set(session.scalars(select(BidPriceKey.bid_id))) == {
            sourcing.bids[0].bid_id, sourcing.bids[2].bid_id,
        }  # fmt: skip
        noted = session.scalars(
            select(AuditEvent.data).where(AuditEvent.action == "rfq.prices_opened")
        ).one()
        assert (noted["bids"], noted["left_sealed"]) == (2, 1)

    def test_it_is_final(self, session, sourcing):
        out = exclude(sourcing, 1)
        lock(sourcing)
        open_prices(sourcing)
        with pytest.raises(PricesOpenAlready):
            open_prices(sourcing)
        with pytest.raises(PricesSeen):
            quality.unlock_quality(session, sourcing.buyer, sourcing.rfq.id, "once more")
        with pytest.raises(PriceStaysSealed):
            excluding.readmit(session, sourcing.buyer, sourcing.rfq.id, out, "after all")
        assert quality_rules.quality_actions(sourcing.rfq, may_evaluate=True) == []

    def test_a_readmitted_bid_is_opened_too(self, session, sourcing):
        out = exclude(sourcing, 1)
        excluding.readmit(session, sourcing.buyer, sourcing.rfq.id, out, "a mistake")
        lock(sourcing)
        assert open_prices(sourcing).bid_count == 3

    def test_two_officers_give_their_shares_twice(self, session):
        """D-17 for both envelopes: two people for each, and one alone for none."""
        officers = make_officers(session)
        sourcing = make_shared(session, officers, envelopes=EnvelopeRule.TWO)
        sourcing.bids = [sourcing.submit(0, "5", "6")]
        at = sourcing.due_at + DRAIN
        give(sourcing, officers.anna, ANNA, at=at)
        first = give(sourcing, officers.boris, BORIS, at=at)
        assert (first.minutes is not None, first.envelope) == (True, PRICE)
        assert count(session, BidLine) == 0
        with pytest.raises(QualityNotLocked):
            give(sourcing, officers.anna, ANNA, at=at)
        with clock.frozen(at):
            lock(sourcing)
        waiting = give(sourcing, officers.boris, BORIS, at=at)
        assert (waiting.price_minutes, list(waiting.given)) == (None, [2])
        assert count(session, BidLine) == 0
        done = give(sourcing, officers.anna, ANNA, at=at)
        assert (done.price_minutes.bid_count, done.envelope) == (1, None)
        said = json.loads(done.price_minutes.statement)
        assert [each["person_id"] for each in said["openers"]] == [
            str(officers.boris.person_id), str(officers.anna.person_id),
        ]  # fmt: skip
        assert count(session, BidLine) == 2


class TestMeddling:
    """D-16: what is changed before either opening stops it, naming the bid."""

    def change(self, sourcing, **values):
        sourcing.session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        bid_id = sourcing.bids[0].bid_id
        statement = update(BidVersion).where(BidVersion.bid_id == bid_id).values(**values)
        sourcing.session.execute(statement)
        sourcing.session.expunge_all()
        return bid_id

    def test_prices_changed_after_the_first_opening(self, session, sourcing):
        lock(sourcing)
        bid_id = self.change(sourcing, ciphertext=b"\0" * 4124)
        with pytest.raises(SealMismatch) as error, session.begin_nested():
            open_prices(sourcing)
        assert error.value.data["bid_id"] == str(bid_id)
        assert (count(session, BidLine), count(session, RfqPriceOpening)) == (0, 0)

    def test_prices_of_two_suppliers_swapped(self, session, sourcing):
        lock(sourcing)
        other = bid_queries.version(session, sourcing.bids[1].bid_id, 1)
        self.change(
            sourcing,
            ciphertext=other.ciphertext,
            key_for_opening=other.key_for_opening,
            key_for_reading_back=other.key_for_reading_back,
        )
        with pytest.raises(SealMismatch), session.begin_nested():
            open_prices(sourcing)

    @pytest.mark.parametrize("part", ["technical_ciphertext", "ciphertext"])
    def test_either_envelope_before_the_first_opening(self, session, part):
        sourcing = make_sourcing(session, envelopes=EnvelopeRule.TWO)
        sourcing.bids = [sourcing.submit(0, "1", "1")]
        self.change(sourcing, **{part: b"\0" * 4124})
        with pytest.raises(SealMismatch), session.begin_nested():
            sourcing.open()
        assert count(session, BidOffer) == 0

    def test_the_technical_envelope_removed(self, session):
        sourcing = make_sourcing(session, envelopes=EnvelopeRule.TWO)
        sourcing.bids = [sourcing.submit(0, "1", "1")]
        self.change(sourcing, technical_ciphertext=None)
        with pytest.raises(SealMismatch), session.begin_nested():
            sourcing.open()


class TestProofs:
    def findings(self, sourcing, actor=None, change=None):
        with clock.frozen(sourcing.due_at + DRAIN):
            file = proving.opening_file(
                sourcing.session, actor or sourcing.buyer, KEYS, sourcing.rfq.id
            ).content
        data = json.loads(file)
        if change:
            change(data)
        return verify(reading.opening_file(json.dumps(data).encode()))

    def faults(self, *args, **kw):
        return {str(each.fault) for each in self.findings(*args, **kw) if each.fault}

    def test_between_the_openings(self, sourcing):
        found = self.findings(sourcing)
        assert [each.fault for each in found] == [None] * len(found)
        assert sum("its prices are sealed" in str(each.text) for each in found) == 3

    def test_after_both(self, sourcing):
        exclude(sourcing, 1)
        lock(sourcing)
        open_prices(sourcing)
        found = self.findings(sourcing)
        assert [each.fault for each in found] == [None] * len(found)
        said = [str(each.text) for each in found]
        assert "Minutes of the prices: 2 opened, 1 left sealed." in said
        assert sum("excluded, its prices stay sealed" in each for each in said) == 1
        for supplier in sourcing.suppliers:
            assert self.faults(sourcing, supplier) == set()

    def test_meddling_is_named(self, sourcing):
        exclude(sourcing, 1)
        lock(sourcing)
        open_prices(sourcing)

        def price(data):
            data["bids"][0]["content"]["lines"][0]["unit_price"] = "1"

        def note(data):
            data["bids"][0]["technical"]["content"]["note"] = "other"

        def hidden(data):
            data["bids"][0].update(data_key=None, content=None)

        def minutes(data):
            data["price_minutes"]["statement"] = data["price_minutes"]["statement"].replace(
                "ruling", "none"
            )

        for change in (price, note, hidden):
            assert self.faults(sourcing, change=change) == {"wrong_signature", "changed"}
        assert self.faults(sourcing, change=minutes) == {"wrong_signature"}


def test_after_an_addendum_the_prices_name_what_was_not_confirmed(session):
    """D-12 with prices apart: which lines are priced is known at the second opening alone."""
    sourcing = make_sourcing(session, suppliers=1, envelopes=EnvelopeRule.TWO)
    sourcing.bids = [sourcing.submit(0, "10", "3")]
    first, second = sourcing.lines
    wanted = Wanted(
        lines=(
            WantedLine(first.description, Quantity(Decimal(7), "C62"), id=first.id),
            WantedLine(second.description, second.quantity, id=second.id),
        )
    )
    written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "Less is needed")
    addenda.publish(session, sourcing.buyer, sourcing.rfq.id, written.id)
    minutes = json.loads(sourcing.open().statement)
    assert [each["unconfirmed"] for each in minutes["bids"]] == [[]]
    lock(sourcing)
    prices = json.loads(open_prices(sourcing).statement)
    assert [each["unconfirmed"] for each in prices["bids"]] == [[1]]
    assert list(session.scalars(select(BidLine.rfq_line_id))) == [second.id]
    with clock.frozen(sourcing.due_at + timedelta(minutes=1)):
        made = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id)
    found = verify(reading.opening_file(made.content), KEYS.public_key())
    assert [str(each.text) for each in found if each.fault] == []
    assert any(str(each.text).endswith("left out: line 1.") for each in found)
