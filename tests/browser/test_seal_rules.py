"""What the page that seals refuses is what the marketplace refuses: both judge the same bids."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Page

from marketplace.core.errors import Invalid
from marketplace.core.money import exponent
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.totals import total_of
from marketplace.rfq.http import seal_words
from marketplace.rfq.terms.asked import Terms
from tests.browser.conftest import ROOT

LOT, OTHER = str(UUID(int=1)), str(UUID(int=2))
LINES = [str(UUID(int=10 + number)) for number in range(4)]
NEEDED, MEASURED, DATED = (str(UUID(int=30 + number)) for number in range(3))
EVERYTHING = ["bundles", "minimum_order", "partial_quantities", "quantity_breaks"]
SCRIPTS = "marketplace/web/static"


def terms(*, allows: list[str] | None = None, currency: str = "EUR", **over: Any) -> dict[str, Any]:
    asked = [("10", LOT), ("3.5", LOT), ("0.125", OTHER), ("100000", OTHER)]
    answer = {
        "unit": "", "lowest": None, "ideal": None, "highest": None, "target": None, "choices": [],
    }  # fmt: skip
    return {
        "currency": currency,
        "lots": [
            {"id": LOT, "number": 1, "title": "One", "description": ""},
            {"id": OTHER, "number": 2, "title": "Two", "description": ""},
        ],
        "lines": [
            {
                "id": LINES[number],
                "number": number + 1,
                "lot_id": lot,
                "description": "x",
                "quantity": quantity,
                "unit": "C62",
                "delivery_place": None,
                "delivery_on": None,
            }
            for number, (quantity, lot) in enumerate(asked)
        ],
        "criteria": [
            {
                "id": each,
                "number": number,
                "name": f"Criterion {number}",
                "is_price": False,
                "weight": "20",
                "max_score": 10,
                "price_formula": None,
                "answer": {**answer, "type": kind, "knock_out": kind == "text"},
            }
            for number, (each, kind) in enumerate(
                ((NEEDED, "text"), (MEASURED, "number"), (DATED, "date"))
            )
        ],
        "allows": EVERYTHING if allows is None else allows,
        "conditions": {"description": "", "payment_terms_days": None, "delivery": ""},
        **over,
    }


def line(number: int, price: str, *, currency: str = "EUR", **over: Any) -> dict[str, Any]:
    return {
        "line_id": LINES[number],
        "unit_price": price,
        "currency": currency,
        "note": "",
        **over,
    }


def bundle(*numbers: int, **over: Any) -> dict[str, Any]:
    said = {"name": "Both", "lot_ids": [], "price": None, "percent": None, **over}
    return {"line_ids": [LINES[number] for number in numbers], **said}


def bid(*lines: dict[str, Any], **over: Any) -> dict[str, Any]:
    answers = [{"criterion_id": NEEDED, "text": "ISO"}]
    empty = BidContent().to_json()
    return {**empty, "lines": list(lines), "answers": answers, **over}


def all_of(*prices: str) -> list[dict[str, Any]]:
    return [line(number, price) for number, price in enumerate(prices)]


PRICES = ("1", "0", "-1", "0.000001", "0.0000001", "9999999999999", "1.1234567", "12.50", "0.00")
QUANTITIES = ("10", "9.999999", "10.000001", "0", "-1", "0.0000001", "5", "10.0", "9.9999999")
AMOUNTS = ("0", "0.01", "0.001", "100", "1000", "9.999", "-5", "9999999999999")
PERCENTS = ("0", "5", "0.01", "0.001", "99.99", "100", "-1", "33.33")
CASES: list[tuple[dict[str, Any], dict[str, Any], int]] = [
    *((terms(), bid(line(0, price)), 0) for price in PRICES),
    *((terms(), bid(line(0, "2", quantity=[each, "C62"])), 0) for each in QUANTITIES),
    *((terms(allows=[]), bid(line(0, "2", quantity=[each, "C62"])), 0) for each in ("5", "10.0")),
    (terms(), bid(line(0, "2", quantity=["5", "KGM"])), 0),
    *(
        (terms(), bid(line(0, "2", breaks=breaks)), 0)
        for breaks in (
            [["5", "1"]],
            [["5", "1"], ["5", "0.5"]],
            [["5", "1"], ["4", "0.5"], ["6", "0"]],
            [["0", "1"]],
            [["-1", "1"]],
            [["11", "1"], ["12", "1.0000001"]],
            [["0.0000001", "1"]],
            [[str(number), "1"] for number in range(1, 12)],
        )
    ),
    (terms(allows=[]), bid(line(0, "2", breaks=[["5", "1"]])), 0),
    (terms(), bid(), 0),
    (terms(), bid(line(0, "1"), line(0, "2")), 0),
    (terms(), bid({**line(0, "1"), "line_id": str(uuid4())}), 0),
    (terms(), bid(line(0, "1"), lot_ids=[OTHER]), 0),
    (terms(), bid(line(0, "1"), lot_ids=[LOT, str(uuid4())]), 0),
    (terms(), bid(line(3, "999999999.99")), 0),
    (terms(), bid(line(0, "1"), answers=[]), 0),
    *(
        (terms(), bid(line(0, "1"), answers=[{"criterion_id": of, "text": text}]), 0)
        for of, text in (
            (MEASURED, "12,5"),
            (MEASURED, "1,234"),
            (MEASURED, "1 234.5"),
            (MEASURED, "many"),
            (DATED, "2026-03-31"),
            (DATED, "2026-02-30"),
            (DATED, "31.3.2026"),
            (NEEDED, "yes"),
            (str(uuid4()), "stranger"),
        )
    ),
    (terms(), bid(line(0, "1"), name="Used"), 0),
    (terms(), bid(line(0, "1"), name="Used"), 1),
    (terms(), bid(line(0, "1")), 1),
    *((terms(), bid(line(0, "1"), minimum_order=[each, "EUR"]), 0) for each in AMOUNTS),
    (terms(allows=[]), bid(line(0, "1"), minimum_order=["5", "EUR"]), 0),
    (
        terms(currency="JPY"),
        bid(line(0, "1.4", currency="JPY"), minimum_order=["14.5", "JPY"]),
        0,
    ),
    *(
        (terms(), bid(*all_of("3.333333", "7", "0.5", "0.01"), bundles=[each]), 0)
        for each in (
            *(bundle(0, 1, percent=percent) for percent in PERCENTS),
            *(bundle(0, 1, price=[amount, "EUR"]) for amount in (*AMOUNTS, "57.83", "57.82", "50")),
            *(bundle(0, 2, 3, price=[amount, "EUR"]) for amount in ("1000.01", "999.99", "33.33")),
            bundle(2, 3, price=["0.01", "EUR"]),
            bundle(0),
            bundle(0, 1),
            bundle(0, 1, percent="5", price=["3", "EUR"]),
            bundle(0, 1, percent="5", name=""),
            bundle(lot_ids=[OTHER], percent="5"),
            bundle(0, lot_ids=[str(uuid4())], percent="5"),
        )
    ),
    (terms(), bid(line(0, "1"), bundles=[bundle(0, 1, percent="5")]), 0),
    (
        terms(),
        bid(line(0, "1", quantity=["5", "C62"]), line(1, "1"), bundles=[bundle(0, 1, percent="5")]),
        0,
    ),
    (
        terms(),
        bid(*all_of("1", "1"), bundles=[bundle(0, 1, percent="5"), bundle(0, 1, percent="6")]),
        0,
    ),
    (terms(allows=[]), bid(*all_of("1", "1"), bundles=[bundle(0, 1, percent="5")]), 0),
    (
        terms(),
        bid(
            *all_of("1", "1"),
            bundles=[bundle(0, 1, percent="5", name=str(number)) for number in range(9)],
        ),
        0,
    ),
]


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Page:
    """A page with the rules alone."""
    made = chromium.new_page()
    made.add_script_tag(path=ROOT / SCRIPTS / "seal-rules.js")
    return made


def here(asked: dict[str, Any], said: dict[str, Any], alternative: int) -> list[tuple[str, str]]:
    try:
        bid_rules.check_content(
            Terms.from_json(asked),
            BidContent.from_json(said),
            complete=True,
            alternative=alternative,
        )
    except Invalid as refusal:
        return [(error.pointer, error.code) for error in refusal.errors]
    return []


def test_both_give_the_same_verdicts(page: Page) -> None:
    """Refused are the same places for the same reasons; the totals are the same to the cent."""
    places = {currency: exponent(currency) for currency in ("EUR", "JPY")}
    facts = [{"terms": t, "places": places, "alternative": a} for t, _bid, a in CASES]
    there: list[list[list[str]]] = page.evaluate(
        "cases => cases.map(([facts, content]) => sealingRules.faults(facts, content))",
        [[each, said] for each, (_terms, said, _a) in zip(facts, CASES, strict=True)],
    )
    expected = [here(*case) for case in CASES]
    assert sum(not each for each in expected) > 20
    assert len({code for each in expected for _pointer, code in each}) > 25
    for case, found, wanted in zip(CASES, there, expected, strict=True):
        assert [(pointer, code) for pointer, code, *_rest in found] == wanted, case[1]
        assert all(words in seal_words.RULES for _pointer, _code, words, *_rest in found)
    taken = [case for case, wanted in zip(CASES, expected, strict=True) if not wanted]
    totals: list[str] = page.evaluate(
        "cases => cases.map(([facts, content]) => sealingRules.total(facts, content))",
        [[{"terms": t, "places": places}, said] for t, said, _a in taken],
    )
    exact = [total_of(Terms.from_json(t), BidContent.from_json(said)) for t, said, _a in taken]
    assert [Decimal(each.split()[0]) for each in totals] == exact


def test_every_word_of_the_scripts_is_there() -> None:
    words = seal_words.in_words()
    for script in (ROOT / SCRIPTS).glob("seal-*.js"):
        text = script.read_text()
        for name in words:
            text = text.replace(f"facts.words.{name}", "")
        assert "facts.words." not in text, script
