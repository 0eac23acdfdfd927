"""Cheap passphrases: what a guess costs is not what these tests are about."""

import pytest

from marketplace.rfq.sealing import envelopes


@pytest.fixture(autouse=True, scope="session")
def cheap_passphrases():
    usual = envelopes.PASSPHRASE_COST
    envelopes.PASSPHRASE_COST = envelopes.Cost(passes=1, memory=64, lanes=1)
    yield
    envelopes.PASSPHRASE_COST = usual
