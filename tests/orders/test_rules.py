"""Totals, fingerprints, what an approval covers, tolerances and punctuality."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.ids import uuid7
from marketplace.orders import receiving_rules, rules
from marketplace.orders.models import Order, OrderLine, ReceiptLine
from marketplace.orders.receiving_rules import ReceivedDraft, ReturnDraft
from marketplace.orders.states import ORDER_FLOW, Bucket, OrderState

SUPPLIER = uuid7()


def order_line(number: int = 1, **overrides: object) -> OrderLine:
    values: dict[str, object] = {
        "id": uuid7(), "line_no": number, "description": "Chair", "sku": None, "unit": "C62",
        "quantity": Decimal(100), "unit_price": Decimal("10"), "base_quantity": Decimal(1),
        "tax_rate": Decimal(20), "net": Decimal(1000), "due_on": None, "confirmed_on": None,
        "accepted": Decimal(0), "rejected": Decimal(0), "returned_accepted": Decimal(0),
        "returned_rejected": Decimal(0), "invoiced": Decimal(0), "cancelled": Decimal(0),
    }  # fmt: skip
    return OrderLine(**(values | overrides))


def order(*lines: OrderLine, **overrides: object) -> Order:
    values: dict[str, object] = {
        "supplier_id": SUPPLIER,
        "currency": "EUR",
        "over_delivery_percent": Decimal(0),
    }
    return Order(**(values | overrides), lines=list(lines))


class TestTotals:
    def test_tax_is_computed_once_per_rate_on_the_sum(self) -> None:
        net = rules.line_net(Decimal(2), Decimal("348.11"), Decimal(1), "EUR")
        lines = [order_line(n, net=net, tax_rate=Decimal(25)) for n in (1, 2)]
        totals = rules.totals_of(lines, "EUR")
        assert (totals.net, totals.tax, totals.gross) == (
            Decimal("1392.44"), Decimal("348.11"), Decimal("1740.55"),
        )  # fmt: skip

    def test_the_price_is_for_the_base_quantity(self) -> None:
        assert rules.line_net(Decimal(50), Decimal("2.00"), Decimal(100), "EUR") == Decimal("1.00")
        small = rules.line_net(Decimal(74391833), Decimal("0.134195"), Decimal(100_000), "EUR")
        assert small == Decimal("99.83")

    def test_currencies_without_cents_have_none(self) -> None:
        assert rules.line_net(Decimal(3), Decimal("33.5"), Decimal(1), "JPY") == Decimal(101)

    @given(st.lists(st.decimals("0.01", "9999", places=2), min_size=1, max_size=20))
    def test_the_groups_add_up_to_the_total(self, nets: list[Decimal]) -> None:
        rates = [Decimal(rate) for rate in ("0", "5.5", "10", "20")]
        lines = [
            order_line(n, net=net, tax_rate=rates[n % 4]) for n, net in enumerate(nets, start=1)
        ]
        totals = rules.totals_of(lines, "EUR")
        assert sum(group.net for group in totals.groups) == totals.net == sum(nets)
        assert totals.gross == totals.net + sum(group.tax for group in totals.groups)


class TestFingerprint:
    def test_it_ignores_how_a_number_is_written_and_the_order_of_lines(self) -> None:
        one = order(order_line(1), order_line(2, quantity=Decimal("5")))
        same = order(order_line(2, quantity=Decimal("5.000000")), order_line(1))
        assert rules.fingerprint_of(rules.content_of(one)) == rules.fingerprint_of(
            rules.content_of(same)
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"quantity": Decimal("100.000001")},
            {"unit_price": Decimal("10.000001")},
            {"description": "Other chair"},
            {"unit": "SET"},
            {"base_quantity": Decimal(2)},
            {"tax_rate": Decimal(10)},
            {"sku": "X"},
        ],
    )
    def test_it_changes_with_the_content(self, change: dict[str, object]) -> None:
        before, after = order(order_line()), order(order_line(**change))
        assert rules.fingerprint_of(rules.content_of(before)) != rules.fingerprint_of(
            rules.content_of(after)
        )


class TestCovered:
    def covered(self, after: Order) -> bool:
        approved = rules.content_of(order(order_line(1), order_line(2)))
        return rules.is_covered(rules.content_of(after), approved)

    def test_the_same_and_a_pure_decrease_are(self) -> None:
        assert self.covered(order(order_line(1), order_line(2)))
        assert self.covered(order(order_line(1, quantity=Decimal(99)), order_line(2)))
        assert self.covered(order(order_line(1, unit_price=Decimal("9.99"))))

    @pytest.mark.parametrize(
        "change",
        [
            {"quantity": Decimal(101)},
            {"unit_price": Decimal("10.01")},
            {"description": "Other"},
            {"unit": "SET"},
            {"base_quantity": Decimal(2)},
            {"tax_rate": Decimal(10)},
        ],
    )
    def test_anything_else_is_not(self, change: dict[str, object]) -> None:
        assert not self.covered(order(order_line(1, **change), order_line(2)))

    def test_one_line_lower_does_not_pay_for_another_one_higher(self) -> None:
        less, more = order_line(1, quantity=Decimal(1)), order_line(2, quantity=Decimal(101))
        assert not self.covered(order(less, more))

    def test_new_lines_suppliers_and_currencies_are_not(self) -> None:
        assert not self.covered(order(order_line(1), order_line(2), order_line(3)))
        assert not self.covered(order(order_line(1), supplier_id=uuid7()))
        assert not self.covered(order(order_line(1), currency="USD"))

    def test_nothing_is_covered_by_no_approval(self) -> None:
        assert not rules.is_covered(rules.content_of(order(order_line())), None)


class TestNumbers:
    def test_new_lines_never_reuse_a_number(self) -> None:
        known = rules.LineDraft("A", Decimal(1), "C62", Decimal(1), line_no=2)
        new = rules.LineDraft("B", Decimal(1), "C62", Decimal(1))
        numbered = rules.numbered([known, new, new], [1, 2, 7])
        assert [number for number, _line in numbered] == [2, 8, 9]


class TestBuckets:
    def test_open_06_rejected_goods_that_go_back_leave_the_accepted_alone(self) -> None:
        line = order_line(accepted=Decimal(60), rejected=Decimal(20))
        line.returned_rejected += 20
        assert (line.kept, line.to_deliver, line.invoiceable) == (60, 40, 60)

    def test_accepted_goods_that_go_back_are_owed_again(self) -> None:
        line = order_line(accepted=Decimal(100), returned_accepted=Decimal(3), invoiced=Decimal(90))
        assert (line.kept, line.to_deliver, line.invoiceable) == (97, 3, 7)

    def test_open_36_the_limit_is_exact_and_over_all_deliveries(self) -> None:
        line = order_line()
        for part in ("33.333", "33.333", "33.334"):
            assert receiving_rules.acceptable(line, Decimal(0)) >= Decimal(part)
            line.accepted += Decimal(part)
        assert (line.to_deliver, receiving_rules.acceptable(line, Decimal(0))) == (0, 0)

    def test_a_tolerance_is_of_what_was_ordered_not_of_what_is_left(self) -> None:
        line = order_line(quantity=Decimal(10_000), accepted=Decimal(9_900))
        assert receiving_rules.acceptable(line, Decimal(2)) == 300
        line.returned_accepted = Decimal(100)
        assert receiving_rules.acceptable(line, Decimal(2)) == 400

    def test_what_was_given_up_leaves_no_room(self) -> None:
        line = order_line(accepted=Decimal(60), cancelled=Decimal(40))
        assert (line.to_deliver, receiving_rules.acceptable(line, Decimal(0))) == (0, 0)


class TestReceipt:
    today = date(2026, 3, 2)

    def refused(self, target: Order, *drafts: ReceivedDraft, on: date | None = None):
        with pytest.raises(receiving_rules.Invalid) as refusal:
            receiving_rules.check_receipt(target, drafts, on or self.today, self.today)
        return refusal.value

    def test_every_reason_is_given_at_once(self) -> None:
        line = order_line()
        refusal = self.refused(
            order(line),
            ReceivedDraft(line.id, Decimal("100.002")),
            ReceivedDraft(uuid7(), Decimal(1)),
            ReceivedDraft(line.id, Decimal(0), Decimal(1)),
            on=date(2026, 3, 3),
        )
        assert [(e.pointer, e.code) for e in refusal.errors] == [
            ("/received_on", "in_the_future"),
            ("/lines/0/accepted", "over_delivery"),
            ("/lines/1/order_line_id", "unknown_line"),
            ("/lines/2/reason", "required"),
            ("/lines/2", "duplicate"),
        ]
        assert refusal.code == "over_delivery"
        assert refusal.data["remaining"] == {str(line.id): "100"}

    def test_something_must_have_arrived(self) -> None:
        line = order_line()
        refusal = self.refused(order(line), ReceivedDraft(line.id, Decimal(0)))
        assert [e.code for e in refusal.errors] == ["required"]


class TestReturn:
    def test_drafts_on_one_bucket_add_up(self) -> None:
        received = ReceiptLine(
            id=uuid7(), accepted=Decimal(6), rejected=Decimal(2),
            returned_accepted=Decimal(1), returned_rejected=Decimal(0),
        )  # fmt: skip
        lines = {received.id: received}
        fine = ReturnDraft(received.id, Bucket.ACCEPTED, Decimal(5))
        receiving_rules.check_return([fine], lines)
        one_more = ReturnDraft(received.id, Bucket.ACCEPTED, Decimal(1))
        with pytest.raises(receiving_rules.BucketEmpty) as refusal:
            receiving_rules.check_return([fine, one_more], lines)
        assert [e.pointer for e in refusal.value.errors] == ["/lines/1/quantity"]


class TestPerformance:
    def test_on_time_is_by_quantity(self) -> None:
        line = order_line(due_on=date(2026, 3, 10), accepted=Decimal(100), rejected=Decimal(5))
        early = ReceiptLine(
            order_line_id=line.id, accepted=Decimal(60), returned_accepted=Decimal(0)
        )
        late = ReceiptLine(
            order_line_id=line.id, accepted=Decimal(40), returned_accepted=Decimal(0)
        )
        [result] = receiving_rules.performance_of(
            order(line), [(early, date(2026, 3, 10)), (late, date(2026, 3, 11))]
        )
        assert (result.due, result.on_time, result.received, result.rejected) == (100, 60, 105, 5)

    def test_the_confirmed_day_counts(self) -> None:
        line = order_line(
            due_on=date(2026, 3, 10), confirmed_on=date(2026, 3, 12), accepted=Decimal(100)
        )
        came = ReceiptLine(
            order_line_id=line.id, accepted=Decimal(100), returned_accepted=Decimal(0)
        )
        [result] = receiving_rules.performance_of(order(line), [(came, date(2026, 3, 12))])
        assert result.on_time == 100

    @pytest.mark.parametrize(("closed", "due"), [(date(2026, 3, 9), 60), (date(2026, 3, 20), 100)])
    def test_what_is_given_up_after_its_day_was_due(self, closed: date, due: int) -> None:
        line = order_line(due_on=date(2026, 3, 10), accepted=Decimal(60), cancelled=Decimal(40))
        closed_at = datetime(closed.year, closed.month, closed.day, tzinfo=UTC)
        [result] = receiving_rules.performance_of(order(line, closed_at=closed_at), [])
        assert result.due == due


class TestFlow:
    def test_nothing_leads_out_of_an_end(self) -> None:
        for end in (OrderState.COMPLETED, OrderState.CANCELLED, OrderState.REPLACED):
            assert ORDER_FLOW.actions(end) == []

    def test_an_issued_order_is_never_edited(self) -> None:
        editable = {state for state in OrderState if ORDER_FLOW.may(state, "edit")}
        assert editable == {
            OrderState.DRAFT, OrderState.AWAITING_APPROVAL, OrderState.APPROVED,
        }  # fmt: skip
