"""From a published RFQ to a paid, completed order, through the API alone.

Start the product with ``make run``, then, in another terminal::

    .venv/bin/python examples/partner_flow.py

The program reads the keys of the demo people from ``.local/demo.json``. It takes about two minutes,
most of them waiting for the deadline: bids cannot be opened before it, whoever asks.
"""

import json
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from examples.partner_api import Body, Caller, wait_for

DEMO = Path(__file__).parents[1] / ".local" / "demo.json"
BIDDING_TIME = timedelta(seconds=45)
PRICES = (("19.90", "4.10"), ("21.50", "3.95"), ("18.75", "4.60"))
TEST_CARD = {"type": "card", "number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}


@dataclass(frozen=True)
class Cast:
    """Who takes part: one buying organisation and three suppliers."""

    buyer: Caller
    approver: Caller
    receiver: Caller
    suppliers: list[Caller]


def main() -> None:
    cast = read_cast(json.loads(DEMO.read_text()))
    rfq = publish(cast)
    bid(cast, rfq)
    award(cast, rfq)
    for order in ordered(cast, rfq):
        deliver(cast, order)
        pay(cast, invoice(cast, order))
        completed(cast, order)
    consequences(cast)


def read_cast(demo: Body) -> Cast:
    people = demo["people"]

    def caller(person: Body) -> Caller:
        return Caller(person["name"], demo["base_url"], person["api_key"])

    buyer = next(person for person in people if person["role"] == "buyer")
    colleagues = [p for p in people if p["organisation"] == buyer["organisation"]]
    by_role = {person["role"]: caller(person) for person in colleagues}
    suppliers = {p["organisation"]: caller(p) for p in people if p["role"] == "supplier"}
    qualified = [c for c in suppliers.values() if is_qualified(caller(buyer), c)]
    return Cast(caller(buyer), by_role["approver"], by_role["receiver"], qualified[:3])


def is_qualified(buyer: Caller, supplier: Caller) -> bool:
    """Whether due diligence lets this supplier bid."""
    me = supplier.get("/me")
    profile = buyer.get(f"/suppliers/{me['organisation_id']}")
    return str(profile["state"]) == "qualified"


def publish(cast: Cast) -> Body:
    """A draft of two lines and two criteria; publication answers the opening passphrase once."""
    due = datetime.now(UTC) + BIDDING_TIME
    supplier_ids = [c.get("/me")["organisation_id"] for c in cast.suppliers]
    draft = cast.buyer.post(
        "/rfqs",
        {
            "title": "Safety equipment for the warehouse",
            "currency": "EUR",
            "time_zone": "Europe/Paris",
            "bids_due_at": due.isoformat(timespec="seconds"),
            "lines": [
                {
                    "description": "Safety helmet, EN 397",
                    "quantity": {"value": "100", "unit": "C62"},
                    "delivery_place": "Warehouse Lyon",
                    "delivery_on": str(date.today() + timedelta(days=21)),  # noqa: DTZ011
                },
                {
                    "description": "Protective gloves, EN 388, size 9",
                    "quantity": {"value": "250", "unit": "PR"},
                    "delivery_place": "Warehouse Lyon",
                    "delivery_on": str(date.today() + timedelta(days=21)),  # noqa: DTZ011
                },
            ],
            "criteria": [
                {"name": "Price", "kind": "price", "weight": "70"},
                {"name": "Quality", "kind": "quality", "weight": "30"},
            ],
            "supplier_ids": supplier_ids,
        },
    )
    published = cast.buyer.post(f"/rfqs/{draft['id']}/publish")
    print(f"Published {published['number']}, bids until {published['bids_due_at']}")
    return published


def bid(cast: Cast, rfq: Body) -> None:
    """Each supplier submits; one asks a question first, one replaces its bid."""
    cast.suppliers[0].post(
        f"/rfqs/{rfq['id']}/questions", {"body": "Must the helmets be delivered assembled?"}
    )
    question = cast.buyer.get(f"/rfqs/{rfq['id']}/questions")["items"][0]
    cast.buyer.post(
        f"/rfqs/{rfq['id']}/questions/{question['id']}/answer", {"answer": "Yes, ready to wear."}
    )
    lines = cast.buyer.get(f"/rfqs/{rfq['id']}")["lines"]
    for supplier, prices in zip(cast.suppliers, PRICES, strict=True):
        submitted = supplier.post(f"/rfqs/{rfq['id']}/bids", offer(lines, prices))
        print(f"{supplier.name} submitted, receipt {submitted['receipt']['digest'][:16]}")
    better = (PRICES[1][0], "3.80")
    cast.suppliers[1].post(f"/rfqs/{rfq['id']}/bids", offer(lines, better))
    print(f"{cast.suppliers[1].name} replaced the bid")


def offer(lines: list[Body], prices: tuple[str, ...]) -> Body:
    priced = [
        {"line_id": line["id"], "unit_price": {"amount": price, "currency": "EUR"}}
        for line, price in zip(lines, prices, strict=True)
    ]
    return {"lines": priced, "delivery_days": 14, "submit": True}


def award(cast: Cast, rfq: Body) -> None:
    """Open once the deadline and the drain after it have passed, score, take the best."""
    due = datetime.fromisoformat(rfq["bids_due_at"])
    wait = (due - datetime.now(UTC)).total_seconds() + 31
    print(f"Waiting {wait:.0f} seconds for the deadline")
    time.sleep(max(wait, 0))
    opening = cast.buyer.post(
        f"/rfqs/{rfq['id']}/opening", {"passphrase": rfq["opening_passphrase"]}
    )
    print(f"Opened {opening['bid_count']} bids")
    evaluation = cast.buyer.get(f"/rfqs/{rfq['id']}/evaluation")
    quality = next(
        c for c in cast.buyer.get(f"/rfqs/{rfq['id']}")["criteria"] if c["kind"] != "price"
    )
    scores = [
        {"bid_id": compared["bid_id"], "criterion_id": quality["id"], "score": score}
        for compared, score in zip(evaluation["bids"], ("80", "85", "70"), strict=True)
    ]
    ranked = cast.buyer.post(f"/rfqs/{rfq['id']}/evaluation/scores", {"scores": scores})
    lot = ranked["lots"][0]
    for rank in lot["ranks"]:
        print(f"  {rank['place']}. {rank['supplier_name']}: {rank['points']} points")
    choices = [{"lot_id": lot["lot_id"], "bid_id": lot["ranks"][0]["bid_id"]}]
    cast.buyer.post(f"/rfqs/{rfq['id']}/award", {"choices": choices})
    print(f"Awarded to {lot['ranks'][0]['supplier_name']}")


def ordered(cast: Cast, rfq: Body) -> list[Body]:
    """The award becomes orders; each needs finance before it is issued."""
    orders = wait_for("the orders", lambda: cast.buyer.get("/orders", rfq_id=rfq["id"])["items"])
    return [approved(cast, order) for order in orders]


def approved(cast: Cast, order: Body) -> Body:
    path = f"/orders/{order['id']}"
    if cast.buyer.get(path)["state"] == "draft":
        cast.buyer.post(f"{path}/submit")
    while (current := cast.buyer.get(path))["state"] == "awaiting_approval":
        decide(cast, order["id"])
        wait_for(
            "the decision to take effect",
            lambda: cast.buyer.get(path)["version"] != current["version"] or None,
        )
    issued = wait_for("the order to be issued", lambda: in_state(cast.buyer, path, "issued"))
    print(f"Issued {issued['number']} over {issued['gross']['amount']} EUR")
    supplier = seller(cast, order)
    acknowledged = supplier.post(f"{path}/acknowledge", {"supplier_reference": "AB-4711"})
    print(f"{supplier.name} acknowledged it")
    return acknowledged


def decide(cast: Cast, order_id: str) -> None:
    """Approve what waits for finance about this order; nobody approves their own."""
    requests = cast.approver.get("/approval-requests", state="waiting")["items"]
    mine = [request for request in requests if request["subject_id"] == order_id]
    for request in mine:
        cast.approver.post(f"/approval-requests/{request['id']}/decisions", {"verdict": "approve"})
        print(f"{cast.approver.name} approved {request['title']}")


def in_state(caller: Caller, path: str, *states: str) -> Body | None:
    found = caller.get(path)
    return found if found["state"] in states else None


def seller(cast: Cast, order: Body) -> Caller:
    """The supplier whose order it is."""
    ids = {c.get("/me")["organisation_id"]: c for c in cast.suppliers}
    return ids[order["supplier_id"]]


def deliver(cast: Cast, order: Body) -> None:
    """Two deliveries: half of every line, then the rest."""
    for part in ("first half", "rest"):
        lines = cast.receiver.get(f"/orders/{order['id']}")["lines"]
        booked = [
            {"order_line_id": line["id"], "accepted": half_or_rest(line, part)} for line in lines
        ]
        cast.receiver.post(f"/orders/{order['id']}/receipts", {"lines": booked})
        print(f"{cast.receiver.name} received the {part} of {order['number']}")


def half_or_rest(line: Body, part: str) -> str:
    to_deliver = line["to_deliver"]
    return str(int(to_deliver) // 2) if part == "first half" else str(to_deliver)


def invoice(cast: Cast, order: Body) -> Body:
    """The supplier invoices what was accepted; it matches order and receipt."""
    supplier = seller(cast, order)
    body = supplier.get("/invoices/prefill", order_id=order["id"])
    body["number"] = f"INV-{int(time.time())}"
    drafted = supplier.post("/invoices", body)
    supplier.post(f"/invoices/{drafted['id']}/submit")
    path = f"/invoices/{drafted['id']}"
    matched: Body = wait_for(
        "the match", lambda: in_state(cast.buyer, path, "matched", "approved", "in_variance")
    )
    print(f"Invoice {matched['number']} over {matched['gross']['amount']}: {matched['state']}")
    return matched


def pay(cast: Cast, matched: Body) -> None:
    """Ask for a payment, then pay on the page that Stripe (here the local one) answers."""
    cast.buyer.post(f"/invoices/{matched['id']}/payments")

    def open_page() -> Any:
        payments = cast.buyer.get("/payments", subject_id=matched["id"])["items"]
        return next((p["checkout_url"] for p in payments if p["checkout_url"]), None)

    url = wait_for("the payment page", open_page)
    form = urllib.parse.urlencode(TEST_CARD).encode()
    with urllib.request.build_opener(StayHere).open(url, form, timeout=30):
        pass
    path = f"/invoices/{matched['id']}"
    wait_for("the payment", lambda: in_state(cast.buyer, path, "paid"))
    print(f"Paid {matched['number']}")


class StayHere(urllib.request.HTTPRedirectHandler):
    """The page sends a browser back to the portal, where this program has no business."""

    def http_error_302(self, _request: Any, answer: Any, *_rest: Any) -> Any:
        return answer

    http_error_303 = http_error_302


def completed(cast: Cast, order: Body) -> None:
    wait_for(
        "the order to complete",
        lambda: in_state(cast.buyer, f"/orders/{order['id']}", "completed"),
    )
    print(f"Completed {order['number']}")


def consequences(cast: Cast) -> None:
    """What followed by itself: the change feed of the buyer names it all, in order."""
    page = cast.buyer.get("/events", limit="200")
    names = [event["name"] for event in page["items"]]
    print(f"The buyer's change feed has {len(names)} events on its first page, e.g. {names[:3]}")


if __name__ == "__main__":
    main()
