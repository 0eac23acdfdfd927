"""Lots end one by one: awarded, unsuccessful or cancelled, and the RFQ with the last of them."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.orders.models import Order
from marketplace.remedies import reactions
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.services import concluding
from marketplace.remedies.states import LetterKind
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.lot_rules import LotEnded, LotsAwarded, NotPublished, ReasonRequired
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.rules import AwardHeld
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import PricedLine
from marketplace.rfq.bids.rules import BidInvalid
from marketplace.rfq.services import awarding, evaluation, excluding, lots, publishing, repricing
from marketplace.rfq.services.excluding import BidHasWon
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.drafts import LotDraft
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.states import RfqState
from tests.factories.awards import PRICE_ALONE, after, bids_of
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq

THREE = [LotDraft("Bolts"), LotDraft("Nuts"), LotDraft("Washers")]
LINES = [a_line(), a_line(lot=2), a_line(lot=3)]
OF_THREE = {"lots": THREE, "lines": LINES, "criteria": PRICE_ALONE}


@pytest.fixture
def opened(session):
    """Three lots. The first supplier bids for all, the second for the first, the third for the last
    two."""
    return make_opened(
        session, ["10", "20", "30"], ["11", None, None], [None, "19", "31"], **OF_THREE
    )


def give(sourcing, *pairs):
    """Award these lots, each to the supplier of this number."""
    bids = bids_of(sourcing)
    choices = [Choice(bids[winner], lot_id=sourcing.lots[lot].id) for lot, winner in pairs]
    decided = awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, "As said")
    return award_queries.standing(sourcing.session, sourcing.rfq.id, decided.id)


def end(sourcing, lot, reason="No longer needed", *, use_case=lots.cancel):
    return use_case(
        sourcing.session, sourcing.buyer, sourcing.rfq.id, sourcing.lots[lot].id, reason
    )


def states(sourcing):
    return [str(lot.state) for lot in queries.lots(sourcing.session, sourcing.rfq.id)]


def bid_states(sourcing):
    sourcing.session.expire_all()
    return [str(sourcing.session.get_one(Bid, bid).state) for bid in bids_of(sourcing)]


def told(session, kind):
    return {each.organisation_id for each in session.scalars(select(Notice).filter_by(kind=kind))}


class TestAwarding:
    def test_ends_the_chosen_lots_and_leaves_the_others_open(self, opened):
        standing = give(opened, (0, 0))
        assert states(opened) == ["awarded", "open", "open"]
        assert opened.rfq.state is RfqState.OPENED
        assert standing.state is AwardState.FINAL
        assert bid_states(opened) == ["opened", "not_awarded", "opened"]
        compared = evaluation.read(opened.session, opened.buyer, opened.rfq.id)
        assert compared.open_lots == {opened.lots[1].id, opened.lots[2].id}

    def test_the_rfq_is_awarded_with_its_last_lot(self, session, opened, drain):
        first = give(opened, (0, 0))
        second = give(opened, (1, 2))
        assert opened.rfq.state is RfqState.OPENED
        assert opened.rfq.awarded_at is None
        end(opened, 2, "Too dear", use_case=lots.close_unsuccessful)
        assert states(opened) == ["awarded", "awarded", "unsuccessful"]
        assert opened.rfq.state is RfqState.AWARDED
        assert opened.rfq.ended_at == opened.rfq.awarded_at
        assert bid_states(opened) == ["awarded", "not_awarded", "awarded"]
        drain()
        orders = session.scalars(select(Order).where(Order.buyer_id == opened.buyer.org_id))
        bidders = [each.org_id for each in opened.suppliers]
        assert {(each.award_id, each.supplier_id) for each in orders} == {
            (first.award_id, bidders[0]),
            (second.award_id, bidders[2]),
        }

    def test_the_evidence_and_the_letters_are_about_the_lots_of_the_decision(
        self, session, opened, drain
    ):
        standing = give(opened, (0, 0))
        drain()
        decided = session.get_one(Award, standing.award_id)
        assert [lot["lot_id"] for lot in decided.evidence["lots"]] == [str(opened.lots[0].id)]
        letters = session.scalars(select(AwardLetter)).all()
        assert {(each.supplier_id, each.kind) for each in letters} == {
            (opened.suppliers[0].org_id, LetterKind.WON),
            (opened.suppliers[1].org_id, LetterKind.LOST),
        }
        assert [[lot["number"] for lot in each.content["lots"]] for each in letters] == [[1], [1]]

    def test_a_lot_that_has_ended_is_not_awarded_again(self, session, opened):
        give(opened, (0, 0))
        end(opened, 1)
        for lot in (0, 1):
            with pytest.raises(LotEnded) as error:
                give(opened, (lot, 0))
            assert error.value.data["lots"] == [lot + 1]
        assert len(session.scalars(select(Award)).all()) == 1

    def test_a_bid_that_has_won_is_not_excluded_afterwards(self, session, opened):
        give(opened, (0, 0))
        first, second, _third = bids_of(opened)
        with pytest.raises(BidHasWon):
            excluding.exclude(session, opened.buyer, opened.rfq.id, first, "Not eligible")
        excluding.exclude(session, opened.buyer, opened.rfq.id, second, "Not eligible")


class TestStandstill:
    @pytest.fixture
    def still(self, session):
        return make_opened(
            session,
            ["10", "20", "30"],
            ["11", None, None],
            [None, "19", "31"],
            standstill_days=10,
            **OF_THREE,
        )

    def test_runs_for_each_award_and_the_rfq_waits_for_the_last(self, session, still):
        first = give(still, (0, 0))
        assert (first.state, still.rfq.state) == (AwardState.STANDSTILL, RfqState.OPENED)
        end(still, 1, use_case=lots.close_unsuccessful)
        with clock.frozen(first.decided_at + timedelta(days=2)):
            second = give(still, (2, 2))
        assert still.rfq.state is RfqState.STANDSTILL
        with after(first):
            assert reactions.conclude_due(session, SYSTEM) == 1
        assert (first.state, second.state) == (AwardState.FINAL, AwardState.STANDSTILL)
        assert still.rfq.state is RfqState.STANDSTILL
        with after(second):
            assert reactions.conclude_due(session, SYSTEM) == 1
        assert still.rfq.state is RfqState.AWARDED

    def test_a_decision_that_is_taken_back_reopens_its_lots_alone(self, session, still, drain):
        first = give(still, (0, 0))
        second = give(still, (1, 2), (2, 0))
        assert still.rfq.state is RfqState.STANDSTILL
        assert bid_states(still) == ["awarded", "not_awarded", "awarded"]
        concluding.withdraw(session, still.buyer, still.rfq.id, first.award_id, "A sum was wrong")
        assert states(still) == ["open", "awarded", "awarded"]
        assert still.rfq.state is RfqState.OPENED
        assert bid_states(still) == ["opened", "opened", "awarded"]
        assert second.state is AwardState.STANDSTILL
        drain()
        one, two, _three = (each.org_id for each in still.suppliers)
        assert told(session, "award_withdrawn") == {one, two}
        give(still, (0, 1))
        assert still.rfq.state is RfqState.STANDSTILL
        assert bid_states(still) == ["awarded", "awarded", "awarded"]


class TestWithoutAward:
    def test_the_rfq_is_unsuccessful_when_nothing_was_awarded(self, session, opened, drain):
        end(opened, 0)
        end(opened, 1, use_case=lots.close_unsuccessful)
        assert opened.rfq.state is RfqState.OPENED
        end(opened, 2, "Budget was cut")
        assert states(opened) == ["cancelled", "unsuccessful", "cancelled"]
        assert opened.rfq.state is RfqState.UNSUCCESSFUL
        assert opened.rfq.end_reason == "Budget was cut"
        drain()
        one, two, three = (each.org_id for each in opened.suppliers)
        assert told(session, "lots_cancelled") == {one, two}
        assert told(session, "lots_unsuccessful") == {one, three}
        assert told(session, "rfq_without_award") == {one, three}

    def test_the_rfq_is_cancelled_when_all_its_lots_are(self, opened):
        for lot in range(3):
            end(opened, lot)
        assert opened.rfq.state is RfqState.CANCELLED
        assert bid_states(opened) == ["not_awarded"] * 3

    def test_closing_the_rfq_ends_what_is_still_open(self, session, opened, drain):
        give(opened, (0, 0))
        awarding.close_unsuccessful(session, opened.buyer, opened.rfq.id, "Too dear")
        assert states(opened) == ["awarded", "unsuccessful", "unsuccessful"]
        assert opened.rfq.state is RfqState.AWARDED
        assert [lot.end_reason for lot in queries.lots(session, opened.rfq.id)] == [
            None, "Too dear", "Too dear",
        ]  # fmt: skip
        drain()
        assert told(session, "rfq_without_award") == set()
        assert told(session, "lots_unsuccessful") == {
            opened.suppliers[0].org_id, opened.suppliers[2].org_id,
        }  # fmt: skip

    def test_an_rfq_that_is_awarded_in_part_is_not_cancelled_as_a_whole(self, session, opened):
        give(opened, (0, 0))
        with pytest.raises(LotsAwarded) as error:
            publishing.cancel(session, opened.buyer, opened.rfq.id, "No")
        assert error.value.data["lots"] == [1]
        assert states(opened) == ["awarded", "open", "open"]

    def test_cancelling_the_rfq_cancels_every_lot(self, session, opened):
        publishing.cancel(session, opened.buyer, opened.rfq.id, "Plans have changed")
        assert states(opened) == ["cancelled"] * 3
        assert opened.rfq.state is RfqState.CANCELLED

    def test_what_cannot_be_is_refused_and_changes_nothing(self, session, opened):
        with pytest.raises(ReasonRequired):
            end(opened, 0, "  ")
        repricing.hold(session, opened.buyer, opened.rfq.id, uuid4())
        with pytest.raises(AwardHeld):
            end(opened, 0)
        assert states(opened) == ["open"] * 3
        draft = make_rfq(session, opened.buyer)
        lot = queries.lots(session, draft.id)[0]
        with pytest.raises(NotPublished):
            lots.cancel(session, opened.buyer, draft.id, lot.id, "No")
        supplier, stranger = opened.suppliers[0], make_actor(session)
        approver = make_actor(session, OrgKind.BUYER, Role.APPROVER)
        for use_case in (lots.cancel, lots.close_unsuccessful):
            for actor, refusal in (
                (supplier, NotAllowed), (approver, NotAllowed), (stranger, NotFound),
            ):  # fmt: skip
                with pytest.raises(refusal):
                    use_case(session, actor, opened.rfq.id, opened.lots[0].id, "No")
        with pytest.raises(NotFound):
            lots.cancel(session, opened.buyer, opened.rfq.id, lot.id, "No")


class TestBeforeTheDeadline:
    @pytest.fixture
    def published(self, session):
        sourcing = make_sourcing(session, suppliers=3, **OF_THREE)
        sourcing.submit(0, "10", "20", "30")
        sourcing.submit(1, None, "19", None)
        return sourcing

    def test_a_cancelled_lot_is_not_asked_for_and_bids_stay_valid(self, session, published, drain):
        end(published, 1)
        assert published.rfq.state is RfqState.PUBLISHED
        terms = bid_queries.terms(session, published.rfq.id)
        assert [lot.number for lot in terms.lots] == [1, 3]
        assert [line.number for line in terms.lines] == [1, 3]
        drain()
        assert told(session, "lots_cancelled") == {each.org_id for each in published.suppliers}
        published.open()
        compared = evaluation.read(session, published.buyer, published.rfq.id)
        (first,) = [o for o in compared.offers if o.supplier_id == published.suppliers[0].org_id]
        assert {line.rfq_line_id: line.unit_price for line in first.lines} == {
            published.lines[0].id: Decimal(10),
            published.lines[2].id: Decimal(30),
        }
        assert [[rank.total for rank in lot.ranks] for lot in compared.lots] == [
            [Decimal(1000)], [Decimal(3000)],
        ]  # fmt: skip

    def test_its_lines_are_refused_in_later_bids(self, published):
        end(published, 1)
        with pytest.raises(BidInvalid) as error:
            published.submit(2, "9", "18", "29")
        assert [each.code for each in error.value.errors] == ["unknown_line"]
        cheaper = [PricedLine(published.lines[n].id, Decimal(9), "EUR") for n in (0, 2)]
        published.submit_lines(2, *cheaper)

    def test_nobody_learns_who_has_bid(self, session, published):
        end(published, 1)
        (event,) = session.scalars(select(OutboxMessage).filter_by(name="rfq.lots_ended"))
        invited = {str(each.org_id) for each in published.suppliers}
        assert set(event.payload["supplier_ids"]) == invited

    def test_only_cancelling_is_possible(self, session, published):
        with pytest.raises(Exception, match="sealed"):
            end(published, 0, use_case=lots.close_unsuccessful)
        end(published, 0)
        end(published, 1)
        end(published, 2, "Plans have changed")
        assert published.rfq.state is RfqState.CANCELLED
        assert published.rfq.end_reason == "Plans have changed"
        with pytest.raises(IllegalTransition):
            end(published, 2)
        assert states(published) == [str(LotState.CANCELLED)] * 3
        assert session.scalars(select(Bid.state).distinct()).all() == [BidState.SUBMITTED]


class TestApi:
    def test_reads_and_ends_lots(self, api, opened):
        url = f"/rfqs/{opened.rfq.id}/lots"
        client = api(opened.buyer)
        read = client.get(url)
        assert read.status_code == 200
        assert [(each["state"], each["bids"]) for each in read.json["items"]] == [
            ("open", 2), ("open", 2), ("open", 2),
        ]  # fmt: skip
        assert read.json["items"][0]["actions"] == ["cancel", "close_unsuccessful"]
        one, two, three = (str(lot.id) for lot in opened.lots)
        assert client.post(f"{url}/{one}/cancel", json={}).status_code == 422
        ended = client.post(f"{url}/{one}/cancel", json={"reason": "Not needed"})
        assert ended.status_code == 200
        assert ended.json["items"][0]["end_reason"] == "Not needed"
        again = client.post(f"{url}/{one}/unsuccessful", json={"reason": "Not needed"})
        assert (again.status_code, again.json["code"]) == (409, "lot_ended")
        failed = client.post(f"{url}/{two}/unsuccessful", json={"reason": "Too dear"})
        assert [each["state"] for each in failed.json["items"]] == [
            "cancelled", "unsuccessful", "open",
        ]  # fmt: skip
        standing = give(opened, (2, 0))
        decided = client.get(f"/rfqs/{opened.rfq.id}/awards/{standing.award_id}").json
        assert [line["lot_id"] for line in decided["lines"]] == [three]
        assert client.get(f"/rfqs/{opened.rfq.id}/awards/{uuid4()}").status_code == 404
        supplier = api(opened.suppliers[1]).get(url).json["items"]
        assert [(each["state"], each["bids"], each["actions"]) for each in supplier] == [
            ("cancelled", None, []), ("unsuccessful", None, []), ("awarded", None, []),
        ]  # fmt: skip
        assert api(make_actor(opened.session)).get(url).status_code == 404


class TestPages:
    def test_a_lot_ends_on_a_page_and_the_award_offers_the_others(self, portal, opened):
        browser, url = portal(opened.buyer), f"/rfqs/{opened.rfq.id}"
        one, two, three = (str(lot.id) for lot in opened.lots)
        assert f"{url}/lots/{one}/cancel" in browser.get(f"{url}/lots").text
        asked = browser.get(f"{url}/lots/{one}/unsuccessful")
        assert asked.status_code == 200
        refused = browser.post(f"{url}/lots/{one}/unsuccessful", {"reason": ""})
        assert refused.status_code == 422
        done = browser.post(f"{url}/lots/{one}/unsuccessful", {"reason": "Too dear for us"})
        assert done.status_code == 303
        page = browser.get(f"{url}/lots").text
        assert "Too dear for us" in page
        assert f"{url}/lots/{one}/cancel" not in page
        give(opened, (1, 0))
        award = browser.get(f"{url}/award").text
        assert [f"lot.{each}" in award for each in (one, two, three)] == [False, False, True]
        assert "20" in browser.get(f"{url}/awards").text
