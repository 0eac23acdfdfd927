"""A year of orders: from the draft to the payment, each step on its own day."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import queries as approval_queries
from marketplace.approvals import service as approvals
from marketplace.approvals.states import Verdict
from marketplace.core import clock
from marketplace.demo.cast import Cast
from marketplace.demo.consequences import work_off
from marketplace.demo.goods import Good, of_seller
from marketplace.demo.world import SELLING, Selling
from marketplace.identity.permissions import SYSTEM, Role
from marketplace.invoices import queries as invoice_queries
from marketplace.invoices.models import Invoice
from marketplace.invoices.services import checking, settling
from marketplace.invoices.services import drafting as invoicing
from marketplace.invoices.states import InvoiceState
from marketplace.orders import queries as order_queries
from marketplace.orders.receiving_rules import ReceivedDraft
from marketplace.orders.rules import LineDraft, OrderDraft
from marketplace.orders.services import approving, fulfilling, receiving
from marketplace.orders.services import drafting as ordering
from marketplace.orders.states import OrderState
from marketplace.orders.subjects import SUBJECT
from marketplace.payments.provider import ProviderPayment
from marketplace.payments.services import recording

SEED = 20_260_301
# orders of a usual month, by buyer, and how the year goes (January first)
ORDERS_PER_MONTH = {"armance": 6, "brevenne": 3, "rivemont": 3, "campus": 2}
SEASON = (0.9, 0.8, 1.0, 1.0, 0.9, 1.1, 0.6, 0.5, 1.6, 1.1, 1.2, 0.8)
# whom each buyer orders from, and how often
HABITS: dict[str, dict[str, int]] = {
    "armance": {"medisud": 5, "lumiere": 3, "wallonnes": 3, "horizon": 1, "alborada": 1},
    "brevenne": {"kessler": 6, "lumiere": 2, "wallonnes": 1, "alborada": 1},
    "rivemont": {"lumiere": 3, "horizon": 3, "alborada": 2, "wallonnes": 2, "kessler": 1},
    "campus": {"lumiere": 4, "alborada": 3, "horizon": 2, "medisud": 1},
}
# this many days ago a buyer ordered many times the usual quantity
OUTLIERS = {"armance": (95, 9), "brevenne": (240, 7), "rivemont": (40, 6)}
# so that the session does not grow with the year
FORGET_AFTER = 25
HOURS = (8, 9, 10, 11, 14, 15, 16)


@dataclass(frozen=True)
class Plan:
    """One order to be: when, who, with whom, and how well it goes."""

    at: datetime
    buyer: str
    selling: Selling
    lines: tuple[tuple[Good, Decimal, Decimal], ...]
    days_late: int
    rejected: bool
    in_parts: bool
    overcharged: bool


def plans(since: datetime, until: datetime) -> list[Plan]:
    """All orders of the time, in their order; the same at every call."""
    rng = random.Random(SEED)  # noqa: S311 - a world that is the same each time
    found = [
        _plan(rng, buyer, at)
        for buyer in ORDERS_PER_MONTH
        for at in _moments(rng, buyer, since, until)
    ]
    found += [_outlier(rng, buyer, until) for buyer in OUTLIERS]
    return sorted(found, key=lambda plan: plan.at)


def _moments(
    rng: random.Random, buyer: str, since: datetime, until: datetime
) -> Iterator[datetime]:
    day = since
    while day < until:
        chance = ORDERS_PER_MONTH[buyer] * SEASON[day.month - 1] / 22
        if day.weekday() < 5 and rng.random() < chance:
            yield day.replace(hour=rng.choice(HOURS), minute=rng.randrange(60))
        day += timedelta(days=1)


def _plan(rng: random.Random, buyer: str, at: datetime, times: int = 1) -> Plan:
    habits = HABITS[buyer]
    key = rng.choices(list(habits), weights=list(habits.values()))[0]
    selling = next(each for each in SELLING if each.key == key)
    goods = of_seller(key)
    chosen = rng.sample(goods, k=min(len(goods), rng.choice((1, 2, 2, 3))))
    return Plan(
        at=at,
        buyer=buyer,
        selling=selling,
        lines=tuple(_line(rng, good, selling, at, times) for good in chosen),
        days_late=rng.randrange(2, 15) if rng.random() < selling.late else 0,
        rejected=rng.random() < selling.rejected,
        in_parts=rng.random() < 0.15,
        overcharged=rng.random() < 0.05,
    )


def _outlier(rng: random.Random, buyer: str, until: datetime) -> Plan:
    days, times = OUTLIERS[buyer]
    return _plan(rng, buyer, (until - timedelta(days=days)).replace(hour=10), times)


def _line(
    rng: random.Random, good: Good, selling: Selling, at: datetime, times: int
) -> tuple[Good, Decimal, Decimal]:
    """Good, quantity and price: dearer by the year's inflation, and by what the seller asks."""
    quantity = max(1, round(good.lot * rng.uniform(0.5, 1.4) * times))
    if at.month in good.peak:
        quantity *= 2
    drift = Decimal(at.month) / 1000 + Decimal(rng.randrange(-20, 21)) / 1000
    places = Decimal("0.0001") if good.price < 1 else Decimal("0.01")
    price = (good.price * Decimal(selling.price) * (1 + drift)).quantize(places)
    return good, Decimal(quantity), price


class Clerk:
    """Carries plans out, step by step."""

    def __init__(self, session: Session, cast: Cast) -> None:
        self.session = session
        self.cast = cast
        self.numbers: dict[str, int] = {}
        self.told = True

    def _work_off(self) -> None:
        work_off(self.session, told=self.told)

    def carry_out(self, plan: Plan, until: datetime) -> None:
        """Write the order and take it as far as it got by ``until``."""
        with clock.frozen(plan.at):
            order_id = self._order(plan)
            self._work_off()
        self.follow(plan, order_id, until)

    def follow(self, plan: Plan, order_id: UUID, until: datetime) -> None:
        """Take a submitted order as far as it got by ``until``."""
        sent = plan.at + timedelta(hours=5)
        due = plan.at + timedelta(days=10)
        arrived = due + timedelta(days=plan.days_late or -1)
        steps: list[tuple[datetime, Callable[[], object]]] = [
            (sent, lambda: self._approve(plan, order_id)),
            (sent + timedelta(hours=20), lambda: self._acknowledge(plan, order_id)),
            *self._deliveries(plan, order_id, arrived),
            (arrived + timedelta(days=4), lambda: self._invoice(plan, order_id)),
            (arrived + timedelta(days=6), lambda: self._clear(plan, order_id)),
            (arrived + timedelta(days=24), lambda: self._pay(plan, order_id)),
        ]
        for at, step in steps:
            if at >= until:
                break
            with clock.frozen(at):
                step()
        with clock.frozen(min(until, steps[-1][0])):
            self._work_off()

    def _order(self, plan: Plan) -> UUID:
        actor = self.cast.of(plan.buyer, Role.BUYER)
        due_on = (plan.at + timedelta(days=10)).date()
        lines = tuple(
            LineDraft(
                description=good.name,
                quantity=quantity,
                unit=good.unit,
                unit_price=price,
                tax_rate=good.vat,
                sku=good.sku,
                category=good.category,
                due_on=due_on,
            )
            for good, quantity, price in plan.lines
        )
        order = ordering.create(
            self.session,
            actor,
            OrderDraft(
                supplier_id=self.cast.of(plan.selling.key).organisation_id,
                currency="EUR",
                lines=lines,
                title=plan.lines[0][0].name,
                category=plan.lines[0][0].category,
                payment_terms_days=30,
            ),
        )
        approving.submit(self.session, actor, order.id)
        return order.id

    def _approve(self, plan: Plan, order_id: UUID) -> None:
        approver = self.cast.of(plan.buyer, Role.APPROVER)
        asked = approval_queries.find_standing(self.session, approver, SUBJECT, order_id)
        order = order_queries.get(self.session, approver, order_id)
        if asked is not None and order.state is OrderState.AWAITING_APPROVAL:
            approvals.decide(self.session, approver, asked.id, Verdict.APPROVE)
            self._work_off()

    def _acknowledge(self, plan: Plan, order_id: UUID) -> None:
        seller = self.cast.of(plan.selling.key)
        fulfilling.acknowledge(
            self.session, seller, order_id, supplier_reference=self._next(plan.selling.key, "AR")
        )

    def _deliveries(
        self, plan: Plan, order_id: UUID, arrived: datetime
    ) -> list[tuple[datetime, Callable[[], object]]]:
        if not plan.in_parts:
            return [(arrived, lambda: self._receive(plan, order_id, Decimal(1)))]
        return [
            (arrived - timedelta(days=3), lambda: self._receive(plan, order_id, Decimal("0.6"))),
            (arrived, lambda: self._receive(plan, order_id, Decimal(1))),
        ]

    def _receive(self, plan: Plan, order_id: UUID, share: Decimal) -> None:
        """Take in this share of what is still to come; what was rejected comes again at once."""
        receiver = self.cast.of(plan.buyer, Role.RECEIVER)
        order = order_queries.get(self.session, receiver, order_id)
        note = self._next(plan.selling.key, "BL")
        bad = Decimal(1) if plan.rejected and share == 1 else Decimal(0)
        first = order.lines[0]
        if bad and first.to_deliver >= 1:
            damaged = [ReceivedDraft(first.id, Decimal(0), bad, "Emballage abîmé")]
            receiving.receive(self.session, receiver, order_id, damaged, delivery_note=note)
        drafts = [
            ReceivedDraft(line.id, (line.to_deliver * share).to_integral_value())
            for line in order.lines
        ]
        receiving.receive(self.session, receiver, order_id, drafts, delivery_note=note)

    def _invoice(self, plan: Plan, order_id: UUID) -> None:
        number = self._next(plan.selling.key, "F")
        send_invoice(
            self.session, self.cast, plan.selling.key, order_id, number, dearer=plan.overcharged
        )
        self._work_off()

    def _clear(self, plan: Plan, order_id: UUID) -> None:
        """Somebody looks at a difference and lets it pass."""
        actor = self.cast.of(plan.buyer, Role.BUYER)
        for invoice in self._invoices(order_id):
            if invoice.state is InvoiceState.IN_VARIANCE:
                checking.approve(self.session, actor, invoice.id, "Hausse annoncée par courrier")

    def _pay(self, plan: Plan, order_id: UUID) -> None:
        actor = self.cast.of(plan.buyer, Role.BUYER)
        for invoice in self._invoices(order_id):
            payment = settling.pay(self.session, actor, invoice.id)
            recording.record(
                self.session,
                SYSTEM,
                ProviderPayment(
                    payment_id=payment.id,
                    status="received",
                    checkout_id=f"cs_demo_{payment.id.hex}",
                    intent_id=f"pi_demo_{payment.id.hex}",
                    method="sepa_debit",
                    received=payment.amount,
                    currency=payment.currency,
                    received_at=clock.now(),
                ),
            )

    def _invoices(self, order_id: UUID) -> list[Invoice]:
        return list(invoice_queries.of_order(self.session, SYSTEM, order_id))

    def _next(self, key: str, prefix: str) -> str:
        number = self.numbers[key] = self.numbers.get(key, 0) + 1
        return f"{prefix}{key[:3].upper()}-{number:05}"


def send_invoice(
    session: Session, cast: Cast, key: str, order_id: UUID, number: str, *, dearer: bool
) -> Invoice:
    """The supplier's invoice for all that was accepted; with a higher price on its first line."""
    seller = cast.of(key)
    draft = invoicing.prefilled(session, seller, order_id)
    first, *others = draft.lines
    if dearer:
        first = replace(first, unit_price=round(first.unit_price * Decimal("1.08"), 4))
    invoice = invoicing.create(
        session, seller, replace(draft, number=number, lines=(first, *others))
    )
    return invoicing.submit(session, seller, invoice.id)


def year(clerk: Clerk, since: datetime, until: datetime, tell: Callable[[str], None]) -> None:
    """Carry out all plans of the time; tells how far it is."""
    todo = plans(since, until)
    for number, plan in enumerate(todo, start=1):
        clerk.carry_out(plan, until)
        if number % FORGET_AFTER == 0:
            clerk.session.expunge_all()
        if number % 50 == 0:
            tell(f"{number} of {len(todo)} orders")
