"""What bids that bidders seal may say beside prices: judged at the opening, hidden until then."""

import json
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.offer_models import BidMoney
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.opening.models import BidUnreadable
from marketplace.rfq.terms.offering import OfferKind
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import Sourcing, make_sourcing
from tests.rfq.sealing_program import content_of, facts_of, sealing_program

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
SMALLEST = 4096 + 12 + 16


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sealing_program(tmp_path_factory)


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    return make_sourcing(session, client_sealing=True, allows=tuple(OfferKind))


def offered(facts: dict[str, Any], percent: str = "5") -> dict[str, Any]:
    """Quantity breaks, a part of a line, a bundle and a minimum order."""
    content = content_of(facts, "10", "2", minimum_order=["50.00", "EUR"])
    first, second = content["lines"]
    first["breaks"] = [["50", "9.5"], ["80", "9"]]
    ids = [first["line_id"], second["line_id"]]
    content["bundles"] = [
        {"name": "Both", "line_ids": ids, "lot_ids": [], "price": None, "percent": percent}
    ]
    return content


def send(
    example: dict[str, Any], client: ApiClient, sourcing: Sourcing, content: Any
) -> dict[str, Any]:
    facts = facts_of(client, sourcing)
    body, _digest = example["sealed_bid"](facts, content(facts), b"k" * 32)
    sent = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body)
    assert sent.status_code == 201, sent.json
    receipt: dict[str, Any] = sent.json
    return receipt


def test_all_of_it_is_opened(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    send(example, api(sourcing.suppliers[0]), sourcing, offered)
    assert sourcing.open().bid_count == 1
    breaks = list(session.scalars(select(BidLine.breaks).order_by(BidLine.unit_price.desc())))
    assert breaks == [[["50", "9.5"], ["80", "9"]], []]
    money = session.scalars(select(BidMoney)).one()
    assert money.minimum_order == Decimal(50)
    assert [each["percent"] for each in money.bundles] == ["5"]


def test_sizes_tell_nothing_of_what_is_offered(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    """One price and everything that may be offered take the same room, to the byte."""
    first, second = (api(each) for each in sourcing.suppliers)
    send(example, first, sourcing, lambda facts: content_of(facts, "10"))
    send(example, second, sourcing, offered)
    sizes = {len(each) for each in session.scalars(select(BidVersion.ciphertext))}
    assert sizes == {SMALLEST}
    send(example, first, sourcing, lambda facts: content_of(facts, "10", note="x" * 4500))
    mine = first.get(f"/rfqs/{sourcing.rfq.id}/sealed-bid").json
    assert len(b64decode(mine["ciphertext"])) == 2 * 4096 + 28


def breaks_that_fall(facts: dict[str, Any]) -> dict[str, Any]:
    content = offered(facts)
    content["lines"][0]["breaks"] = [["80", "9"], ["50", "9.5"]]
    return content


def too_much(facts: dict[str, Any]) -> dict[str, Any]:
    return {**offered(facts), "minimum_order": ["99999.00", "EUR"]}


def a_name(facts: dict[str, Any]) -> dict[str, Any]:
    return {**offered(facts), "name": "Used"}


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (
            breaks_that_fall,
            ("/lines/0/breaks/1/from_quantity", "not_ascending"),
            "The quantities of the breaks are more than zero and ascend.",
        ),
        (
            lambda facts: offered(facts, "100"),
            ("/bundles/0/percent", "out_of_range"),
            "A discount is between 0 and 100 per cent, with at most two decimal places.",
        ),
        (
            too_much,
            ("/minimum_order/amount", "minimum_above_total"),
            "The minimum order value is above the total: the bid could never be awarded.",
        ),
        (a_name, ("/name", "not_an_alternative"), "Only alternatives have a name."),
    ],
)
def test_what_does_not_fit_is_listed_with_its_reason(
    session: Session,
    api: Api,
    portal: Portal,
    sourcing: Sourcing,
    example: dict[str, Any],
    content: Any,
    error: tuple[str, str],
    said: str,
) -> None:
    send(example, api(sourcing.suppliers[0]), sourcing, content)
    send(example, api(sourcing.suppliers[1]), sourcing, offered)
    minutes = sourcing.open()
    assert minutes.bid_count == 1
    (found,) = json.loads(minutes.statement)["unreadable"]
    assert found["reason"] == "does_not_fit"
    assert found["errors"] == [dict(zip(("pointer", "code"), error, strict=True))]
    url = f"/rfqs/{sourcing.rfq.id}"
    (listed,) = api(sourcing.buyer).get(f"{url}/unreadable-bids").json["items"]
    assert listed["errors"] == [{"pointer": error[0], "code": error[1], "detail": said}]
    assert said in words(portal(sourcing.buyer).get(f"{url}/unreadable"))
    assert said in words(portal(sourcing.suppliers[0]).get(f"{url}/bids"))
    rival = words(portal(sourcing.suppliers[1]).get(f"{url}/bids"))
    assert said not in rival
    assert session.scalars(select(BidUnreadable.supplier_id)).all() == [
        sourcing.suppliers[0].organisation_id
    ]
