"""First half of the flow: from an empty draft to the award."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from marketplace.core import clock
from marketplace.core.tabular import to_xlsx
from tests.browser import stage as scene
from tests.browser.stage import Guest, Stage

PARIS = ZoneInfo("Europe/Paris")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TITLE = "Safety equipment for the warehouse"
QUESTION = "Must the helmets be delivered assembled?"
ANSWER = "Yes, ready to wear, each in its own bag."
HELMET, GLOVES, KIT = "Safety helmet, EN 397", "Protective gloves, EN 388, size 9", "First-aid kit"
SCORES = {scene.WINNER.name: "90", scene.DEAR.name: "80", scene.CHEAP.name: "60"}
BIDDERS = (scene.WINNER.name, scene.DEAR.name, scene.CHEAP.name)
# Bidding takes twice the pages that drafting does; a deadline has to leave room for that.
SHORTEST_BIDDING = 60
OPENING_AFTER = timedelta(seconds=31)


@dataclass
class Tender:
    """What the people of the test know about their RFQ."""

    url: str = ""
    passphrase: str = ""
    due_at: datetime = field(default_factory=clock.now)


def draft(buyer: Guest) -> Tender:
    """Every section of a draft, in the order of the page."""
    buyer.open("/rfqs")
    buyer.click("New event")
    buyer.click("New RFQ")
    buyer.fill(title=TITLE, payment_terms_days="30", delivery__city="Lyon")
    buyer.page.locator("#f-delivery-country").select_option("FR")
    write_deadline(buyer, clock.now() + timedelta(days=2))
    tender = Tender(url=buyer.page.url.removesuffix("/draft").removeprefix(buyer.site))
    write_lines(buyer)
    import_lines(buyer, tender)
    write_criteria(buyer)
    invite(buyer)
    attach(buyer)
    return tender


def write_deadline(buyer: Guest, due_at: datetime) -> datetime:
    local = due_at.astimezone(PARIS).replace(microsecond=0, tzinfo=None)
    buyer.fill(bids_due_at=local.isoformat())
    buyer.click("Save")
    buyer.page.wait_for_url("**/draft")
    return due_at.replace(microsecond=0)


def write_lines(buyer: Guest) -> None:
    """One line by hand, with a unit as people write it and a price for the buyer alone."""
    buyer.click("Lots and lines")
    buyer.page.locator('[name="lines.0.description"]').fill(HELMET)
    buyer.page.locator('[name="lines.0.quantity.value"]').fill("100")
    buyer.page.locator('[name="lines.0.quantity.unit"]').fill("pcs")
    buyer.page.locator('[name="lines.0.delivery_on"]').fill(delivery_day())
    buyer.page.locator('[name="lines.0.reference_price.amount"]').fill("20.00")
    buyer.click("Save")
    buyer.page.wait_for_url("**/draft")
    buyer.sees("1 line", HELMET)


def delivery_day() -> str:
    return (clock.now().astimezone(PARIS).date() + timedelta(days=21)).isoformat()


def import_lines(buyer: Guest, tender: Tender) -> None:
    """Two more lines from a spreadsheet with headers in French, as it came from the warehouse."""
    headers = ["Désignation", "Quantité", "Unité", "Livrer avant"]
    rows = [(GLOVES, 250, "paire", delivery_day()), (KIT, 10, "pce", delivery_day())]
    buyer.click("Import lines from a spreadsheet")
    book = {"name": "besoins.xlsx", "mimeType": XLSX, "buffer": to_xlsx(headers, rows)}
    buyer.page.locator("#f-file").set_input_files(book)  # type: ignore[arg-type]
    buyer.click("Read the file")
    buyer.sees("2 lines are right, 0 rows are refused")
    buyer.screenshot("flow-import")
    buyer.click("Import 2 lines")
    buyer.sees("2 lines were imported.", HELMET, GLOVES, KIT)


def write_criteria(buyer: Guest) -> None:
    buyer.click("Criteria")
    for number, (name, weight) in enumerate((("Price", "60"), ("Quality", "40"))):
        buyer.page.locator(f'[name="criteria.{number}.name"]').fill(name)
        buyer.page.locator(f'[name="criteria.{number}.weight"]').fill(weight)
    buyer.click("Save")
    buyer.page.wait_for_url("**/draft")


def invite(buyer: Guest) -> None:
    buyer.click("Suppliers")
    for name in BIDDERS:
        buyer.page.get_by_label(name).check()
    buyer.click("Invite")
    for name in BIDDERS:
        buyer.page.get_by_label("Invited suppliers").get_by_text(name).wait_for()
    buyer.click("Back to the event")


def attach(buyer: Guest) -> None:
    buyer.click("Documents")
    paper = {"name": "terms.txt", "mimeType": "text/plain", "buffer": b"Deliver to gate 4."}
    buyer.page.locator("#f-file").set_input_files(paper)  # type: ignore[arg-type]
    buyer.click("Upload")
    buyer.sees("terms.txt")
    buyer.click("Back to the event")
    buyer.screenshot("flow-draft")


def publish(buyer: Guest, tender: Tender, bidding: timedelta) -> None:
    """Set the real deadline, look at everything once more, publish, keep the passphrase."""
    buyer.click("General information")
    tender.due_at = write_deadline(buyer, clock.now() + bidding)
    buyer.click("Check and publish")
    buyer.sees("1 lot, 3 lines", "Price 60 %, Quality 40 %", "terms.txt", *BIDDERS)
    buyer.screenshot("flow-check")
    buyer.click("Publish and tell 3 suppliers")
    buyer.page.locator("#passphrase").wait_for()
    tender.passphrase = buyer.page.locator("#passphrase").input_value()
    assert len(tender.passphrase) >= 12
    buyer.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    buyer.click("Copy")
    buyer.sees("The opening passphrase is shown only this once", "Copied.")
    assert buyer.page.evaluate("navigator.clipboard.readText()") == tender.passphrase
    buyer.screenshot("flow-published")
    buyer.click("I have kept the passphrase")
    buyer.sees("Suppliers can bid.")


def ask_and_answer(stage: Stage, tender: Tender, buyer: Guest, winner: Guest) -> None:
    """The supplier asks in its French portal; the buyer is not told who asked."""
    winner.open("/rfqs")
    winner.click(TITLE)
    winner.sees(TITLE, HELMET)
    winner.click("Poser une question")
    winner.fill(body=QUESTION)
    winner.click("Envoyer la question")
    winner.sees("Votre question a été envoyée.", "Posée par vous")
    buyer.open(f"{tender.url}/questions")
    buyer.sees(QUESTION)
    buyer.sees_nothing_of(*BIDDERS)
    buyer.fill(answer=ANSWER)
    buyer.click("Answer to all")
    buyer.sees("All bidders can read your answer now.")
    stage.work()


def read_answer(tender: Tender, reader: Guest) -> None:
    """Everybody invited reads it, and nobody learns who asked."""
    reader.open(f"{tender.url}/questions")
    reader.sees(QUESTION, ANSWER)
    reader.sees_nothing_of(scene.WINNER.name, scene.WINNER.people[0].name, "Asked by you")


def bid_in_french(tender: Tender, winner: Guest) -> None:
    """Saved as a draft first; amounts with a comma."""
    winner.open(f"{tender.url}/bids")
    winner.click("Rédiger une offre")
    prices(winner, "18,90", "4,10", "35,00")
    winner.click("Enregistrer le brouillon")
    winner.sees("Votre brouillon est enregistré. Il n’est pas encore déposé.")
    winner.click("Enregistrer et vérifier")
    winner.sees("3 265,00 €")
    winner.screenshot("flow-bid-check-fr")
    winner.click("Déposer l’offre")
    winner.sees("Votre offre est déposée et scellée.", "SHA-256")
    winner.screenshot("flow-receipt-fr")


def bid(tender: Tender, supplier: Guest, total: str, *asked: str, picture: str = "") -> None:
    supplier.open(f"{tender.url}/bids/edit")
    prices(supplier, *asked)
    supplier.fill(delivery_days="14", answers__0__text="Certified, samples on request.")
    if picture:
        supplier.screenshot(picture)
    submit(supplier, total)


def replace_bid(tender: Tender, supplier: Guest) -> None:
    """The gloves get cheaper. The rest is as it was sent, read back by this browser."""
    supplier.open(f"{tender.url}/bids")
    supplier.click("Replace the bid")
    helmets = supplier.page.locator('[name="lines.0.unit_price.amount"]')
    assert helmets.input_value() == "21.5"
    supplier.page.locator('[name="lines.1.unit_price.amount"]').fill("3.80")
    submit(supplier, "€3,420.00")
    supplier.click("My bid")
    supplier.sees("Your bid is sealed.", "€3,420.00")
    receipts = supplier.page.get_by_role("link", name="Show the receipt")
    assert receipts.count() == 2


def prices(supplier: Guest, *asked: str) -> None:
    for number, price in enumerate(asked):
        supplier.page.locator(f'[name="lines.{number}.unit_price.amount"]').fill(price)


def submit(supplier: Guest, total: str) -> None:
    supplier.click("Save and check")
    supplier.sees(f"You are about to submit {total} to {scene.BUYER.name}.")
    supplier.click("Submit the bid")
    supplier.sees("Your bid is submitted and sealed.", "Digest of the sealed bid (SHA-256)")


def look_before_deadline(tender: Tender, buyer: Guest) -> None:
    """The buyer sees neither how many bids there are, nor whose, nor for how much."""
    assert clock.now() < tender.due_at, "the bids took longer than the deadline allowed"
    buyer.open(f"{tender.url}/bids")
    buyer.sees("Bids are sealed.")
    buyer.sees_nothing_of(*BIDDERS, "3,265", "3,420", "3,160", "Open all bids")
    buyer.screenshot("flow-sealed")
    for hidden in ("evaluation", "award"):
        assert buyer.goto(f"{tender.url}/{hidden}") in (403, 404, 409)
        buyer.sees_nothing_of(*BIDDERS)


def open_bids(tender: Tender, buyer: Guest) -> None:
    """Wait for the deadline and the half minute after it; a wrong passphrase opens nothing."""
    wait = (tender.due_at + OPENING_AFTER - clock.now()).total_seconds()
    time.sleep(max(wait, 0))
    buyer.open(f"{tender.url}/bids")
    buyer.fill(passphrase="not the passphrase")
    buyer.click("Open all bids")
    buyer.page.locator("#errors").wait_for()
    buyer.fill(passphrase=tender.passphrase)
    buyer.click("Open all bids")
    buyer.sees("All bids are open. Each one is exactly what its receipt says.")
    assert buyer.row(scene.WINNER.name)[2:] == ["1", "3 / 3", "€3,265.00"]
    assert buyer.row(scene.DEAR.name)[2:] == ["2", "3 / 3", "€3,420.00"]
    assert buyer.row(scene.CHEAP.name)[2:] == ["1", "3 / 3", "€3,160.00"]
    buyer.screenshot("flow-opened")


def compare(buyer: Guest) -> None:
    """Side by side, scored, and ranked with every point explained."""
    buyer.click("Compare the bids")
    buyer.sees("3 scores are missing. The ranking is provisional.")
    assert buyer.row(HELMET)[1].startswith("€18.90 1,890.00")
    for name, score in SCORES.items():
        judged = f"{name} for Quality"
        buyer.page.get_by_label(f"Score of {judged}, 0 to 100", exact=True).fill(score)
        reason = buyer.page.get_by_label(f"Reason for the score of {judged}", exact=True)
        reason.fill(f"Samples: {score} of 100")
    buyer.click("Save the scores")
    buyer.sees(
        "60 × lowest total 3160 ÷ 3265 = 58.07",
        "40 × score 90 ÷ 100 = 36",
        "60 × lowest total 3160 ÷ 3420 = 55.44",
    )
    ranking = buyer.page.get_by_label("Ranking", exact=True)
    ranks = [" ".join(row.split()) for row in ranking.locator("tbody tr").all_inner_texts()]
    assert [rank.split(" 60 ×")[0].removesuffix(" Price:") for rank in ranks] == [
        f"1 {scene.WINNER.name} €3,265.00 94.07",
        f"2 {scene.DEAR.name} €3,420.00 87.44",
        f"3 {scene.CHEAP.name} €3,160.00 84.00",
    ]
    buyer.screenshot("flow-compare")


def award(buyer: Guest) -> None:
    """The first of the ranking gets the lot, although another bid is cheaper."""
    buyer.click("Award")
    buyer.click("Check the award")
    buyer.sees(f"€3,265.00 to {scene.WINNER.name} (3 lines)")
    buyer.fill(justification="Best quality, a little dearer than the cheapest.")
    buyer.screenshot("flow-award-check")
    buyer.click("Award")
    buyer.page.get_by_role("link", name="Purchase orders").wait_for()
    assert buyer.row(GLOVES)[2].startswith(scene.WINNER.name)
    assert buyer.row(GLOVES)[3:] == ["250 pairs", "€4.10", "€1,025.00"]


def read_outcome(tender: Tender, winner: Guest, *losers: Guest) -> None:
    """Notices for everybody; the winner sees its lines, the others neither winner nor price."""
    winner.open("/notices")
    winner.sees(f"Vous avez remporté : {TITLE}")
    winner.open(f"{tender.url}/bids")
    winner.sees("Vous avez remporté le marché. La commande suit.", "Lignes remportées")
    winner.screenshot("flow-won-fr")
    for loser in losers:
        loser.open("/notices")
        loser.sees(f"Not awarded to you: {TITLE}")
        loser.open(f"{tender.url}/bids")
        loser.sees("Another bid was chosen this time.")
        loser.sees_nothing_of(scene.WINNER.name, "3,265")
