"""Envelopes open for the right key at the right place, and in no other case."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.rfq.sealing import envelopes

PLAIN = b'{"lines":[{"unit_price":"12.50"}]}'


@pytest.fixture(scope="module")
def rfq_id():
    return uuid4()


@pytest.fixture(scope="module")
def pair(rfq_id):
    return envelopes.new_key_pair(rfq_id, "correct horse")


@pytest.fixture(scope="module")
def private_key(pair, rfq_id):
    return envelopes.free_private_key(pair, rfq_id, "correct horse")


def binding_of(rfq_id, **over):
    values = {"rfq_id": rfq_id, "supplier_id": uuid4(), "number": 1, "fingerprint": "f" * 64}
    return envelopes.Binding(**(values | over))


def opens(how, envelope, key, binding):
    try:
        return how(envelope, key, binding) == PLAIN
    except envelopes.SealBroken:
        return False


class TestEnvelope:
    def test_opens_for_the_rfq_key_and_for_the_read_back_key(self, pair, private_key, rfq_id):
        binding = binding_of(rfq_id)
        envelope, read_back_key = envelopes.seal(PLAIN, pair.public, binding)
        assert envelopes.open_envelope(envelope, private_key, binding)[0] == PLAIN
        assert envelopes.read_back(envelope, read_back_key, binding) == PLAIN

    @pytest.mark.parametrize(
        "moved",
        [{"supplier_id": uuid4()}, {"rfq_id": uuid4()}, {"number": 2}, {"fingerprint": "0" * 64}],
    )
    def test_does_not_open_anywhere_else(self, pair, private_key, rfq_id, moved):
        binding = binding_of(rfq_id)
        envelope, read_back_key = envelopes.seal(PLAIN, pair.public, binding)
        elsewhere = replace(binding, **moved)
        with pytest.raises(envelopes.SealBroken):
            envelopes.open_envelope(envelope, private_key, elsewhere)
        with pytest.raises(envelopes.SealBroken):
            envelopes.read_back(envelope, read_back_key, elsewhere)
        assert envelope.digest(binding) != envelope.digest(elsewhere)

    @pytest.mark.parametrize("part", ["ciphertext", "key_for_opening", "key_for_reading_back"])
    def test_one_changed_bit_breaks_it_and_its_digest(self, pair, private_key, rfq_id, part):
        binding = binding_of(rfq_id)
        envelope, read_back_key = envelopes.seal(PLAIN, pair.public, binding)
        value = bytearray(getattr(envelope, part))
        value[len(value) // 2] ^= 1
        changed = replace(envelope, **{part: bytes(value)})
        assert changed.digest(binding) != envelope.digest(binding)
        assert not (
            opens(envelopes.open_envelope, changed, private_key, binding)
            and opens(envelopes.read_back, changed, read_back_key, binding)
        )

    def test_another_rfq_key_or_read_back_key_does_not_open(self, pair, rfq_id):
        binding = binding_of(rfq_id)
        envelope, _key = envelopes.seal(PLAIN, pair.public, binding)
        other = envelopes.new_key_pair(rfq_id, "correct horse")
        with pytest.raises(envelopes.SealBroken):
            envelopes.open_envelope(
                envelope, envelopes.free_private_key(other, rfq_id, "correct horse"), binding
            )
        with pytest.raises(envelopes.SealBroken):
            envelopes.read_back(envelope, envelopes.new_key(), binding)

    def test_the_same_bid_sealed_twice_has_nothing_in_common(self, pair, rfq_id):
        binding = binding_of(rfq_id)
        first, first_key = envelopes.seal(PLAIN, pair.public, binding)
        second, second_key = envelopes.seal(PLAIN, pair.public, binding)
        assert first_key != second_key
        assert first.ciphertext != second.ciphertext
        assert first.digest(binding) != second.digest(binding)

    def test_bids_of_three_and_of_thirty_lines_have_the_same_size(self, pair, rfq_id):
        binding = binding_of(rfq_id)
        sizes = {
            len(envelopes.seal(PLAIN * lines, pair.public, binding)[0].ciphertext)
            for lines in (3, 30)
        }
        assert len(sizes) == 1

    def test_holds_nothing_of_the_plain_text(self, pair, rfq_id):
        envelope, _key = envelopes.seal(b"CANARY" * 50, pair.public, binding_of(rfq_id))
        assert b"CANARY" not in envelope.ciphertext + envelope.key_for_opening


class TestPadding:
    @given(st.binary(max_size=20_000))
    def test_gives_back_what_it_got_at_a_power_of_two(self, plain):
        framed = envelopes.padded(plain)
        assert envelopes.unpadded(framed) == plain
        assert len(framed).bit_count() == 1
        assert len(framed) >= envelopes.SMALLEST_ENVELOPE


class TestPassphrase:
    def test_is_typed_from_paper(self, pair, rfq_id):
        assert envelopes.free_private_key(pair, rfq_id, " CORRECT-horse ")

    def test_another_one_does_not_free_the_key(self, pair, rfq_id):
        with pytest.raises(envelopes.SealBroken):
            envelopes.free_private_key(pair, rfq_id, "correct house")

    def test_does_not_free_the_key_of_another_rfq(self, pair):
        with pytest.raises(envelopes.SealBroken):
            envelopes.free_private_key(pair, uuid4(), "correct horse")

    def test_generated_ones_are_long_and_different(self):
        made = {envelopes.new_passphrase() for _again in range(50)}
        assert len(made) == 50
        assert all(len(one) == 29 and one.count("-") == 4 for one in made)

    def test_a_key_wrapped_at_another_cost_is_still_freed(self, rfq_id, monkeypatch):
        pair = envelopes.new_key_pair(rfq_id, "correct horse")
        monkeypatch.setattr(envelopes, "PASSPHRASE_COST", envelopes.Cost(2, 128, 2))
        assert envelopes.free_private_key(pair, rfq_id, "correct horse")

    def test_a_foreign_public_key_beside_the_private_one_is_noticed(self, pair, rfq_id):
        other = envelopes.new_key_pair(rfq_id, "correct horse")
        swapped = replace(pair, public=other.public)
        with pytest.raises(envelopes.SealBroken):
            envelopes.free_private_key(swapped, rfq_id, "correct horse")


class TestReceipts:
    KEYS = envelopes.ServiceKeys.from_secret("a secret of this installation")

    def test_verify_with_the_public_key_alone(self):
        statement = envelopes.canonical({"digest": "ab", "arrived_at": "2026-03-10T11:00:00Z"})
        signature = self.KEYS.sign(statement)
        assert envelopes.is_signed(statement, signature, self.KEYS.public_key())
        assert not envelopes.is_signed(statement + b" ", signature, self.KEYS.public_key())
        other = envelopes.ServiceKeys.from_secret("another").public_key()
        assert not envelopes.is_signed(statement, signature, other)

    def test_the_key_survives_a_restart(self):
        again = envelopes.ServiceKeys.from_secret("a secret of this installation")
        assert again.public_key() == self.KEYS.public_key()

    def test_drafts_of_two_bids_have_two_keys(self):
        assert self.KEYS.draft_key(uuid4()) != self.KEYS.draft_key(uuid4())


class TestCanonical:
    def test_has_one_way_of_writing(self):
        assert envelopes.canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'.encode()
        assert envelopes.fingerprint({"a": 1, "b": 2}) == envelopes.fingerprint({"b": 2, "a": 1})
