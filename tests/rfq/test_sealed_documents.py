"""Documents of bids that their bidders seal: locked out of sight, checked at the opening."""

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidDocument, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.rules import MAX_DOCUMENTS, SealMismatch
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.services import locked_documents, opening, proving, quality
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import EnvelopeRule
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import KEYS, Sourcing, make_sourcing
from tests.factories.identity import make_actor
from tests.rfq.sealing_program import content_of, facts_of, sealing_program

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
DRAIN = timedelta(seconds=30)
PDF = b"%PDF-1.7\ncanary-of-a-certificate\n%%EOF\n"
KEY = b"k" * 32


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sealing_program(tmp_path_factory)


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    return make_sourcing(session, suppliers=3, client_sealing=True)


def path(sourcing: Sourcing, document_id: object = "", alternative: int = 0) -> str:
    which = f"?alternative={alternative}" if alternative else ""
    place = f"/rfqs/{sourcing.rfq.id}/sealed-documents"
    return (f"{place}/{document_id}" if document_id else place) + which


def put(client: ApiClient, sourcing: Sourcing, document_id: object, locked: bytes) -> Any:
    return client.put(
        path(sourcing, document_id), data=locked, content_type="application/octet-stream"
    )


def bid_with(
    example: dict[str, Any],
    client: ApiClient,
    sourcing: Sourcing,
    *files: tuple[str, str, bytes],
    **changed: Any,
) -> tuple[Any, list[dict[str, Any]]]:
    """A bid with these files: the answer, and the entries of its content.

    changed: what the entries say beside the truth.
    """
    facts, entries = facts_of(client, sourcing), []
    for name, media_type, content in files:
        document_id = str(uuid4())
        locked, entry = example["locked_document"](facts, document_id, name, media_type, content)
        assert put(client, sourcing, document_id, locked).status_code == 200
        entries.append({**entry, **changed})
    content = content_of(facts, "5", "6", documents=entries)
    body, _digest = example["sealed_bid"](facts, content, KEY, [each["id"] for each in entries])
    return client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body), entries


def opened_offer(session: Session, sourcing: Sourcing) -> BidOffer:
    return session.scalars(select(BidOffer).where(BidOffer.rfq_id == sourcing.rfq.id)).one()


@pytest.mark.parametrize("envelopes", list(EnvelopeRule))
def test_opened_with_everything_else(
    session: Session, api: Api, example: dict[str, Any], envelopes: EnvelopeRule
) -> None:
    sourcing = make_sourcing(session, client_sealing=True, envelopes=envelopes)
    supplier, buyer = api(sourcing.suppliers[0]), api(sourcing.buyer)
    sent, (entry,) = bid_with(
        example, supplier, sourcing, ("certificate.pdf", "application/pdf", PDF)
    )
    assert (sent.status_code, json.loads(sent.json["statement"])["outcome"]) == (201, "accepted")
    stored = session.scalars(select(BidDocument)).one()
    assert b"canary" not in stored.content
    digest = hashlib.sha256(stored.content).hexdigest()
    assert json.loads(sent.json["statement"])["documents"] == {entry["id"]: digest}
    minutes = sourcing.open()
    assert "refused_documents" not in json.loads(minutes.statement)["bids"][0]
    offer = opened_offer(session, sourcing)
    place = f"/rfqs/{sourcing.rfq.id}/bids/{offer.bid_id}/documents/{entry['id']}"
    for reader in (buyer, supplier):
        answer = reader.get(place)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, PDF, "application/pdf")
    assert api(sourcing.suppliers[1]).get(place).status_code == 404
    if envelopes is EnvelopeRule.TWO:
        quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id, "Scored on paper")
        opening.open_prices(session, sourcing.buyer, KEYS, sourcing.rfq.id, sourcing.passphrase)
        assert buyer.get(place).data == PDF
    with clock.frozen(sourcing.due_at + DRAIN):
        file = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id).content
    assert [each for each in verify(reading.opening_file(file)) if each.fault] == []
    assert entry["sha256"] in file.decode()


@pytest.mark.parametrize(
    ("file", "changed", "reason"),
    [
        (("a.pdf", "application/pdf", b"%PDF-1.7 cut off"), {}, "damaged_file"),
        (("a.pdf", "application/pdf", b"plain words"), {}, "type_mismatch"),
        (("a.exe", "", b"MZ\0\0"), {}, "unsupported_type"),
        (("a.txt", "text/plain", b""), {}, "file_empty"),
        (("a.txt", "text/plain", b"x" * (10 * 1024 * 1024 + 1)), {}, "file_too_large"),
        (("a.zip", "application/zip", b"PK\x03\x04 broken"), {}, "damaged_file"),
        (("a.txt", "text/plain", b"words"), {"sha256": "0" * 64}, "does_not_open"),
        (("a.txt", "text/plain", b"words"), {"key": "0" * 64}, "does_not_open"),
    ],
)
def test_what_cannot_be_taken_is_named_and_stops_nothing(
    session: Session,
    api: Api,
    portal: Portal,
    sourcing: Sourcing,
    example: dict[str, Any],
    file: tuple[str, str, bytes],
    changed: dict[str, str],
    reason: str,
) -> None:
    good = ("terms.txt", "text/plain", b"our terms")
    facts = facts_of(api(sourcing.suppliers[0]), sourcing)
    supplier, entries = api(sourcing.suppliers[0]), []
    for (name, media_type, content), said in ((good, {}), (file, changed)):
        locked, entry = example["locked_document"](facts, str(uuid4()), name, media_type, content)
        assert put(supplier, sourcing, entry["id"], locked).status_code == 200
        entries.append({**entry, **said})
    body, _digest = example["sealed_bid"](
        facts, content_of(facts, "5", documents=entries), KEY, [e["id"] for e in entries]
    )
    assert supplier.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201
    minutes = sourcing.open()
    assert minutes.bid_count == 1
    refused = {"id": entries[1]["id"], "name": file[0], "reason": reason}
    (said,) = json.loads(minutes.statement)["bids"]
    assert said["refused_documents"] == [refused]
    offer = opened_offer(session, sourcing)
    shown = api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/bids/{offer.bid_id}").json["content"]
    assert [each["name"] for each in shown["documents"]] == ["terms.txt"]
    assert shown["refused_documents"] == [refused]
    gone = api(sourcing.buyer).get(
        f"/rfqs/{sourcing.rfq.id}/bids/{offer.bid_id}/documents/{entries[1]['id']}"
    )
    assert gone.status_code == 404
    page = words(portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/bids/{offer.bid_id}"))
    assert "Documents that could not be taken" in page
    assert file[0] in page
    noted = session.scalars(select(AuditEvent).where(AuditEvent.action == "rfq.opened")).one()
    assert noted.data["refused_documents"] == 1


def test_one_that_was_not_submitted(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    """The content names a document that the submission did not: nobody else can be blamed."""
    client = api(sourcing.suppliers[0])
    facts = facts_of(client, sourcing)
    locked, entry = example["locked_document"](facts, str(uuid4()), "a.txt", "text/plain", b"a")
    assert put(client, sourcing, entry["id"], locked).status_code == 200
    body, _digest = example["sealed_bid"](facts, content_of(facts, "5", documents=[entry]), KEY)
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201
    assert session.scalar(select(func.count()).select_from(BidDocument)) == 0
    sourcing.open()
    (refused,) = opened_offer(session, sourcing).refused_documents
    assert (refused["name"], refused["reason"]) == ("a.txt", "not_submitted")


@pytest.mark.parametrize("change", ["removed", "changed"])
def test_what_was_submitted_must_be_there_as_it_was(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any], change: str
) -> None:
    sent, (entry,) = bid_with(
        example, api(sourcing.suppliers[0]), sourcing, ("a.txt", "text/plain", b"a")
    )
    assert sent.status_code == 201
    session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
    if change == "removed":
        session.connection().exec_driver_sql("DELETE FROM bid_document")
    else:
        session.execute(update(BidDocument).values(content=b"\0" * 4124))
    session.expire_all()
    with pytest.raises(SealMismatch) as refusal, session.begin_nested():
        sourcing.open()
    assert refusal.value.data["reason"] == "document_missing"
    assert entry["name"] not in str(refusal.value.data)
    assert session.scalar(select(func.count()).select_from(BidOffer)) == 0


def test_a_submission_of_what_has_not_arrived(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    client = api(sourcing.suppliers[0])
    facts = facts_of(client, sourcing)
    missing = str(uuid4())
    body, _digest = example["sealed_bid"](facts, content_of(facts, "5"), KEY, [missing])
    refused = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body)
    assert (refused.status_code, refused.json["code"]) == (422, "bid_invalid")
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [
        ("/documents/0", "unknown_document")
    ]
    assert session.scalar(select(func.count()).select_from(BidVersion)) == 0
    # nor may it be that of another supplier
    rival = api(sourcing.suppliers[1])
    locked, _entry = example["locked_document"](
        facts_of(rival, sourcing), missing, "a.txt", "text/plain", b"a"
    )
    assert put(rival, sourcing, missing, locked).status_code == 200
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 422


def test_kept_replaced_and_removed(
    session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    client, rival = api(sourcing.suppliers[0]), api(sourcing.suppliers[1])
    facts = facts_of(client, sourcing)
    first, second = str(uuid4()), str(uuid4())
    locked, entry = example["locked_document"](facts, first, "a.txt", "text/plain", b"a")
    kept = put(client, sourcing, first, locked)
    assert (kept.status_code, kept.json["size"], kept.json["is_submitted"]) == (200, 4124, False)
    assert session.scalars(select(Bid.state)).one() is BidState.DRAFT
    # the same again, as after a lost answer; other bytes under the same id
    assert put(client, sourcing, first, locked).json == kept.json
    other, _entry = example["locked_document"](facts, first, "a.txt", "text/plain", b"b")
    taken = put(client, sourcing, first, other)
    assert (taken.status_code, taken.json["code"]) == (409, "document_exists")
    assert put(rival, sourcing, first, other).json["code"] == "document_exists"
    assert client.get(path(sourcing, first)).data == locked
    assert rival.get(path(sourcing, first)).status_code == 404
    assert rival.delete(path(sourcing, first)).status_code == 404
    assert rival.get(path(sourcing)).json["items"] == []
    # a submission keeps what it names and removes the rest
    unneeded, _entry = example["locked_document"](facts, second, "b.txt", "text/plain", b"b")
    put(client, sourcing, second, unneeded)
    body, _digest = example["sealed_bid"](
        facts, content_of(facts, "5", documents=[entry]), KEY, [first]
    )
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201
    (item,) = client.get(path(sourcing)).json["items"]
    assert (item["id"], item["is_submitted"]) == (first, True)
    refused = client.delete(path(sourcing, first))
    assert (refused.status_code, refused.json["code"]) == (409, "document_submitted")
    # the next version may name it again, or leave it out
    facts = facts_of(client, sourcing)
    assert facts["number"] == 2
    body, _digest = example["sealed_bid"](facts, content_of(facts, "4"), KEY)
    assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201
    assert client.get(path(sourcing)).json["items"] == []
    put(client, sourcing, second, unneeded)
    assert client.delete(path(sourcing, second)).status_code == 204
    assert client.delete(path(sourcing, second)).status_code == 404


def test_read_back_with_its_documents(
    api: Api, sourcing: Sourcing, example: dict[str, Any]
) -> None:
    client = api(sourcing.suppliers[0])
    _sent, (entry,) = bid_with(example, client, sourcing, ("ä.txt", "text/plain", b"words"))
    mine = client.get(f"/rfqs/{sourcing.rfq.id}/sealed-bid").json
    assert mine["documents"] == [entry["id"]]
    facts = facts_of(client, sourcing)
    place = f"{facts['rfq_id']}|{facts['supplier_id']}"
    bound = f"{place}|{mine['number']}|{mine['fingerprint']}"
    data_key = unlocked(KEY, b64decode(mine["key_for_reading_back"]), f"bid:reading-back|{bound}")
    content = json.loads(unlocked(data_key, b64decode(mine["ciphertext"]), f"bid:body|{bound}"))
    (document,) = content["documents"]
    assert document == entry
    locked = client.get(path(sourcing, document["id"])).data
    own = f"bid:document|{place}|{document['id']}"
    assert unlocked(bytes.fromhex(document["key"]), locked, own) == b"words"


def unlocked(key: bytes, locked: bytes, place: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    plain = AESGCM(key).decrypt(locked[:12], locked[12:], place.encode())
    if len(plain) == 32:
        return plain
    size = int.from_bytes(plain[:8], "big")
    return plain[8 : 8 + size]


class TestRefusals:
    @pytest.mark.parametrize("size", [0, 1, 4096, 4123, 4125, 5000, 32 * 1024 * 1024 + 28 - 64])
    def test_sizes(self, session: Session, api: Api, sourcing: Sourcing, size: int) -> None:
        refused = put(api(sourcing.suppliers[0]), sourcing, uuid4(), b"\0" * size)
        assert (refused.status_code, refused.json["code"]) == (422, "malformed_document")
        assert session.scalar(select(func.count()).select_from(Bid)) == 0

    def test_so_many(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        locked = b"\0" * 4124
        for _number in range(locked_documents.MOST_KEPT):
            assert put(client, sourcing, uuid4(), locked).status_code == 200
        refused = put(client, sourcing, uuid4(), locked)
        assert (refused.status_code, refused.json["code"]) == (409, "too_many_documents")
        ids = list(map(str, session.scalars(select(BidDocument.id))))
        facts = facts_of(client, sourcing)
        body, _digest = example["sealed_bid"](facts, content_of(facts, "5"), KEY, ids)
        more = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body)
        assert (more.status_code, more.json["errors"][0]["pointer"]) == (422, "/documents")
        body["documents"] = ids[:MAX_DOCUMENTS]
        assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201

    def test_who_and_when(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        locked = b"\0" * 4124
        for stranger in (sourcing.buyer, make_actor(session)):
            assert put(api(stranger), sourcing, uuid4(), locked).status_code in (403, 404)
        usual = make_sourcing(session, bidders=sourcing.suppliers)
        refused = put(api(sourcing.suppliers[0]), usual, uuid4(), locked)
        assert (refused.status_code, refused.json["code"]) == (409, "not_client_sealed")
        with clock.frozen(sourcing.due_at + timedelta.resolution):
            late = put(api(sourcing.suppliers[0]), sourcing, uuid4(), locked)
        assert (late.status_code, late.json["code"]) == (409, "deadline_passed")
        third = api(sourcing.suppliers[0]).put(
            path(sourcing, uuid4(), alternative=1),
            data=locked,
            content_type="application/octet-stream",
        )
        assert (third.status_code, third.json["code"]) == (422, "no_such_alternative")
        assert session.scalar(select(func.count()).select_from(BidDocument)) == 0

    def test_those_of_an_alternative_are_its_own(
        self, session: Session, api: Api, example: dict[str, Any]
    ) -> None:
        """A document that changes places between two bids of one supplier does not open."""
        sourcing = make_sourcing(session, client_sealing=True, allows=(OfferKind.ALTERNATIVES,))
        client = api(sourcing.suppliers[0])
        place = f"/rfqs/{sourcing.rfq.id}/sealing"
        main, other = client.get(place).json, client.get(f"{place}?alternative=1").json
        swapped, entry = example["locked_document"](
            main, str(uuid4()), "a.txt", "text/plain", b"words"
        )
        sent = client.put(
            path(sourcing, entry["id"], alternative=1),
            data=swapped,
            content_type="application/octet-stream",
        )
        assert sent.status_code == 200
        content = content_of(other, "5", name="Used", documents=[entry])
        body, _digest = example["sealed_bid"](other, content, KEY, [entry["id"]])
        done = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body)
        assert done.status_code == 201
        sourcing.open()
        (refused,) = opened_offer(session, sourcing).refused_documents
        assert refused["reason"] == "does_not_open"
        assert UUID(refused["id"]) == UUID(entry["id"])


def test_the_page_stages_and_hands_back(
    session: Session, portal: Portal, sourcing: Sourcing
) -> None:
    supplier, rival = portal(sourcing.suppliers[0]), portal(sourcing.suppliers[1])
    url = f"/rfqs/{sourcing.rfq.id}/bids/seal/documents/{uuid4()}"
    locked = b"\1" * 4124
    supplier.get(f"/rfqs/{sourcing.rfq.id}/bids/seal")
    assert supplier.by_script("PUT", url, locked).status_code == 204
    assert supplier.get(url).data == locked
    assert rival.get(url).status_code == 404
    refused = supplier.by_script("PUT", url, b"\2" * 4124)
    assert (refused.status_code, refused.mimetype) == (409, "text/plain")
    assert "There is another document under this id." in refused.text
    assert supplier.by_script("DELETE", url).status_code == 204
    assert session.scalar(select(func.count()).select_from(BidDocument)) == 0
