"""Cheap passphrases: what a guess costs is not what these tests are about."""

from tests.rfq.conftest import cheap_passphrases

__all__ = ["cheap_passphrases"]
