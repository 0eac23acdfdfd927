"""What people read is worded for the kind of the event: answers to an RFI, bids for the others."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.text import _, reading_in, speaking_of
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor
from marketplace.notifications.models import Notice
from marketplace.notifications.wording import words_of
from marketplace.rfq.services import publishing
from marketplace.rfq.terms.kinds import RfqKind
from tests.clients import PortalClient, words
from tests.factories.bids import make_sourcing
from tests.factories.information import QUESTIONS, an_rfi, answered
from tests.factories.rfq import make_rfq

Api = Callable[..., Any]
Portal = Callable[[Actor], PortalClient]
# navigation leads to bids and auctions of other events
MAIN = re.compile(r"<main.*?</main>", re.DOTALL)
OF_BIDS = re.compile(r"\b(bid|bids|bidder|bidders|bidding|quote|quotation)\b", re.IGNORECASE)
OF_OFFERS = re.compile(r"\b(offres?|soumissionnaires?|soumissionner)\b", re.IGNORECASE)

BUYER_OPEN = ("", "/bids", "/questions", "/suppliers", "/graders", "/extend", "/suspend",
              "/cancel", "/addenda/new", "/history")  # fmt: skip
BUYER_OPENED = ("", "/bids", "/evaluation", "/graders", "/findings", "/follow-up")
DRAFT = ("/draft", "/header", "/criteria", "/invitations", "/publish", "/attachments")
SUPPLIER_OPEN = ("", "/bids", "/bids/edit", "/bids/check", "/questions")


def _use(session: Session, actor: Actor, language: str) -> None:
    session.get_one(Organisation, actor.org_id).locale = language
    session.flush()


def _said(browser: PortalClient, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, words(answer))
    inside = MAIN.search(answer.text)
    assert inside
    return re.sub(r"<[^>]+>", " ", inside[0])


@pytest.mark.parametrize(("language", "foreign"), [("en", OF_BIDS), ("fr", OF_OFFERS)])
class TestNoPageOfAnRfiSpeaksOfBids:
    def test_a_draft(
        self,
        session: Session,
        portal: Portal,
        language: str,
        foreign: re.Pattern[str],
    ) -> None:
        sourcing = an_rfi(session)
        draft = make_rfq(
            session, sourcing.buyer, kind=RfqKind.RFI, bids_due_at=None, criteria=QUESTIONS
        )
        _use(session, sourcing.buyer, language)
        browser = portal(sourcing.buyer)
        said = {path: foreign.findall(_said(browser, f"/rfqs/{draft.id}{path}")) for path in DRAFT}
        assert said == {path: [] for path in DRAFT}

    def test_while_it_is_open(
        self,
        session: Session,
        portal: Portal,
        language: str,
        foreign: re.Pattern[str],
    ) -> None:
        sourcing = an_rfi(session)
        supplier = sourcing.suppliers[0]
        url = f"/rfqs/{sourcing.rfq.id}"
        for actor, paths in ((sourcing.buyer, BUYER_OPEN), (supplier, SUPPLIER_OPEN[:3])):
            _use(session, actor, language)
            browser = portal(actor)
            said = {path: foreign.findall(_said(browser, url + path)) for path in paths}
            assert said == {path: [] for path in paths}

    def test_once_it_is_opened(
        self,
        session: Session,
        portal: Portal,
        language: str,
        foreign: re.Pattern[str],
    ) -> None:
        sourcing = answered(session)
        url = f"/rfqs/{sourcing.rfq.id}"
        for actor, paths in (
            (sourcing.buyer, BUYER_OPENED),
            (sourcing.suppliers[0], ("", "/bids")),
        ):
            _use(session, actor, language)
            browser = portal(actor)
            said = {path: foreign.findall(_said(browser, url + path)) for path in paths}
            assert said == {path: [] for path in paths}


@pytest.mark.parametrize(
    ("kind", "in_english", "in_french"),
    [
        (RfqKind.RFQ, "Suspend the RFQ", "Suspendre la demande de prix"),
        (RfqKind.RFP, "Suspend the RFP", "Suspendre l’appel à propositions"),
        (RfqKind.RFI, "Suspend the RFI", "Suspendre la demande d’information"),
        (RfqKind.MINI_COMPETITION, "Suspend the mini-competition",
         "Suspendre le marché subséquent"),
        (RfqKind.AUCTION, "Suspend the auction and its bids", "Suspendre l’enchère et ses offres"),
    ],
)  # fmt: skip
def test_a_button_names_the_kind(kind: RfqKind, in_english: str, in_french: str) -> None:
    with speaking_of(kind):
        assert str(_("Suspend the event")) == in_english
        with reading_in("fr"):
            assert str(_("Suspend the event")) == in_french
    assert str(_("Suspend the event")) == "Suspend the event"


def test_a_message_without_words_of_its_own_reads_as_always() -> None:
    with speaking_of("rfi"):
        assert str(_("Ask a question")) == "Ask a question"
        with reading_in("fr"):
            assert str(_("Ask a question")) == "Poser une question"


def test_a_refusal_speaks_of_the_kind_that_was_asked_for(session: Session, api: Api) -> None:
    rfi, rfq = answered(session), make_sourcing(session)
    refused = api(rfi.suppliers[0]).post(f"/rfqs/{rfi.rfq.id}/bids", json={"submit": True})
    assert refused.status_code == 409
    assert refused.json["detail"] == "This RFI accepts no answers."
    rfq.open()
    refused = api(rfq.suppliers[0]).post(f"/rfqs/{rfq.rfq.id}/bids", json={"submit": True})
    assert refused.json["detail"] == "This event accepts no bids."


def test_a_page_after_that_of_an_rfi_speaks_of_its_own_event(
    session: Session, portal: Portal
) -> None:
    rfi = an_rfi(session)
    rfq = make_sourcing(session, buyer=rfi.buyer, bidders=rfi.suppliers)
    browser = portal(rfi.suppliers[0])
    assert "My answers" in words(browser.get(f"/rfqs/{rfi.rfq.id}/bids"))
    assert "My bid" in words(browser.get(f"/rfqs/{rfq.rfq.id}/bids"))
    listed = words(browser.get("/rfqs"))
    assert "Open for responses" in listed
    assert "My answers" not in listed


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (RfqKind.RFI, "Answers that you have sent stay valid; you may replace them until then."),
        (RfqKind.RFP, "A bid that you have submitted stays valid; you may replace it until then."),
    ],
)
def test_notices_are_worded_for_the_kind(
    session: Session, drain: Callable[[], int], kind: RfqKind, said: str
) -> None:
    sourcing = an_rfi(session) if kind is RfqKind.RFI else make_sourcing(session, kind=kind)
    publishing.extend(session, sourcing.buyer, sourcing.rfq.id, sourcing.due_at + timedelta(days=1))
    drain()
    told = session.scalars(select(Notice).where(Notice.kind == "rfq_deadline_extended")).all()
    assert len(told) == 2
    assert all(words_of(notice, "UTC").body.endswith(said) for notice in told)
