"""The scenes of `test_sourcing_in_depth`: addendum, two officers, scenarios, award, letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.money import Quantity
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.terms.drafts import LotDraft
from marketplace.rfq.terms.offering import OfferKind
from tests.browser import stage as scene
from tests.browser.stage import Guest, Stage
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq
from tests.rfq import sheet_files as files

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLE = "Safety equipment in two lots"
HELMET, GLOVES, KIT = "Safety helmet", "Protective gloves", "First-aid kit"
PASSPHRASE = "a key of my very own"
REASON = "The second warehouse needs gloves too."
JUSTIFICATION = "The kits are the same; the cheapest of them will do."
# who gives what to the three bidders; the means are 90, 80 and 60
GIVEN = {
    "Ada Officer": ("88", "75", "50"),
    "Ben Officer": ("90", "80", "60"),
    "Cleo Keeper": ("92", "85", "70"),
}
BIDDERS = (scene.WINNER, scene.DEAR, scene.CHEAP)


@dataclass
class Tender:
    """The RFQ and the people of the buyer."""

    rfq_id: UUID
    officers: Sequence[Actor]

    @property
    def url(self) -> str:
        return f"/rfqs/{self.rfq_id}"


def own_people(session: Session) -> list[Actor]:
    """Three buyers of one company: two open, the third keeps a share for them."""
    own = session.scalars(select(Organisation).where(Organisation.name == scene.BUYER.name)).one()
    return [
        make_actor(session, OrgKind.BUYER, Role.BUYER, organisation=own, name=name, locale="en")
        for name in GIVEN
    ]


def draft(stage: Stage) -> Tender:
    """Two lots of three lines; parts of lines may be offered."""
    with stage.database.transaction() as session:
        people = own_people(session)
        suppliers = [
            session.scalars(select(Organisation).where(Organisation.name == company.name)).one().id
            for company in BIDDERS
        ]
        rfq = make_rfq(
            session,
            people[0],
            title=TITLE,
            supplier_ids=suppliers,
            lots=[LotDraft(title="To wear"), LotDraft(title="First aid")],
            lines=[
                a_line(description=HELMET, quantity=Quantity(Decimal(100), "C62"), lot=1),
                a_line(description=GLOVES, quantity=Quantity(Decimal(250), "PR"), lot=1),
                a_line(description=KIT, quantity=Quantity(Decimal(10), "C62"), lot=2),
            ],
            allows=[OfferKind.PARTIAL_QUANTITIES],
        )
        return Tender(rfq.id, people)


def make_key(officer: Guest) -> None:
    officer.open("/settings/opening-key")
    officer.fill(passphrase=PASSPHRASE, repeated=PASSPHRASE)
    officer.click("Make my opening key")
    officer.sees("Public key")


def publish(tender: Tender, buyer: Guest) -> None:
    buyer.open(f"{tender.url}/publish")
    buyer.page.locator('[name="opening_rule"][value="two_of_three"]').check()
    fields = ("first_opener_id", "second_opener_id", "escrow_id")
    for field, officer in zip(fields, tender.officers, strict=True):
        buyer.page.locator(f'[name="{field}"]').select_option(str(officer.person))
    assert buyer.barriers() == []
    buyer.click("Publish and tell 3 suppliers")
    buyer.sees("Two of the three people whom you named open the bids together.")


def bid(tender: Tender, supplier: Guest, *prices: str) -> None:
    supplier.open(f"{tender.url}/bids/edit")
    for number, price in enumerate(prices):
        supplier.page.locator(f'[name="lines.{number}.unit_price.amount"]').fill(price)
    supplier.page.locator('button[name="then"][value="check"]').click()
    supplier.page.locator("main form button.btn-primary").last.click()
    supplier.page.wait_for_url("**/receipts/*")


def bid_by_excel(tender: Tender, supplier: Guest, *prices: float) -> None:
    supplier.open(f"{tender.url}/bids/sheet")
    with supplier.page.expect_download() as download:
        supplier.click("Download the spreadsheet")
    book: Any = {
        "name": "bid.xlsx",
        "mimeType": XLSX,
        "buffer": files.priced(download.value.path().read_bytes(), *prices),
    }
    supplier.page.locator("#f-file").set_input_files(book)
    supplier.click("Read the file")
    supplier.click("Save as my draft")
    supplier.click("Submit the bid")
    supplier.sees("Your bid is submitted and sealed.")


def amend(tender: Tender, buyer: Guest) -> None:
    """More gloves. The page before publication says what it does to bids."""
    buyer.open(tender.url)
    buyer.click("Change by addendum")
    buyer.fill(reason=REASON, lines__1__quantity__value="300")
    buyer.click("Save and check")
    buyer.sees("Bidders have to confirm 1 line; the rest of their bids stays valid.", "250", "300")
    assert buyer.barriers() == []
    buyer.screenshot("depth-addendum")
    buyer.confirm("Publish the addendum")
    buyer.sees(REASON)
    buyer.sees_nothing_of(*(company.name for company in BIDDERS))


def confirm(tender: Tender, supplier: Guest) -> None:
    supplier.open(f"{tender.url}/bids")
    supplier.sees("The buyer has changed the event since you submitted your bid", "line 2", "300")
    assert supplier.barriers() == []
    supplier.screenshot("depth-confirm")
    supplier.click("My prices for these lines stand")
    supplier.page.get_by_text("My prices for these lines stand").wait_for(state="hidden")


def give_shares(tender: Tender, first: Guest, second: Guest) -> None:
    """One officer alone opens nothing; the second one opens everything."""
    first.open(f"{tender.url}/bids")
    first.fill(passphrase=PASSPHRASE)
    first.click("Give my share")
    first.sees("given", "awaited")
    first.sees_nothing_of(*(company.name for company in BIDDERS))
    assert first.barriers() == []
    first.screenshot("depth-first-share")
    second.open(f"{tender.url}/bids")
    second.fill(passphrase=PASSPHRASE)
    second.click("Give my share")
    second.sees("All bids are open.")
    second.screenshot("depth-opened")


def bidding_over(stage: Stage, tender: Tender) -> None:
    stage.go_on_to(stage.now() + timedelta(days=15))


def name_graders(tender: Tender, buyer: Guest) -> None:
    for name in GIVEN:
        buyer.open(f"{tender.url}/graders")
        buyer.page.get_by_label("Person").select_option(label=name)
        buyer.click("Name the grader")
        buyer.sees("The grader is named and will be told.")


def grade(tender: Tender, grader: Guest, scores: Sequence[str]) -> None:
    """Declares that nothing ties them to a bidder, then scores alone, bids in the sheet's order."""
    grader.open(f"{tender.url}/graders")
    grader.page.get_by_label("No conflict of interest").check()
    grader.page.get_by_role("button", name="Declare").click()
    grader.page.get_by_role("link", name="Score the bids").click()
    for company, score in zip(BIDDERS, scores, strict=True):
        judged = f"Score of {company.name} for Quality, 0 to 100"
        grader.page.get_by_label(judged, exact=True).fill(score)
    assert grader.barriers() == []
    grader.page.locator("main form.entry button[type=submit]").last.click()
    grader.sees("Your scores are saved.")


def lock(tender: Tender, buyer: Guest) -> None:
    """Who has scored is seen before the lock; what they gave, and how far apart, after it."""
    buyer.open(f"{tender.url}/evaluation")
    buyer.sees(*(f"{name}: 3 of 3" for name in GIVEN))
    buyer.open(f"{tender.url}/quality")
    buyer.click("Lock the scores")
    buyer.open(f"{tender.url}/evaluation")
    buyer.sees("Ada Officer: 88", "Ben Officer: 90", "Cleo Keeper: 92")


def compare(tender: Tender, buyer: Guest) -> None:
    """The gloves of who did not confirm do not count; everything else of that bid does."""
    buyer.open(f"{tender.url}/evaluation")
    assert buyer.row(GLOVES)[1:] == [
        "€3.95 1,185.00 best",
        "not confirmed after an addendum",
        "€4.00 1,200.00 +1.3%",
    ]
    assert ranks(buyer) == [
        f"1 {scene.WINNER.name} €3,090.00 96.00",
        f"2 {scene.DEAR.name} €3,335.00 87.59",
        f"— {scene.CHEAP.name} €1,760.00 —",
        f"1 {scene.DEAR.name} €320.00 88.25",
        f"2 {scene.WINNER.name} €350.00 87.43",
        f"3 {scene.CHEAP.name} €300.00 84.00",
    ]
    assert buyer.barriers() == []
    buyer.screenshot("depth-comparison")


def ranks(buyer: Guest) -> list[str]:
    """Place, supplier, total and points of all lots, one after the other."""
    tables = buyer.page.locator('[aria-label^="Ranking"]')
    tables.first.wait_for()
    cells = [
        row.locator("th, td").all_inner_texts()[:4] for row in tables.locator("tbody tr").all()
    ]
    return [" ".join(" ".join(row).split()) for row in cells]


def compare_scenarios(stage: Stage, tender: Tender, buyer: Guest) -> None:
    """What it costs to deal with one supplier only, beside the cheapest of all."""
    for preset in ("single_supplier", "cheapest_per_line"):
        buyer.open(f"{tender.url}/scenarios")
        buyer.page.locator(f'input[name="preset"][value="{preset}"]').check()
        buyer.click("Add and solve")
        buyer.sees("Being solved")
        stage.work()
    buyer.open(f"{tender.url}/scenarios")
    alone, cheapest = "Cheapest single supplier", "Cheapest for each line"
    assert buyer.row(alone)[:5] == [alone, "Solved", "€3,440.00", "€195.00 6.0%", "1"]
    assert buyer.row(cheapest)[:5] == [cheapest, "Solved", "€3,245.00", "€0.00 0.0%", "2"]
    assert buyer.barriers() == []
    buyer.screenshot("depth-scenarios")


def award(tender: Tender, buyer: Guest) -> None:
    """What is worn goes to the first of its ranking, first aid to the cheapest, with a reason."""
    buyer.open(f"{tender.url}/award")
    lot = buyer.page.locator("fieldset.choices").nth(1)
    lot.locator("label").filter(has_text=scene.CHEAP.name).locator("input").check()
    buyer.click("Check the award")
    buyer.sees(f"€3,090.00 to {scene.WINNER.name}", f"€300.00 to {scene.CHEAP.name}")
    buyer.fill(justification=JUSTIFICATION)
    assert buyer.barriers() == []
    buyer.screenshot("depth-award")
    buyer.click("Award")
    buyer.page.get_by_role("link", name="Purchase orders").wait_for()


def read_letter(tender: Tender, bidder: Guest, link: str) -> str:
    """The letter as a page and as a PDF; what the PDF says."""
    bidder.open(f"{tender.url}/outcome")
    bidder.click(link)
    bidder.page.wait_for_url("**/letters/*")
    assert bidder.barriers() == []
    with bidder.page.expect_download() as download:
        bidder.page.locator('main a[href$="/pdf"]').click()
    pages = PdfReader(download.value.path()).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())
