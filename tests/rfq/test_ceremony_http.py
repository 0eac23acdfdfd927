"""Opening keys and the ceremony over the API and in the portal."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.sealing.officers.models import OpeningKey, RfqGivenShare
from marketplace.rfq.terms.states import RfqState
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import Sourcing
from tests.factories.identity import make_actor
from tests.factories.officers import (
    ANNA,
    BORIS,
    CLARA,
    Officers,
    make_officers,
    make_shared,
)
from tests.factories.rfq import make_rfq, make_supplier

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
DRAIN = timedelta(seconds=30)


@pytest.fixture
def officers(session: Session) -> Officers:
    return make_officers(session)


@pytest.fixture
def sourcing(session: Session, officers: Officers) -> Sourcing:
    made = make_shared(session, officers)
    made.submit(0, "12", "3")
    return made


class TestApi:
    def test_from_the_keys_to_the_minutes(self, session: Session, api: Api) -> None:
        anna = make_actor(session)
        organisation = session.get_one(Organisation, anna.organisation_id)
        boris, clara = (make_actor(session, organisation=organisation) for _n in range(2))
        assert api(anna).get("/opening-keys/mine").status_code == 404
        for actor, passphrase in ((anna, ANNA), (boris, BORIS), (clara, CLARA)):
            made = api(actor).post("/opening-keys/mine", json={"passphrase": passphrase})
            assert made.status_code == 201
            assert set(made.json) == {"id", "public_key", "created_at"}
            assert api(actor).get("/opening-keys/mine").json == made.json
        known = api(anna).get("/opening-keys").json["items"]
        assert {(each["person_id"], each["has_key"], each["may_open"]) for each in known} == {
            (str(actor.person), True, True) for actor in (anna, boris, clara)
        }
        rfq = make_rfq(session, anna, supplier_ids=[make_supplier(session).id])
        published = api(anna).post(
            f"/rfqs/{rfq.id}/publish",
            json={
                "opening_rule": "two_of_three",
                "first_opener_id": str(anna.person),
                "second_opener_id": str(boris.person),
                "escrow_id": str(clara.person),
            },
        )
        assert (published.status_code, published.json["opening_passphrase"]) == (200, None)
        path = f"/rfqs/{rfq.id}/opening"
        before = api(anna).get(f"{path}/ceremony").json
        assert (before["rule"], before["quorum_available"], before["minutes"]) == (
            "two_of_three",
            True,
            None,
        )
        assert [(each["part"], each["given_at"]) for each in before["officers"]] == [
            ("opener", None),
            ("opener", None),
            ("escrow", None),
        ]
        assert rfq.bids_due_at is not None
        with clock.frozen(rfq.bids_due_at + DRAIN):
            first = api(boris).post(f"{path}/shares", json={"passphrase": BORIS})
            assert (first.status_code, first.json["minutes"]) == (201, None)
            assert [each["is_awaited"] for each in first.json["officers"]] == [True, False, False]
            second = api(anna).post(f"{path}/shares", json={"passphrase": ANNA})
            assert (second.status_code, second.json["minutes"]["bid_count"]) == (201, 0)
            assert api(anna).get(path).json == second.json["minutes"]

    def test_wrong_officers_are_named(self, session: Session, api: Api, officers: Officers) -> None:
        rfq = make_rfq(session, officers.anna, supplier_ids=[make_supplier(session).id])
        refused = api(officers.anna).post(
            f"/rfqs/{rfq.id}/publish", json={"opening_rule": "two_of_three"}
        )
        assert (refused.status_code, refused.json["code"]) == (422, "officers_invalid")
        assert [error["pointer"] for error in refused.json["errors"]] == [
            "/first_opener_id",
            "/second_opener_id",
            "/escrow_id",
        ]

    def test_too_early_is_noted_and_not_kept(
        self, session: Session, api: Api, officers: Officers, sourcing: Sourcing
    ) -> None:
        """D-18: 409, the share is not stored, and the history shows the try."""
        path = f"/rfqs/{sourcing.rfq.id}/opening/shares"
        early = api(officers.anna).post(path, json={"passphrase": ANNA})
        assert (early.status_code, early.json["code"]) == (409, "too_early")
        assert early.json["opens_at"] is not None
        assert session.scalar(select(func.count()).select_from(RfqGivenShare)) == 0
        (noted,) = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "rfq.refused_too_early")
        )
        assert (noted.subject_id, noted.person_id) == (sourcing.rfq.id, officers.anna.person_id)

    def test_one_person_twice_is_noted(
        self, session: Session, api: Api, officers: Officers, sourcing: Sourcing
    ) -> None:
        """D-17: 403 four_eyes_violation; the ceremony stays pending."""
        path = f"/rfqs/{sourcing.rfq.id}/opening"
        with clock.frozen(sourcing.due_at + DRAIN):
            anna = api(officers.anna)
            anna.post(f"{path}/shares", json={"passphrase": ANNA})
            again = anna.post(f"{path}/shares", json={"passphrase": ANNA})
            assert (again.status_code, again.json["code"]) == (403, "four_eyes_violation")
            pending = anna.get(f"{path}/ceremony").json
            assert [each["given_at"] is not None for each in pending["officers"]] == [
                True,
                False,
                False,
            ]
            alone = anna.post(path, json={"passphrase": ANNA})
            assert (alone.status_code, alone.json["code"]) == (409, "two_officers_needed")
            assert anna.get(path).status_code == 404
        actions = session.scalars(
            select(AuditEvent.action).where(AuditEvent.action.startswith("rfq.refused"))
        ).all()
        assert actions == ["rfq.refused_four_eyes_violation"]

    def test_two_lost_shares(self, api: Api, officers: Officers, sourcing: Sourcing) -> None:
        """D-20."""
        path = f"/rfqs/{sourcing.rfq.id}/opening"
        for actor in (officers.boris, officers.clara):
            body = {"person_id": str(actor.person), "reason": "Left the company"}
            noted = api(officers.anna).post(f"{path}/losses", json=body)
            assert noted.status_code == 201
        assert noted.json["quorum_available"] is False
        with clock.frozen(sourcing.due_at + DRAIN):
            refused = api(officers.anna).post(f"{path}/shares", json={"passphrase": ANNA})
        assert (refused.status_code, refused.json["code"]) == (409, "quorum_unavailable")

    def test_others(
        self, session: Session, api: Api, officers: Officers, sourcing: Sourcing
    ) -> None:
        path = f"/rfqs/{sourcing.rfq.id}/opening"
        with clock.frozen(sourcing.due_at + DRAIN):
            for stranger in (make_actor(session), sourcing.suppliers[0]):
                client = api(stranger)
                assert client.get(f"{path}/ceremony").status_code == 404
                given = client.post(f"{path}/shares", json={"passphrase": ANNA})
                assert given.status_code == 404
        assert api(sourcing.suppliers[0]).get("/opening-keys").status_code == 403


class TestPortal:
    def test_a_key_is_made(self, session: Session, portal: Portal) -> None:
        actor = make_actor(session)
        browser = portal(actor)
        page = browser.get("/settings/opening-key")
        assert "Make my opening key" in words(page)
        wrong = browser.post("/settings/opening-key", data={"passphrase": ANNA, "repeated": BORIS})
        assert (wrong.status_code, "The passphrases differ." in words(wrong)) == (422, True)
        weak = browser.post("/settings/opening-key", data={"passphrase": "x", "repeated": "x"})
        assert (weak.status_code, "at least 12 characters" in words(weak)) == (422, True)
        assert session.scalar(select(func.count()).select_from(OpeningKey)) == 0
        done = browser.post("/settings/opening-key", data={"passphrase": ANNA, "repeated": ANNA})
        assert done.status_code == 303
        assert "Make a new opening key" in words(browser.get("/settings/opening-key"))

    def test_published_and_opened_by_two(
        self, session: Session, portal: Portal, officers: Officers
    ) -> None:
        rfq = make_rfq(session, officers.anna, supplier_ids=[make_supplier(session).id])
        anna, boris = portal(officers.anna), portal(officers.boris)
        check = words(anna.get(f"/rfqs/{rfq.id}/publish"))
        assert "Two people together, each with their own opening key" in check
        data = {
            "opening_rule": "two_of_three",
            "passphrase": "",
            "first_opener_id": str(officers.anna.person),
            "second_opener_id": str(officers.anna.person),
            "escrow_id": str(officers.clara.person),
            "version": str(rfq.version),
        }
        refused = anna.post(f"/rfqs/{rfq.id}/publish", data=data)
        assert (refused.status_code, "Each share needs another person." in words(refused)) == (
            422,
            True,
        )
        data["second_opener_id"] = str(officers.boris.person)
        done = words(anna.post(f"/rfqs/{rfq.id}/publish", data=data))
        assert "Two of the three people whom you named open the bids together." in done
        assert "opening passphrase is shown" not in done
        early = anna.post(f"/rfqs/{rfq.id}/opening/shares", data={"passphrase": ANNA})
        assert early.status_code == 422
        assert rfq.bids_due_at is not None
        with clock.frozen(rfq.bids_due_at + DRAIN):
            assert "Give my share" in words(anna.get(f"/rfqs/{rfq.id}/bids"))
            wrong = anna.post(f"/rfqs/{rfq.id}/opening/shares", data={"passphrase": BORIS})
            assert wrong.status_code == 422
            assert "not the passphrase of your opening key" in words(wrong)
            given = anna.post(f"/rfqs/{rfq.id}/opening/shares", data={"passphrase": ANNA})
            assert given.status_code == 303
            waits = words(anna.get(f"/rfqs/{rfq.id}/bids"))
            assert "Give my share" not in waits
            assert "The second share must be given before" in waits
            given = boris.post(f"/rfqs/{rfq.id}/opening/shares", data={"passphrase": BORIS})
            assert given.status_code == 303
        session.expire_all()
        assert session.get_one(Rfq, rfq.id).state is RfqState.OPENED

    def test_escrow_opens_for_a_lost_share(
        self, session: Session, portal: Portal, officers: Officers, sourcing: Sourcing
    ) -> None:
        """D-20: the auditor, who may open nothing alone, steps in."""
        url = f"/rfqs/{sourcing.rfq.id}/opening"
        with clock.frozen(sourcing.due_at + DRAIN):
            clara = portal(officers.clara)
            refused = clara.post(f"{url}/shares", data={"passphrase": CLARA})
            assert (refused.status_code, "Both openers hold their shares" in words(refused)) == (
                422,
                True,
            )
            not_hers = clara.post(
                f"{url}/losses", data={"person_id": str(officers.boris.person), "reason": "away"}
            )
            assert not_hers.status_code == 422
            noted = portal(officers.boris).post(
                f"{url}/losses", data={"person_id": str(officers.boris.person), "reason": "away"}
            )
            assert noted.status_code == 303
            for actor, passphrase in ((officers.clara, CLARA), (officers.anna, ANNA)):
                given = portal(actor).post(f"{url}/shares", data={"passphrase": passphrase})
                assert given.status_code == 303
        session.expire_all()
        assert session.get_one(Rfq, sourcing.rfq.id).state is RfqState.OPENED
