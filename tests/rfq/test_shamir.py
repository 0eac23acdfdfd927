"""Two of three shares give the secret; one tells nothing."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.rfq.sealing.officers import shamir
from marketplace.rfq.sealing.officers.shamir import Share, combine, split


def test_products_in_the_field_of_aes():
    # FIPS 197, 4.2: {57} x {83} = {c1}; 4.2.1: {57} x {13} = {fe}
    assert shamir._times(0x57, 0x83) == 0xC1
    assert shamir._times(0x57, 0x13) == 0xFE
    assert all(shamir._times(a, shamir._inverse(a)) == 1 for a in range(1, 256))


def test_known_shares_give_the_known_secret():
    # f(x) = 0x42 + 0x1b x: f(1) = 0x59, f(2) = 0x74, f(3) = 0x6f
    shares = [Share(1, b"\x59"), Share(2, b"\x74"), Share(3, b"\x6f")]
    assert [combine(pair) for pair in combinations(shares, 2)] == [b"\x42"] * 3


@given(st.binary(min_size=1, max_size=40))
def test_any_two_of_three_in_any_order(secret):
    shares = split(secret, needed=2, count=3)
    assert [share.number for share in shares] == [1, 2, 3]
    for first, second in combinations(shares, 2):
        assert combine([first, second]) == combine([second, first]) == secret


def test_three_of_five():
    secret = bytes(range(32))
    shares = split(secret, needed=3, count=5)
    assert all(combine(three) == secret for three in combinations(shares, 3))
    assert all(combine(two) != secret for two in combinations(shares, 2))


def test_one_share_fits_every_secret():
    """D-17: for each value of a byte there is a second share that makes the first one give it."""
    (share, *_others) = split(b"\x07", needed=2, count=3)
    given = {combine([share, Share(2, bytes([value]))]) for value in range(256)}
    assert given == {bytes([value]) for value in range(256)}


def test_a_share_twice_and_too_few_of_them():
    shares = split(b"secret", needed=2, count=3)
    with pytest.raises(ValueError, match="twice"):
        combine([shares[0], shares[0]])
    for needed, count in ((1, 3), (4, 3), (2, 256)):
        with pytest.raises(ValueError, match="needed"):
            split(b"secret", needed=needed, count=count)
