"""Bids sealed by their bidders, and what cannot be read of them (D-16, D-21)."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.identity.permissions import Actor
from marketplace.notifications.models import Notice
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidDraft, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.bids.rules import SealMismatch
from marketplace.rfq.opening.models import BidUnreadable
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.services import opening, proving, quality
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import KEYS, Sourcing, make_sourcing
from tests.factories.identity import make_actor
from tests.rfq.sealing_program import content_of, facts_of, sealing_program

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
DRAIN = timedelta(seconds=30)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return sealing_program(tmp_path_factory)


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    return make_sourcing(session, suppliers=3, client_sealing=True)


def send(
    example: dict[str, Any], client: ApiClient, sourcing: Sourcing, content: Any
) -> tuple[Any, str]:
    """Seal as documented and send; the answer, and the digest that was computed before."""
    facts = facts_of(client, sourcing)
    body, digest = example["sealed_bid"](facts, content(facts), b"k" * 32)
    return client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body), digest


def opened(session: Session, sourcing: Sourcing) -> dict[Any, Any]:
    return {offer.bid_id: offer for offer in session.scalars(select(BidOffer))}


class TestSealedBids:
    def test_the_documented_program_submits_and_reads_back(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        answer, digest = send(
            example, client, sourcing, lambda f: content_of(f, "12.5", "3", note="é ü ✓")
        )
        assert (answer.status_code, answer.json["digest"]) == (201, digest)
        assert (answer.json["outcome"], answer.json["number"]) == ("accepted", 1)
        mine = client.get(f"/rfqs/{sourcing.rfq.id}/sealed-bid").json
        assert mine["digest"] == digest
        assert len(b64decode(mine["ciphertext"])) == 4096 + 28
        assert session.scalar(select(func.count()).select_from(BidDraft)) == 0
        sourcing.open()
        (offer,) = opened(session, sourcing).values()
        assert (offer.note, offer.number) == ("é ü ✓", 1)
        prices = set(session.scalars(select(BidLine.unit_price)))
        assert prices == {Decimal("12.5"), Decimal(3)}

    def test_two_envelopes(self, session: Session, api: Api, example: dict[str, Any]) -> None:
        sourcing = make_sourcing(session, client_sealing=True, envelopes=EnvelopeRule.TWO)
        client = api(sourcing.suppliers[0])
        answer, digest = send(
            example, client, sourcing, lambda f: content_of(f, "7", "8", note="technical")
        )
        assert answer.json["digest"] == digest
        assert set(json.loads(answer.json["statement"])["envelopes"]) == {"technical", "price"}
        sourcing.open()
        (offer,) = opened(session, sourcing).values()
        assert offer.note == "technical"
        quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id, "Scored on paper")
        opening = api(sourcing.buyer).post(
            f"/rfqs/{sourcing.rfq.id}/opening/prices", json={"passphrase": sourcing.passphrase}
        )
        assert (opening.status_code, opening.json["bid_count"]) == (201, 1)
        assert set(session.scalars(select(BidLine.unit_price))) == {Decimal(7), Decimal(8)}

    @pytest.mark.parametrize("envelopes", list(EnvelopeRule))
    def test_required_answers(
        self, session: Session, api: Api, example: dict[str, Any], envelopes: EnvelopeRule
    ) -> None:
        """A required answer counts in the envelope that it belongs to, and in no other."""
        needed = AnswerSpec(type=AnswerType.YES_NO, knock_out=True)
        criteria = [
            CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
            CriterionDraft("ISO 9001", CriterionKind.QUALITY, Decimal(40), answer=needed),
        ]
        sourcing = make_sourcing(
            session, client_sealing=True, envelopes=envelopes, criteria=criteria
        )
        judged = next(c for c in sourcing.criteria if c.kind != "price")
        said = [{"criterion_id": str(judged.id), "text": "yes"}]
        first, second = (api(supplier) for supplier in sourcing.suppliers)
        send(example, first, sourcing, lambda f: content_of(f, "7", "8", answers=said))
        send(example, second, sourcing, lambda f: content_of(f, "7", "8"))
        assert sourcing.open().bid_count == 1
        assert session.scalars(select(BidUnreadable.reason)).all() == ["does_not_fit"]
        if envelopes is EnvelopeRule.TWO:
            quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id, "Scored on paper")
            opening.open_prices(session, sourcing.buyer, KEYS, sourcing.rfq.id, sourcing.passphrase)
        assert set(session.scalars(select(BidLine.unit_price))) == {Decimal(7), Decimal(8)}
        with clock.frozen(sourcing.due_at + DRAIN):
            file = proving.opening_file(session, sourcing.buyer, KEYS, sourcing.rfq.id).content
        assert [each for each in verify(reading.opening_file(file)) if each.fault] == []

    def test_a_replacement_counts_and_stale_facts_do_not(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        path = f"/rfqs/{sourcing.rfq.id}/sealed-bid"
        facts = facts_of(client, sourcing)
        first, _d = example["sealed_bid"](facts, content_of(facts, "5", "5"), b"k" * 32)
        assert client.post(path, json=first).status_code == 201
        again = client.post(path, json=first)
        assert (again.status_code, again.json["code"]) == (409, "bid_changed")
        stale = {**first, "number": 2, "terms_number": 7}
        refused = client.post(path, json=stale)
        assert (refused.status_code, refused.json["code"]) == (409, "terms_changed")
        assert refused.json["attempt_id"]
        answer, _d = send(example, client, sourcing, lambda f: content_of(f, "4", "4"))
        assert (answer.status_code, answer.json["number"]) == (201, 2)
        sourcing.open()
        assert set(session.scalars(select(BidLine.unit_price))) == {Decimal(4)}

    def test_the_form_of_envelopes_is_checked(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        path = f"/rfqs/{sourcing.rfq.id}/sealed-bid"
        facts = facts_of(client, sourcing)
        body, _d = example["sealed_bid"](facts, content_of(facts, "5"), b"k" * 32)
        for part, size in (("ciphertext", 5000), ("ciphertext", 2076), ("key_for_opening", 79)):
            wrong = {**body, "main": {**body["main"], part: b64encode(b"x" * size).decode()}}
            refused = client.post(path, json=wrong)
            assert (refused.status_code, refused.json["code"]) == (422, "bid_invalid")
            assert [e["code"] for e in refused.json["errors"]] == ["malformed_envelope"]
        two = client.post(path, json={**body, "technical": body["main"]})
        assert [e["pointer"] for e in two.json["errors"]] == ["/technical"]
        no_base64 = client.post(path, json={**body, "main": {**body["main"], "ciphertext": "%"}})
        assert no_base64.status_code == 422
        assert session.scalar(select(func.count()).select_from(BidVersion)) == 0

    def test_who_seals_is_the_rfqs_choice(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        lines = [
            {"line_id": str(line.id), "unit_price": {"amount": "3", "currency": "EUR"}}
            for line in sourcing.lines
        ]
        for submit in (True, False):
            plain = client.post(
                f"/rfqs/{sourcing.rfq.id}/bids", json={"lines": lines, "submit": submit}
            )
            assert (plain.status_code, plain.json["code"]) == (409, "client_sealing_required")
        usual = make_sourcing(session, bidders=sourcing.suppliers)
        refused = client.get(f"/rfqs/{usual.rfq.id}/sealing")
        assert (refused.status_code, refused.json["code"]) == (409, "not_client_sealed")
        assert api(make_actor(session)).get(
            f"/rfqs/{sourcing.rfq.id}/sealing"
        ).status_code in (403, 404)  # fmt: skip

    def test_too_late(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        facts = facts_of(client, sourcing)
        body, _d = example["sealed_bid"](facts, content_of(facts, "5"), b"k" * 32)
        with clock.frozen(sourcing.due_at + timedelta.resolution):
            late = client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body)
        assert (late.status_code, late.json["code"]) == (409, "deadline_passed")
        assert session.scalar(select(func.count()).select_from(Bid)) == 0


def not_json(facts: dict[str, Any]) -> Any:
    return "a string"


def a_float(facts: dict[str, Any]) -> Any:
    content = content_of(facts, "5")
    content["lines"][0]["unit_price"] = 5.0
    return content


def not_a_number(facts: dict[str, Any]) -> Any:
    return content_of(facts, "NaN")


def a_list_as_note(facts: dict[str, Any]) -> Any:
    return content_of(facts, "5", note=["x"])


def a_nul(facts: dict[str, Any]) -> Any:
    return content_of(facts, "5", note="a\0b")


def more_fields(facts: dict[str, Any]) -> Any:
    return content_of(facts, "5", surprise=1)


def a_document(facts: dict[str, Any]) -> Any:
    return content_of(facts, "5", documents=[{"id": str(uuid4())}])


def no_line(facts: dict[str, Any]) -> Any:
    return content_of(facts)


def a_strange_line(facts: dict[str, Any]) -> Any:
    content = content_of(facts, "5")
    content["lines"][0]["line_id"] = str(uuid4())
    return content


def below_zero(facts: dict[str, Any]) -> Any:
    return content_of(facts, "-5")


class TestUnreadable:
    """D-21: the others open, the supplier is told, the buyer must rule."""

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (not_json, "malformed"),
            (a_float, "malformed"),
            (not_a_number, "malformed"),
            (a_list_as_note, "malformed"),
            (a_nul, "malformed"),
            (more_fields, "malformed"),
            (a_document, "malformed"),
            (no_line, "does_not_fit"),
            (a_strange_line, "does_not_fit"),
            (below_zero, "does_not_fit"),
        ],
    )
    def test_what_is_no_bid(
        self,
        session: Session,
        api: Api,
        sourcing: Sourcing,
        example: dict[str, Any],
        content: Any,
        reason: str,
    ) -> None:
        bad, good = api(sourcing.suppliers[0]), api(sourcing.suppliers[1])
        sent, _d = send(example, bad, sourcing, content)
        assert sent.status_code == 201
        send(example, good, sourcing, lambda f: content_of(f, "2", "2"))
        minutes = sourcing.open()
        assert minutes.bid_count == 1
        assert set(session.scalars(select(BidOffer.supplier_id))) == {
            sourcing.suppliers[1].organisation_id
        }
        (found,) = session.scalars(select(BidUnreadable))
        assert (found.envelope, found.reason, found.digest) == (
            "whole", reason, sent.json["digest"],
        )  # fmt: skip
        assert session.get_one(Bid, found.bid_id).state is BidState.UNREADABLE
        (listed,) = json.loads(minutes.statement)["unreadable"]
        assert (listed["attempt_id"], listed["reason"]) == (sent.json["id"], reason)

    def test_sealed_for_another_key(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        client = api(sourcing.suppliers[0])
        facts = facts_of(client, sourcing)
        other = make_sourcing(session, client_sealing=True, bidders=sourcing.suppliers)
        wrong = {**facts, "public_key": facts_of(client, other)["public_key"]}
        body, _d = example["sealed_bid"](wrong, content_of(facts, "5"), b"k" * 32)
        assert client.post(f"/rfqs/{sourcing.rfq.id}/sealed-bid", json=body).status_code == 201
        assert sourcing.open().bid_count == 0
        assert session.scalars(select(BidUnreadable.reason)).all() == ["does_not_open"]

    def test_changed_bytes_still_stop_everything(
        self, session: Session, api: Api, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        """D-16: what is not as its receipt says was changed here, and nothing is opened."""
        send(example, api(sourcing.suppliers[0]), sourcing, not_json)
        send(example, api(sourcing.suppliers[1]), sourcing, lambda f: content_of(f, "2"))
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        session.execute(update(BidVersion).values(key_for_opening=b"\0" * 80))
        session.expire_all()
        with pytest.raises(SealMismatch), session.begin_nested():
            sourcing.open()
        assert session.scalar(select(func.count()).select_from(BidOffer)) == 0
        assert session.scalar(select(func.count()).select_from(BidUnreadable)) == 0

    def test_told_ruled_and_proved(
        self,
        session: Session,
        api: Api,
        sourcing: Sourcing,
        example: dict[str, Any],
        drain: Callable[[], int],
    ) -> None:
        send(example, api(sourcing.suppliers[0]), sourcing, not_json)
        send(example, api(sourcing.suppliers[1]), sourcing, lambda f: content_of(f, "2", "2"))
        sourcing.open()
        drain()
        told = session.scalars(select(Notice).where(Notice.kind == "bid_unreadable")).all()
        assert [each.person_id for each in told] == [sourcing.suppliers[0].person_id]
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        (found,) = buyer.get(f"{path}/unreadable-bids").json["items"]
        assert (found["reason"], found["ruling"]) == ("malformed", None)
        (readable,) = session.scalars(select(BidOffer.bid_id))
        sourcing.score({readable: "50"})
        choice = {"choices": [{"lot_id": str(sourcing.lots[0].id), "bid_id": str(readable)}]}
        blocked = buyer.post(f"{path}/award", json=choice)
        assert (blocked.status_code, blocked.json["code"]) == (409, "unreadable_bid")
        ruling = f"{path}/unreadable-bids/{found['bid_id']}/ruling"
        stranger = api(make_actor(session)).post(
            ruling, json={"ruling": "excluded", "reason": "no"}
        )
        assert stranger.status_code == 404
        body = {"ruling": "excluded", "reason": "Nothing to evaluate"}
        ruled = buyer.post(ruling, json=body)
        assert (ruled.status_code, ruled.json["items"][0]["ruling"]) == (201, "excluded")
        again = buyer.post(ruling, json=body)
        assert (again.status_code, again.json["code"]) == (409, "already_ruled")
        (noted,) = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "rfq.unreadable_ruled")
        )
        assert noted.data["reason"] == "Nothing to evaluate"
        for actor in (sourcing.buyer, sourcing.suppliers[0]):
            with clock.frozen(sourcing.due_at + DRAIN):
                file = proving.opening_file(session, actor, KEYS, sourcing.rfq.id).content
            findings = verify(reading.opening_file(file))
            assert [each.fault for each in findings] == [None] * len(findings)
            assert any("found unreadable" in str(each.text) for each in findings)
        assert buyer.post(f"{path}/award", json=choice).status_code == 201

    def test_in_the_portal(
        self,
        session: Session,
        api: Api,
        portal: Portal,
        sourcing: Sourcing,
        example: dict[str, Any],
    ) -> None:
        send(example, api(sourcing.suppliers[0]), sourcing, not_json)
        sourcing.open()
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer, supplier = portal(sourcing.buyer), portal(sourcing.suppliers[0])
        assert "1 bid cannot be read" in words(buyer.get(f"{url}/bids"))
        assert "Your bid could not be read" in words(supplier.get(f"{url}/bids"))
        page = words(buyer.get(f"{url}/unreadable"))
        assert "What was sealed is not a bid." in page
        (found,) = session.scalars(select(BidUnreadable))
        empty = buyer.post(f"{url}/unreadable/{found.bid_id}", data={"ruling": "excluded"})
        assert empty.status_code == 422
        done = buyer.post(
            f"{url}/unreadable/{found.bid_id}",
            data={"ruling": "excluded", "reason": "Nothing to evaluate"},
        )
        assert done.status_code == 303
        assert "Nothing to evaluate" in words(supplier.get(f"{url}/bids"))


class TestPages:
    def test_the_page_carries_no_names_of_fields(self, portal: Portal, sourcing: Sourcing) -> None:
        supplier = portal(sourcing.suppliers[0])
        assert supplier.get(f"/rfqs/{sourcing.rfq.id}/bids/edit").status_code == 303
        page = supplier.get(f"/rfqs/{sourcing.rfq.id}/bids/seal").text
        form = page.split('id="seal-form"')[1].split("</form>")[0]
        assert 'data-name="lines.0.unit_price.amount"' in form
        assert re.search(r"\sname\s*=", form) is None

    def test_envelopes_arrive_through_the_form(
        self, api: Api, portal: Portal, sourcing: Sourcing, example: dict[str, Any]
    ) -> None:
        facts = facts_of(api(sourcing.suppliers[0]), sourcing)
        body, digest = example["sealed_bid"](facts, content_of(facts, "5"), b"k" * 32)
        data = {"number": str(body["number"]), "terms_number": str(body["terms_number"])}
        data |= {f"main.{name}": value for name, value in body["main"].items()}
        supplier = portal(sourcing.suppliers[0])
        url = f"/rfqs/{sourcing.rfq.id}/bids/seal"
        done = supplier.post(url, data=data)
        assert done.status_code == 303
        assert digest in words(supplier.get(done.headers["Location"]))
        stale = supplier.post(url, data=data)
        assert (stale.status_code, "changed at the same moment" in words(stale)) == (422, True)

    def test_the_draft_asks(self, session: Session, portal: Portal) -> None:
        page = words(portal(make_actor(session)).get("/rfqs/new"))
        assert "Bidders seal their bids themselves" in page
