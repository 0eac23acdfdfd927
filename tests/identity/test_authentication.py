"""Keys, sessions and signing in."""

import pytest

from marketplace.core.errors import TooMany
from marketplace.identity import authentication
from marketplace.identity.permissions import OrgKind, Role
from tests.conftest import make_key
from tests.factories.identity import make_actor, make_organisation, make_person

SECRET = "s" * 40


class TestApiKey:
    def test_finds_the_actor_and_enters_the_tenant(self, session):
        actor = make_actor(session, OrgKind.BUYER, Role.BUYER, Role.RECEIVER)
        found = authentication.by_api_key(session, make_key(session, actor))
        assert found == actor

    def test_an_unknown_key_is_nobody(self, session):
        assert authentication.by_api_key(session, "mkt_unknown") is None


class TestSignIn:
    def test_gives_a_session_that_is_the_person(self, session):
        organisation = make_organisation(session)
        hashed = authentication.hash_password("a long password")
        person = make_person(
            session, organisation, Role.BUYER, email="Ada@Example.com", password_hash=hashed
        )
        token = authentication.sign_in(
            session, "ada@example.com", "a long password", address="::1", secret_key=SECRET
        )
        assert token is not None
        signed_in = authentication.by_token(session, token)
        assert signed_in is not None
        assert signed_in.actor.person_id == person.id

    def test_locks_after_eight_failures(self, session):
        for _attempt in range(8):
            assert (
                authentication.sign_in(
                    session, "nobody@example.com", "wrong", address="::1", secret_key=SECRET
                )
                is None
            )
        with pytest.raises(TooMany):
            authentication.sign_in(
                session, "nobody@example.com", "wrong", address="::2", secret_key=SECRET
            )
