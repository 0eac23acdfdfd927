"""Alternative bids for partners' programs and in the portal."""

import io
import re
import runpy
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.services import bid_drafts
from marketplace.rfq.terms.bid_states import BidState
from tests.clients import words
from tests.factories.bids import KEYS, make_sourcing
from tests.rfq import sheet_files as files
from tests.rfq.alternative_bids import ALLOWED, kept, make_allowing, submit

DOCS = Path(__file__).parents[2] / "docs" / "verifying.md"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The program of the documentation that seals a bid."""
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    path = tmp_path_factory.mktemp("docs") / "sealing.py"
    path.write_text(program)
    return runpy.run_path(str(path))


@pytest.fixture
def sourcing(session):
    return make_allowing(session)


def body(sourcing, *prices, **over):
    lines = [
        {"line_id": str(line.id), "unit_price": {"amount": price, "currency": "EUR"}}
        for line, price in zip(sourcing.lines, prices, strict=False)
    ]
    return {"lines": lines, **over}


class TestApi:
    @pytest.fixture
    def path(self, sourcing):
        return f"/rfqs/{sourcing.rfq.id}/bids"

    def test_from_draft_to_receipt(self, api, sourcing, path):
        client = api(sourcing.suppliers[0])
        main = client.post(path, json=body(sourcing, "12", "1", submit=True)).json
        draft = client.post(path, json=body(sourcing, "8", "1", alternative=2, name="Used")).json
        assert (draft["alternative"], draft["draft"]["name"]) == (2, "Used")
        listed = client.get(path).json["items"]
        assert [(each["id"], each["alternative"]) for each in listed] == [
            (main["id"], 0), (draft["id"], 2),
        ]  # fmt: skip
        one = f"{path}/{draft['id']}"
        changed = client.put(
            one, version=draft["version"], json=body(sourcing, "7", "1", name="Used once")
        ).json
        assert changed["draft"]["name"] == "Used once"
        sent = client.post(f"{one}/submit", version=changed["version"]).json
        assert (sent["state"], sent["number"], sent["alternative"]) == ("submitted", 1, 2)
        assert sent["receipt"]["alternative"] == 2
        key = {"X-Read-Back-Key": sent["read_back_key"]}
        assert client.get(one, headers=key).json["content"]["name"] == "Used once"
        receipts = client.get(f"/rfqs/{sourcing.rfq.id}/receipts").json["items"]
        assert sorted(each["alternative"] for each in receipts) == [0, 2]
        assert client.post(f"{one}/withdraw").json["outcome"] == "withdrawn"
        states = [each["state"] for each in client.get(path).json["items"]]
        assert states == ["submitted", "withdrawn"]

    @pytest.mark.parametrize(
        ("alternative", "pointer", "code"),
        [
            (3, "/alternative", "too_many_alternatives"),
            (10, "/alternative", "invalid"),
            (-1, "/alternative", "invalid"),
        ],
    )
    def test_refusals(self, api, sourcing, path, session, alternative, pointer, code):
        client = api(sourcing.suppliers[0])
        answer = client.post(
            path, json=body(sourcing, "8", "1", alternative=alternative, name="X", submit=True)
        )
        assert answer.status_code == 422
        assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [
            (pointer, code)
        ]
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_nobody_else_reads_or_writes_it(self, api, sourcing, path):
        bid = api(sourcing.suppliers[0]).post(
            path, json=body(sourcing, "8", "1", alternative=1, name="X", submit=True)
        ).json  # fmt: skip
        other = api(sourcing.suppliers[1])
        assert other.get(f"{path}/{bid['id']}").status_code == 404
        assert other.post(f"{path}/{bid['id']}/withdraw").status_code == 404
        assert other.get(path).json["items"] == []
        assert api(sourcing.buyer).get(path).status_code == 403

    def test_buyers_read_both_after_the_opening(self, api, sourcing, path):
        submit(sourcing, 0, 0, "12", "1", minutes=1)
        submit(sourcing, 0, 1, "8", "1", name="Recycled steel", minutes=2)
        sourcing.open()
        client = api(sourcing.buyer)
        found = client.get(path).json["items"]
        assert [(each["alternative"], each["content"]["name"]) for each in found] == [
            (0, ""), (1, "Recycled steel"),
        ]  # fmt: skip
        compared = client.get(f"/rfqs/{sourcing.rfq.id}/evaluation").json
        ranks = compared["lots"][0]["ranks"]
        assert [(each["place"], each["alternative"], each["name"]) for each in ranks] == [
            (1, 1, "Recycled steel"), (2, 0, ""),
        ]  # fmt: skip

    def test_by_spreadsheet(self, api, sourcing, session):
        client = api(sourcing.suppliers[0])
        path = f"/rfqs/{sourcing.rfq.id}/bid-template"
        book = client.get(f"{path}?alternative=1").data
        filled = files.whole(files.priced(book, 8, 1), name="Recycled steel")
        sent = client.post(
            path,
            data={"file": (io.BytesIO(filled), files.NAME), "alternative": "1"},
            content_type="multipart/form-data",
        )
        assert (sent.status_code, sent.json["saved"]) == (200, True)
        own = bid_drafts.read(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, alternative=1)
        assert own.draft is not None
        assert (own.draft.name, own.draft.lines[0].unit_price) == ("Recycled steel", Decimal(8))
        assert client.get(f"{path}?alternative=3").status_code == 422

    def test_the_spreadsheet_of_an_alternative_is_not_the_main_bids(self, api, sourcing, session):
        client = api(sourcing.suppliers[0])
        path = f"/rfqs/{sourcing.rfq.id}/bid-template"
        filled = files.whole(client.get(f"{path}?alternative=1").data, name="Recycled steel")
        sent = client.post(
            path,
            data={"file": (io.BytesIO(files.priced(filled, 8, 1)), files.NAME)},
            content_type="multipart/form-data",
        )
        assert sent.status_code == 422
        assert [each["code"] for each in sent.json["errors"]] == ["not_an_alternative"]
        assert kept(session) == {}

    def test_sealed_by_the_bidder(self, api, session, example):
        sourcing = make_sourcing(session, client_sealing=True, allows=ALLOWED)
        client, rfq = api(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}"
        for number in (0, 1):
            facts = client.get(f"{rfq}/sealing?alternative={number}").json
            lines = [
                {**facts["empty_line"], "line_id": line["id"], "unit_price": str(9 - number)}
                for line in facts["terms"]["lines"]
            ]
            named = {"name": "Recycled steel"} if number else {}
            content = {**facts["empty_content"], "lines": lines, **named}
            sealed, digest = example["sealed_bid"](facts, content, b"k" * 32)
            answer = client.post(f"{rfq}/sealed-bid", json=sealed)
            assert (answer.status_code, answer.json["digest"]) == (201, digest)
        assert client.get(f"{rfq}/sealing?alternative=3").status_code == 422
        sourcing.open()
        rows = session.execute(select(BidOffer.alternative, BidOffer.name))
        assert sorted(map(tuple, rows)) == [(0, ""), (1, "Recycled steel")]

    def test_rfqs_say_how_many(self, api, sourcing):
        client = api(sourcing.buyer)
        made = client.post("/rfqs", json={"title": "Bolts", "allows": ["alternatives"]}).json
        assert (made["allows"], made["max_alternatives"]) == (["alternatives"], 2)
        one = f"/rfqs/{made['id']}"
        changed = client.patch(one, version=made["version"], json={"max_alternatives": 4})
        assert changed.json["max_alternatives"] == 4
        bad = client.patch(one, version=changed.json["version"], json={"max_alternatives": 10})
        assert bad.status_code == 422


class TestPortal:
    def filled(self, sourcing, *prices, **over):
        form = {"note": "", "delivery_days": "", "name": "", **over}
        for row, line in enumerate(sourcing.lines):
            form[f"lines.{row}.line_id"] = str(line.id)
            form[f"lines.{row}.unit_price.currency"] = "EUR"
            form[f"lines.{row}.unit_price.amount"] = prices[row] if row < len(prices) else ""
        return form

    def test_from_the_list_to_the_receipt(self, portal, sourcing, session):
        supplier = portal(sourcing.suppliers[0])
        root = f"/rfqs/{sourcing.rfq.id}/bids"
        assert "you may offer 2 alternatives" in words(supplier.get(root))
        one = f"{root}/alternatives/1"
        assert "Write alternative 1" in words(supplier.get(f"{one}/edit"))
        saved = supplier.post(
            f"{one}/edit", self.filled(sourcing, "8", "1", name="Recycled steel", then="check")
        )
        assert (saved.status_code, saved.location) == (303, f"{one}/check")
        assert "Recycled steel" in words(supplier.get(f"{one}/check"))
        sent = supplier.post(f"{one}/submit", {"version": "1"})
        assert sent.location.startswith(f"{one}/receipts/")
        assert f"Path={one}" in sent.headers["Set-Cookie"]
        assert "Alternative 1" in words(supplier.get(sent.location))
        assert supplier.get(sent.location.replace("/alternatives/1", "")).status_code == 404
        shown = words(supplier.get(one))
        assert "Recycled steel" in shown
        assert "800.00" in shown
        main = supplier.get(root)
        assert "No bid yet" in words(main)
        assert f"{root}/alternatives/2/edit" in main.text
        assert "Alternative 1" in words(supplier.get("/bids"))

    def test_without_a_name_it_is_not_submitted(self, portal, sourcing, session):
        supplier = portal(sourcing.suppliers[0])
        one = f"/rfqs/{sourcing.rfq.id}/bids/alternatives/1"
        supplier.post(f"{one}/edit", self.filled(sourcing, "8", "1"))
        refused = supplier.post(f"{one}/submit", {"version": "1"})
        assert refused.status_code == 422
        assert "Name the alternative" in words(refused)
        assert kept(session) == {1: (BidState.DRAFT, 0)}

    def test_there_are_no_more_than_allowed(self, portal, sourcing):
        supplier = portal(sourcing.suppliers[0])
        one = f"/rfqs/{sourcing.rfq.id}/bids/alternatives/3"
        assert supplier.get(f"{one}/edit").status_code == 404
        assert supplier.get(one).status_code == 404

    def test_by_spreadsheet(self, portal, sourcing, session):
        supplier = portal(sourcing.suppliers[0])
        one = f"/rfqs/{sourcing.rfq.id}/bids/alternatives/1"
        book = supplier.get(f"{one}/sheet/template").data
        filled = files.whole(files.priced(book, 8, 1), name="Recycled steel")
        preview = supplier.post(f"{one}/sheet", {"file": (io.BytesIO(filled), files.NAME)})
        assert "Recycled steel" in words(preview)
        token = preview.text.split('name="proposal" value="')[1].split('"')[0]
        done = supplier.post(f"{one}/sheet/save", {"proposal": token})
        assert (done.status_code, done.location) == (303, f"{one}/check")
        main = supplier.post(f"/rfqs/{sourcing.rfq.id}/bids/sheet/save", {"proposal": token})
        assert main.status_code == 422
        assert kept(session) == {1: (BidState.DRAFT, 0)}

    def test_the_comparison_names_the_alternative(self, portal, sourcing):
        submit(sourcing, 0, 0, "12", "1", minutes=1)
        submit(sourcing, 0, 1, "8", "1", name="Recycled steel", minutes=2)
        sourcing.open()
        buyer = portal(sourcing.buyer)
        name = "A – alternative 1: Recycled steel"
        for page in ("bids", "evaluation", "award"):
            assert name in words(buyer.get(f"/rfqs/{sourcing.rfq.id}/{page}")), page

    def test_the_buyer_allows_them(self, portal, sourcing):
        buyer = portal(sourcing.buyer)
        assert "at most 2" in words(buyer.get(f"/rfqs/{sourcing.rfq.id}"))
        assert "Highest number of alternatives" in words(buyer.get("/rfqs/new"))


class TestAfterwards:
    def test_each_is_confirmed_after_an_addendum(self, api, portal, sourcing):
        bids = [submit(sourcing, 0, number, "9", "1", early=True) for number in (0, 1)]
        path = f"/rfqs/{sourcing.rfq.id}"
        lines = [
            {
                "id": str(line.id),
                "description": line.description,
                "quantity": {"value": quantity, "unit": "C62"},
            }
            for line, quantity in zip(sourcing.lines, ("120", "100"), strict=True)
        ]
        buyer, supplier = api(sourcing.buyer), portal(sourcing.suppliers[0])
        made = buyer.post(f"{path}/addenda", json={"reason": "More", "lines": lines})
        assert buyer.post(f"{path}/addenda/{made.json['id']}/publish").status_code == 200
        for number, page in ((0, "bids"), (1, "bids/alternatives/1")):
            assert "My prices for these lines stand" in words(supplier.get(f"{path}/{page}"))
            sent = supplier.post(
                f"{path}/bids/{bids[number].bid_id}/confirm", {"terms_number": "2"}
            )
            assert sent.location.startswith(f"{path}/{page}/receipts/")
            assert "Confirmed" in words(supplier.get(sent.location))
            assert "My prices for these lines stand" not in words(supplier.get(f"{path}/{page}"))
        sourcing.open()
        shown = api(sourcing.buyer).get(f"{path}/evaluation").json
        assert [each["unconfirmed_lines"] for each in shown["bids"]] == [[], []]

    def test_a_low_price_is_justified_for_the_bid_that_was_asked(self, api, portal, sourcing):
        submit(sourcing, 0, 0, "20", "1", minutes=1)
        low = submit(sourcing, 0, 1, "2", "1", minutes=2)
        submit(sourcing, 1, 0, "21", "1", minutes=3)
        sourcing.open()
        path = f"/rfqs/{sourcing.rfq.id}"
        asked = api(sourcing.buyer).post(
            f"{path}/bids/{low.bid_id}/low-price-inquiry", json={"question": "How?"}
        )
        assert asked.status_code == 201
        client, supplier = api(sourcing.suppliers[0]), portal(sourcing.suppliers[0])
        assert client.get(f"{path}/justification").status_code == 404
        one = f"{path}/justification?alternative=1"
        assert client.get(one).json["question"] == "How?"
        assert client.post(one, json={"text": "Own stock"}).status_code == 201
        assert "How?" in words(supplier.get(f"{path}/bids/alternatives/1/justification"))
        assert "Own stock" in words(portal(sourcing.buyer).get(f"{path}/low-prices"))
        assert supplier.get(f"{path}/bids/justification").status_code == 404

    def test_it_is_replaced_with_what_its_own_key_reads(self, portal, sourcing, session):
        supplier = portal(sourcing.suppliers[0])
        root = f"/rfqs/{sourcing.rfq.id}/bids"
        for place, price, name in ((root, "20", ""), (f"{root}/alternatives/1", "8", "Used")):
            form = {"name": name, "note": "", "delivery_days": ""}
            for row, line in enumerate(sourcing.lines):
                form[f"lines.{row}.line_id"] = str(line.id)
                form[f"lines.{row}.unit_price.currency"] = "EUR"
                form[f"lines.{row}.unit_price.amount"] = price
            supplier.post(f"{place}/edit", form)
            supplier.post(f"{place}/submit", {"version": "1"})
        for place, price in ((root, "20"), (f"{root}/alternatives/1", "8")):
            assert supplier.post(f"{place}/revise").location == f"{place}/edit"
            assert f'value="{price}"' in supplier.get(f"{place}/edit").text
        names = [
            bid_drafts.read(
                session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, alternative=number
            ).draft.name
            for number in (0, 1)
        ]
        assert names == ["", "Used"]
