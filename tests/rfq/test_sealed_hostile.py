"""Whatever is thrown at the sealed door is refused with a code, or opened as what it is; no 500."""

import json
import random
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.rfq.bids.models import BidDocument, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.opening.models import BidUnreadable
from marketplace.rfq.receiving import sealed_content
from marketplace.rfq.sealing.envelopes import canonical
from marketplace.rfq.terms.asked import Terms
from tests.clients import ApiClient
from tests.factories.bids import Sourcing, make_sourcing
from tests.rfq.sealing_program import content_of, facts_of, sealing_program

Api = Callable[[Actor], ApiClient]
KEY = b"k" * 32


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sealing_program(tmp_path_factory)


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    return make_sourcing(session, suppliers=3, client_sealing=True)


@pytest.fixture
def client(api: Api, sourcing: Sourcing) -> ApiClient:
    return api(sourcing.suppliers[0])


@pytest.fixture
def body(example: dict[str, Any], client: ApiClient, sourcing: Sourcing) -> dict[str, Any]:
    facts = facts_of(client, sourcing)
    made: dict[str, Any] = example["sealed_bid"](facts, content_of(facts, "5"), KEY)[0]
    return made


def raw(client: ApiClient, sourcing: Sourcing, text: str | bytes) -> Any:
    return client.post(
        f"/rfqs/{sourcing.rfq.id}/sealed-bid", data=text, content_type="application/json"
    )


WRONG: list[tuple[tuple[str, ...], Any]] = [
    *(
        (("main", "ciphertext"), value)
        for value in ("", "%", "AAAA", None, 5, [], {}, "é", "A" * 9)
    ),
    *((("main", "key_for_opening"), value) for value in ("", "AA==", None, True)),
    *((("main", "key_for_reading_back"), value) for value in ("", "AA==", ["AA=="])),
    *((("main",), value) for value in (None, [], "x", 0)),
    *((("technical",), value) for value in ({}, [], "x")),
    *((("number",), value) for value in (None, 0, -1, 2, 10**30, 1.5, "x", [])),
    *((("terms_number",), value) for value in (None, 0, -1, 2, 10**30, "x")),
    *((("alternative",), value) for value in (-1, 1, 10, 10**30, "x", None)),
    *((("documents",), value) for value in (None, "x", ["x"], [1], [str(uuid4())], {})),
    (("surprise",), 1),
]


def test_wrong_bodies(
    session: Session, client: ApiClient, sourcing: Sourcing, body: dict[str, Any]
) -> None:
    for path, value in WRONG:
        wrong = json.loads(json.dumps(body))
        place = wrong
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        answer = client.post(
            f"/rfqs/{sourcing.rfq.id}/sealed-bid",
            data=json.dumps(wrong),
            content_type="application/json",
        )
        assert answer.status_code in (409, 422), (path, value, answer.status_code)
        assert answer.json["code"], (path, value)
        assert answer.json.get("errors") or answer.status_code == 409, (path, value)
    assert session.scalar(select(func.count()).select_from(BidVersion)) == 0


def test_texts_that_are_no_json(
    session: Session, client: ApiClient, sourcing: Sourcing, body: dict[str, Any]
) -> None:
    whole = json.dumps(body)
    twice = whole[:-1] + f', "number": {body["number"]}}}'
    for text in (
        twice,
        whole.replace(f'"number": {body["number"]}', '"number": NaN'),
        whole.replace(f'"number": {body["number"]}', '"number": Infinity'),
        whole[:-1],
        "[" * 5000,
        b"\xff\xfe",
        '"\\u0000"',
    ):
        assert raw(client, sourcing, text).status_code == 400
    assert raw(client, sourcing, "[]").status_code == 422
    huge = {**body, "main": {**body["main"], "ciphertext": "A" * 10_000_000}}
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=huge).status_code == 422
    assert raw(client, sourcing, "x" * (33 * 1024 * 1024)).status_code == 413
    assert session.scalar(select(func.count()).select_from(BidVersion)) == 0


def test_replayed_swapped_and_foreign_envelopes(
    session: Session,
    api: Api,
    client: ApiClient,
    sourcing: Sourcing,
    body: dict[str, Any],
    example: dict[str, Any],
) -> None:
    """They have the form of envelopes: they are taken, open as nothing, and stop nobody."""
    path = f"/rfqs/{sourcing.rfq.id}/sealed-bid"
    first = client.post(path, json=body)
    assert first.status_code == 201
    # the same version again, then its envelope as the next one
    assert client.post(path, json=body).json["code"] == "bid_changed"
    assert client.post(path, json={**body, "number": 2}).status_code == 201
    # that of a rival, copied
    assert api(sourcing.suppliers[1]).post(path, json=body).status_code == 201
    # for the key of another RFQ; and sound noise
    other = make_sourcing(session, client_sealing=True, bidders=sourcing.suppliers[2:])
    facts = facts_of(api(sourcing.suppliers[2]), sourcing)
    facts["public_key"] = facts_of(api(sourcing.suppliers[2]), other)["public_key"]
    foreign, _digest = example["sealed_bid"](facts, content_of(facts, "5"), KEY)
    assert api(sourcing.suppliers[2]).post(path, json=foreign).status_code == 201
    assert sourcing.open().bid_count == 0
    assert session.scalars(select(BidUnreadable.reason)).all() == ["does_not_open"] * 3


def test_contents_at_random(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    """Changed anywhere, a content is read or set aside, and the bid beside it is opened."""
    chance = random.Random(7)
    client = api(sourcing.suppliers[0])
    values: list[Any] = [
        None, "", "x", -1, 0, 1e300, True, [], {}, ["a"], {"a": 1}, "1E+999999", "NaN", "sNaN",
        "Infinity", "-0", "1e-400", str(uuid4()), [[]], [["1", "1"]], ["1", "EUR"], ["NaN", "EUR"],
        ["1", "XXX"], [{"id": str(uuid4())}],
    ]  # fmt: skip
    entry = example["locked_document"](
        facts_of(client, sourcing), str(uuid4()), "a.txt", "text/plain", b"a"
    )[1]
    send(example, api(sourcing.suppliers[1]), sourcing, lambda facts: content_of(facts, "7", "8"))
    facts = facts_of(client, sourcing)
    terms = facts["terms"]

    asked, read, malformed = Terms.from_json(terms), 0, 0
    for _round in range(3000):
        content = content_of(facts, "5", "6", documents=[dict(entry)])
        content["bundles"] = [
            {"name": "B", "line_ids": [], "lot_ids": [], "price": None, "percent": "5"}
        ]
        content["minimum_order"] = ["1.00", "EUR"]
        content["lines"][0] |= {"breaks": [["5", "1"]], "quantity": ["5", "C62"]}
        changed(chance, content, values)
        try:
            sealed_content.parsed(canonical(content), asked)
            read += 1
        except sealed_content.Malformed:
            malformed += 1
    assert read + malformed == 3000
    send(example, client, sourcing, lambda _facts: content)
    sourcing.open()
    assert session.scalar(select(func.count()).select_from(BidOffer)) >= 1


def changed(chance: random.Random, value: Any, values: list[Any]) -> None:
    """Put something else at a random place of it."""
    while True:
        names = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not names:
            return
        name = chance.choice(names)
        inner = value[name]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.3:
            value[name] = chance.choice(values)
            return
        value = inner


def send(example: dict[str, Any], client: ApiClient, sourcing: Sourcing, content: Any) -> None:
    facts = facts_of(client, sourcing)
    made, _digest = example["sealed_bid"](facts, content(facts), KEY)
    answer = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=made)
    assert answer.status_code == 201, answer.json


def test_files_at_random(
    session: Session, client: ApiClient, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    """Broken files of every kind, each under a right key: all named, none in the way."""
    chance, entries = random.Random(11), []
    facts = facts_of(client, sourcing)
    for number, (extension, head) in enumerate(
        (
            ("pdf", b"%PDF-1.7"), ("png", b"\x89PNG\r\n\x1a\n"), ("zip", b"PK\x03\x04"),
            ("docx", b"PK\x03\x04"), ("xlsx", b"PK\x05\x06"), ("odt", b"PK\x03\x04mimetype"),
            ("webp", b"RIFFxxxxWEBP"), ("csv", b"\0\0"), ("json", b"<svg"), ("png", b"\x89PNG"),
        )
    ):  # fmt: skip
        name = f"{number}\u202e/../a\0b.{extension}".replace("\0", "")
        content = head + chance.randbytes(3000)
        locked, entry = example["locked_document"](facts, str(uuid4()), name, "x/y", content)
        place = f"/rfqs/{sourcing.rfq.id}/sealed-documents/{entry['id']}"
        sent = client.put(place, data=locked, content_type="application/octet-stream")
        assert sent.status_code == 200
        entries.append(entry)
    made, _digest = example["sealed_bid"](
        facts, content_of(facts, "5", documents=entries), KEY, [each["id"] for each in entries]
    )
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=made).status_code == 201
    assert sourcing.open().bid_count == 1
    offer = session.scalars(select(BidOffer)).one()
    assert len(offer.documents) + len(offer.refused_documents) == len(entries)
    assert len(offer.refused_documents) >= 7
    for each in (*offer.documents, *offer.refused_documents):
        assert not {"/", "\u202e"} & set(each["name"])


def test_addresses_of_documents(session: Session, client: ApiClient, sourcing: Sourcing) -> None:
    place = f"/rfqs/{sourcing.rfq.id}/sealed-documents"
    locked = b64encode(b"\0" * 4124)
    for address in (f"{place}/x", f"{place}/{uuid4()}/y", f"/rfqs/{uuid4()}/sealed-documents/1"):
        assert client.put(address, data=locked).status_code in (404, 405)
    for query in ("alternative=x", "alternative=-1", "alternative=99", "other=1"):
        answer = client.put(f"{place}/{uuid4()}?{query}", data=b"\0" * 4124)
        assert (answer.status_code, bool(answer.json["errors"])) == (422, True)
    assert client.put(f"{place}/{uuid4()}", data=b"\0" * (33 * 1024 * 1024)).status_code == 413
    assert session.scalar(select(func.count()).select_from(BidDocument)) == 0
