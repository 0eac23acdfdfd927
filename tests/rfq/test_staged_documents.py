"""D-23: documents are there before; the submission is one small request, all of it or nothing."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from marketplace.core import clock
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidDocument, BidDraft, BidVersion
from marketplace.rfq.bids.rules import MAX_DOCUMENTS
from marketplace.rfq.terms.bid_states import BidState
from tests.factories.bids import make_sourcing

SMALL = 4096


@pytest.fixture
def sourcing(session):
    return make_sourcing(session)


@pytest.fixture
def staged(api, sourcing):
    """A client, its bid with as many documents as one may have, and where it is."""
    client, root = api(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids"
    lines = [
        {"line_id": str(line.id), "unit_price": {"amount": "12.50", "currency": "EUR"}}
        for line in sourcing.lines
    ]
    bid = client.post(root, json={"lines": lines}).json
    for number in range(MAX_DOCUMENTS):
        file = (io.BytesIO(b"page " * 2000), f"part-{number:02}.txt", "text/plain")
        answer = client.post(f"{root}/{bid['id']}/documents", data={"file": file})
        assert answer.status_code == 201
    return client, f"{root}/{bid['id']}"


def test_two_seconds_before_the_deadline_one_small_request_is_enough(sourcing, staged, session):
    client, place = staged
    with clock.frozen(sourcing.due_at - timedelta(seconds=2)):
        answer = client.post(f"{place}/submit")
    assert answer.status_code == 200
    sent = answer.request
    headers = sum(len(name) + len(value) + 4 for name, value in sent.headers.items())
    assert headers + len(sent.url) + (sent.content_length or 0) < SMALL
    assert len(answer.json["content"]["documents"]) == MAX_DOCUMENTS
    assert session.scalar(select(func.count()).select_from(BidVersion)) == 1


def test_a_missing_document_is_named_and_nothing_is_half_submitted(staged, session):
    client, place = staged
    documents = client.get(place).json["draft"]["documents"]
    lost = documents[7]
    session.execute(delete(BidDocument).where(BidDocument.id == lost["id"]))
    answer = client.post(f"{place}/submit")
    assert (answer.status_code, answer.json["code"]) == (422, "bid_invalid")
    assert [(error["code"], error["detail"]) for error in answer.json["errors"]] == [
        ("unknown_document", "part-07.txt")
    ]
    bid = session.scalars(select(Bid)).one()
    assert (bid.state, bid.number, bid.submitted_at) == (BidState.DRAFT, 0, None)
    for model, count in ((BidVersion, 0), (BidDraft, 1), (BidDocument, MAX_DOCUMENTS - 1)):
        assert session.scalar(select(func.count()).select_from(model)) == count
    assert client.get(place).json["draft"]["documents"] == documents
