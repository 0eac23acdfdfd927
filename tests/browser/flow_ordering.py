"""Second half of the flow: from the order to what is counted at the end."""

import re

from tests.browser import stage as scene
from tests.browser.flow_sourcing import GLOVES, HELMET, KIT, TITLE
from tests.browser.stage import Guest, Stage

NET, VAT, GROSS = "€3,265.00", "€653.00", "€3,918.00"


def submit_order(stage: Stage, buyer: Guest) -> str:
    """The award has become an order; the buyer checks it and asks for approval."""
    buyer.open("/orders")
    buyer.page.locator("main tbody th a").first.click()
    buyer.page.wait_for_url("**/orders/*-*")
    url = buyer.page.url.removeprefix(buyer.site)
    buyer.sees("Draft", scene.WINNER.name, NET, VAT, GROSS)
    assert buyer.row(HELMET)[2:6] == ["100 pieces", "€18.90", "20%", "€1,890.00"]
    buyer.confirm("Submit for approval")
    buyer.sees("Submitted for approval.", "Waiting for approval")
    stage.work()
    buyer.page.locator('main a[href^="/approvals/"]').click()
    buyer.sees(GROSS)
    assert buyer.page.get_by_role("button", name=f"Approve {GROSS}").count() == 0
    return url


def approve(stage: Stage, approver: Guest) -> None:
    approver.open("/approvals")
    approver.page.locator("main tbody th a").first.click()
    approver.sees(scene.WINNER.name, GROSS, "Achats courants", HELMET)
    approver.screenshot("flow-approval")
    approver.click(f"Approve {GROSS}")
    approver.page.wait_for_url("**/approvals**")
    stage.work()


def acknowledge(url: str, winner: Guest) -> None:
    winner.open("/notices")
    winner.sees(f"de {scene.BUYER.name}")
    winner.open("/orders")
    winner.sees(TITLE, "3 265,00 €", "3 918,00 €")
    winner.open(url)
    winner.confirm("Confirmer la commande")
    winner.sees(
        "La commande est confirmée. L’acheteur est informé.", "Confirmée par le fournisseur"
    )
    winner.screenshot("flow-order-fr")


def book_deliveries(stage: Stage, url: str, receiver: Guest) -> None:
    """Some helmets and all gloves first, the rest in a second delivery."""
    receiver.open("/receipts")
    receiver.click("Book a delivery")
    receiver.fill(delivery_note="BL-1")
    for number, accepted in enumerate(("40", "250", "0")):
        receiver.page.locator(f'[name="lines.{number}.accepted"]').fill(accepted)
    receiver.screenshot("flow-booking")
    receiver.click("Book the delivery")
    receiver.open(url)
    receiver.sees("Partly received", "BL-1")
    assert [receiver.row(each)[8] for each in (HELMET, GLOVES, KIT)] == ["60", "0", "10"]
    receiver.click("Book a delivery")
    receiver.fill(delivery_note="BL-2")
    receiver.click("Book the delivery")
    receiver.open(url)
    receiver.sees("Received", "BL-2")
    assert [receiver.row(each)[8] for each in (HELMET, GLOVES, KIT)] == ["0", "0", "0"]
    stage.work()


def invoice(stage: Stage, winner: Guest) -> str:
    """Two clicks: this order, send. The number is the supplier's own."""
    winner.open("/invoices")
    winner.click("Facturer cette commande")
    winner.fill(number="F-2026-118")
    winner.click("Envoyer à l’acheteur")
    winner.sees("Envoyée. Le contrôle de l’acheteur suit aussitôt.", "3 918,00 €")
    stage.work()
    winner.page.reload()
    winner.sees("Rapprochée", "Reste à payer")
    winner.screenshot("flow-invoice-fr")
    return winner.page.url.removeprefix(winner.site)


def check_match(url: str, buyer: Guest) -> None:
    """Order, delivery and invoice side by side, without a difference."""
    buyer.open(url)
    buyer.sees("Matched", NET, VAT, GROSS)
    match = buyer.page.locator("#match tbody tr")
    rows = [" ".join(row.split()) for row in match.all_inner_texts()]
    assert rows == [
        f"1. {HELMET} 100 pieces €18.90 100 0 100 pieces €18.90 €1,890.00",
        f"2. {GLOVES} 250 pairs €4.10 250 0 250 pairs €4.10 €1,025.00",
        f"3. {KIT} 10 pieces €35.00 10 0 10 pieces €35.00 €350.00",
    ]
    buyer.screenshot("flow-match")


def pay(stage: Stage, url: str, buyer: Guest) -> None:
    """By card, on the page of the payment provider; the portal leads there and back by itself."""
    buyer.click(f"Pay {GROSS}")
    buyer.page.get_by_text("The secure payment page is being prepared.").wait_for()
    stage.work()
    buyer.page.wait_for_url("**/c/pay/**")
    buyer.screenshot("flow-payment-page")
    buyer.page.get_by_label("Card number").fill("4242 4242 4242 4242")
    buyer.page.get_by_role("button", name=re.compile("Pay 3.918.00 EUR")).first.click()
    buyer.page.wait_for_url("**/payments/**")

    def is_paid() -> bool:
        buyer.page.reload()
        return f"{GROSS} received." in buyer.text()

    stage.until(is_paid, "the payment")
    buyer.screenshot("flow-paid")
    buyer.open(url)
    buyer.sees("Paid", "Left to pay €0.00")


def complete(url: str, buyer: Guest, winner: Guest) -> None:
    buyer.open(url)
    buyer.sees("Completed")
    buyer.screenshot("flow-completed")
    winner.open("/notices")
    winner.sees("F-2026-118")


def scorecard(buyer: Guest) -> None:
    """One order, all of it on time, nothing rejected, at the agreed price."""
    buyer.open("/suppliers")
    buyer.click(scene.WINNER.name)
    buyer.sees("1 completed order", "On time in full 100.0%", "Defects (ppm) 0")
    buyer.sees("Price variance 0.0%", "Events answered 100.0%")
    buyer.screenshot("flow-scorecard")


def points(buyer: Guest) -> None:
    """One point per euro without VAT."""
    buyer.open("/loyalty")
    buyer.sees("3,265 points")
    buyer.click("Ledger and vouchers")
    ledger = buyer.page.get_by_label("Ledger", exact=True).locator("tbody tr")
    buyer.page.get_by_role("heading", name="Ledger").wait_for()
    [movement] = ledger.all_inner_texts()
    assert movement.split()[-2:] == ["Order", "3,265"]
    buyer.screenshot("flow-points")


def analytics(winner: Guest) -> None:
    winner.open("/customers")
    assert winner.row(scene.BUYER.name)[3:5] == ["1", "3 265,00 €"]
    winner.click(scene.BUYER.name)
    winner.sees("Commandes 1 ", "3 265,00 € par commande")
    winner.screenshot("flow-customer-fr")
