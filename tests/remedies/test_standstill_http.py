"""The standstill over the API and in the portal."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.core import clock
from marketplace.identity.permissions import OrgKind, Role
from tests.clients import words
from tests.factories.awards import PRICE_ALONE, after, bids_of, decide
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor

DECIDED = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
UNTIL = "2026-03-30T21:59:59Z"


@pytest.fixture
def sourcing(session):
    return make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE, standstill_days=10)


class TestApi:
    def test_from_the_decision_to_its_end(self, api, sourcing):
        buyer, url = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        choices = [{"bid_id": str(bids_of(sourcing)[0]), "lot_id": str(sourcing.lots[0].id)}]
        with clock.frozen(DECIDED):
            decided = buyer.post(f"{url}/award", json={"choices": choices})
            assert decided.status_code == 201, decided.json
            assert (decided.json["state"], decided.json["standstill_until"]) == (
                "standstill", UNTIL,
            )  # fmt: skip
            assert buyer.get(url).json["state"] == "standstill"
            (award,) = buyer.get(f"{url}/awards").json["items"]
            assert (award["actions"], award["is_over"], award["time_zone"]) == (
                ["withdraw"], False, "Europe/Paris",
            )  # fmt: skip
            early = buyer.post(f"{url}/awards/{award['award_id']}/conclude")
            assert (early.status_code, early.json["code"]) == (409, "standstill_runs")
            assert early.json["standstill_until"] == UNTIL
            seen = api(sourcing.suppliers[1]).get(f"{url}/awards").json["items"]
            assert seen == [award | {"actions": []}]
        with clock.frozen(DECIDED + timedelta(days=20)):
            late = buyer.post(f"{url}/awards/{award['award_id']}/withdraw", json={"reason": "No"})
            assert (late.status_code, late.json["code"]) == (409, "standstill_over")
            assert buyer.get(f"{url}/awards").json["items"][0]["actions"] == ["conclude"]
            final = buyer.post(f"{url}/awards/{award['award_id']}/conclude")
            assert (final.status_code, final.json["state"]) == (200, "final")
            assert buyer.get(f"{url}/award").json["state"] == "final"

    def test_a_decision_is_withdrawn_with_a_reason(self, api, sourcing):
        buyer, url = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        with clock.frozen(DECIDED):
            standing = decide(sourcing, 0)
            withdraw = f"{url}/awards/{standing.award_id}/withdraw"
            assert buyer.post(withdraw, json={}).status_code == 422
            assert buyer.post(withdraw, json={"reason": " "}).status_code == 422
            gone = buyer.post(withdraw, json={"reason": "Wrong quantity"})
            assert (gone.json["state"], gone.json["withdrawal_reason"]) == (
                "withdrawn", "Wrong quantity",
            )  # fmt: skip
            again = buyer.post(withdraw, json={"reason": "Again"})
            assert (again.status_code, again.json["code"]) == (409, "illegal_transition")
        assert buyer.get(f"{url}/award").status_code == 404
        assert buyer.get(url).json["state"] == "opened"

    def test_others_see_and_do_nothing(self, api, session, sourcing):
        standing = decide(sourcing, 0)
        url = f"/rfqs/{sourcing.rfq.id}/awards"
        for stranger in (make_actor(session), make_actor(session, OrgKind.SUPPLIER)):
            assert api(stranger).get(url).status_code == 404
        conclude = f"{url}/{standing.award_id}/conclude"
        assert api(make_actor(session)).post(conclude).status_code == 404
        assert api(sourcing.suppliers[0]).post(conclude).status_code == 403

    def test_the_settings_of_the_house(self, api, session):
        admin = api(make_actor(session, OrgKind.BUYER, Role.ADMIN))
        found = admin.get("/sourcing-settings")
        assert found.json == {
            "version": 0, "addendum_days": 2, "standstill_days": 0, "debrief_days": 15,
            "dispute_clause": "",
        }  # fmt: skip
        body = {"standstill_days": 10, "dispute_clause": "CMAP, Paris"}
        assert admin.put("/sourcing-settings", json=body).status_code == 428
        saved = admin.put("/sourcing-settings", json=body, version=0)
        assert (saved.status_code, saved.json["standstill_days"]) == (200, 10)
        assert admin.put("/sourcing-settings", json=body, version=0).status_code == 412
        wrong = admin.put("/sourcing-settings", json={"standstill_days": 91}, version=1)
        assert wrong.json["errors"][0]["pointer"] == "/standstill_days"


class TestPortal:
    def test_both_sides_see_the_clock_and_the_buyer_withdraws(self, portal, sourcing):
        url = f"/rfqs/{sourcing.rfq.id}"
        standing = decide(sourcing, 0)
        buyer, loser = portal(sourcing.buyer), portal(sourcing.suppliers[1])
        for reader in (buyer, loser):
            page = reader.get(f"{url}/outcome")
            assert f'datetime="{standing.standstill_until.isoformat()}"' in page.text
            assert "nothing is ordered before" in words(page)
        assert "Withdraw the decision" not in words(loser.get(f"{url}/outcome"))
        assert "In standstill" in words(buyer.get(f"{url}/award"))
        withdraw = f"{url}/awards/{standing.award_id}/withdraw"
        assert buyer.get(withdraw).status_code == 200
        assert buyer.post(withdraw, {"reason": ""}).status_code == 422
        assert buyer.post(withdraw, {"reason": "Wrong quantity"}).status_code == 303
        for reader in (buyer, loser):
            assert "Wrong quantity" in words(reader.get(f"{url}/outcome"))

    def test_after_its_end_it_is_made_final(self, portal, sourcing):
        url = f"/rfqs/{sourcing.rfq.id}"
        standing = decide(sourcing, 0)
        with after(standing):
            buyer = portal(sourcing.buyer)
            assert "Make it final" in words(buyer.get(f"{url}/outcome"))
            done = buyer.post(f"{url}/awards/{standing.award_id}/conclude")
            assert done.status_code == 303
            assert "Final since" in words(buyer.get(f"{url}/outcome"))

    def test_the_check_page_tells_the_consequence(self, portal, sourcing):
        chosen = {f"lot.{sourcing.lots[0].id}": str(bids_of(sourcing)[0])}
        page = portal(sourcing.buyer).post(f"/rfqs/{sourcing.rfq.id}/award/check", chosen)
        assert "After a standstill of 10 calendar days the award is final" in words(page)

    def test_the_settings_of_the_house(self, portal, session):
        admin = portal(make_actor(session, OrgKind.BUYER, Role.ADMIN))
        wrong = admin.post(
            "/settings/sourcing", {"standstill_days": "x", "debrief_days": "15", "version": "0"}
        )
        assert wrong.status_code == 422
        sent = {
            "standstill_days": "10",
            "debrief_days": "20",
            "dispute_clause": "CMAP",
            "version": "0",
        }
        assert admin.post("/settings/sourcing", sent).status_code == 303
        page = admin.get("/settings/sourcing")
        assert 'value="10"' in page.text
        assert "CMAP" in page.text
        assert portal(make_actor(session)).get("/settings/sourcing").status_code == 200
        assert (
            portal(make_actor(session, OrgKind.SUPPLIER)).get("/settings/sourcing").status_code
            == 404
        )
