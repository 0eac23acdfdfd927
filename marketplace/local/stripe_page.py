"""The payment page that the local Stripe server shows, as Stripe shows its own: no scripts."""

from decimal import Decimal
from html import escape
from typing import Any

from marketplace.core.money import exponent
from marketplace.local.stripe_store import Object

WORDS = {
    "en": {
        "title": "Pay securely",
        "card": "Card",
        "sepa_debit": "SEPA direct debit",
        "number": "Card number",
        "expiry": "Expiry (MM / YY)",
        "cvc": "Security code",
        "iban": "IBAN",
        "holder": "Account holder",
        "pay": "Pay",
        "mandate": "By confirming you authorise the debit of your account.",
        "back": "Back without paying",
        "bank": "Your bank asks you to confirm this payment.",
        "accept": "Confirm the payment",
        "refuse": "Refuse it",
        "note": "Local test page: no real money moves. Test card 4242 4242 4242 4242, declined "
        "4000 0000 0000 0002, with confirmation 4000 0000 0000 3220. Test IBAN "
        "FR14 2004 1010 0505 0001 3M02 606.",
        "closed": "This payment page is no longer open.",
    },
    "fr": {
        "title": "Paiement sécurisé",
        "card": "Carte",
        "sepa_debit": "Prélèvement SEPA",
        "number": "Numéro de carte",
        "expiry": "Expiration (MM / AA)",
        "cvc": "Cryptogramme",
        "iban": "IBAN",
        "holder": "Titulaire du compte",
        "pay": "Payer",
        "mandate": "En confirmant, vous autorisez le prélèvement sur votre compte.",
        "back": "Revenir sans payer",
        "bank": "Votre banque vous demande de confirmer ce paiement.",
        "accept": "Confirmer le paiement",
        "refuse": "Refuser",
        "note": "Page de test locale : aucun argent réel ne circule. Carte de test "
        "4242 4242 4242 4242, refusée 4000 0000 0000 0002, avec confirmation "
        "4000 0000 0000 3220. IBAN de test FR14 2004 1010 0505 0001 3M02 606.",
        "closed": "Cette page de paiement n’est plus ouverte.",
    },
}
# What Stripe says in the language of the page; its API always answers in English.
REFUSALS = {
    "Your card was declined.": "Votre carte a été refusée.",
    "Your card has insufficient funds.": "Le solde de votre carte est insuffisant.",
    "Your card has expired.": "Votre carte a expiré.",
    "Your card number is incorrect.": "Le numéro de carte est incorrect.",
    "The IBAN you provided is invalid.": "L’IBAN saisi n’est pas valable.",
    "We are unable to authenticate your payment method.": "La banque n’a pas confirmé.",
}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1a1f36}
main{max-width:26rem;margin:3rem auto;background:#fff;padding:2rem;border-radius:.75rem;
box-shadow:0 1px 3px #0002}h1{font-size:1rem;font-weight:600;margin:0;color:#475069}
.amount{font-size:2rem;font-weight:700;margin:.25rem 0 1.25rem;font-variant-numeric:tabular-nums}
fieldset{border:1px solid #d5dbe6;border-radius:.5rem;margin:0 0 1.25rem;padding:1rem}
legend{font-weight:600;padding:0 .5rem}label{display:block;margin:.5rem 0 .25rem;font-size:.9rem}
input{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #8a94a6;
border-radius:.375rem}button{width:100%;font:inherit;font-weight:600;padding:.65rem;border:0;
border-radius:.375rem;background:#4338ca;color:#fff;margin-top:1rem;cursor:pointer}
button.plain{background:#fff;color:#1a1f36;border:1px solid #8a94a6}
.error{background:#fde8e8;color:#8f1d1d;padding:.75rem;border-radius:.375rem;margin:0 0 1rem}
.note{font-size:.85rem;color:#475069}a{color:#4338ca}
"""


def checkout(session: Object, intent: Object | None, language: str, error: str = "") -> str:
    """The page for a session in its present state."""
    french = language.startswith("fr")
    words = WORDS["fr" if french else "en"]
    error = REFUSALS.get(error, error) if french else error
    amount = escape(_amount(session, french=french))
    if session["status"] != "open":
        return _page(words, f"<p>{words['closed']}</p>")
    waiting = intent is not None and intent["status"] == "requires_action"
    forms = _bank_forms(words) if waiting else _method_forms(session, words, amount)
    problem = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    name = escape(session["_local"]["lines"][0]["name"])
    back = escape(session["cancel_url"] or "#", quote=True)
    return _page(
        words,
        f'<h1>{name}</h1><p class="amount">{amount}</p>{problem}{forms}'
        f'<p><a href="{back}">{words["back"]}</a></p><p class="note">{words["note"]}</p>',
    )


def method_of(form: dict[str, Any]) -> dict[str, Any]:
    """The payment method that was typed on the page."""
    if form.get("type") == "sepa_debit":
        return {"type": "sepa_debit", "sepa_debit": {"iban": form.get("iban", "")}}
    return {"type": "card", "card": {"number": form.get("number", "")}}


def _amount(session: Object, *, french: bool) -> str:
    currency = session["currency"].upper()
    value = Decimal(session["amount_total"]).scaleb(-exponent(currency))
    text = f"{value:,.{exponent(currency)}f}"
    if french:
        text = text.replace(",", "\u202f").replace(".", ",")
    return f"{text} {currency}"


def _method_forms(session: Object, words: dict[str, str], amount: str) -> str:
    fields = {
        "card": [
            ("number", words["number"], "4242 4242 4242 4242", "cc-number"),
            ("expiry", words["expiry"], "12 / 34", "cc-exp"),
            ("cvc", words["cvc"], "123", "cc-csc"),
        ],
        "sepa_debit": [
            ("iban", words["iban"], "", "off"),
            ("holder", words["holder"], "", "name"),
        ],
    }
    forms = []
    for kind in session["payment_method_types"]:
        inputs = "".join(_input(kind, *item) for item in fields[kind])
        hint = f'<p class="note">{words["mandate"]}</p>' if kind == "sepa_debit" else ""
        forms.append(
            f'<form method="post"><fieldset><legend>{words[kind]}</legend>'
            f'<input type="hidden" name="type" value="{kind}">{inputs}{hint}'
            f"<button>{words['pay']} {amount}</button></fieldset></form>"
        )
    return "".join(forms)


def _input(kind: str, name: str, label: str, value: str, autocomplete: str) -> str:
    key = f"{kind}-{name}"
    return (
        f'<label for="{key}">{label}</label><input id="{key}" name="{name}" value="{value}" '
        f'autocomplete="{autocomplete}">'
    )


def _bank_forms(words: dict[str, str]) -> str:
    return (
        f"<p>{words['bank']}</p><form method='post'>"
        f'<button name="bank" value="accept">{words["accept"]}</button>'
        f'<button class="plain" name="bank" value="refuse">{words["refuse"]}</button></form>'
    )


def _page(words: dict[str, str], content: str) -> str:
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width,initial-scale=1"><title>{words["title"]}</title>'
        f"<style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    )
