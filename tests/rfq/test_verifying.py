"""Opening files against every kind of meddling: each is detected, and named in exact words."""

import copy
import json
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from marketplace import cli
from marketplace.core import clock
from marketplace.core.errors import DomainError
from marketplace.core.ids import uuid7
from marketplace.identity.models import Organisation
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http import bid_views
from marketplace.rfq.proofs import papers, reading
from marketplace.rfq.proofs.commands import main
from marketplace.rfq.proofs.findings import Fault
from marketplace.rfq.proofs.verifying import verify
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import bidding, proving
from tests.factories.bids import KEYS, make_sourcing

AFTER = timedelta(minutes=1)
KEY = KEYS.public_key()
FLIPS = 150
CHAIN_OF_FIVE = (
    "Chain: 5 attempts, none removed since the closing;"
    " 3 bids opened, exactly those of the digest list."
)


def refuse(sourcing, supplier):
    """An attempt a second after the deadline, kept as its request would."""
    actor, late = sourcing.suppliers[supplier], sourcing.due_at + timedelta(seconds=1)
    with pytest.raises(DomainError) as refusal:
        bidding.submit(
            sourcing.session, actor, KEYS, sourcing.rfq.id, late, sourcing.content("1", "1")
        )
    bidding.keep_refusal(sourcing.session, actor, refusal.value)
    sourcing.session.flush()


def file_of(sourcing, actor):
    with clock.frozen(sourcing.due_at + AFTER):
        made = proving.opening_file(sourcing.session, actor, KEYS, sourcing.rfq.id)
    return json.loads(made.content)


def signed_again(data, keys=KEYS):
    """As somebody who has the service's key would write it."""
    content = {name: value for name, value in data.items() if name != "signature"}
    return papers.whole_file(keys, content)


def faults(data, *, key=KEY, held=(), keys=KEYS):
    """What a verification names, in a file whose own last signature is right."""
    file = reading.opening_file(signed_again(data, keys))
    found = verify(file, key, [reading.paper(each) for each in held])
    return [(finding.fault, str(finding.text)) for finding in found if finding.fault]


def receipt_file(receipt):
    return bid_views.signed_file(receipt.statement, receipt.signature, KEY)


def receipt_index(data, receipt):
    return [each["statement"] for each in data["receipts"]].index(receipt.statement)


@pytest.fixture
def sourcing(session):
    """Three bidders, the first with a replaced version, the second with a late attempt as well."""
    made = make_sourcing(session, suppliers=3)
    for name, actor in zip("ABC", made.suppliers, strict=True):
        session.get_one(Organisation, actor.org_id).name = name
    made.first = made.submit(0, "9", "9")
    made.bids = [made.submit(number, price, "1") for number, price in enumerate("123")]
    refuse(made, 1)
    return made


@pytest.fixture
def opened(sourcing):
    sourcing.open()
    return file_of(sourcing, sourcing.buyer)


@pytest.fixture
def places(sourcing, opened):
    """Where the bids of A, B and C stand in the file."""
    found = {bid["bid_id"]: place for place, bid in enumerate(opened["bids"])}
    return [found[str(bid.bid_id)] for bid in sourcing.bids]


class TestGenuine:
    def test_the_buyers_file_line_by_line(self, sourcing, opened):
        file = reading.opening_file(signed_again(opened))
        found = verify(file, KEY, [reading.paper(receipt_file(sourcing.first.receipt))])
        number = sourcing.rfq.number
        assert [str(finding.text) for finding in found] == [
            "Public key: the one given.",
            "File: whole, and signed by the marketplace.",
            f"Event {number}: its terms are those that were published.",
            "Digest list: signed by the marketplace.",
            "Outcome: signed by the marketplace.",
            "Minutes: signed by the marketplace.",
            "Receipts: 5 signed by the marketplace.",
            CHAIN_OF_FIVE,
            *(
                f"Bid of {name}, version {version}: digest, seal and content agree."
                for name, version in _in_order(opened, sourcing)
            ),
            "Held paper 1: later replaced or withdrawn by its supplier.",
        ]

    def test_a_bidder_has_all_digests_but_only_their_own_content_and_no_names(
        self, sourcing, opened
    ):
        mine = file_of(sourcing, sourcing.suppliers[1])
        assert faults(mine) == []
        assert mine["closing"] == opened["closing"]
        assert mine["outcome"] == opened["outcome"]
        assert mine["minutes"] is None
        assert [bid["bid_id"] for bid in mine["bids"]] == [str(sourcing.bids[1].bid_id)]
        assert len(mine["receipts"]) == 2
        text = json.dumps(mine)
        for other in (0, 2):
            assert str(sourcing.suppliers[other].org_id) not in text
            assert str(sourcing.bids[other].bid_id) not in text

    def test_withdrawn_bids_are_not_missed(self, sourcing):
        withdrawn = sourcing.suppliers[2]
        bidding.withdraw(
            sourcing.session, withdrawn, KEYS, sourcing.rfq.id, sourcing.due_at - AFTER
        )
        sourcing.open()
        held = [receipt_file(sourcing.bids[2].receipt)]
        assert faults(file_of(sourcing, sourcing.buyer), held=held) == []
        assert faults(file_of(sourcing, withdrawn), held=held) == []

    def test_without_any_bid(self, session):
        sourcing = make_sourcing(session)
        sourcing.open()
        assert faults(file_of(sourcing, sourcing.buyer)) == []

    def test_thirty_bids(self, session):
        sourcing = make_sourcing(session, suppliers=30)
        bids = [sourcing.submit(number, str(number + 1), "2") for number in range(30)]
        sourcing.open()
        data = file_of(sourcing, sourcing.buyer)
        assert faults(data, held=[receipt_file(bid.receipt) for bid in bids]) == []
        assert {bid["content"]["lines"][0]["unit_price"] for bid in data["bids"]} == {
            str(number + 1) for number in range(30)
        }


class TestMeddling:
    """Somebody rewrites the file, and even has the key that signs the file as a whole."""

    def test_a_changed_bit_of_a_bid(self, opened, places):
        bid = opened["bids"][places[1]]
        changed = bytearray(b64decode(bid["ciphertext"]))
        changed[100] ^= 1
        bid["ciphertext"] = b64encode(changed).decode()
        assert faults(opened) == [
            (
                Fault.CHANGED,
                "Bid of B, version 1: the sealed bytes are not those of its receipt.",
            )
        ]

    def test_a_changed_price_beside_an_unchanged_seal(self, opened, places):
        opened["bids"][places[2]]["content"]["lines"][0]["unit_price"] = "2.99"
        assert faults(opened) == [
            (Fault.CHANGED, "Bid of C, version 1: the content shown is not what was sealed.")
        ]

    def test_a_changed_key(self, opened, places):
        opened["bids"][places[2]]["data_key"] = b64encode(bytes(32)).decode()
        assert faults(opened) == [
            (Fault.CHANGED, "Bid of C, version 1: the key in the file does not open it.")
        ]

    def test_swapped_suppliers(self, opened, places):
        one, two = opened["bids"][places[1]], opened["bids"][places[2]]
        for part in ("ciphertext", "key_for_opening", "key_for_reading_back", "data_key"):
            one[part], two[part] = two[part], one[part]
        assert sorted(faults(opened)) == [
            (Fault.SWAPPED, "Bid of B, version 1: swapped with the bid of C."),
            (Fault.SWAPPED, "Bid of C, version 1: swapped with the bid of B."),
        ]

    def test_swapped_names(self, opened, places):
        one, two = opened["bids"][places[1]], opened["bids"][places[2]]
        one["supplier_id"], two["supplier_id"] = two["supplier_id"], one["supplier_id"]
        assert sorted(faults(opened)) == [
            (Fault.SWAPPED, "Bid of B, version 1: swapped with the bid of C."),
            (Fault.SWAPPED, "Bid of C, version 1: swapped with the bid of B."),
        ]

    def test_a_deleted_bid(self, opened, places):
        del opened["bids"][places[1]]
        assert faults(opened) == [(Fault.DELETED, "Bid of B, version 1: missing in the file.")]

    def test_a_bid_deleted_with_its_receipt(self, sourcing, opened, places):
        del opened["bids"][places[1]]
        del opened["receipts"][receipt_index(opened, sourcing.bids[1].receipt)]
        assert faults(opened) == [
            (Fault.DELETED, "Attempt 3 of the chain: its receipt is missing.")
        ]

    def test_a_refused_attempt_deleted(self, opened):
        del opened["receipts"][-1]
        assert faults(opened) == [
            (Fault.DELETED, "Attempt 5 of the chain: its receipt is missing.")
        ]

    def test_an_added_bid(self, opened, places):
        added = copy.deepcopy(opened["bids"][places[0]])
        added["bid_id"] = str(uuid7())
        opened["bids"].append(added)
        assert faults(opened) == [
            (
                Fault.ADDED,
                "Bid of A, version 2: in the file, but no receipt says that it stands.",
            )
        ]

    def test_an_old_version_restored(self, sourcing, session, opened, places):
        bid = opened["bids"][places[0]]
        old = bid_queries.version(session, sourcing.bids[0].bid_id, 1)
        for part in ("ciphertext", "key_for_opening", "key_for_reading_back"):
            bid[part] = b64encode(getattr(old, part)).decode()
        assert faults(opened) == [
            (
                Fault.OLD_VERSION,
                "Bid of A, version 2: the older version 1 was put in its place.",
            )
        ]

    def test_a_wrong_signature(self, opened):
        signature = bytearray.fromhex(opened["receipts"][0]["signature"])
        signature[0] ^= 1
        opened["receipts"][0]["signature"] = signature.hex()
        assert faults(opened) == [
            (Fault.WRONG_SIGNATURE, "Receipt 1, of A: changed, its signature is wrong."),
            (Fault.DELETED, "Attempt 1 of the chain: its receipt is missing."),
        ]

    @pytest.mark.parametrize(
        ("paper", "name"),
        [("closing", "Digest list"), ("outcome", "Outcome"), ("minutes", "Minutes")],
    )
    def test_a_changed_paper(self, opened, paper, name):
        opened[paper]["statement"] = opened[paper]["statement"].replace("rfq", "rfp", 1)
        assert faults(opened)[0] == (
            Fault.WRONG_SIGNATURE, f"{name}: changed, its signature is wrong.",
        )  # fmt: skip

    def test_another_key(self, sourcing, opened):
        other = ServiceKeys.from_secret("another" * 6)
        opened["public_key"] = other.public_key().hex()
        found = faults(opened, keys=other)
        assert found[0] == (
            Fault.WRONG_KEY, "Public key: the file was made with another key than the one given.",
        )  # fmt: skip
        assert found[1] == (
            Fault.WRONG_SIGNATURE,
            "File: changed after it was made; its own signature is wrong.",
        )

    def test_changed_terms_and_names(self, opened):
        opened["rfq"]["terms"]["lines"][0]["quantity"] = "1"
        assert faults(opened) == [
            (
                Fault.CHANGED,
                f"Event {opened['rfq']['number']}: its terms are not those that were published.",
            )
        ]


class TestAnOperatorWhoSignsAnything:
    """Every paper is made anew with the service's key; what bidders have kept tells on it."""

    def test_a_bid_deleted_before_the_closing(self, sourcing, opened):
        kept = receipt_file(sourcing.bids[1].receipt)
        assert faults(_rewritten(opened, sourcing, [1]), held=[kept]) == [
            (
                Fault.DELETED,
                "Held paper 1: this attempt was deleted; the file does not have it.",
            )
        ]
        assert faults(_rewritten(opened, sourcing, [1])) == []

    def test_the_old_version_passed_off_as_the_last(self, sourcing, opened):
        kept = receipt_file(sourcing.bids[0].receipt)
        forged = _rewritten(opened, sourcing, [0], restored=sourcing.first)
        assert faults(forged, held=[kept]) == [
            (
                Fault.OLD_VERSION,
                "Held paper 1: is for version 2, but the older version 1 was put in its place.",
            )
        ]

    def test_a_kept_digest_list_differs(self, sourcing, opened):
        with clock.frozen(sourcing.due_at + AFTER):
            kept = proving.closing(sourcing.session, sourcing.suppliers[0], KEYS, sourcing.rfq.id)
        held = [bid_views.signed_file(kept.statement, kept.signature, KEY)]
        assert faults(opened, held=held) == []
        assert faults(_rewritten(opened, sourcing, [1]), held=held) == [
            (
                Fault.CHANGED,
                "Held paper 1: another digest list was published at the closing.",
            )
        ]

    def test_a_bid_left_out_after_the_closing(self, sourcing, opened):
        """The digest list is out already, so that the outcome alone can be made anew."""
        forged = _rewritten(opened, sourcing, [1], keep_closing=True)
        digest = sourcing.bids[1].receipt.digest
        told = f"Bid with the digest {digest}: published at the closing, but not opened."
        assert (Fault.DELETED, told) in faults(forged)

    def test_a_bid_added_after_the_closing(self, sourcing, opened):
        without = _rewritten(opened, sourcing, [1])
        forged = copy.deepcopy(opened)
        forged["closing"] = without["closing"]
        assert (
            Fault.ADDED,
            "Bid of B, version 1: opened, but not published at the closing.",
        ) in faults(forged)


class TestBeforeOpening:
    def test_a_bidder_finds_their_digest_and_nobody_elses_name(self, sourcing):
        mine = file_of(sourcing, sourcing.suppliers[0])
        assert faults(mine, held=[receipt_file(sourcing.first.receipt)]) == []
        assert (mine["outcome"], mine["minutes"], mine["bids"]) == (None, None, [])
        digests = json.loads(mine["closing"]["statement"])["digests"]
        assert (len(digests), digests) == (1024, sorted(digests))
        assert {bid.receipt.digest for bid in sourcing.bids} <= set(digests)
        assert sourcing.first.receipt.digest not in digests

    def test_a_buyer_has_no_receipts_yet(self, sourcing):
        data = file_of(sourcing, sourcing.buyer)
        assert (data["receipts"], data["bids"], len(data["names"])) == ([], [], 1)
        assert faults(data, held=[receipt_file(sourcing.first.receipt)]) == []

    def test_a_bid_missing_in_the_list_is_named(self, sourcing, opened):
        mine = file_of(sourcing, sourcing.suppliers[1])
        mine["outcome"], mine["bids"] = None, []
        mine["closing"] = _rewritten(opened, sourcing, [1])["closing"]
        assert faults(mine) == [
            (
                Fault.DELETED,
                "Bid of B, version 1: its receipt says that it stands, but it was left out.",
            )
        ]


def test_any_flipped_byte_is_found_or_harmless(sourcing, opened):
    """A flip is found, or it changed nothing that JSON means (white space between values)."""
    whole = papers.whole_file(KEYS, {k: v for k, v in opened.items() if k != "signature"})
    seed = random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    for _round in range(FLIPS):
        place, mask = chance.randrange(len(whole)), 1 << chance.randrange(8)
        flipped = bytearray(whole)
        flipped[place] ^= mask
        try:
            file = reading.opening_file(bytes(flipped))
            found = any(finding.fault for finding in verify(file, KEY))
        except reading.Unreadable:
            found = True
        assert found or json.loads(flipped) == json.loads(whole), (seed, place, mask)


class TestCommands:
    @pytest.fixture
    def paths(self, tmp_path, sourcing, opened):
        (tmp_path / "opening.json").write_bytes(signed_again(opened))
        (tmp_path / "receipt.json").write_bytes(receipt_file(sourcing.bids[0].receipt))
        return tmp_path

    def call(self, *arguments, **environment):
        return CliRunner(env={"LC_ALL": "", "LANG": "C.UTF-8", **environment}).invoke(
            main, [str(each) for each in arguments]
        )

    def test_all_is_well(self, paths):
        done = self.call(
            "verify-opening", paths / "opening.json", "--receipt", paths / "receipt.json",
            "--public-key", KEY.hex(),
        )  # fmt: skip
        assert done.exit_code == 0
        lines = done.output.splitlines()
        assert lines[0] == "verified: Public key: the one given."
        assert lines[-2:] == [
            "verified: Held paper 1: the file has this attempt.", "Everything is verified.",
        ]  # fmt: skip

    def test_a_fault_is_one(self, paths, opened, places):
        del opened["bids"][places[1]]
        (paths / "opening.json").write_bytes(signed_again(opened))
        done = self.call("verify-opening", paths / "opening.json")
        assert done.exit_code == 1
        assert "DELETED: Bid of B, version 1: missing in the file." in done.output
        assert done.output.endswith("1 fault found.\n")

    def test_in_french(self, paths, opened, places):
        del opened["bids"][places[1]]
        (paths / "opening.json").write_bytes(signed_again(opened))
        done = self.call("verify-opening", paths / "opening.json", LANG="fr_FR.UTF-8")
        assert "SUPPRIMÉ : Offre de B, version 1 : absente du fichier." in done.output
        assert done.output.endswith("1 anomalie constatée.\n")

    @pytest.mark.parametrize("size", [0, 1, 5000, -2])
    def test_a_truncated_file_is_unreadable(self, paths, size):
        whole = (paths / "opening.json").read_bytes()
        (paths / "opening.json").write_bytes(whole[:size])
        done = self.call("verify-opening", paths / "opening.json")
        assert done.exit_code == 2
        assert done.output == (
            "UNREADABLE: opening.json: The file is cut off or damaged: it cannot be read.\n"
        )

    def test_a_receipt_alone(self, paths):
        done = self.call("verify-receipt", paths / "receipt.json", "--public-key", KEY.hex())
        assert done.exit_code == 0
        assert "verified: The marketplace has signed this statement." in done.output
        assert "verified: outcome: accepted" in done.output

    def test_a_changed_receipt_another_key_and_no_key(self, paths):
        path = paths / "receipt.json"
        data = json.loads(path.read_text())
        path.write_text(json.dumps({**data, "statement": data["statement"].replace("2", "3")}))
        done = self.call("verify-receipt", path)
        assert (done.exit_code, done.output.splitlines()[1]) == (
            1, "WRONG SIGNATURE: The statement or its signature was changed.",
        )  # fmt: skip
        done = self.call("verify-receipt", path, "--public-key", "ab" * 32)
        assert done.output.splitlines()[0] == (
            "WRONG KEY: Public key: the file was made with another key than the one given."
        )
        done = self.call("verify-receipt", path, "--public-key", "ab")
        assert done.exit_code == 2
        assert "64 hexadecimal digits" in done.output


class TestStart:
    """As a person runs it: a program of its own, without database, settings and framework."""

    def run(self, *arguments, **environment):
        code = (
            "import sys; from marketplace import start; sys.argv = ['marketplace', *sys.argv[1:]]\n"
            "try: start.main()\n"
            "finally: print(sorted({'flask', 'sqlalchemy', 'psycopg', 'redis', 'stripe'}"
            " & set(sys.modules)))"
        )
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={"LANG": "C.UTF-8", "LOG_LEVEL": "loud", **environment},
            cwd=Path(__file__).parents[2],
            check=False,
        )

    def test_it_needs_nothing(self, tmp_path, opened):
        (tmp_path / "opening.json").write_bytes(signed_again(opened))
        done = self.run("verify-opening", tmp_path / "opening.json", "--public-key", KEY.hex())
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-2:] == ["Everything is verified.", "[]"]

    def test_it_stands_among_the_other_commands(self):
        named = CliRunner().invoke(cli.main, ["--help"]).output
        assert "verify-opening" in named
        assert "verify-receipt" in named
        told = CliRunner(env={"LOG_LEVEL": "loud"}).invoke(cli.main, ["verify-receipt", "none"])
        assert told.exit_code == 2
        assert "does not exist" in told.output


def _in_order(opened, sourcing):
    names = dict(zip((str(s.org_id) for s in sourcing.suppliers), "ABC", strict=True))
    return [(names[bid["supplier_id"]], bid["number"]) for bid in opened["bids"]]


def _rewritten(opened, sourcing, gone, *, restored=None, keep_closing=False):
    """All papers anew, with the service's key, as if the last bids of these had never arrived."""
    forged = copy.deepcopy(opened)
    ids = {str(sourcing.bids[each].bid_id) for each in gone}
    lost = {sourcing.bids[each].receipt.statement for each in gone}
    forged["receipts"] = [e for e in opened["receipts"] if e["statement"] not in lost]
    forged["bids"] = [bid for bid in opened["bids"] if bid["bid_id"] not in ids]
    minutes = json.loads(opened["minutes"]["statement"])
    minutes["bids"] = [bid for bid in minutes["bids"] if bid["bid_id"] not in ids]
    digests = [bid["digest"] for bid in minutes["bids"]]
    if restored is not None:
        digests.append(restored.receipt.digest)
        minutes["bids"].append({"digest": restored.receipt.digest})
        forged["bids"].append(_shown_again(sourcing, restored))
    chain = [papers.sha256(each["statement"].encode()) for each in forged["receipts"]]
    said = json.loads(opened["outcome"]["statement"])
    seed = bytes.fromhex(said["seed"])
    place = papers.Place(said["rfq_id"], said["buyer_id"], said["bids_due_at"], said["fingerprint"])
    on_time = len(chain) - 1
    if keep_closing:
        closing = papers.Signed(
            opened["closing"]["statement"], bytes.fromhex(opened["closing"]["signature"])
        )
    else:
        listed = papers.closing_list(seed, papers.links(chain)[on_time - 1], digests)
        closing = papers.closing(KEYS, place, listed)
    statement = papers.canonical(minutes)
    signed = papers.Signed(statement.decode(), KEYS.sign(statement))
    found = papers.Opened(said["opened_at"], on_time, chain, digests)
    forged["closing"], forged["minutes"] = closing.to_json(), signed.to_json()
    forged["outcome"] = papers.outcome(KEYS, closing, seed, found, signed).to_json()
    return forged


def _shown_again(sourcing, done):
    """An earlier version as the file would show it, opened with the passphrase."""
    session, rfq_id = sourcing.session, sourcing.rfq.id
    seal = bid_queries.seal(session, rfq_id)
    pair = envelopes.KeyPair(seal.public_key, seal.wrapped_private_key)
    private = envelopes.free_private_key(pair, rfq_id, sourcing.passphrase)
    version = bid_queries.version(session, done.bid_id, done.receipt.number)
    envelope = bid_vault.sealed_bid(version).main
    binding = envelopes.Binding(
        rfq_id, done.receipt.supplier_id, done.receipt.number, seal.fingerprint
    )
    plain, data_key = envelopes.open_envelope(envelope, private, binding)
    return {
        "bid_id": str(done.bid_id),
        "supplier_id": str(done.receipt.supplier_id),
        "number": done.receipt.number,
        "ciphertext": b64encode(envelope.ciphertext).decode(),
        "key_for_opening": b64encode(envelope.key_for_opening).decode(),
        "key_for_reading_back": b64encode(envelope.key_for_reading_back).decode(),
        "data_key": b64encode(data_key).decode(),
        "content": json.loads(plain),
    }
