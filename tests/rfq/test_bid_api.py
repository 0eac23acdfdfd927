"""Bids over HTTP: what partners send and get, what is refused, what nobody else can see."""

import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from marketplace.core import clock, clock_guard
from marketplace.core.audit import AuditEvent
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt, BidVersion
from marketplace.rfq.sealing import envelopes
from marketplace.web.idempotency import IdempotencyKey
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.identity import make_actor

SUBMISSION_STATEMENTS = 5


def body(sourcing, *prices, **over):
    lines = [
        {"line_id": str(line.id), "unit_price": {"amount": price, "currency": "EUR"}}
        for line, price in zip(sourcing.lines, prices, strict=False)
        if price is not None
    ]
    return {"lines": lines, **over}


@pytest.fixture
def sourcing(session):
    return make_sourcing(session)


@pytest.fixture
def path(sourcing):
    return f"/rfqs/{sourcing.rfq.id}/bids"


@pytest.fixture
def supplier(api, sourcing):
    return api(sourcing.suppliers[0])


class TestSubmit:
    def test_in_one_request(self, supplier, sourcing, path):
        answer = supplier.post(path, json=body(sourcing, "12.50", "0.0125", submit=True))
        assert answer.status_code == 201
        bid = answer.json
        assert (bid["state"], bid["number"], bid["version"]) == ("submitted", 1, 1)
        assert bid["actions"] == ["save", "submit", "withdraw"]
        assert bid["content"]["total"] == {"amount": "1251.25", "currency": "EUR"}
        assert answer.headers["ETag"] == '"1"'
        key = bytes.fromhex(supplier.get("/receipts/key").json["public_key"])
        receipt = bid["receipt"]
        statement = receipt["statement"].encode()
        assert envelopes.is_signed(statement, bytes.fromhex(receipt["signature"]), key)
        assert json.loads(statement)["digest"] == receipt["digest"]

    def test_by_draft(self, supplier, sourcing, path):
        draft = supplier.post(path, json=body(sourcing, "12.50")).json
        assert (draft["state"], draft["number"], draft["content"]) == ("draft", 0, None)
        one = f"{path}/{draft['id']}"
        assert supplier.put(one, json=body(sourcing, "10")).status_code == 428
        changed = supplier.put(one, version=draft["version"], json=body(sourcing, "10", "2"))
        assert changed.json["draft"]["total"] == {"amount": "1200.00", "currency": "EUR"}
        stale = supplier.put(one, version=draft["version"], json=body(sourcing, "11"))
        assert stale.status_code == 412
        answer = supplier.post(f"{one}/submit", version=changed.json["version"])
        assert answer.status_code == 200
        assert answer.json["content"]["total"]["amount"] == "1200.00"

    def test_is_read_back_with_its_key_alone(self, supplier, sourcing, path):
        bid = supplier.post(path, json=body(sourcing, "12.50", submit=True)).json
        one = f"{path}/{bid['id']}"
        assert supplier.get(one).json["content"] is None
        key = {"X-Read-Back-Key": bid["read_back_key"]}
        assert supplier.get(one, headers=key).json["content"]["lines"][0]["unit_price"] == {
            "amount": "12.50", "currency": "EUR",
        }  # fmt: skip
        assert supplier.get(one, headers={"X-Read-Back-Key": "0" * 64}).json["content"] is None
        bad = supplier.get(one, headers={"X-Read-Back-Key": "secret"})
        assert (bad.status_code, bad.json["code"]) == (422, "bad_read_back_key")
        revised = supplier.post(f"{one}/revise", headers=key)
        assert revised.json["draft"]["lines"][0]["unit_price"]["amount"] == "12.50"

    def test_an_idempotent_repeat_answers_alike_without_the_key(
        self, supplier, sourcing, path, session
    ):
        first = supplier.post(
            path, json=body(sourcing, "12.50", submit=True), idempotency_key="mine"
        )
        again = supplier.post(
            path, json=body(sourcing, "12.50", submit=True), idempotency_key="mine"
        )
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json["receipt"] == first.json["receipt"]
        assert "read_back_key" not in again.json
        assert session.scalar(select(func.count()).select_from(BidVersion)) == 1
        stored = session.scalars(select(IdempotencyKey).where(IdempotencyKey.key == "mine")).one()
        assert first.json["read_back_key"] not in json.dumps(stored.response)
        assert "12.5" not in json.dumps(stored.response)

    def test_needs_an_idempotency_key(self, supplier, sourcing, path):
        answer = supplier.post(path, json=body(sourcing, "1", submit=True), idempotency_key=None)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_missing")

    def test_takes_few_statements(self, session, supplier, sourcing, path, statements, monkeypatch):
        monkeypatch.setattr(clock_guard, "FRESH_SECONDS", 3600.0)
        clock_guard.check(session)
        bid = body(sourcing, "12.50", "0.0125", submit=True)
        statements.clear()
        assert supplier.post(path, json=bid).status_code == 201
        assert len(statements) == SUBMISSION_STATEMENTS, statements

    def test_every_fault_is_named(self, supplier, sourcing, path, session):
        bad = body(sourcing, "-1", "1.1234567", submit=True)
        answer = supplier.post(path, json=bad)
        assert answer.status_code == 422
        unknown = body(sourcing, "1", submit=True)
        unknown["lines"][0]["line_id"] = str(uuid4())
        answer = supplier.post(path, json=unknown)
        assert (answer.status_code, answer.json["code"]) == (422, "bid_invalid")
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [
            ("/lines/0/line_id", "unknown_line")
        ]
        attempt = session.scalars(select(BidAttempt)).one()
        assert (attempt.outcome, attempt.code) == ("refused", "bid_invalid")
        assert session.scalars(select(Bid)).all() == []

    @pytest.mark.parametrize("late_by", [0.001, 0.05, 1])
    def test_late_answers_with_all_that_a_court_asks_for(
        self, supplier, sourcing, path, session, late_by
    ):
        """D-01: a millisecond, fifty, a second late."""
        arrived = sourcing.due_at + timedelta(seconds=late_by)
        with clock.frozen(arrived):
            answer = supplier.post(path, json=body(sourcing, "1", "1", submit=True))
        assert (answer.status_code, answer.json["code"]) == (409, "deadline_passed")
        problem = answer.json
        assert problem["arrived_at"] == arrived.isoformat().replace("+00:00", "Z")
        assert problem["bids_due_at"] == sourcing.due_at.isoformat().replace("+00:00", "Z")
        assert problem["time_zone"] == "Europe/Paris"
        key = bytes.fromhex(supplier.get("/receipts/key").json["public_key"])
        signature = bytes.fromhex(problem["signature"])
        assert envelopes.is_signed(problem["statement"].encode(), signature, key)
        assert session.scalars(select(Bid)).all() == []
        attempt = session.scalars(select(BidAttempt)).one()
        assert str(attempt.id) == problem["attempt_id"]
        assert session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_id == attempt.id)
        ).all() == ["bid.refused"]
        assert session.scalars(
            select(OutboxMessage).where(OutboxMessage.name == "rfq.bid_submitted")
        ).all() == []  # fmt: skip
        assert supplier.get(f"/rfqs/{sourcing.rfq.id}/receipts").json["items"][0]["id"] == str(
            attempt.id
        )

    def test_withdraw_and_see_all_receipts(self, supplier, sourcing, path):
        bid = supplier.post(path, json=body(sourcing, "1", submit=True)).json
        receipt = supplier.post(f"{path}/{bid['id']}/withdraw").json
        assert receipt["outcome"] == "withdrawn"
        items = supplier.get(f"/rfqs/{sourcing.rfq.id}/receipts").json["items"]
        assert [item["outcome"] for item in items] == ["withdrawn", "accepted"]
        again = supplier.post(f"{path}/{bid['id']}/withdraw")
        assert (again.status_code, again.json["code"]) == (409, "illegal_transition")


class TestDocuments:
    def test_are_brought_before_and_read_by_who_may(self, supplier, sourcing, path, api, session):
        bid = supplier.post(path, json=body(sourcing, "1")).json
        one = f"{path}/{bid['id']}"
        added = supplier.post(
            f"{one}/documents",
            data={"file": (io.BytesIO(b"Terms of delivery"), "terms.txt")},
            content_type="multipart/form-data",
        )
        assert added.status_code == 201, added.json
        file = f"{one}/documents/{added.json['id']}"
        assert supplier.get(file).data == b"Terms of delivery"
        submitted = supplier.post(f"{one}/submit").json
        assert submitted["content"]["documents"] == [added.json]
        assert supplier.get(file).status_code == 404
        key = {"X-Read-Back-Key": submitted["read_back_key"]}
        assert supplier.get(file, headers=key).data == b"Terms of delivery"
        assert api(sourcing.suppliers[1]).get(file).status_code == 404
        buyer = api(sourcing.buyer)
        assert (buyer.get(file).status_code, buyer.get(file).json["code"]) == (403, "sealed")
        sourcing.open()
        assert buyer.get(file).data == b"Terms of delivery"
        assert supplier.get(file).data == b"Terms of delivery"
        assert api(sourcing.suppliers[1]).get(file).status_code == 404


class TestSealed:
    def test_buyer_and_operator_get_the_same_bytes_for_no_bid_and_for_many(self, session, api):
        empty = make_sourcing(session, suppliers=5)
        full = make_sourcing(session, suppliers=5, buyer=empty.buyer)
        for number in range(5):
            full.submit(number, "1", "2")
        for actor in (
            empty.buyer,
            make_actor(session, OrgKind.BUYER, Role.ADMIN, organisation=None),
            make_actor(session, OrgKind.OPERATOR),
        ):
            client = api(actor)
            for rest in ("/bids", f"/bids/{uuid4()}", "/evaluation", "/opening", "/award", ""):
                answers = [client.get(f"/rfqs/{each.rfq.id}{rest}") for each in (empty, full)]
                texts = [
                    masked(answer.text, each)
                    for answer, each in zip(answers, (empty, full), strict=True)
                ]
                assert difference(*texts) == "", rest
                assert answers[0].status_code == answers[1].status_code

    def test_every_way_to_the_content_is_closed_and_noted(self, session, api, sourcing):
        bid = sourcing.submit(0, "1", "2")
        buyer = api(sourcing.buyer)
        root = f"/rfqs/{sourcing.rfq.id}"
        ways = (
            "/bids",
            f"/bids/{bid.bid_id}",
            f"/bids/{bid.bid_id}/documents/{uuid4()}",
            "/evaluation",
        )
        for way in ways:
            answer = buyer.get(root + way)
            assert (answer.status_code, answer.json["code"]) == (403, "sealed"), way
        noted = session.scalar(
            select(func.count()).where(AuditEvent.action == "rfq.refused_sealed")
        )
        assert noted == len(ways)

    def test_suppliers_never_see_each_other(self, session, api, sourcing, path):
        bid = sourcing.submit(0, "1", "2")
        other = api(sourcing.suppliers[1])
        assert other.get(path).json["items"] == []
        assert other.get(f"{path}/{bid.bid_id}").status_code == 404
        assert other.post(f"{path}/{bid.bid_id}/withdraw").status_code == 404
        assert other.post(f"{path}/{bid.bid_id}/submit").status_code == 404
        sourcing.open()
        assert other.get(path).json["items"] == []
        assert other.get(f"{path}/{bid.bid_id}").status_code == 404
        assert other.get(f"/rfqs/{sourcing.rfq.id}/evaluation").status_code in (403, 404)

    def test_a_stranger_gets_what_an_unknown_rfq_answers(self, session, api, sourcing, path):
        stranger = api(make_actor(session, OrgKind.SUPPLIER))
        there, nowhere = stranger.get(path), stranger.get(f"/rfqs/{uuid4()}/bids")
        assert there.status_code == nowhere.status_code == 404
        assert there.json["detail"] == nowhere.json["detail"]


class TestAfterOpening:
    def test_a_wrong_passphrase_is_refused_and_noted(self, session, api, sourcing):
        buyer = api(sourcing.buyer)
        opening = f"/rfqs/{sourcing.rfq.id}/opening"
        early = buyer.post(opening, json={"passphrase": sourcing.passphrase})
        assert (early.status_code, early.json["code"]) == (409, "too_early")
        with clock.frozen(sourcing.due_at + timedelta(seconds=30)):
            wrong = buyer.post(opening, json={"passphrase": "wrong horse battery"})
            assert (wrong.status_code, wrong.json["code"]) == (403, "wrong_passphrase")
            right = buyer.post(opening, json={"passphrase": sourcing.passphrase})
        assert (right.status_code, right.json["bid_count"]) == (201, 0)
        assert session.scalar(
            select(func.count()).where(AuditEvent.action == "rfq.refused_wrong_passphrase")
        ) == 1  # fmt: skip
        assert buyer.get(opening).json["signature"] == right.json["signature"]

    def test_the_passphrase_is_kept_nowhere(self, session, api, sourcing):
        with clock.frozen(sourcing.due_at + timedelta(seconds=30)):
            api(sourcing.buyer).post(
                f"/rfqs/{sourcing.rfq.id}/opening", json={"passphrase": sourcing.passphrase}
            )
        kept = [
            json.dumps([row.response, row.headers])
            for row in session.scalars(select(IdempotencyKey))
        ]
        assert kept
        assert not any(sourcing.passphrase in text for text in kept)

    def test_compare_score_and_award(self, session, api):
        sourcing = make_opened(session, ["10", "1"], ["8", None], ["10", "2"])
        buyer, root = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        bids = {bid["supplier_id"]: bid for bid in buyer.get(f"{root}/bids").json["items"]}
        first, second, third = (str(actor.org_id) for actor in sourcing.suppliers)
        assert bids[second]["content"]["lines"][0]["unit_price"]["amount"] == "8.00"
        page = buyer.get(f"{root}/evaluation").json
        cells = page["lines"][1]["bids"]
        assert [cell["unit_price"] and cell["unit_price"]["amount"] for cell in cells] == [
            "1.00", None, "2.00",
        ]  # fmt: skip
        assert cells[2]["above_best_percent"] == "100"
        assert page["missing_scores"] == 3
        early = buyer.post(
            f"{root}/award",
            json={"choices": [{"lot_id": str(sourcing.lots[0].id), "bid_id": bids[first]["id"]}]},
        )
        assert (early.status_code, early.json["code"]) == (409, "scores_missing")
        quality = next(c for c in sourcing.criteria if c.kind != "price")
        scores = [
            {"bid_id": bids[one]["id"], "criterion_id": str(quality.id), "score": score}
            for one, score in ((first, "80"), (second, "90"), (third, "100"))
        ]
        ranked = buyer.post(f"{root}/evaluation/scores", json={"scores": scores}).json
        (lot,) = ranked["lots"]
        assert [(r["supplier_id"], r["place"], r["points"]) for r in lot["ranks"]] == [
            (third, 1, "95"), (first, 2, "92"), (second, None, "0"),
        ]  # fmt: skip
        assert lot["ranks"][1]["explanation"][0]["formula"] == (
            "60 × lowest total 1100 ÷ 1100 = 60"
        )
        assert page["lots"][0]["sensitivity"] is None
        assert lot["sensitivity"] == {
            "price_weight": "60",
            "below": None,
            "above": {
                "price_weight": "70.59",
                "bid_id": bids[first]["id"],
                "supplier_id": first,
            },
        }
        choice = {"lot_id": lot["lot_id"], "bid_id": bids[first]["id"]}
        reasonless = buyer.post(f"{root}/award", json={"choices": [choice]})
        assert (reasonless.status_code, reasonless.json["code"]) == (422, "justification_required")
        award = buyer.post(
            f"{root}/award", json={"choices": [choice], "justification": "Faster delivery"}
        )
        assert award.status_code == 201, award.json
        assert [line["total"]["amount"] for line in award.json["lines"]] == ["1000.00", "100.00"]
        assert buyer.get(f"{root}/award").json == award.json
        states = {
            bid["supplier_id"]: bid["state"] for bid in buyer.get(f"{root}/bids").json["items"]
        }
        assert states == {first: "awarded", second: "not_awarded", third: "not_awarded"}


def difference(first, second):
    """Where two texts part, shortly: a whole diff of long lines takes minutes."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return f"{first[place - 60 : place + 60]} | {second[place - 60 : place + 60]}"
    return "" if len(first) == len(second) else "one is longer"


def masked(text, sourcing):
    """The text without what tells one RFQ from another in any case: ids, number, request id."""
    answer = json.loads(text)
    answer.pop("request_id", None)
    plain = json.dumps(answer)
    for part in (sourcing.rfq.number, str(sourcing.rfq.id)):
        plain = plain.replace(part, "-")
    for number, part in enumerate([*sourcing.lots, *sourcing.lines, *sourcing.criteria]):
        plain = plain.replace(str(part.id), f"part-{number}")
    for attribute in ("created_at", "published_at", "bids_due_at", "changed_at"):
        moment = getattr(sourcing.rfq, attribute, None)
        if moment:
            plain = plain.replace(moment.isoformat().replace("+00:00", "Z"), attribute)
    return plain
