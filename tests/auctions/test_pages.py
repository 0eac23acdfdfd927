"""Auctions for people without JavaScript: plan, bid with a question, steer."""

from datetime import timedelta

from marketplace.auctions.services import steering
from marketplace.auctions.states import AuctionType
from marketplace.core import clock
from marketplace.identity.permissions import OrgKind
from tests.factories.auctions import Hammer, dutch, japanese, make_auction
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor


def amounts(amount, lot_id, **more):
    return {
        "lot_id": str(lot_id),
        "amount.amount": amount,
        "amount.currency": "EUR",
        **more,
    }


class TestPlanning:
    def form(self, sourcing, **over):
        tomorrow = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
        return {
            "type": "english",
            "starts_at": tomorrow,
            "lot_order": "parallel",
            "display": "both",
            "beat": "own",
            "decrement.kind": "amount",
            "decrement.value": "5",
            "decrement.bands.0.from_price": "",
            "decrement.bands.1.from_price": "1000",
            "decrement.bands.1.value": "10",
            "overtime.trigger_seconds": "60",
            "overtime.extension_seconds": "60",
            "overtime.limit": "",
            "length_seconds": "600",
            "interval_seconds": "60",
            "pause_between_seconds": "0",
            "lots.0.lot_id": str(sourcing.lots[0].id),
            "lots.0.wanted": "1",
            "lots.0.first_price.amount": "",
            "lots.0.first_price.currency": "EUR",
            **over,
        }

    def test_the_form_plans_it(self, session, portal):
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        buyer, path = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/auction"
        assert buyer.get(path).status_code == 303
        assert buyer.get(f"{path}/plan").status_code == 200
        answer = buyer.post(f"{path}/plan", data=self.form(sourcing))
        assert (answer.status_code, answer.location) == (303, path)
        board = Hammer(sourcing).board()
        assert [(str(b.start), str(b.value)) for b in board.terms.decrement.bands] == [
            ("1000", "10")
        ]
        assert board.terms.overtime.limit is None
        assert "Bidder 1" in buyer.get(path).get_data(as_text=True)

    def test_what_was_typed_stays_with_the_error_at_its_place(self, session, portal):
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        form = self.form(sourcing, type="dutch", **{"lots.0.first_price.amount": "77.5"})
        answer = portal(sourcing.buyer).post(f"/rfqs/{sourcing.rfq.id}/auction/plan", data=form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert 'value="77.5"' in page
        assert 'id="e-lots-0-step"' in page
        assert 'value="1000"' in page
        assert sourcing.rfq.award_held_by is None


class TestBidding:
    def test_a_bid_is_asked_about_once(self, session, portal):
        hammer = make_auction(session)
        bidder, path = portal(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
        page = bidder.get(path).get_data(as_text=True)
        assert "Your rank" in page
        asked = bidder.post(f"{path}/bids", data=amounts("2,500.00", hammer.lot_id))
        assert "You are about to bid" in asked.get_data(as_text=True)
        assert hammer.bids() == []
        done = bidder.post(f"{path}/bids", data=amounts("2500.00", hammer.lot_id, confirmed="1"))
        assert done.status_code == 303
        assert hammer.standing()[0] == (1, "2500.00")

    def test_a_refused_bid_keeps_what_was_typed(self, session, portal):
        hammer = make_auction(session)
        bidder, path = portal(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
        form = amounts("3100.00", hammer.lot_id, confirmed="1")
        answer = bidder.post(f"{path}/bids", data=form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert 'value="3100.00"' in page
        assert "Bid 3099.00 EUR or less." in page

    def test_a_proxy_is_set_and_ended(self, session, portal):
        hammer = make_auction(session)
        bidder, path = portal(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
        form = {
            "lot_id": str(hammer.lot_id),
            "floor.amount": "2512.37",
            "floor.currency": "EUR",
        }
        assert bidder.post(f"{path}/proxy", data=form).status_code == 303
        assert "2512.37" in bidder.get(path).get_data(as_text=True)
        for other in (hammer.bidder(0), hammer.buyer):
            shown = portal(other).get(path).get_data(as_text=True)
            assert [each for each in ("2512.37", "2,512.37") if each in shown] == []
        blank = form | {"floor.amount": ""}
        assert bidder.post(f"{path}/proxy", data=blank).status_code == 303
        assert "2512.37" not in bidder.get(path).get_data(as_text=True)

    def test_called_prices(self, session, portal):
        for hammer, kind in ((dutch(session), "dutch"), (japanese(session), "japanese")):
            assert hammer.board().auction.type == AuctionType(kind)
            bidder, path = portal(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
            page = bidder.get(path).get_data(as_text=True)
            assert "Called price" in page
            price = "2000" if kind == "dutch" else "2900"
            form = amounts(price, hammer.lot_id, confirmed="1")
            assert bidder.post(f"{path}/bids", data=form).status_code == 303
            assert bidder.get(path).status_code == 200
            assert portal(hammer.buyer).get(path).status_code == 200

    def test_leaving(self, session, portal):
        hammer = japanese(session)
        bidder, path = portal(hammer.bidder(1)), f"/rfqs/{hammer.rfq_id}/auction"
        left = bidder.post(f"{path}/leave", data={"lot_id": str(hammer.lot_id)})
        assert left.status_code == 303
        assert "You are out of this lot." in bidder.get(path).get_data(as_text=True)

    def test_strangers_find_nothing(self, session, portal):
        hammer = make_auction(session, excluded=[2])
        for actor in (
            make_actor(session),
            make_actor(session, OrgKind.SUPPLIER),
            hammer.bidder(2),
        ):
            for page in ("", "/board", "/events"):
                answer = portal(actor).get(f"/rfqs/{hammer.rfq_id}/auction{page}")
                assert answer.status_code == 404


class TestSteering:
    def test_the_cockpit(self, session, portal):
        hammer = make_auction(session, started=False)
        buyer, path = portal(hammer.buyer), f"/rfqs/{hammer.rfq_id}/auction"
        for step, data, state in (
            ("start", {}, "running"),
            ("pause", {"reason": "Fire drill."}, "paused"),
            ("resume", {}, "running"),
            ("extend", {"lot_id": str(hammer.lot_id), "minutes": "5"}, "running"),
            ("close", {}, "closed"),
        ):
            assert buyer.post(f"{path}/{step}", data=data).status_code == 303, step
            assert hammer.board().state == state
            assert buyer.get(path).status_code == 200
        assert buyer.post(f"{path}/pause", data={}).status_code == 422

    def test_a_withdrawal_says_why(self, session, portal):
        hammer = make_auction(session)
        wrong = hammer.bid(1, "29.00").bid
        buyer, path = portal(hammer.buyer), f"/rfqs/{hammer.rfq_id}/auction"
        refused = buyer.post(f"{path}/bids/{wrong.id}/withdraw", data={"reason": ""})
        assert refused.status_code == 422
        done = buyer.post(f"{path}/bids/{wrong.id}/withdraw", data={"reason": "A slip."})
        assert done.status_code == 303
        assert "A slip." in portal(hammer.bidder(1)).get(path).get_data(as_text=True)

    def test_it_stands_in_the_lists_and_can_be_called_off(self, session, portal):
        hammer = make_auction(session)
        for actor in (hammer.buyer, hammer.bidder(0)):
            listed = portal(actor).get("/auctions").get_data(as_text=True)
            assert f"/rfqs/{hammer.rfq_id}/auction" in listed
        path = f"/rfqs/{hammer.rfq_id}/auction"
        said = {"reason": "Needs have changed."}
        assert portal(hammer.buyer).post(f"{path}/cancel", data=said).status_code == 303
        assert "Needs have changed." in portal(hammer.bidder(0)).get(path).get_data(as_text=True)

    def test_bidders_learn_that_it_is_paused(self, session, portal):
        hammer = make_auction(session)
        steering.pause(session, hammer.buyer, hammer.rfq_id, "Fire drill.")
        page = portal(hammer.bidder(0)).get(f"/rfqs/{hammer.rfq_id}/auction")
        assert "Fire drill." in page.get_data(as_text=True)
