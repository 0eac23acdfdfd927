"""Tests of this folder talk to a Stripe server of their own."""

from tests.stripe_fixtures import drain, stripe_server

__all__ = ["drain", "stripe_server"]
