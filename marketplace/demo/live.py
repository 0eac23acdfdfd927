"""What stands open today, so that everybody who signs in finds something to do."""

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.demo import cast as casting
from marketplace.demo import kinds, stages, world
from marketplace.demo.cast import Cast
from marketplace.demo.consequences import work_off
from marketplace.demo.goods import GOODS, Good
from marketplace.demo.history import Clerk, Plan
from marketplace.demo.sourcing import Asked, Event, Sourcing
from marketplace.demo.world import MAIN_BUYER, SELLING, Selling
from marketplace.identity.permissions import Role
from marketplace.loyalty import queries as loyalty_queries
from marketplace.loyalty import service as loyalty
from marketplace.orders.models import Order
from marketplace.orders.services import approving
from marketplace.rfq.services import drafting, questions
from marketplace.rfq.terms.cost_states import CostSource
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.drafts import LineDraft, RfqDraft
from marketplace.rfq.terms.offering import OfferKind
from marketplace.suppliers.services import bank_accounts, profile
from marketplace.suppliers.states import CertificateKind

# days ago on which they were awarded
PAST = (
    (310, Asked("Fournitures de bureau, année en cours", "Marché à lots, livraisons mensuelles.",
                ("03-118", "03-120", "03-121"),
                {"lumiere": "0.96", "horizon": "1.01", "wallonnes": "0"},
                quality={"lumiere": 86, "horizon": 78})),
    (215, Asked("Consommables de soins, deux sites", "Livraison sur les deux sites, à l’étage.",
                ("10-001", "10-002", "10-003"), {"medisud": "0.98", "wallonnes": "0.94"}, times=6,
                quality={"medisud": 91, "wallonnes": 64})),
    (130, Asked("Mobilier de l’accueil", "Pose comprise, reprise de l’ancien mobilier.",
                ("00420", "00421", "00422"), {"horizon": "0.99", "lumiere": "1.04"}, times=2,
                quality={"horizon": 88, "lumiere": 70})),
    (60, Asked("Postes de travail, renouvellement", "Garantie de trois ans sur site.",
               ("40-001", "40-002"), {"alborada": "0.97", "lumiere": "0"}, times=3)),
)  # fmt: skip
OPEN = Asked(
    "Gants, masques et désinfection, hiver", "Prix fermes six mois. Échantillons sur demande.",
    ("10-001", "10-002", "10-005"), {"medisud": "0.97", "wallonnes": "0.92", "lumiere": "1.05"},
    times=8,
    allows=tuple(OfferKind),
    rates=(("CHF", "0.9385"),),
)  # fmt: skip
CLOSING_SOON = Asked(
    "Papier et enveloppes, premier semestre", "Papier recyclé exigé, label à joindre.",
    ("03-118", "03-119"), {"lumiere": "0.95", "horizon": "1.00"}, times=10,
)  # fmt: skip
TO_OPEN = Asked(
    "Produits d’entretien des trois cliniques", "Fiches de sécurité à joindre à l’offre.",
    ("20-001", "20-002", "20-003"), {"wallonnes": "0.93", "lumiere": "0.99", "horizon": "1.06"},
    times=6,
)  # fmt: skip
TO_SCORE = Asked(
    "Équipement réseau, bâtiment B", "Installation de nuit, recette par nos soins.",
    ("40-003", "40-004", "30-001"),
    {"alborada": "0.98", "kessler": "0.96", "lumiere": "1.08"}, times=3,
    minimum_bids=3,
    costs=Costs(terms=(CostTerm("Installation de nuit et recette", CostSource.ENTERED),)),
    allows=(OfferKind.ALTERNATIVES,),
    alternatives={"kessler": ("0.83", "Matériel reconditionné, garanti deux ans")},
)  # fmt: skip

IN_STANDSTILL = Asked(
    "Postes assis-debout, deuxième étage", "Montage compris, livraison à l’étage.",
    ("00420", "00421"), {"horizon": "0.97", "lumiere": "1.02"}, times=2,
    quality={"horizon": 84, "lumiere": 90}, standstill=10,
)  # fmt: skip


def past_awards(sourcing: Sourcing, clerk: Clerk, today: datetime) -> None:
    """RFQs of the year that were awarded, and the orders that came of them."""
    for days, asked in PAST:
        awarded_at = today - timedelta(days=days)
        event = _closed(sourcing, asked, awarded_at - timedelta(days=3))
        sourcing.open(event, awarded_at - timedelta(days=2))
        compared = sourcing.score(event, awarded_at - timedelta(days=1))
        sourcing.award(event, compared, awarded_at)
        with clock.frozen(awarded_at):
            work_off(sourcing.session)
            orders = _submitted(sourcing, event)
            work_off(sourcing.session)
        for order in orders:
            plan = _plan(awarded_at, _seller_of(sourcing.cast, order))
            clerk.follow(plan, order.id, today)


def present(sourcing: Sourcing, clerk: Clerk, today: datetime) -> None:
    """RFQs in every stage, orders in every stage, newcomers to look at."""
    session, cast = sourcing.session, sourcing.cast
    clerk.told = False
    _rfqs(sourcing, today)
    with clock.frozen(today):
        work_off(session, told=False)
    _orders(clerk, today)
    _newcomers(session, cast, today)
    with clock.frozen(today):
        _redeem_points(session, cast, today)
        work_off(session, told=False)


def _closed(sourcing: Sourcing, asked: Asked, due_at: datetime) -> Event:
    """An RFQ whose deadline is over, with the bids that came."""
    published = due_at - timedelta(days=12)
    event = sourcing.draft(asked, published - timedelta(days=1), due_at)
    sourcing.publish(event, published)
    for number, key in enumerate(asked.prices):
        sourcing.bid(event, key, due_at - timedelta(days=3, hours=number))
    return event


def _rfqs(sourcing: Sourcing, today: datetime) -> None:
    scored = _closed(sourcing, TO_SCORE, today - timedelta(days=5))
    sourcing.open(scored, today - timedelta(days=4))
    decided = _closed(sourcing, IN_STANDSTILL, today - timedelta(days=9))
    sourcing.open(decided, today - timedelta(days=8))
    compared = sourcing.score(decided, today - timedelta(days=7))
    sourcing.award(decided, compared, today - timedelta(days=2))
    _closed(sourcing, TO_OPEN, today - timedelta(hours=15))
    soon = sourcing.draft(CLOSING_SOON, today - timedelta(days=9), today + timedelta(days=1))
    sourcing.publish(soon, today - timedelta(days=8))
    sourcing.bid(soon, "lumiere", today - timedelta(days=1))
    running = sourcing.draft(OPEN, today - timedelta(days=4), today + timedelta(days=8))
    sourcing.publish(running, today - timedelta(days=3))
    sourcing.bid(running, "medisud", today - timedelta(days=1))
    _questions(sourcing, running, today)
    kinds.publish_proposal(sourcing, today)
    kinds.open_information(sourcing, today)
    stages.show(sourcing, today)
    _first_draft(sourcing, today)


def _questions(sourcing: Sourcing, event: Event, today: datetime) -> None:
    """One is answered, one waits for the buyer."""
    session, rfq_id = sourcing.session, event.rfq.id
    with clock.frozen(today - timedelta(days=2)):
        asked = questions.ask(
            session,
            sourcing.cast.of("wallonnes"),
            rfq_id,
            "Les gants doivent-ils être sans poudre ?",
        )
    with clock.frozen(today - timedelta(days=1)):
        questions.answer(
            session, sourcing.buyer, rfq_id, asked.id, "Oui, sans poudre et sans latex."
        )
        questions.ask(
            session,
            sourcing.cast.of("lumiere"),
            rfq_id,
            "Acceptez-vous des conditionnements de 200 ?",
        )


def _first_draft(sourcing: Sourcing, today: datetime) -> None:
    """What a requester has begun to write."""
    requester = sourcing.cast.of(MAIN_BUYER, Role.REQUESTER)
    with clock.frozen(today - timedelta(days=1)):
        drafting.create(
            sourcing.session,
            requester,
            RfqDraft(
                header={"title": "Tensiomètres pour les consultations", "currency": "EUR"},
                lines=[
                    _wanted("Tensiomètre automatique de bras", 24),
                    _wanted("Brassard grande taille", 12),
                ],
            ),
        )


def _wanted(description: str, pieces: int) -> LineDraft:
    return LineDraft(description=description, quantity=Quantity(Decimal(pieces), "C62"))


def _orders(clerk: Clerk, today: datetime) -> None:
    """From waiting for approval to an invoice in variance, by how long ago they began."""
    begun = (
        (timedelta(hours=2), "medisud", ("10-001", "10-003"), 0, False),
        (timedelta(hours=3), "horizon", ("00421",), 0, False),
        (timedelta(hours=20), "lumiere", ("03-118", "03-122"), 0, False),
        (timedelta(days=10), "alborada", ("40-004",), 1, False),
        (timedelta(days=12), "wallonnes", ("20-001", "20-003"), 6, False),
        (timedelta(days=15), "wallonnes", ("20-002",), 0, True),
        (timedelta(days=18), "medisud", ("10-004",), 0, False),
    )
    for ago, key, skus, days_late, overcharged in begun:
        selling = next(each for each in SELLING if each.key == key)
        lines = tuple(
            (good, Decimal(good.lot * 2), good.price) for good in GOODS if good.sku in skus
        )
        plan = _plan(today - ago, selling, lines, days_late=days_late, overcharged=overcharged)
        clerk.carry_out(plan, today)


def _newcomers(session: Session, cast: Cast, today: datetime) -> None:
    """Suppliers that registered lately: one to review, one that stands on a sanctions list."""
    for key, days in world.NEWCOMERS.items():
        with clock.frozen(today - timedelta(days=days)):
            casting.join(session, cast, world.company(key))
            work_off(session, told=False)
    newcomer = cast.of("netissima")
    with clock.frozen(today - timedelta(days=2)):
        bank_accounts.propose(
            session,
            newcomer,
            newcomer.organisation_id,
            holder=newcomer.org_name,
            iban=world.IBANS["netissima"],
        )
        profile.add_certificate(
            session,
            newcomer,
            newcomer.organisation_id,
            {
                "kind": CertificateKind.REGISTRATION_EXTRACT,
                "reference": "NETISSIMA-1",
                "issuer": "Greffe du tribunal de commerce",
                "issued_on": (today - timedelta(days=30)).date(),
                "valid_until": (today + timedelta(days=335)).date(),
            },
        )


def _redeem_points(session: Session, cast: Cast, today: datetime) -> None:
    """The main buyer has taken its cheapest voucher."""
    buyer = cast.of(MAIN_BUYER, Role.BUYER)
    for view in loyalty_queries.own_accounts(session, buyer, today):
        rewards = loyalty_queries.rewards(session, view.account.programme_id)
        cheapest = min(rewards, key=lambda reward: reward.points)
        loyalty.redeem(
            session, buyer, view.account.id, reward_id=cheapest.id, request_key="demo-voucher"
        )


def _plan(
    at: datetime,
    selling: Selling,
    lines: tuple[tuple[Good, Decimal, Decimal], ...] = (),
    *,
    days_late: int = 0,
    overcharged: bool = False,
) -> Plan:
    return Plan(
        at=at,
        buyer=MAIN_BUYER,
        selling=selling,
        lines=lines,
        days_late=days_late,
        rejected=False,
        in_parts=False,
        overcharged=overcharged,
    )


def _submitted(sourcing: Sourcing, event: Event) -> list[Order]:
    """The orders that the award has made, submitted by their buyer."""
    orders = list(
        sourcing.session.scalars(
            select(Order)
            .where(Order.buyer_id == sourcing.buyer.org_id, Order.rfq_id == event.rfq.id)
            .order_by(Order.number)
        )
    )
    for order in orders:
        approving.submit(sourcing.session, sourcing.buyer, order.id)
    return orders


def _seller_of(cast: Cast, order: Order) -> Selling:
    return next(
        selling for selling in SELLING if cast.of(selling.key).organisation_id == order.supplier_id
    )
