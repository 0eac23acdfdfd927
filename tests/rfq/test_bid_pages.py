"""The bid in the portal: a supplier writes, checks and submits; a buyer opens, compares, awards."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.services import publishing
from marketplace.rfq.terms.bid_states import AttemptOutcome, BidState
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind, RfqState
from tests.clients import words
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line

PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))]


def filled(sourcing, *prices, **over):
    form = {"note": "", "delivery_days": "", **over}
    for row, line in enumerate(sourcing.lines):
        form[f"lines.{row}.line_id"] = str(line.id)
        form[f"lines.{row}.unit_price.currency"] = "EUR"
        form[f"lines.{row}.unit_price.amount"] = prices[row] if row < len(prices) else ""
    return form


@pytest.fixture
def sourcing(session):
    return make_sourcing(session)


@pytest.fixture
def root(sourcing):
    return f"/rfqs/{sourcing.rfq.id}/bids"


@pytest.fixture
def supplier(portal, sourcing):
    return portal(sourcing.suppliers[0])


class TestSupplier:
    def test_from_empty_page_to_receipt(self, supplier, sourcing, root, session):
        assert "No bid yet" in words(supplier.get(root))
        assert "Steel bolt M8 x 40" in words(supplier.get(f"{root}/edit"))
        saved = supplier.post(
            f"{root}/edit", filled(sourcing, "1,250.50", "0.0125", then="check", delivery_days="5")
        )
        assert (saved.status_code, saved.location) == (303, f"{root}/check")
        page = words(supplier.get(f"{root}/check"))
        assert "You are about to submit" in page
        assert "125,051.25" in page
        version = session.scalars(select(Bid.version)).one()
        sent = supplier.post(f"{root}/submit", {"version": str(version)})
        assert sent.status_code == 303
        cookie = sent.headers["Set-Cookie"]
        assert f"Path={root}" in cookie
        assert "HttpOnly" in cookie
        receipt = supplier.get(sent.location)
        assert "Receipt" in words(receipt)
        file = json.loads(supplier.get(f"{sent.location}/file").text)
        assert envelopes.is_signed(
            file["statement"].encode(),
            bytes.fromhex(file["signature"]),
            bytes.fromhex(file["public_key"]),
        )
        assert "1,250.50" in words(supplier.get(root))

    def test_another_browser_sees_that_it_is_submitted_but_not_the_prices(
        self, portal, supplier, sourcing, root
    ):
        supplier.post(f"{root}/edit", filled(sourcing, "1250.50", "1"))
        supplier.post(f"{root}/submit")
        elsewhere = words(portal(sourcing.suppliers[0]).get(root))
        assert "Submitted and sealed" in elsewhere
        assert "1,250.50" not in elsewhere

    def test_what_was_typed_stays_and_the_fault_stands_at_its_line(self, supplier, sourcing, root):
        page = supplier.post(f"{root}/edit", filled(sourcing, "", "-3", note="Please call"))
        assert page.status_code == 422
        assert 'value="-3"' in page.text
        assert "Please call" in page.text
        assert 'href="#f-lines-1-unit_price' in page.text

    def test_a_lot_that_is_not_bid_for_refuses_its_price_at_the_right_row(self, session, portal):
        lots = [LotDraft("Bolts"), LotDraft("Washers")]
        sourcing = make_sourcing(session, lots=lots, lines=[a_line(), a_line(lot=2)])
        client = portal(sourcing.suppliers[0])
        form = filled(sourcing, "", "3", lot_ids=str(sourcing.lots[0].id))
        page = client.post(f"/rfqs/{sourcing.rfq.id}/bids/edit", form)
        assert page.status_code == 422
        assert 'href="#f-lines-1-line_id"' in page.text

    def test_decimals_are_read_in_the_readers_notation(self, portal, session, sourcing, root):
        french = make_actor(
            session,
            OrgKind.SUPPLIER,
            organisation=session.get_one(Organisation, sourcing.suppliers[0].org_id),
            locale="fr",
        )
        client = portal(french)
        client.post(f"{root}/edit", filled(sourcing, "1 250,50", "2"))
        assert "125 250,00" in words(client.get(f"{root}/check")).replace("\u202f", " ").replace(
            "\xa0", " "
        )

    def test_missing_lines_are_told_before_submission(self, supplier, sourcing, root):
        supplier.post(f"{root}/edit", filled(sourcing, "5", ""))
        assert "1 line has no price" in words(supplier.get(f"{root}/check"))

    def test_late_shows_why_and_leaves_a_record(self, supplier, sourcing, root, session):
        supplier.post(f"{root}/edit", filled(sourcing, "5", "5"))
        with clock.frozen(sourcing.due_at + timedelta(milliseconds=1)):
            page = supplier.post(f"{root}/submit")
        assert page.status_code == 409
        assert "arrived after the deadline" in words(page)
        attempt = session.scalars(select(BidAttempt)).one()
        assert (attempt.outcome, attempt.code) == (AttemptOutcome.REFUSED, "deadline_passed")
        assert f"{root}/receipts/{attempt.id}" in page.text

    def test_documents_are_attached_read_and_removed(self, supplier, sourcing, root, session):
        supplier.post(f"{root}/edit", filled(sourcing, "5", "5"))
        file = {"file": (io.BytesIO(b"Terms of delivery"), "terms.txt")}
        assert supplier.post(f"{root}/documents", file).status_code == 303
        page = supplier.get(f"{root}/edit")
        assert "terms.txt" in page.text
        link = page.text.split("terms.txt</a>")[0].rsplit('href="', 1)[1].split('"')[0]
        assert supplier.get(link).data == b"Terms of delivery"
        document_id = link.rsplit("/", 1)[1]
        assert supplier.post(f"{root}/documents/{document_id}/remove").status_code == 303
        assert "terms.txt" not in supplier.get(f"{root}/edit").text
        bad = {"file": (io.BytesIO(b"MZ\0"), "virus.exe")}
        assert supplier.post(f"{root}/documents", bad).status_code == 422

    def test_replace_and_withdraw(self, supplier, sourcing, root, session):
        supplier.post(f"{root}/edit", filled(sourcing, "5", "5"))
        supplier.post(f"{root}/submit")
        assert supplier.post(f"{root}/revise").status_code == 303
        assert 'value="5"' in supplier.get(f"{root}/edit").text
        supplier.post(f"{root}/edit", filled(sourcing, "4", "5"))
        supplier.post(f"{root}/submit")
        bid = session.scalars(select(Bid)).one()
        assert bid.number == 2
        assert supplier.post(f"{root}/withdraw", {"version": str(bid.version)}).status_code == 303
        assert session.scalars(select(Bid.state)).one() is BidState.WITHDRAWN
        assert "Withdrawn" in words(supplier.get(root))

    def test_own_bids_are_listed(self, supplier, sourcing):
        assert "No bids yet" in words(supplier.get("/bids"))
        sourcing.submit(0, "1", "1")
        assert sourcing.rfq.number in words(supplier.get("/bids"))

    def test_a_stranger_finds_nothing(self, portal, session, root):
        stranger = portal(make_actor(session, OrgKind.SUPPLIER))
        for way in ("", "/edit", "/check"):
            assert stranger.get(root + way).status_code == 404


class TestBuyer:
    def test_sealed_page_is_the_same_for_no_bid_and_for_many(self, session, portal):
        empty = make_sourcing(session)
        full = make_sourcing(session, buyer=empty.buyer)
        full.submit(0, "1", "1")
        full.submit(1, "1", "1")
        client = portal(empty.buyer)
        with clock.frozen(clock.now()):  # both pages show the server's time
            pages = [
                words(client.get(f"/rfqs/{each.rfq.id}/bids")).replace(each.rfq.number, "-")
                for each in (empty, full)
            ]
        assert pages[0] == pages[1]
        for rest in ("/evaluation", "/award"):
            assert client.get(f"/rfqs/{full.rfq.id}{rest}").status_code == 403

    def test_bids_for_a_cancelled_rfq_stay_sealed(self, session, portal, sourcing, root):
        sourcing.submit(0, "1", "1")
        publishing.cancel(session, sourcing.buyer, sourcing.rfq.id, "Budget withdrawn")
        page = words(portal(sourcing.buyer).get(root))
        assert "This event was cancelled. Bids that had arrived stay sealed" in page
        assert "Until you open them" not in page

    def test_opens_with_the_passphrase(self, session, portal, sourcing, root):
        sourcing.submit(0, "1", "1")
        client = portal(sourcing.buyer)
        with clock.frozen(sourcing.due_at + timedelta(seconds=30)):
            assert "Opening passphrase" in words(client.get(root))
            wrong = client.post(
                f"/rfqs/{sourcing.rfq.id}/opening", {"passphrase": "wrong horse battery"}
            )
            assert wrong.status_code == 422
            assert "not the opening passphrase" in words(wrong)
            right = client.post(
                f"/rfqs/{sourcing.rfq.id}/opening", {"passphrase": sourcing.passphrase}
            )
            assert right.status_code == 303
        assert "Minutes of the opening" in words(client.get(root))
        minutes = json.loads(client.get(f"/rfqs/{sourcing.rfq.id}/opening/minutes").text)
        assert len(json.loads(minutes["statement"])["bids"]) == 1

    def test_compares_scores_and_reads_the_explained_ranking(self, session, portal):
        sourcing = make_opened(session, ["10", "1"], ["8", None])
        client, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/evaluation"
        page = client.get(url)
        assert 'class="best"' in page.text
        assert "no price" in words(page)
        assert "+25.0%" in words(page)
        bids = bid_queries.readable_bids(session, sourcing.rfq.id)
        quality = next(c for c in sourcing.criteria if c.kind != "price")
        form = {
            "scores.0.bid_id": str(bids[0].id),
            "scores.0.criterion_id": str(quality.id),
            "scores.0.score": "87.5",
            "scores.0.comment": "Good samples",
            "scores.1.bid_id": str(bids[1].id),
            "scores.1.criterion_id": str(quality.id),
            "scores.1.score": "",
            "scores.1.comment": "",
        }
        assert client.post(f"{url}/scores", form).status_code == 303
        ranked = words(client.get(url))
        assert "40 × score 87.5 ÷ 100 = 35" in ranked
        assert "Not ranked: line 2 has no price." in ranked
        assert "Good samples" in ranked
        bad = client.post(f"{url}/scores", {**form, "scores.0.score": "101"})
        assert bad.status_code == 422
        assert "from 0 to 100" in words(bad)

    def test_says_at_which_weight_of_the_price_another_would_win(self, session, portal):
        sourcing = make_opened(session, ["10", "1"], ["10", "2"])
        client, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/evaluation"
        assert "The price weighs" not in words(client.get(url))
        first, second = bid_queries.readable_bids(session, sourcing.rfq.id)
        quality = next(c for c in sourcing.criteria if c.kind != "price")
        form = {}
        for index, (bid, score) in enumerate(((first, "80"), (second, "100"))):
            form |= {
                f"scores.{index}.bid_id": str(bid.id),
                f"scores.{index}.criterion_id": str(quality.id),
                f"scores.{index}.score": score,
                f"scores.{index}.comment": "",
            }
        assert client.post(f"{url}/scores", form).status_code == 303
        page = words(client.get(url))
        name = sourcing.suppliers[0].org_name
        assert f"The price weighs 60.00%. Above 70.59%, {name} would come first." in page

    def test_warns_where_the_order_depends_on_a_third_bid(self, session, portal, api):
        sourcing = make_opened(session, ["1", "0.1"], ["1.2", "0.12"], ["0.8", "0.08"])
        client, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/evaluation"
        first, second, third = (actor.org_name for actor in sourcing.suppliers)
        quality = next(c for c in sourcing.criteria if c.kind != "price")
        bids = {
            bid.supplier_id: bid.id for bid in bid_queries.readable_bids(session, sourcing.rfq.id)
        }
        form = {}
        for index, (actor, score) in enumerate(
            zip(sourcing.suppliers, ("71", "95", "10"), strict=True)
        ):
            form |= {
                f"scores.{index}.bid_id": str(bids[actor.org_id]),
                f"scores.{index}.criterion_id": str(quality.id),
                f"scores.{index}.score": score,
                f"scores.{index}.comment": "",
            }
        assert "third bid" not in words(client.get(url))
        assert client.post(f"{url}/scores", form).status_code == 303
        page = words(client.get(url))
        assert f"Without the bid of {third}, {first} would rank ahead of {second}." in page
        (lot,) = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/evaluation").json["lots"]
        ids = {
            name: str(bids[actor.org_id])
            for name, actor in zip("abc", sourcing.suppliers, strict=True)
        }
        assert lot["reversals"] == [
            {"without_bid_id": ids["c"], "ahead_bid_id": ids["a"], "behind_bid_id": ids["b"]}
        ]

    def test_awards_by_lot_after_a_check(self, session, portal):
        sourcing = make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE)
        client, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/award"
        first, second = bid_queries.readable_bids(session, sourcing.rfq.id)
        page = words(client.get(url))
        assert "€1,100.00, 100.00 points" in page
        lot = f"lot.{sourcing.lots[0].id}"
        check = words(client.post(f"{url}/check", {lot: str(first.id)}))
        assert "You are about to award" in check
        assert "1,100.00" in check
        nothing = client.post(f"{url}/check", {})
        assert nothing.status_code == 422
        reasonless = client.post(url, {lot: str(second.id)})
        assert reasonless.status_code == 422
        assert "Say why" in words(reasonless)
        line = f"line.{sourcing.lines[1].id}"
        decided = client.post(
            url, {lot: str(first.id), line: str(second.id), "justification": "Second source"}
        )
        assert decided.status_code == 303
        shown = words(client.get(url))
        assert "Second source" in shown
        assert sourcing.rfq.state is RfqState.AWARDED
        for number, word in ((0, "You have won"), (1, "You have won")):
            assert word in words(
                portal(sourcing.suppliers[number]).get(f"/rfqs/{sourcing.rfq.id}/bids")
            )

    def test_reads_one_bid_in_full(self, session, portal):
        sourcing = make_opened(session, ["10", "1"])
        (bid,) = bid_queries.readable_bids(session, sourcing.rfq.id)
        page = words(portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/bids/{bid.id}"))
        assert "10.00" in page

    def test_ends_without_an_award(self, session, portal, sourcing):
        sourcing.open()
        client, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/unsuccessful"
        assert "No bids arrived" in words(client.get(f"/rfqs/{sourcing.rfq.id}/bids"))
        assert client.post(url, {"reason": ""}).status_code == 422
        assert client.post(url, {"reason": "Nobody bid"}).status_code == 303
        assert sourcing.rfq.state is RfqState.UNSUCCESSFUL
