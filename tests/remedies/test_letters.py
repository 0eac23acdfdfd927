"""Letters: one's own bid in full, of the others the winners and nothing else."""

import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.documents import queries as document_queries
from marketplace.documents import service as documents
from marketplace.identity.permissions import OrgKind
from marketplace.notifications.models import MailMessage, Notice
from marketplace.remedies import queries, reactions
from marketplace.remedies.letters import Decision, content_for
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.services import concluding, reading_letters
from marketplace.remedies.states import LetterKind
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.rules import NamesALoser
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.services import awarding, excluding
from marketplace.rfq.terms.drafts import LotDraft
from marketplace.rfq.terms.states import RfqState
from tests.clients import words
from tests.factories.awards import bids_of, decide
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor, make_organisation
from tests.factories.rfq import a_line

DECIDED = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NAMES = ("Boulonnerie Alpha", "Bravo Fixations", "Canari Quincaillerie", "Delta Absente")


@pytest.fixture
def sourcing(session):
    """Two lots: the first bidder is best at bolts, the second at washers, two win nothing.

    The last bids for the second lot alone.
    """
    bidders = [
        make_actor(
            session,
            OrgKind.SUPPLIER,
            organisation=make_organisation(
                session, OrgKind.SUPPLIER, name=name, locale="fr" if "Canari" in name else "en"
            ),
        )
        for name in NAMES
    ]
    made = make_opened(
        session,
        ["10", "3.21"],
        ["20", "1"],
        ["77.77", "8.88"],
        [None, "9.99"],
        buyer=make_actor(session, organisation=make_organisation(session, name="Mairie")),
        bidders=bidders,
        lots=[LotDraft("Bolts"), LotDraft("Washers")],
        lines=[a_line(), a_line(description="Washer M8", lot=2)],
        standstill_days=10,
    )
    made.score(dict(zip(bids_of(made), ("80", "90", "70", "60"), strict=True)))
    return made


@pytest.fixture
def letters(session, sourcing, drain):
    """The letters by the number of their bidder."""
    with clock.frozen(DECIDED):
        decide(sourcing, 0, 1, reasons="Quality and price were weighed as published.")
    drain()
    found = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
    return [found[supplier.org_id] for supplier in sourcing.suppliers]


def text_of(session, actor, letter) -> str:
    _document, content = reading_letters.paper(session, actor, letter.rfq_id, letter.id)
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


class TestContent:
    def test_a_loser_learns_own_points_and_the_winners(self, letters):
        letter = letters[2]
        assert letter.kind is LetterKind.LOST
        bolts, washers = letter.content["lots"]
        assert bolts["bids"] == [
            {
                "place": 3,
                "total": "7777.0000",
                "missing_lines": [],
                "partial_lines": [],
                "unconfirmed_lines": [],
                "unknown_costs": [],
                "points": "35.72",
                "criteria": [
                    {
                        "name": "Price", "weight": "60", "points": "7.72",
                        "score": None, "max_score": None,
                    },
                    {
                        "name": "Quality", "weight": "40", "points": "28.00",
                        "score": "70", "max_score": 100,
                    },
                ],
            }
        ]  # fmt: skip
        assert (bolts["won"], washers["won"]) == ([], [])
        (winner,) = washers["winners"]
        assert {name: winner[name] for name in ("name", "total", "points", "place", "lines")} == {
            "name": "Bravo Fixations", "total": "100.0000", "points": "96.00", "place": 1,
            "lines": [2],
        }  # fmt: skip

    def test_who_wins_some_and_loses_others_gets_both_parts(self, letters):
        assert [letter.kind for letter in letters] == [
            LetterKind.PARTLY_WON, LetterKind.PARTLY_WON, LetterKind.LOST, LetterKind.LOST,
        ]  # fmt: skip
        bolts, washers = letters[0].content["lots"]
        assert [(line["number"], line["total"]) for line in bolts["won"]] == [(1, "1000.0000")]
        assert bolts["winners"] == []
        assert washers["won"] == []
        assert [winner["name"] for winner in washers["winners"]] == ["Bravo Fixations"]

    def test_a_lot_is_told_to_its_bidders_alone(self, letters):
        assert [lot["title"] for lot in letters[3].content["lots"]] == ["Washers"]

    def test_a_bidder_whose_lots_are_unknown_reads_of_all(self, session, sourcing, letters):
        award = queries.award(session, letters[0].award_id)
        decision = Decision(
            terms=bid_queries.terms(session, sourcing.rfq.id),
            evidence=award.evidence,
            lines=award.lines,
            names=dict(zip([s.org_id for s in sourcing.suppliers], NAMES, strict=True)),
            bid_for=queries.lots_bid_for(session, sourcing.rfq.id),
            reasons="",
            dispute_clause="",
        )
        unread = content_for(decision, uuid4())
        assert [(lot["title"], lot["bids"]) for lot in unread["lots"]] == [
            ("Bolts", []), ("Washers", []),
        ]  # fmt: skip
        assert [lot["winners"][0]["name"] for lot in unread["lots"]] == list(NAMES[:2])

    def test_the_clocks_are_told(self, letters):
        assert letters[0].challenge_until == datetime(2026, 3, 30, 21, 59, 59, tzinfo=UTC)
        assert letters[0].debrief_until == datetime(2026, 4, 4, 21, 59, 59, tzinfo=UTC)

    def test_who_was_excluded_reads_why_and_nobody_else_does(self, session, sourcing, drain):
        bids = bids_of(sourcing)
        excluding.exclude(
            session, sourcing.buyer, sourcing.rfq.id, bids[3],
            ground=ExclusionGround.RULING, reason="Sample was missing",
        )  # fmt: skip
        decide(sourcing, 0, 1)
        drain()
        letters = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
        out = letters[sourcing.suppliers[3].org_id]
        assert out.content["excluded"] == [{"ground": "ruling", "reason": "Sample was missing"}]
        assert [(lot["title"], lot["bids"]) for lot in out.content["lots"]] == [("Washers", [])]
        assert "Sample was missing" in text_of(session, sourcing.suppliers[3], out)
        others = [each for each in letters.values() if each is not out]
        assert all("Sample" not in str(each.content) for each in others)
        told = session.scalars(select(Notice).where(Notice.kind == "bid_excluded")).one()
        assert told.organisation_id == sourcing.suppliers[3].org_id


class TestSecrecy:
    def test_no_letter_tells_of_another_loser(self, session, sourcing, letters):
        canaries = {
            2: ("Canari", "77.77", "7,777", "7777", "7 777", "888"),
            3: ("Delta", "9.99", "999"),
        }
        for number, letter in enumerate(letters):
            told = text_of(session, sourcing.suppliers[number], letter)
            stored = UUIDS.sub("", str(letter.content))
            assert NAMES[number] in told
            for loser, secrets in canaries.items():
                if loser != number:
                    for secret in secrets:
                        assert secret not in told, (number, secret)
                        assert secret not in stored, (number, secret)
            # a winner's price for what it did not win is nobody's business either
            if number != 0:
                assert "321" not in stored
                assert "3.21" not in told

    def test_reasons_for_all_name_no_loser(self, session, sourcing):
        bids = bids_of(sourcing)
        choices = [Choice(bids[0], lot_id=lot.id) for lot in sourcing.lots]
        with pytest.raises(NamesALoser) as error:
            awarding.award(
                session, sourcing.buyer, sourcing.rfq.id, choices, "Better",
                reasons="Cheaper than canari quincaillerie",
            )  # fmt: skip
        assert [(e.pointer, e.code) for e in error.value.errors] == [("/reasons", "names_a_loser")]
        assert sourcing.rfq.state is RfqState.OPENED
        assert session.scalars(select(Award)).all() == []

    def test_letters_and_papers_are_for_both_parties_alone(self, session, sourcing, letters):
        buyer, winner, loser = sourcing.buyer, sourcing.suppliers[0], sourcing.suppliers[2]
        assert len(reading_letters.letters(session, buyer, sourcing.rfq.id)) == 4
        assert reading_letters.letters(session, loser, sourcing.rfq.id) == [letters[2]]
        with pytest.raises(NotFound):
            reading_letters.letter(session, winner, sourcing.rfq.id, letters[2].id)
        with pytest.raises(NotFound):
            documents.fetch(session, winner, letters[2].document_id)
        with pytest.raises(NotFound):
            reading_letters.letters(session, make_actor(session), sourcing.rfq.id)
        assert document_queries.get(session, loser, letters[2].document_id).owner_id == buyer.org_id


class TestPaper:
    def test_reads_in_the_language_of_the_bidders_organisation(self, session, sourcing, letters):
        french = text_of(session, sourcing.suppliers[2], letters[2])
        for part in (
            "Lettre de rejet", "Canari Quincaillerie", "Bolts", "70 sur 100", "35,72",
            "Boulonnerie Alpha", "1 000,00", "Quality and price were weighed as published.",
        ):  # fmt: skip
            assert part in french.replace("\u202f", " ").replace("\xa0", " "), part
        english = text_of(session, sourcing.suppliers[0], letters[0])
        assert "Letter on a partial award" in english
        assert "Awarded to you 1. Steel bolt M8 x 40, 100" in english.replace("•", "").replace(
            "  ", " "
        )

    def test_is_the_same_for_buyer_and_bidder(self, session, sourcing, letters):
        assert text_of(session, sourcing.buyer, letters[1]) == text_of(
            session, sourcing.suppliers[1], letters[1]
        )


class TestSending:
    def test_every_bidder_has_a_notice_and_a_mail(self, session, sourcing, letters):
        told = session.scalars(select(Notice).where(Notice.kind.like("bid_%chosen"))).all()
        winners = {supplier.org_id for supplier in sourcing.suppliers[:2]}
        losers = {supplier.org_id for supplier in sourcing.suppliers[2:]}
        assert {n.organisation_id for n in told if n.kind == "bid_chosen"} == winners
        assert {n.organisation_id for n in told if n.kind == "bid_not_chosen"} == losers
        assert {n.url for n in told} == {f"/rfqs/{sourcing.rfq.id}/outcome"}
        assert session.scalars(select(MailMessage)).all()

    def test_happens_once_and_not_about_a_withdrawn_decision(self, session, sourcing, drain):
        with clock.frozen(DECIDED):
            standing = decide(sourcing, 0, 1)
            concluding.withdraw(
                session, sourcing.buyer, sourcing.rfq.id, standing.award_id, "Wrong quantity"
            )
        drain()
        assert session.scalars(select(AwardLetter)).all() == []
        with clock.frozen(DECIDED):
            decide(sourcing, 1, 1, reason="More capacity")
        drain()
        letters = session.scalars(select(AwardLetter)).all()
        assert {letter.kind for letter in letters} == {LetterKind.WON, LetterKind.LOST}
        assert len(letters) == 4

    def test_points_are_those_of_the_decision(self, session, letters):
        award = session.scalars(select(Award)).one()
        (first,) = [
            rank for rank in award.evidence["lots"][0]["ranks"]
            if rank["supplier_id"] == str(letters[0].supplier_id)
        ]  # fmt: skip
        total = sum(Decimal(part["exact"]) for part in first["points"])
        assert Decimal(letters[0].content["lots"][0]["bids"][0]["points"]) == total == 92


class TestHttp:
    def test_over_the_api(self, api, sourcing, letters):
        client, url = api(sourcing.suppliers[2]), f"/rfqs/{sourcing.rfq.id}/letters"
        (summary,) = client.get(url).json["items"]
        assert (summary["kind"], summary["challenge_until"]) == ("lost", "2026-03-30T21:59:59Z")
        found = client.get(f"{url}/{summary['id']}").json
        assert found["lots"][0]["bids"][0]["total"] == {"amount": "7777.00", "currency": "EUR"}
        assert found["lots"][0]["winners"][0]["points"] == "92"
        paper = client.get(f"{url}/{summary['id']}/pdf")
        assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")
        assert api(sourcing.suppliers[0]).get(f"{url}/{summary['id']}").status_code == 404
        assert len(api(sourcing.buyer).get(url).json["items"]) == 4

    def test_in_the_portal(self, portal, sourcing, letters):
        url = f"/rfqs/{sourcing.rfq.id}"
        loser = portal(sourcing.suppliers[2])
        assert "Lire votre lettre" in words(loser.get(f"{url}/outcome"))
        page = words(loser.get(f"{url}/letters/{letters[2].id}"))
        assert "Votre offre : rang 3. Son total : 7 777,00 €." in page
        assert "Bravo Fixations 2 96,00 100,00 €" in page
        buyer = portal(sourcing.buyer)
        assert "PDF" in words(buyer.get(f"{url}/outcome"))
        assert buyer.get(f"{url}/letters/{letters[2].id}").status_code == 200
        assert buyer.get(f"{url}/letters/{letters[2].id}/pdf").data[:5] == b"%PDF-"
        assert (
            portal(sourcing.suppliers[0]).get(f"{url}/letters/{letters[2].id}").status_code == 404
        )

    def test_a_refused_award_keeps_what_was_typed(self, portal, sourcing):
        bids = bids_of(sourcing)
        form = {f"lot.{lot.id}": str(bids[0]) for lot in sourcing.lots}
        form |= {"justification": "More capacity", "reasons": "Delta Absente is too dear"}
        refused = portal(sourcing.buyer).post(f"/rfqs/{sourcing.rfq.id}/award", form)
        assert refused.status_code == 422
        assert "name nobody else who did not win" in refused.text
        assert "More capacity" in refused.text
        assert "Delta Absente is too dear" in refused.text


def test_nothing_is_done_twice(session, sourcing, letters):
    """The job may come again: letters are there."""
    award = session.scalars(select(Award)).one()
    event = reactions.AwardDecided(
        sourcing.rfq.id, award.buyer_id, award.id, (), (), award.decided_at, None
    )
    reactions.write_letters(session, event)
    assert len(session.scalars(select(AwardLetter)).all()) == 4
