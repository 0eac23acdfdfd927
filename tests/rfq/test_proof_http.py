"""Proofs over the API and in the portal: who gets which file, when, and what it costs."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import delete, select, text, update

from marketplace.core import clock
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt, BidAttemptHead, BidVersion
from marketplace.rfq.bids.rules import SealMismatch
from marketplace.rfq.opening import proof_queries
from marketplace.rfq.opening.models import RfqOutcome
from marketplace.rfq.proofs import papers, reading
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.services import bidding
from tests.clients import words
from tests.factories.bids import KEYS, make_opened, make_sourcing
from tests.factories.identity import make_actor

DRAIN = timedelta(seconds=30)
AFTER = timedelta(minutes=1)
FILE_STATEMENTS = 10


@pytest.fixture
def sourcing(session):
    made = make_sourcing(session, suppliers=3)
    made.submit(0, "1", "1")
    made.submit(1, "2", "1")
    return made


@pytest.fixture
def path(sourcing):
    return f"/rfqs/{sourcing.rfq.id}"


class TestDigestList:
    def test_the_same_bytes_for_buyer_and_bidders_before_and_after_the_opening(
        self, api, sourcing, path
    ):
        readers = [api(actor) for actor in (sourcing.buyer, *sourcing.suppliers)]
        with clock.frozen(sourcing.due_at + DRAIN):
            sealed = {reader.get(f"{path}/closing").data for reader in readers}
        sourcing.open()
        with clock.frozen(sourcing.due_at + timedelta(days=30)):
            opened = {reader.get(f"{path}/closing").data for reader in readers}
        assert len(sealed | opened) == 1
        paper = json.loads(sealed.pop())
        assert envelopes.is_signed(
            paper["statement"].encode(), bytes.fromhex(paper["signature"]), KEYS.public_key()
        )

    def test_not_while_bids_may_still_be_on_their_way(self, api, portal, sourcing, path):
        for at in (clock.now(), sourcing.due_at, sourcing.due_at + DRAIN - timedelta.resolution):
            with clock.frozen(at):
                for actor in (sourcing.buyer, sourcing.suppliers[0]):
                    for one in ("closing", "opening-file"):
                        answer = api(actor).get(f"{path}/{one}")
                        assert (answer.status_code, answer.json["code"]) == (409, "too_early")
                    assert portal(actor).get(f"{path}/opening/file").status_code == 409

    def test_it_tells_neither_who_nor_how_many(self, api, session):
        sizes = []
        for bids in (0, 1, 3):
            sourcing = make_sourcing(session, suppliers=3)
            for number in range(bids):
                sourcing.submit(number, "1", "1")
            with clock.frozen(sourcing.due_at + AFTER):
                client = api(sourcing.buyer)
                answer = client.get(f"/rfqs/{sourcing.rfq.id}/closing")
                whole = client.get(f"/rfqs/{sourcing.rfq.id}/opening-file")
            named = whole.text.count(sourcing.buyer.org_name) * len(sourcing.buyer.org_name)
            sizes.append((len(answer.data), len(whole.data) - named))
            assert len(json.loads(answer.json["statement"])["digests"]) == 1024
            assert not any(str(s.org_id) in whole.text for s in sourcing.suppliers)
        assert len(set(sizes)) == 1

    def test_strangers_and_the_operator_get_nothing(self, api, session, sourcing, path):
        operator = make_actor(session, OrgKind.OPERATOR, Role.OPERATOR)
        with clock.frozen(sourcing.due_at + AFTER):
            for actor in (
                make_actor(session),
                make_actor(session, OrgKind.SUPPLIER),
                operator,
            ):
                for one in ("closing", "opening-file"):
                    assert api(actor).get(f"{path}/{one}").status_code == 404
            requester = make_actor(session, OrgKind.BUYER, Role.REQUESTER)
            assert api(requester).get(f"{path}/closing").status_code == 403


class TestFile:
    def test_each_reader_gets_their_own(self, api, sourcing, path):
        sourcing.open()
        with clock.frozen(sourcing.due_at + AFTER):
            answers = [
                api(actor).get(f"{path}/opening-file")
                for actor in (sourcing.buyer, *sourcing.suppliers)
            ]
        assert [len(json.loads(answer.data)["bids"]) for answer in answers] == [2, 1, 1, 0]
        for answer in answers:
            found = verify(reading.opening_file(answer.data), KEYS.public_key())
            assert [each for each in found if each.fault] == []
        disposition = answers[0].headers["Content-Disposition"]
        assert f'filename="opening-{sourcing.rfq.number}.json"' in disposition

    @pytest.mark.parametrize("bids", [1, 10])
    def test_it_costs_the_same_for_one_bid_and_for_ten(self, api, session, statements, bids):
        sourcing = make_opened(session, *[("1", "2")] * bids)
        client = api(sourcing.buyer)
        session.expire_all()
        with clock.frozen(sourcing.due_at + AFTER):
            statements.clear()
            client.get(f"/rfqs/{sourcing.rfq.id}/opening-file")
        assert len(statements) == FILE_STATEMENTS, "\n".join(each[:300] for each in statements)

    def test_an_opening_from_before_says_so(self, api, session, sourcing, path):
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        sourcing.open()
        session.execute(delete(RfqOutcome))
        session.connection().exec_driver_sql("RESET ROLE")
        with clock.frozen(sourcing.due_at + AFTER):
            answer = api(sourcing.buyer).get(f"{path}/opening-file")
        assert answer.status_code == 404
        assert answer.json["detail"] == (
            "These bids were opened before opening files were introduced."
        )

    def test_a_single_receipt(self, api, sourcing, path, session):
        attempt_id = session.scalars(
            select(BidAttempt.id).where(BidAttempt.supplier_id == sourcing.suppliers[0].org_id)
        ).one()
        receipt = api(sourcing.suppliers[0]).get(f"{path}/receipts/{attempt_id}")
        paper = reading.paper(receipt.data)
        assert paper.signed.is_genuine(KEYS.public_key())
        for actor in (sourcing.suppliers[1], sourcing.buyer):
            assert api(actor).get(f"{path}/receipts/{attempt_id}").status_code == 404


class TestPortal:
    def test_files_and_instructions(self, portal, sourcing, path):
        for actor in (sourcing.buyer, sourcing.suppliers[0]):
            client = portal(actor)
            assert "Download the opening file" not in words(client.get(f"{path}/bids"))
            with clock.frozen(sourcing.due_at + AFTER):
                page = client.get(f"{path}/bids")
                assert "Download the opening file" in words(page)
                assert 'href="/verifying"' in page.text
                closing = client.get(f"{path}/closing/file")
                whole = client.get(f"{path}/opening/file")
            assert reading.paper(closing.data).said["kind"] == "rfq-closing"
            found = verify(reading.opening_file(whole.data), KEYS.public_key())
            assert [each for each in found if each.fault] == []

    def test_anybody_reads_how(self, app, portal, sourcing):
        page = app.test_client().get("/verifying")
        assert page.status_code == 200
        key = KEYS.public_key()
        assert f"verify-receipt receipt.json --public-key {key.hex()}" in words(page)
        assert papers.sha256(key) in words(page)


class TestChain:
    """Somebody removes attempts from the database before the opening."""

    @pytest.fixture
    def sourcing(self, session):
        session.connection().exec_driver_sql("SET LOCAL ROLE NONE")
        made = make_sourcing(session, suppliers=3)
        made.bids = [made.submit(0, "1", "1"), made.submit(1, "2", "2"), made.submit(2, "3", "3")]
        session.expunge_all()
        return made

    def removed(self, session, sourcing, number):
        bid_id = sourcing.bids[number].bid_id
        for model, column in ((BidVersion, "bid_id"), (BidAttempt, "bid_id"), (Bid, "id")):
            session.execute(delete(model).where(getattr(model, column) == bid_id))

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_a_bid_with_all_its_receipts(self, session, sourcing, number):
        self.removed(session, sourcing, number)
        with pytest.raises(SealMismatch) as error, session.begin_nested():
            sourcing.open()
        assert (error.value.data["reason"], error.value.data["attempt"]) == (
            "attempt_missing", number + 1,
        )  # fmt: skip
        assert session.scalars(select(RfqOutcome)).all() == []

    def test_a_gap_closed_by_renumbering(self, session, sourcing):
        self.removed(session, sourcing, 1)
        last = sourcing.bids[2].receipt
        session.execute(update(BidAttempt).where(BidAttempt.id == last.id).values(seq=2))
        with pytest.raises(SealMismatch) as error, session.begin_nested():
            sourcing.open()
        assert (error.value.data["reason"], error.value.data["bid_id"]) == (
            "chain_broken", str(last.bid_id),
        )  # fmt: skip

    def test_an_attempt_refused_while_the_bids_are_opened(self, session, sourcing, monkeypatch):
        """It is chained after the opening has read the head, and is no reason to stop."""
        before = BidAttemptHead(rfq_id=sourcing.rfq.id, seq=2, link=b"")
        monkeypatch.setattr(proof_queries, "head", lambda *_of: before)
        assert sourcing.open().bid_count == 3

    def test_links_are_computed_alike_in_database_and_program(self, session, sourcing):
        bidding.withdraw(
            session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, sourcing.due_at - AFTER
        )
        attempts = proof_queries.attempts(session, sourcing.rfq.id)
        assert [attempt.seq for attempt in attempts] == [1, 2, 3, 4]
        hashes = [papers.sha256(attempt.statement.encode()) for attempt in attempts]
        assert [attempt.link for attempt in attempts] == papers.links(hashes)
        head = session.get_one(BidAttemptHead, sourcing.rfq.id)
        assert (head.seq, head.link) == (4, attempts[-1].link)

    def test_what_was_there_before_is_chained_alike(self, session, sourcing):
        """The migration brings the attempts of running RFQs into one chain each."""
        before = [(each.id, each.seq, each.link)
                  for each in proof_queries.attempts(session, sourcing.rfq.id)]  # fmt: skip
        session.execute(update(BidAttempt).values(seq=-BidAttempt.seq, link=b""))
        session.execute(delete(BidAttemptHead))
        migration = import_module("migrations.versions.0017_chain_attempts")
        session.execute(text(migration.CHAIN_WHAT_IS_THERE))
        session.expire_all()
        after = [(each.id, each.seq, each.link)
                 for each in proof_queries.attempts(session, sourcing.rfq.id)]  # fmt: skip
        assert after == before
        head = session.get_one(BidAttemptHead, sourcing.rfq.id)
        assert (head.seq, head.link) == before[-1][1:]


def test_the_database_lists_as_the_verifier_does(session):
    """Beyond 1,024 bids the list doubles; below, their number leaves no trace."""
    sourcing = make_sourcing(session)
    sourcing.submit(0, "1", "1")
    seed = bytes(range(32))
    later = sourcing.due_at + AFTER
    listed = proof_queries.closing_list(session, sourcing.rfq.id, later, seed)
    (attempt,) = session.scalars(select(BidAttempt)).all()
    assert listed == papers.closing_list(seed, attempt.link, [attempt.digest])
    early = sourcing.due_at + DRAIN - timedelta.resolution
    assert proof_queries.closing_list(session, sourcing.rfq.id, early, seed) is None
    many = [f"{number:064x}" for number in range(1025)]
    assert [len(papers.digest_list(seed, many[:count])) for count in (0, 1024, 1025)] == [
        1024, 1024, 2048,
    ]  # fmt: skip


def test_a_receipt_says_whether_its_digest_was_published(session, portal):
    sourcing = make_sourcing(session)
    old = sourcing.submit(0, "2", "2").receipt
    new = sourcing.submit(0, "1", "1").receipt
    browser, url = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids/receipts"
    assert "digest list" not in words(browser.get(f"{url}/{new.id}"))
    with clock.frozen(sourcing.due_at + timedelta(seconds=30)):
        assert "has this digest" in words(browser.get(f"{url}/{new.id}"))
        assert "does not have this digest" in words(browser.get(f"{url}/{old.id}"))
