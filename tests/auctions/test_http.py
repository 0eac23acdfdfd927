"""Auctions over the API: everything end to end, what each may see, replay, and refusals."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.auctions.models import Auction
from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind, Role
from tests.factories.auctions import HOUR, make_auction
from tests.factories.bids import make_opened
from tests.factories.identity import actor_of, make_actor, make_person


def body(amount, lot_id, **more):
    return {"lot_id": str(lot_id), "amount": {"amount": amount, "currency": "EUR"}, **more}


def stream(answer):
    """The events of a stream: (id, kind, data)."""
    found = []
    for block in answer.get_data(as_text=True).split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


class TestJourney:
    def test_plan_start_bid_close(self, session, api):
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        buyer, bidder = api(sourcing.buyer), api(sourcing.suppliers[1])
        path = f"/rfqs/{sourcing.rfq.id}/auction"
        planned = buyer.post(
            path,
            json={
                "type": "english",
                "starts_at": (clock.now() + HOUR).isoformat(),
                "display": "both",
                "decrement": {"kind": "amount", "value": "1.00"},
                "length_seconds": 600,
            },
        )
        assert planned.status_code == 201, planned.json
        assert planned.json["state"] == "planned"
        assert planned.json["actions"] == ["start", "cancel"]
        assert [each["rank"] for each in planned.json["lots"][0]["entries"]] == [1, 2]
        assert bidder.get("/auctions").json["items"][0]["rfq_number"] == sourcing.rfq.number
        assert buyer.post(f"{path}/start").json["state"] == "running"
        lot_id = sourcing.lots[0].id
        taken = bidder.post(f"{path}/bids", json=body("2500.00", lot_id))
        assert taken.status_code == 201, taken.json
        assert taken.json["bid"]["seq"] == 1
        assert taken.json["lot"]["own"]["rank"] == 1
        assert taken.json["lot"]["best"] == {"amount": "2500.00", "currency": "EUR"}
        assert taken.json["lot"]["entries"] is None
        closed = buyer.post(f"{path}/close")
        assert closed.json["state"] == "closed"
        compared = buyer.get(f"/rfqs/{sourcing.rfq.id}/evaluation").json
        cell = compared["lines"][0]["bids"][1]
        assert cell["total"] == {"amount": "887.10", "currency": "EUR"}
        assert cell["opened_unit_price"] == {"amount": "11.00", "currency": "EUR"}

    def test_the_same_bid_twice_is_one_bid(self, session, api):
        hammer = make_auction(session)
        bidder, path = api(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction/bids"
        answers = [
            bidder.post(path, json=body("2900.00", hammer.lot_id), idempotency_key="once")
            for _time in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json == answers[1].json
        assert len(hammer.bids()) == 1

    def test_pause_resume_extend_cancel(self, session, api):
        hammer = make_auction(session)
        buyer, path = api(hammer.buyer), f"/rfqs/{hammer.rfq_id}/auction"
        assert buyer.post(f"{path}/pause", json={"reason": "Noise."}).json["state"] == "paused"
        refused = api(hammer.bidder(0)).post(f"{path}/bids", json=body("1.00", hammer.lot_id))
        assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition")
        assert buyer.post(f"{path}/resume").json["state"] == "running"
        more = {"lot_id": str(hammer.lot_id), "minutes": 5}
        assert buyer.post(f"{path}/extend", json=more).status_code == 200
        assert buyer.post(f"{path}/cancel", json={"reason": ""}).status_code == 422
        off = buyer.post(f"{path}/cancel", json={"reason": "Specification changed."})
        assert (off.json["state"], off.json["actions"]) == ("cancelled", [])

    def test_withdrawal_by_the_buyer(self, session, api):
        hammer = make_auction(session)
        wrong = hammer.bid(1, "29.00").bid
        path = f"/rfqs/{hammer.rfq_id}/auction/bids"
        said = {"reason": "A slip."}
        own = api(hammer.bidder(1)).post(f"{path}/{wrong.id}/withdraw", json=said)
        assert own.status_code == 403
        assert api(hammer.buyer).post(f"{path}/{wrong.id}/withdraw", json=said).status_code == 200
        listed = api(hammer.bidder(1)).get(path).json["items"]
        assert [each["withdrawal_reason"] for each in listed] == ["A slip."]
        assert api(hammer.bidder(0)).get(path).json["items"] == []

    def test_proxies_and_leaving(self, session, api):
        hammer = make_auction(session)
        bidder, path = api(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
        floor = {"amount": "2500.37", "currency": "EUR"}
        answer = bidder.post(f"{path}/proxy", json={"lot_id": str(hammer.lot_id), "floor": floor})
        assert answer.json["lots"][0]["own"]["floor"] == floor
        seen = api(hammer.buyer).get(path)
        assert "2500.37" not in seen.get_data(as_text=True)
        left = bidder.post(f"{path}/leave", json={"lot_id": str(hammer.lot_id)})
        assert (left.status_code, left.json["code"]) == (409, "wrong_auction_type")


class TestWhoSees:
    def test_others_find_nothing(self, session, api):
        hammer = make_auction(session, excluded=[2])
        strangers = [
            make_actor(session),
            make_actor(session, OrgKind.SUPPLIER),
            hammer.bidder(2),
        ]
        path = f"/rfqs/{hammer.rfq_id}/auction"
        for actor in strangers:
            client = api(actor)
            assert client.get(path).status_code == 404
            assert client.get(f"{path}/events").status_code == 404
            assert client.get("/auctions").json["items"] == []
            tried = client.post(f"{path}/bids", json=body("1.00", hammer.lot_id))
            assert tried.status_code in (403, 404)
        assert hammer.bids() == []

    def test_a_bidder_is_shown_no_rival(self, session, api):
        hammer = make_auction(session, started=True)
        hammer.bid(1, "2900.00")
        hammer.bid(2, "2800.00")
        rivals = [hammer.bidder(n) for n in (1, 2)]
        client, path = api(hammer.bidder(0)), f"/rfqs/{hammer.rfq_id}/auction"
        told = [client.get(path), client.get(f"{path}/events"), client.get(f"{path}/bids")]
        text = " ".join(answer.get_data(as_text=True) for answer in told)
        for rival in rivals:
            assert str(rival.org_id) not in text
            assert rival.org_name not in text
        assert "2900.00" not in text
        assert "2800.00" not in text
        own = told[0].json["lots"][0]["own"]
        assert (own["rank"], told[0].json["lots"][0]["best"]) == (3, None)

    def test_the_best_price_without_the_rank(self, session, api):
        hammer = make_auction(session, display="best")
        hammer.bid(1, "2900.00")
        lot = api(hammer.bidder(0)).get(f"/rfqs/{hammer.rfq_id}/auction").json["lots"][0]
        assert lot["best"]["amount"] == "2900.00"
        assert lot["own"]["rank"] is None

    def test_people_who_may_not_award_only_watch(self, session, api):
        hammer = make_auction(session)
        own = session.get_one(Organisation, hammer.buyer.org_id)
        auditor = actor_of(session, make_person(session, own, Role.AUDITOR))
        client, path = api(auditor), f"/rfqs/{hammer.rfq_id}/auction"
        assert client.get(path).json["actions"] == []
        assert client.post(f"{path}/pause", json={}).status_code == 403


class TestReplay:
    def test_each_event_once_after_a_reconnect(self, session, api):
        hammer = make_auction(session)
        client, path = api(hammer.buyer), f"/rfqs/{hammer.rfq_id}/auction/events"
        hammer.bid(1, "2900.00")
        first = client.get(path)
        assert first.content_type.startswith("text/event-stream")
        assert [(number, kind) for number, kind, _d in stream(first)] == [
            (1, "planned"),
            (2, "bid"),
        ]
        hammer.bid(0, "2800.00")
        hammer.bid(2, "2700.00")
        again = client.get(path, headers={"Last-Event-ID": "2"})
        assert [number for number, _kind, _data in stream(again)] == [3, 4]
        assert [d["amount"] for _n, _k, d in stream(again)] == ["2800.00", "2700.00"]
        assert stream(client.get(path, headers={"Last-Event-ID": "4"})) == []
        assert stream(client.get(f"{path}?after=3")) == stream(again)[1:]

    def test_a_bidder_is_told_what_changes_for_them(self, session, api):
        hammer = make_auction(session)
        hammer.bid(1, "2900.00")
        hammer.bid(2, "2950.00")
        hammer.bid(1, "2890.00")
        told = stream(api(hammer.bidder(0)).get(f"/rfqs/{hammer.rfq_id}/auction/events"))
        assert [(number, data.get("rank")) for number, _kind, data in told] == [
            (1, None),
            (2, 2),
            (3, 3),
        ]
        own = stream(api(hammer.bidder(2)).get(f"/rfqs/{hammer.rfq_id}/auction/events"))
        assert [(n, d.get("own"), d.get("amount"), d.get("rank")) for n, _k, d in own][1:] == [
            (3, True, "2950.00", 2),
        ]

    @pytest.mark.parametrize("given", ["x", "-1", "9" * 30])
    def test_a_number_that_is_none_is_refused(self, session, api, given):
        hammer = make_auction(session)
        path = f"/rfqs/{hammer.rfq_id}/auction/events"
        answer = api(hammer.buyer).get(path, headers={"Last-Event-ID": given})
        assert (answer.status_code, answer.json["code"]) == (422, "bad_event_id")


class TestRefusals:
    def test_every_fault_of_a_plan_has_its_place(self, session, api):
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        answer = api(sourcing.buyer).post(
            f"/rfqs/{sourcing.rfq.id}/auction",
            json={
                "type": "dutch",
                "starts_at": (clock.now() - timedelta(hours=1)).isoformat(),
                "lots": [
                    {
                        "lot_id": str(sourcing.lots[0].id),
                        "first_price": {"amount": "100.00", "currency": "USD"},
                    }
                ],
            },
        )
        assert answer.status_code == 422
        assert sorted(error["pointer"] for error in answer.json["errors"]) == [
            "/lots/0/first_price",
            "/lots/0/last_price",
            "/lots/0/step",
            "/starts_at",
        ]
        assert session.scalars(select(Auction)).all() == []
        assert sourcing.rfq.award_held_by is None

    def test_a_bid_that_is_too_high_says_what_would_do(self, session, api):
        hammer = make_auction(session)
        answer = api(hammer.bidder(1)).post(
            f"/rfqs/{hammer.rfq_id}/auction/bids", json=body("3100.00", hammer.lot_id)
        )
        assert (answer.status_code, answer.json["code"]) == (422, "bid_too_high")
        assert answer.json["highest"] == "3099.00 EUR"
        assert answer.json["errors"][0]["pointer"] == "/amount"

    def test_a_fraction_of_a_cent_is_refused(self, session, api):
        hammer = make_auction(session)
        answer = api(hammer.bidder(1)).post(
            f"/rfqs/{hammer.rfq_id}/auction/bids", json=body("2900.001", hammer.lot_id)
        )
        assert answer.status_code == 422

    def test_an_auction_needs_opened_bids(self, session, api):
        hammer = make_auction(session)
        other = make_actor(session)
        answer = api(other).post(
            f"/rfqs/{hammer.rfq_id}/auction",
            json={"starts_at": (clock.now() + HOUR).isoformat()},
        )
        assert answer.status_code == 404
