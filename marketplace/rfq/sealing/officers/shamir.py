"""Shamir's secret sharing over GF(256): some of the shares give the secret, fewer tell nothing.

Byte by byte, with the field of AES. Multiplication takes the same steps whatever the bytes are.
"""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

POLYNOMIAL = 0x11B
MOST_SHARES = 255


class Share(NamedTuple):
    """The value of the polynomials at ``number``, one byte for each byte of the secret."""

    number: int
    value: bytes


def split(secret: bytes, *, needed: int, count: int) -> list[Share]:
    """``count`` shares, numbered from 1, of which any ``needed`` give the secret back."""
    if not 2 <= needed <= count <= MOST_SHARES:
        raise ValueError("Between two and all of at most 255 shares are needed.")
    polynomials = [(byte, *secrets.token_bytes(needed - 1)) for byte in secret]
    return [
        Share(number, bytes(_value_at(number, each) for each in polynomials))
        for number in range(1, count + 1)
    ]


def combine(shares: Sequence[Share]) -> bytes:
    """The secret; another one comes out when a share is wrong or too few are given."""
    numbers = [share.number for share in shares]
    if len(set(numbers)) < len(numbers):
        raise ValueError("A share is given twice.")
    weights = [_weight(number, numbers) for number in numbers]
    columns = zip(*(share.value for share in shares), strict=True)
    return bytes(_sum_of_products(weights, column) for column in columns)


def _value_at(x: int, coefficients: Sequence[int]) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = _times(value, x) ^ coefficient
    return value


def _weight(number: int, numbers: Sequence[int]) -> int:
    """Lagrange's basis polynomial of this share at zero."""
    weight = 1
    for other in numbers:
        if other != number:
            weight = _times(weight, _times(other, _inverse(other ^ number)))
    return weight


def _sum_of_products(weights: Sequence[int], values: Sequence[int]) -> int:
    total = 0
    for weight, value in zip(weights, values, strict=True):
        total ^= _times(weight, value)
    return total


def _times(a: int, b: int) -> int:
    product = 0
    for _bit in range(8):
        product ^= -(b & 1) & a
        a = (a << 1) ^ (-(a >> 7) & POLYNOMIAL)
        b >>= 1
    return product


def _inverse(a: int) -> int:
    """a to the power 254, which is 1/a in this field."""
    result, power = 1, a
    for _bit in range(7):
        power = _times(power, power)
        result = _times(result, power)
    return result
