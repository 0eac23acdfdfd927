"""Identifiers: UUIDv7 of RFC 9562, so that primary keys grow with time."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new UUIDv7: 48 bits of milliseconds, 74 random bits (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | secrets.randbits(80)
    value &= ~(0xF000 << 64) & ~(0xC000 << 48)
    return UUID(int=value | 0x7000 << 64 | 0x8000 << 48)
