"""Totals, signs, discounts and the match, without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.money import Money, allocate
from marketplace.invoices import matching, rules
from marketplace.invoices.matching import OrderFacts, OrderLineFacts
from marketplace.invoices.models import Invoice, InvoiceLine, MatchTolerance
from marketplace.invoices.rules import InvoiceDraft, LineDraft
from marketplace.invoices.states import FindingCode, InvoiceKind, VatCategory

TOLERANCE = MatchTolerance(
    price_percent=Decimal(2),
    price_amount=Decimal(5),
    quantity_percent=Decimal(0),
    rounding=Decimal("0.05"),
)


def line(quantity: str, price: str, **overrides: object) -> LineDraft:
    values = {
        "description": "Thing",
        "quantity": Decimal(quantity),
        "unit": "C62",
        "unit_price": Decimal(price),
        "vat_rate": Decimal(20),
    }
    return LineDraft(**(values | overrides))  # type: ignore[arg-type]


def draft(*lines: LineDraft, **overrides: object) -> InvoiceDraft:
    values = {"number": "1", "currency": "EUR", "issued_on": date(2026, 1, 5)}
    return InvoiceDraft(**(values | overrides), lines=lines)  # type: ignore[arg-type]


def stored(source: InvoiceDraft) -> Invoice:
    """The draft as a document that was kept, not in a database."""
    totals = rules.totals_of(source.lines, source.discount, source.currency)
    net = totals.net if source.net is None else source.net
    vat = totals.vat if source.vat is None else source.vat
    return Invoice(
        kind=source.kind,
        number=source.number,
        currency=source.currency,
        issued_on=source.issued_on,
        discount=source.discount,
        net=net,
        vat=vat,
        gross=net + vat if source.gross is None else source.gross,
        lines=[
            InvoiceLine(
                line_no=number,
                order_line_id=each.order_line_id,
                description=each.description,
                quantity=each.quantity,
                unit=each.unit,
                unit_price=each.unit_price,
                base_quantity=each.base_quantity,
                net=rules.line_net(each, source.currency) if each.net is None else each.net,
                vat_rate=each.vat_rate,
                vat_category=each.vat_category,
            )
            for number, each in enumerate(source.lines, start=1)
        ],
    )


class TestTotals:
    def test_vat_is_computed_once_on_the_sum_of_the_nets(self) -> None:
        """OPEN-01."""
        lines = [line("2", "348.11", vat_rate=Decimal(25))] * 2
        totals = rules.totals_of(lines, Decimal(0), "EUR")
        assert (totals.net, totals.vat, totals.gross) == (
            Decimal("1392.44"),
            Decimal("348.11"),
            Decimal("1740.55"),
        )

    def test_a_cent_of_the_supplier_is_shown_and_tolerated_never_rewritten(self) -> None:
        """OPEN-01: the document arrives with 348.12."""
        lines = [line("2", "348.11", vat_rate=Decimal(25))] * 2
        invoice = stored(draft(*lines, vat=Decimal("348.12"), gross=Decimal("1740.56")))
        findings = [f for f in matching.match(invoice, None, TOLERANCE) if f.line_no is None]
        assert [(f.code, f.difference, f.tolerated) for f in findings] == [
            (FindingCode.VAT_DIFFERS, Decimal("0.01"), True)
        ]
        assert (invoice.vat, invoice.gross) == (Decimal("348.12"), Decimal("1740.56"))

    def test_beyond_the_rounding_tolerance_it_is_held(self) -> None:
        invoice = stored(draft(line("1", "100"), vat=Decimal("20.06"), gross=Decimal("120.06")))
        findings = matching.match(invoice, None, TOLERANCE)
        assert not matching.is_clear(f for f in findings if f.code is FindingCode.VAT_DIFFERS)

    @pytest.mark.parametrize(
        ("price", "base", "quantity", "net"),
        [("2.00", "100", "50", "1.00"), ("0.134195", "100000", "74391833", "99.83")],
    )
    def test_a_price_for_many_units_is_divided(
        self, price: str, base: str, quantity: str, net: str
    ) -> None:
        """OPEN-02."""
        priced = line(quantity, price, base_quantity=Decimal(base))
        assert rules.line_net(priced, "EUR") == Decimal(net)

    def test_a_line_net_that_the_price_does_not_give_stands_and_is_flagged(self) -> None:
        """OPEN-02: the net of the document is authoritative, no line is invented."""
        invoice = stored(
            draft(line("50", "2.00", base_quantity=Decimal(100), net=Decimal("100.00")))
        )
        [finding] = [
            f
            for f in matching.match(invoice, None, TOLERANCE)
            if f.code is FindingCode.LINE_NET_DIFFERS
        ]
        assert (finding.expected, finding.found, finding.tolerated) == ("1", "100", False)
        assert (len(invoice.lines), invoice.net) == (1, Decimal("100.00"))

    def test_rates_and_categories_are_kept_apart(self) -> None:
        totals = rules.totals_of(
            [
                line("1", "100"),
                line("1", "50", vat_rate=Decimal("5.5")),
                line("1", "10", vat_rate=Decimal(0), vat_category=VatCategory.EXEMPT),
            ],
            Decimal(0),
            "EUR",
        )
        assert totals.gross == Decimal("182.75")
        assert [(g.rate, g.vat) for g in totals.groups] == [
            (Decimal(0), Decimal("0.00")),
            (Decimal("5.5"), Decimal("2.75")),
            (Decimal(20), Decimal("20.00")),
        ]


class TestDirection:
    def test_a_negative_invoice_is_a_credit_note_with_its_sign_once(self) -> None:
        """OPEN-08."""
        sent = draft(
            line("-1", "100.00", net=Decimal("-100.00"), vat_rate=Decimal(21)),
            net=Decimal("-100.00"),
            vat=Decimal("-21.00"),
            gross=Decimal("-121.00"),
        )
        credit = stored(rules.directed(sent))
        assert credit.kind is InvoiceKind.CREDIT_NOTE
        assert (credit.net, credit.vat, credit.gross) == (Decimal(100), Decimal(21), Decimal(121))
        [only] = credit.lines
        assert (only.quantity, only.unit_price, only.net) == (1, Decimal("100.00"), Decimal(100))
        assert credit.sign == -1

    def test_a_reducing_line_of_a_positive_invoice_keeps_its_minus(self) -> None:
        sent = draft(line("10", "20"), line("-2", "5"))
        assert rules.directed(sent) == sent
        assert stored(sent).net == Decimal(190)

    def test_a_negative_price_is_refused(self) -> None:
        with pytest.raises(rules.InvoiceNotReady) as refusal:
            rules.check_draft(draft(line("1", "-100")))
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            ("/lines/0/unit_price", "negative")
        ]


class TestDiscount:
    def test_shares_add_up_and_the_net_follows(self) -> None:
        """OPEN-23."""
        shares = rules.spread_discount([Decimal(100)] * 3, Decimal(10), "EUR")
        assert shares == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
        totals = rules.totals_of([line("1", "100")] * 3, Decimal(10), "EUR")
        assert totals.net == Decimal("290.00")

    def test_everything_off_gives_zero(self) -> None:
        totals = rules.totals_of([line("1", "33.33")] * 3, Decimal("99.99"), "EUR")
        assert (totals.net, totals.vat) == (Decimal(0), Decimal(0))

    @settings(max_examples=300, deadline=None)
    @given(
        nets=st.lists(st.decimals(0, 10_000, places=2), min_size=1, max_size=12),
        share=st.decimals(0, 1, places=4),
    )
    def test_never_loses_a_cent(self, nets: list[Decimal], share: Decimal) -> None:
        discount = (sum(nets) * share).quantize(Decimal("0.01"))
        shares = rules.spread_discount(nets, discount, "EUR")
        assert sum(shares) == (discount if sum(nets) else 0)
        assert all(part >= 0 for part in shares)


class TestAllocation:
    """C-13."""

    @pytest.mark.parametrize(
        ("amount", "parts", "expected"),
        [
            ("100.00", 3, ["33.34", "33.33", "33.33"]),
            ("0.05", 7, ["0.01"] * 5 + ["0.00"] * 2),
            ("-10.00", 3, ["-3.34", "-3.33", "-3.33"]),
        ],
    )
    def test_splits_exactly(self, amount: str, parts: int, expected: list[str]) -> None:
        shares = allocate(Money(Decimal(amount), "EUR"), [1] * parts)
        assert [share.amount for share in shares] == [Decimal(part) for part in expected]

    @settings(max_examples=1000, deadline=None)
    @given(
        cents=st.integers(-(10**12), 10**12),
        weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any),
        currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    )
    def test_sums_are_exact_in_every_currency(
        self, cents: int, weights: list[int], currency: str
    ) -> None:
        places = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
        money = Money(Decimal(cents).scaleb(-places), currency)
        assert sum(share.amount for share in allocate(money, weights)) == money.amount

    @settings(max_examples=500, deadline=None)
    @given(
        prices=st.lists(st.decimals("0.01", 1000, places=2), min_size=1, max_size=20),
        rate=st.sampled_from([Decimal("5.5"), Decimal(10), Decimal(20), Decimal("21.2")]),
    )
    def test_vat_on_the_sum_is_within_half_a_cent_of_the_exact_figure(
        self, prices: list[Decimal], rate: Decimal
    ) -> None:
        lines = [line("1", str(price), vat_rate=rate) for price in prices]
        totals = rules.totals_of(lines, Decimal(0), "EUR")
        assert abs(totals.vat - totals.net * rate / 100) <= Decimal("0.005")
        assert totals.gross == totals.net + totals.vat


class TestNumberKey:
    @pytest.mark.parametrize("number", ["INV-001", " inv-001 ", "Inv-001"])
    def test_case_and_blanks_do_not_matter(self, number: str) -> None:
        assert rules.number_key(number) == "inv-001"

    def test_zeros_and_punctuation_do(self) -> None:
        assert rules.number_key("0012") != rules.number_key("12")
        assert rules.number_key("A-12") != rules.number_key("A12")


class TestMatch:
    def facts(self, **overrides: object) -> OrderLineFacts:
        values = {
            "id": uuid4(),
            "unit": "C62",
            "ordered": Decimal(10),
            "kept": Decimal(10),
            "invoiced": Decimal(0),
            "unit_price": Decimal(100),
            "base_quantity": Decimal(1),
            "vat_rate": Decimal(20),
        }
        return OrderLineFacts(**(values | overrides))  # type: ignore[arg-type]

    def codes(self, facts: OrderLineFacts, invoiced: LineDraft) -> list[tuple[str, bool]]:
        invoice = stored(draft(replace(invoiced, order_line_id=facts.id)))
        order = OrderFacts("EUR", {facts.id: facts})
        return [(f.code, f.tolerated) for f in matching.match(invoice, order, TOLERANCE)]

    def test_as_ordered_and_accepted_is_clear(self) -> None:
        assert self.codes(self.facts(), line("10", "100")) == []

    def test_more_than_accepted_is_held(self) -> None:
        found = self.codes(self.facts(kept=Decimal(6)), line("10", "100"))
        assert found == [("quantity_exceeded", False)]

    def test_what_was_invoiced_before_counts(self) -> None:
        found = self.codes(self.facts(invoiced=Decimal(6)), line("6", "100"))
        assert found == [("quantity_exceeded", False)]

    def test_services_are_matched_against_the_order_alone(self) -> None:
        hours = self.facts(unit="HUR", kept=Decimal(0))
        assert self.codes(hours, line("10", "100", unit="HUR")) == []

    @pytest.mark.parametrize(
        ("price", "expected"),
        [
            ("102.00", [("price_higher", True)]),
            ("102.01", [("price_higher", False)]),
            ("90.00", [("price_lower", True)]),
        ],
    )
    def test_prices_up_to_two_per_cent_and_all_lower_ones_pass(
        self, price: str, expected: list[tuple[str, bool]]
    ) -> None:
        assert self.codes(self.facts(), line("10", price)) == expected

    def test_a_small_amount_passes_whatever_the_per_cent(self) -> None:
        cheap = self.facts(unit_price=Decimal("1.00"))
        assert self.codes(cheap, line("10", "1.50")) == [("price_higher", True)]
        assert self.codes(cheap, line("10", "1.51")) == [("price_higher", False)]

    def test_prices_for_many_units_are_compared_per_unit(self) -> None:
        hundred = self.facts(unit_price=Decimal(2), base_quantity=Decimal(100))
        assert self.codes(hundred, line("10", "0.02")) == []

    def test_another_unit_and_another_rate_are_held(self) -> None:
        found = self.codes(self.facts(), line("10", "100", unit="KGM", vat_rate=Decimal(10)))
        assert found == [("unit_differs", False), ("vat_rate_differs", False)]

    def test_what_was_not_ordered_is_held(self) -> None:
        invoice = stored(draft(line("1", "15")))
        found = matching.match(invoice, OrderFacts("EUR", {}), TOLERANCE)
        assert [(f.code, f.tolerated) for f in found] == [("not_ordered", False)]
