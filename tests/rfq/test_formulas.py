"""Price formulas: every published figure exactly, what is doubtful, and how one is published."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.errors import Invalid
from marketplace.rfq.asking.formula_rules import FormulaUnconfirmed
from marketplace.rfq.asking.rules import RfqNotReady
from marketplace.rfq.scoring.formulas import FAMILIES, FormulaKind, PriceFormula, marks, measure
from marketplace.rfq.scoring.formulas import share as share_of
from marketplace.rfq.scoring.linting import find_reversal, findings
from marketplace.rfq.services import evaluation, publishing
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.clients import words
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import make_published, make_rfq, make_supplier

BELLEVILLE = PriceFormula(FormulaKind.SLOPED_LOWEST, Decimal(7))
RANGE = PriceFormula(FormulaKind.LINEAR_RANGE)


def of(kind, **params):
    return PriceFormula(FormulaKind(kind), **params)


def rounded(points, places):
    return [round(float(each), places) for each in points]


class TestFigures:
    def test_classic(self):
        found = marks(PriceFormula(), 20, [100, 110, 120, 150, 200])
        assert rounded(found, 3) == [20, 18.182, 16.667, 13.333, 10]
        assert found[1] == Fraction(200, 11)

    def test_linear_from_the_lowest(self):
        found = marks(of("linear_lowest"), 20, [100, 110, 120, 150, 200, 300])
        assert found == [20, 18, 16, 10, 0, 0]

    def test_the_annulled_formula_of_belleville(self):
        found = marks(BELLEVILLE, 20, range(100, 201, 10))
        assert rounded(found, 2) == [
            20, 19.67, 19.33, 19, 18.67, 18.33, 18, 17.67, 17.33, 17, 16.67,
        ]  # fmt: skip
        assert found == [Fraction(10, 3) * (7 - Fraction(p, 100)) for p in range(100, 201, 10)]

    def test_from_lowest_to_highest(self):
        assert marks(RANGE, 60, [100, 101]) == [60, 0]
        assert marks(RANGE, 60, [100, 120, 200]) == [60, 48, 0]
        assert marks(RANGE, 60, [100, 100]) == [60, 60]

    def test_around_the_average(self):
        assert marks(of("average"), 40, [50, 100, 150]) == [30, 20, 10]
        assert marks(of("average"), 40, [1, 1, 1000])[2] == 0

    def test_absolute_ones_do_not_know_the_other_bids(self):
        reference = of("reference_over_price", references=(Decimal(100),))
        ceiling = of("below_ceiling", references=(Decimal(200),))
        assert marks(reference, 60, [80, 100, 150]) == [60, 60, 40]
        assert marks(ceiling, 60, [50, 100, 200, 300]) == [45, 30, 0, 0]
        assert marks(ceiling, 60, [100]) == [30]

    @given(st.sampled_from(list(FormulaKind)), st.lists(st.integers(1, 10**9), min_size=1))
    def test_the_cheaper_never_earns_less(self, kind, totals):
        formula = PriceFormula(kind, Decimal(3), (Decimal(500),))
        by = measure(formula, [Decimal(total) for total in totals])
        found = [share_of(formula, Decimal(total), by) for total in sorted(totals)]
        assert found == sorted(found, reverse=True)
        assert all(0 <= each <= 1 for each in found)


class TestLinter:
    def test_belleville_keeps_83_per_cent_at_twice_the_price(self):
        first = findings(BELLEVILLE, Decimal(20))[0]
        assert (first.code, first.is_irregular) == ("weight_neutralised", True)
        assert "83 %" in str(first.detail)

    def test_from_lowest_to_highest_is_irregular(self):
        first = findings(RANGE, Decimal(60))[0]
        assert (first.code, first.is_irregular) == ("dearest_gets_nothing", True)

    def test_the_others_are_not(self):
        for kind in set(FormulaKind) - {FormulaKind.LINEAR_RANGE, FormulaKind.SLOPED_LOWEST}:
            formula = PriceFormula(kind, None, (Decimal(100),))
            assert not any(each.is_irregular for each in findings(formula, Decimal(60))), kind

    @pytest.mark.parametrize(
        ("formula", "bids", "before", "after"),
        [
            (
                PriceFormula(),
                [(100, 71), (120, 95), (80, 10)],
                ["88.4", "88.0"],
                ["76.4", "78.0", "64.0"],
            ),
            (RANGE, [(100, 60), (120, 100), (200, 20)], ["84", "40"], ["84", "88", "8"]),
        ],
    )
    def test_shows_the_textbook_reversals(self, formula, bids, before, after):
        found = find_reversal(formula, Fraction(60)).bids
        assert [(bid.price, bid.quality) for bid in found] == bids
        assert [bid.before for bid in found] == [*map(Fraction, before), None]
        assert [bid.after for bid in found] == list(map(Fraction, after))

    @pytest.mark.parametrize("kind", [k for k, f in FAMILIES.items() if f.is_relative])
    @pytest.mark.parametrize("weight", [20, 50, 80])
    def test_finds_one_for_every_relative_formula(self, kind, weight):
        found = find_reversal(PriceFormula(kind, Decimal(3)), Fraction(weight))
        a, b, c = found.bids
        assert a.before > b.before
        assert a.after < b.after > c.after

    def test_finds_none_where_there_is_none(self):
        assert find_reversal(of("below_ceiling", references=(Decimal(9),)), Fraction(60)) is None
        assert find_reversal(PriceFormula(), Fraction(100)) is None


def criteria(formula, weight=60):
    return [
        CriterionDraft("Price", CriterionKind.PRICE, Decimal(weight), price_formula=formula),
        CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(100 - weight)),
    ]


class TestPublication:
    def test_an_irregular_formula_needs_a_confirmation(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(
            session, buyer, criteria=criteria(RANGE), supplier_ids=[make_supplier(session).id]
        )
        checked = publishing.check(session, buyer, rfq.id).readiness
        assert [w.code for w in checked.warnings] == ["single_supplier", "dearest_gets_nothing"]
        with pytest.raises(FormulaUnconfirmed):
            publishing.publish(session, buyer, rfq.id)
        assert rfq.published_at is None
        publishing.publish(session, buyer, rfq.id, confirm_formula=True)
        assert rfq.published_at is not None

    def test_the_ranking_follows_the_published_formula(self, session):
        sourcing = make_opened(
            session, ["10", "2"], ["18", "2"], ["20", "6"], criteria=criteria(of("linear_lowest"))
        )
        (lot,) = evaluation.read(session, sourcing.buyer, sourcing.rfq.id).lots
        # totals 1200, 2000, 2600
        assert [rank.points[0].exact for rank in lot.ranks] == [60, 20, 0]

    def test_an_absolute_formula_needs_an_amount_for_each_lot(self, session):
        formula = of("below_ceiling")
        with pytest.raises(RfqNotReady) as refusal:
            make_published(session, criteria=criteria(formula))
        assert [error.code for error in refusal.value.errors] == ["one_per_lot"]

    @pytest.mark.parametrize(
        ("formula", "pointer"),
        [
            (of("sloped_lowest"), "zero_at"),
            (of("sloped_lowest", zero_at=Decimal(1)), "zero_at"),
            (of("average", zero_at=Decimal(2)), "zero_at"),
            (of("average", references=(Decimal(2),)), "references"),
        ],
    )
    def test_parameters_are_checked(self, session, formula, pointer):
        with pytest.raises(Invalid) as refusal:
            make_rfq(session, criteria=criteria(formula))
        assert [e.pointer for e in refusal.value.errors] == [f"/criteria/0/price_formula/{pointer}"]


class TestHttp:
    def test_the_api_lists_simulates_and_publishes(self, api, session):
        buyer = make_actor(session)
        client = api(buyer)
        kinds = [family["kind"] for family in client.get("/rfqs/price-formulas").json["items"]]
        assert kinds == [str(kind) for kind in FAMILIES]
        body = {
            "price_formula": {"kind": "sloped_lowest", "zero_at": "7"},
            "weight": "20",
            "totals": ["100", "200"],
        }
        found = client.post("/rfqs/price-formulas/simulate", json=body).json
        assert [each["points"] for each in found["totals"]] == ["20", "16.67"]
        assert found["totals"][1]["exact"] == "50/3"
        assert found["findings"][0]["code"] == "weight_neutralised"
        assert found["findings"][1]["reversal"]["bids"][2]["before"] is None

        rfq = make_rfq(session, buyer, supplier_ids=[make_supplier(session).id])
        given = {
            "criteria": [
                {"name": "Price", "kind": "price", "weight": "60",
                 "price_formula": {"kind": "linear_range"}},
                {"name": "Quality", "kind": "quality", "weight": "40"},
            ]
        }  # fmt: skip
        changed = client.put(f"/rfqs/{rfq.id}/criteria", json=given, version=rfq.version).json
        assert changed["criteria"][0]["price_formula"]["kind"] == "linear_range"
        assert changed["criteria"][1]["price_formula"] is None
        checked = client.get(f"/rfqs/{rfq.id}/readiness").json
        assert [each["finding"]["code"] for each in checked["formulas"]] == [
            "dearest_gets_nothing", "rank_reversal",
        ]  # fmt: skip
        refused = client.post(f"/rfqs/{rfq.id}/publish", json={})
        assert (refused.status_code, refused.json["code"]) == (422, "formula_unconfirmed")
        done = client.post(f"/rfqs/{rfq.id}/publish", json={"confirm_formula": True})
        assert done.status_code == 200

    def test_the_portal_shows_what_a_formula_does(self, portal, session):
        buyer = make_actor(session)
        supplier = make_actor(session, make_supplier(session).kind)
        rfq = make_rfq(session, buyer, supplier_ids=[supplier.org_id])
        browser, path = portal(buyer), f"/rfqs/{rfq.id}"
        form = {
            "criteria.0.name": "Price", "criteria.0.kind": "price", "criteria.0.weight": "60",
            "criteria.1.name": "Quality", "criteria.1.kind": "quality", "criteria.1.weight": "40",
            "price_formula.kind": "sloped_lowest", "price_formula.zero_at": "7", "more": "1",
        }  # fmt: skip
        assert browser.post(f"{path}/criteria", form).status_code == 303
        shown = words(browser.get(f"{path}/criteria"))
        assert "60.00 59.00 58.00 55.00 50.00" in shown
        assert "83 %" in shown
        assert "Irregular" in words(browser.get(f"{path}/publish"))
        assert browser.post(f"{path}/publish", {}).status_code == 422
        done = browser.post(f"{path}/publish", {"confirm_formula": "true"})
        assert done.status_code == 200
        assert "b = 7." in words(portal(supplier).get(path))
