"""Points over API and portal: for the organisation that earned them, and who runs the programme."""

import re

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from marketplace.loyalty.models import Programme, Redemption, Reward
from marketplace.loyalty.rules import expiry_of
from tests.clients import words
from tests.factories.identity import make_actor, make_organisation
from tests.factories.loyalty import (
    make_account,
    make_lot,
    make_programme,
    make_reward,
    platform_programme,
)


@pytest.fixture
def seller(session):
    return make_actor(session, OrgKind.SUPPLIER)


@pytest.fixture
def buyer(session):
    return make_actor(session)


@pytest.fixture
def account(session, seller, buyer):
    """250 points in the seller's own programme, with a reward for 100."""
    programme = make_programme(session, seller.org_id)
    make_reward(session, programme, 100)
    account = make_account(session, programme, buyer.org_id)
    make_lot(session, account, 250, expiry_of(clock.now(), 12), clock.now())
    return account


class TestApi:
    def test_balance_ledger_and_redemption_by_key(self, session, api, buyer, account) -> None:
        caller = api(buyer)
        [seen] = caller.get("/loyalty/accounts").json["items"]
        assert (seen["balance"], seen["debt"], seen["programme"]) == (250, 0, "Own points")
        reward = session.scalars(select(Reward).where(Reward.points == 100)).one()
        path = f"/loyalty/accounts/{account.id}/redemptions"
        body = {"reward_id": str(reward.id)}
        one = caller.post(path, json=body, idempotency_key="once")
        two = caller.post(path, json=body, idempotency_key="once")
        assert (one.status_code, two.status_code) == (201, 201)
        assert one.json["code"] == two.json["code"]
        assert one.json["value"] == {"amount": "10.00", "currency": "EUR"}
        assert caller.get(f"/loyalty/accounts/{account.id}").json["balance"] == 150
        ledger = caller.get(f"/loyalty/accounts/{account.id}/ledger").json["items"]
        assert [(m["kind"], m["points"]) for m in ledger] == [("redeem", -100), ("earn", 250)]
        assert caller.post(path, json=body, idempotency_key=None).status_code >= 400

    def test_not_enough_points_says_how_many_there_are(self, session, api, buyer, account) -> None:
        programme = session.get_one(Programme, account.programme_id)
        dear = make_reward(session, programme, 251)
        answer = api(buyer).post(
            f"/loyalty/accounts/{account.id}/redemptions", json={"reward_id": str(dear.id)}
        )
        assert (answer.status_code, answer.json["code"]) == (409, "not_enough_points")
        assert (answer.json["balance"], answer.json["needed"]) == (250, 251)

    def test_a_voucher_is_cancelled_or_honoured_but_not_both(
        self, session, api, buyer, seller, account
    ) -> None:
        reward = session.scalars(select(Reward).where(Reward.points == 100)).one()
        path = f"/loyalty/accounts/{account.id}/redemptions"
        made = api(buyer).post(path, json={"reward_id": str(reward.id)}).json
        used = api(seller).post("/loyalty/vouchers", json={"code": made["code"].lower()})
        assert (used.status_code, used.json["state"]) == (200, "used")
        for answer in (
            api(seller).post("/loyalty/vouchers", json={"code": made["code"]}),
            api(buyer).post(f"{path}/{made['id']}/cancel"),
        ):
            assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")

    def test_others_see_neither_account_nor_voucher(self, session, api, account) -> None:
        for other in (make_actor(session), make_actor(session, OrgKind.SUPPLIER)):
            caller = api(other)
            assert caller.get("/loyalty/accounts").json["items"] == []
            for path in ("", "/ledger", "/redemptions"):
                assert caller.get(f"/loyalty/accounts/{account.id}{path}").status_code == 404

    def test_a_seller_runs_its_own_programme(self, session, api, seller) -> None:
        caller = api(seller)
        body = {
            "name": "Fidélité",
            "valid_months": 12,
            "rules": [
                {"from_net": {"amount": "0", "currency": "EUR"}, "points_per_unit": "1"},
                {"from_net": {"amount": "500", "currency": "EUR"}, "points_per_unit": "1.5"},
            ],
        }
        made = caller.post("/loyalty/programmes", json=body)
        assert made.status_code == 201, made.json
        assert len(made.json["rules"]) == 2
        again = caller.post("/loyalty/programmes", json=body)
        assert (again.status_code, again.json["code"]) == (409, "programme_exists")
        path = f"/loyalty/programmes/{made.json['id']}"
        double = caller.patch(path, json={"rules": [body["rules"][0]] * 2}, version=1)
        assert double.json["errors"][0]["pointer"] == "/rules/1/from_net"
        paused = caller.patch(path, json={"state": "paused"}, version=1)
        assert paused.json["state"] == "paused"
        reward = caller.post(
            f"{path}/rewards",
            json={"name": "Mug", "points": 50, "value": {"amount": "5", "currency": "EUR"}},
        )
        assert reward.status_code == 201
        withdrawn = caller.post(f"{path}/rewards/{reward.json['id']}/withdraw")
        assert withdrawn.json["active"] is False

    def test_nobody_changes_the_programme_of_another(self, session, api, seller, buyer) -> None:
        platform = platform_programme(session)
        path = f"/loyalty/programmes/{platform.id}"
        assert api(seller).patch(path, json={"name": "Mine"}, version=1).status_code == 403
        assert api(buyer).patch(path, json={"name": "Mine"}, version=1).status_code == 403
        operator = api(make_actor(session, OrgKind.OPERATOR))
        assert operator.patch(path, json={"name": "Points"}, version=1).json["name"] == "Points"


class TestPages:
    def test_my_points_and_what_they_buy(self, session, portal, buyer, account) -> None:
        browser = portal(buyer)
        answer = browser.get("/loyalty")
        page = words(answer)
        assert "250 points" in page
        assert "Voucher for 100" in page
        key = re.search(r'name="request_key" value="([^"]+)"', answer.text)
        reward = session.scalars(select(Reward).where(Reward.points == 100)).one()
        form = {"reward_id": str(reward.id), "request_key": key and key.group(1)}
        path = f"/loyalty/accounts/{account.id}/redemptions"
        for _click in range(2):
            assert browser.post(path, form).status_code == 303
        redemption = session.scalars(select(Redemption)).one()
        page = words(browser.get(f"/loyalty/accounts/{account.id}"))
        assert "150 points" in page
        assert redemption.code in page
        assert browser.post(f"{path}/{redemption.id}/cancel").status_code == 303
        assert "250 points" in words(browser.get(f"/loyalty/accounts/{account.id}"))

    def test_without_points(self, session, portal, buyer) -> None:
        page = words(portal(buyer).get("/loyalty"))
        assert "No points yet" in page
        assert "Points per EUR of completed orders from €0.00 on: 1" in page

    def test_a_requester_sees_but_does_not_redeem(self, session, portal, buyer, account) -> None:
        organisation = session.get_one(Organisation, buyer.org_id)
        person = make_actor(session, OrgKind.BUYER, Role.REQUESTER, organisation=organisation)
        assert "request_key" not in portal(person).get("/loyalty").text

    def test_a_seller_opens_changes_and_pauses_its_programme(self, session, portal, seller) -> None:
        browser = portal(seller)
        assert "You run no programme" in words(browser.get("/loyalty"))
        form = {
            "name": "Own",
            "valid_months": "12",
            "rules.0.from_net.amount": "0",
            "rules.0.from_net.currency": "EUR",
            "rules.0.points_per_unit": "1",
            "rules.1.from_net.amount": "",
            "rules.1.from_net.currency": "EUR",
            "rules.1.points_per_unit": "",
        }
        assert browser.get("/loyalty/programme").status_code == 200
        wrong = browser.post("/loyalty/programme", form | {"rules.0.points_per_unit": "x"})
        assert wrong.status_code == 422
        assert browser.post("/loyalty/programme", form).status_code == 303
        programme = session.scalars(
            select(Programme).where(Programme.seller_id == seller.org_id)
        ).one()
        changed = form | {"name": "Renamed", "version": str(programme.version)}
        assert browser.post("/loyalty/programme", changed).status_code == 303
        assert "Renamed" in words(browser.get("/loyalty"))
        assert browser.post("/loyalty/programme/state").status_code == 303
        assert "Paused" in words(browser.get("/loyalty"))

    def test_rewards_and_vouchers(self, session, portal, seller, buyer, account, api) -> None:
        browser = portal(seller)
        form = {"name": "Mug", "points": "50", "value.amount": "5", "value.currency": "EUR"}
        assert browser.post("/loyalty/programme/rewards", form).status_code == 303
        mug = session.scalars(select(Reward).where(Reward.name == "Mug")).one()
        made = api(buyer).post(
            f"/loyalty/accounts/{account.id}/redemptions", json={"reward_id": str(mug.id)}
        )
        assert browser.post("/loyalty/vouchers", {"code": made.json["code"]}).status_code == 303
        assert browser.post("/loyalty/vouchers", {"code": ""}).status_code == 422
        path = f"/loyalty/programme/rewards/{mug.id}/withdraw"
        assert browser.post(path).status_code == 303
        assert "Mug" not in words(browser.get("/loyalty"))
        assert browser.get(f"/loyalty/accounts/{account.id}").status_code == 200

    @pytest.mark.parametrize("locale", ["en", "fr"])
    @pytest.mark.parametrize("kind", list(OrgKind))
    def test_pages_exist_in_both_languages(self, session, portal, kind, locale: str) -> None:
        actor = make_actor(session, kind, locale=locale)
        make_account(session, platform_programme(session), make_organisation(session).id)
        assert portal(actor).get("/loyalty").status_code == 200
