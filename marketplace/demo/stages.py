"""Events in the stages that are seen more rarely: amended, graded by several people, auctioned."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from marketplace.auctions import closing
from marketplace.auctions.drafts import AuctionDraft
from marketplace.auctions.services import bidding as live_bidding
from marketplace.auctions.services import planning as auctions
from marketplace.auctions.services import reading as live
from marketplace.auctions.states import AuctionType, Display
from marketplace.auctions.terms import AuctionTerms
from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.demo.sourcing import Asked, Event, Sourcing
from marketplace.demo.world import MAIN_BUYER
from marketplace.identity.permissions import SYSTEM, Actor, Role
from marketplace.rfq.addenda.wanted import Wanted, WantedLine
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import RfqLine
from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.services import addenda, drafting, grading, quality
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft, RfqDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule
from marketplace.scenarios import rules as scenario_rules
from marketplace.scenarios.services import planning as scenarios
from marketplace.scenarios.states import Preset

DAY = timedelta(days=1)

AMENDED = Asked(
    "Consommables du bloc opératoire", "Livraison hebdomadaire, quai B, avant 7 heures.",
    ("10-001", "10-003", "10-004"), {"medisud": "0.98", "lumiere": "1.03", "wallonnes": "0"},
    times=5,
)  # fmt: skip
AUCTION_TO_COME = Asked(
    "Papier et écriture, second semestre", "Livraison mensuelle sur les trois sites.",
    ("03-118", "03-120", "03-121"), {"lumiere": "0.99", "horizon": "1.02", "alborada": "1.04"},
    times=12, kind=RfqKind.AUCTION,
)  # fmt: skip
AUCTION_HELD = Asked(
    "Câbles et appareillage électrique, extension nord", "Franco chantier, tourets repris.",
    ("30-001", "30-002", "30-003"), {"kessler": "0.98", "alborada": "1.00", "lumiere": "1.05"},
    times=6, kind=RfqKind.AUCTION,
)  # fmt: skip
LEASING = Asked(
    "Location de postes informatiques, trois ans",
    "Dites-nous comment vous livrez, dépannez et reprenez le matériel.",
    (), {"alborada": "0.96", "kessler": "1.02", "lumiere": "1.07"},
)  # fmt: skip
NURSERIES = Asked(
    "Mobilier scolaire et de repos, trois crèches", "Montage compris, normes NF à joindre.",
    (), {"horizon": "1.00", "lumiere": "1.00", "wallonnes": "1.00"},
)  # fmt: skip
# what each supplier asks for each line of the nurseries, as factors: each is best at something
NURSERY_PRICES = {
    "horizon": ("0.91", "0.93", "1.04", "1.06"),
    "lumiere": ("0.99", "1.01", "0.94", "0.97"),
    "wallonnes": ("0.95", "0.98", "0.99", "0.92"),
}
# what three people give each supplier for each criterion that they judge
NURSERY_GRADES = {
    "horizon": ((88, 84, 90), (70, 74, 72)),
    "lumiere": ((76, 80, 45), (82, 85, 80)),
    "wallonnes": ((64, 60, 66), (90, 88, 92)),
}
LEASING_GRADES = {
    "alborada": ((85,), (72,)), "kessler": ((78,), (81,)), "lumiere": ((66,), (60,)),
}  # fmt: skip
# seconds after the start, lot, who, and how far below their own last price; the end of the first
# lot moves twice
DUEL = (
    (95, 0, "alborada", "0.970"),
    (260, 0, "kessler", "0.975"),
    (410, 1, "alborada", "0.945"),
    (610, 0, "lumiere", "0.895"),
    (880, 1, "kessler", "0.960"),
    (1130, 0, "alborada", "0.955"),
    (1490, 0, "kessler", "0.960"),
    (1755, 0, "alborada", "0.985"),
    (1840, 0, "kessler", "0.988"),
)


def show(sourcing: Sourcing, today: datetime) -> None:
    """One event in each of these stages."""
    amended(sourcing, today)
    being_graded(sourcing, today)
    graded(sourcing, today)
    auction_to_come(sourcing, today)
    auction_held(sourcing, today)


def amended(sourcing: Sourcing, today: datetime) -> None:
    """Changed by an addendum, after two suppliers had bid: they have to confirm a line."""
    session, buyer = sourcing.session, sourcing.buyer
    event = sourcing.draft(AMENDED, today - 7 * DAY, today + 9 * DAY)
    sourcing.publish(event, today - 6 * DAY)
    for number, key in enumerate(("medisud", "lumiere")):
        sourcing.bid(event, key, today - (4 - number) * DAY)
    with clock.frozen(today - DAY):
        rfq = queries.get_with_content(session, buyer, event.rfq.id)
        written = addenda.write(
            session,
            buyer,
            rfq.id,
            Wanted(lines=tuple(_kept(line, more=line.number == 2) for line in rfq.lines)),
            "La salle 4 ouvre en janvier : il faut la moitié de compresses en plus.",
        )
        addenda.publish(session, buyer, rfq.id, written.id)


def _kept(line: RfqLine, *, more: bool) -> WantedLine:
    """The line as it is, or with half as much again."""
    quantity = line.quantity
    if more:
        quantity = Quantity(quantity.value * 3 / 2, quantity.unit)
    return WantedLine(
        line.description,
        quantity,
        delivery_place=line.delivery_place,
        delivery_on=line.delivery_on,
        item_id=line.item_id,
        id=line.id,
    )


def being_graded(sourcing: Sourcing, today: datetime) -> None:
    """An RFP with two envelopes: of three graders one is done, one is at it, one has not begun."""
    lines = [
        _line("Ordinateur portable 14 pouces, loyer mensuel", 120, "31.50"),
        _line("Station d’accueil et écran, loyer mensuel", 120, "11.80"),
        _line("Téléphone de service, loyer mensuel", 60, "9.20"),
    ]
    event = _opened(
        sourcing,
        LEASING,
        RfqDraft(
            header={"kind": RfqKind.RFP, "envelopes": EnvelopeRule.TWO},
            lots=[LotDraft("Parc informatique")],
            lines=lines,
            criteria=[
                CriterionDraft("Loyers", CriterionKind.PRICE, Decimal(40)),
                CriterionDraft("Dépannage sur site", CriterionKind.SERVICE, Decimal(35)),
                CriterionDraft("Reprise et réemploi", CriterionKind.SUSTAINABILITY, Decimal(25)),
            ],
        ),
        today - 4 * DAY,
    )
    first, second, third = _graders(sourcing)
    with clock.frozen(today - 3 * DAY):
        _name(sourcing, event, (first, second, third))
        _declare(sourcing, event, (first, second))
    with clock.frozen(today - 2 * DAY):
        _grade(sourcing, event, first, LEASING_GRADES, 0)
    with clock.frozen(today - DAY):
        some = {key: LEASING_GRADES[key] for key in ("alborada", "kessler")}
        _grade(sourcing, event, second, some, 0)


def graded(sourcing: Sourcing, today: datetime) -> None:
    """Three people have scored, one far from the others; two scenarios are being worked out."""
    session, buyer = sourcing.session, sourcing.buyer
    event = _opened(
        sourcing,
        NURSERIES,
        RfqDraft(
            header={"blind_scoring": True},
            lots=[LotDraft("Tables et chaises"), LotDraft("Rangement et repos")],
            lines=[
                _line("Table ronde pour six enfants", 36, "148.00", lot=1),
                _line("Chaise basse empilable, hêtre", 220, "39.50", lot=1),
                _line("Meuble à casiers, douze cases", 18, "265.00", lot=2),
                _line("Couchette empilable avec drap", 160, "47.20", lot=2),
            ],
            criteria=[
                CriterionDraft("Prix", CriterionKind.PRICE, Decimal(50)),
                CriterionDraft("Solidité et sécurité", CriterionKind.QUALITY, Decimal(35)),
                CriterionDraft("Bois et peintures", CriterionKind.SUSTAINABILITY, Decimal(15)),
            ],
        ),
        today - 6 * DAY,
        NURSERY_PRICES,
    )
    graders = _graders(sourcing)
    with clock.frozen(today - 5 * DAY):
        _name(sourcing, event, graders)
        _declare(sourcing, event, graders)
        for number, person in enumerate(graders):
            _grade(sourcing, event, person, NURSERY_GRADES, number)
    with clock.frozen(today - 3 * DAY):
        quality.lock_quality(session, buyer, event.rfq.id)
    # by the real clock: a worker takes it up as soon as there is one
    for which, name in (
        (Preset.CHEAPEST_PER_LINE, "Le moins cher, ligne par ligne"),
        (Preset.SINGLE_SUPPLIER, "Un seul fournisseur"),
    ):
        made = scenarios.create(session, buyer, event.rfq.id, scenario_rules.preset(which, name))
        scenarios.solve(session, buyer, event.rfq.id, made.id)


def auction_to_come(sourcing: Sourcing, today: datetime) -> None:
    """The sealed bids are open, and the live auction is planned for tomorrow."""
    event = _sealed(sourcing, AUCTION_TO_COME, today - 3 * DAY)
    with clock.frozen(today - DAY):
        _plan(sourcing, event, today + DAY)


def auction_held(sourcing: Sourcing, today: datetime) -> None:
    """Three suppliers have underbid each other yesterday, to the end and beyond."""
    session, start = sourcing.session, today - DAY
    event = _sealed(sourcing, AUCTION_HELD, today - 5 * DAY)
    with clock.frozen(today - 3 * DAY):
        _plan(sourcing, event, start)
    lots = queries.lots(session, event.rfq.id)
    for seconds, number, key, factor in DUEL:
        lot_id, bidder = lots[number].id, sourcing.cast.of(key)
        with clock.frozen(start + timedelta(seconds=seconds)):
            board = live.read(session, bidder, event.rfq.id)
            own = board.entry(board.lot(lot_id), bidder.organisation_id)
            assert own is not None  # noqa: S101 - whoever bids here has a complete sealed bid
            amount = Money((own.amount * Decimal(factor)).quantize(Decimal("0.01")), "EUR")
            live_bidding.place(session, bidder, sourcing.keys, event.rfq.id, lot_id, amount)
    with clock.frozen(start + timedelta(minutes=40)):
        closing.close_ended(session, SYSTEM)


def _plan(sourcing: Sourcing, event: Event, starts_at: datetime) -> None:
    auctions.plan(
        sourcing.session,
        sourcing.buyer,
        event.rfq.id,
        AuctionDraft(AuctionType.ENGLISH, starts_at, AuctionTerms(display=Display.BOTH)),
    )


def _sealed(sourcing: Sourcing, asked: Asked, due_at: datetime) -> Event:
    """Published, bid on by all and opened."""
    event = sourcing.draft(asked, due_at - 11 * DAY, due_at)
    sourcing.publish(event, due_at - 10 * DAY)
    for number, key in enumerate(asked.prices):
        sourcing.bid(event, key, due_at - timedelta(days=2, hours=number))
    sourcing.open(event, due_at + timedelta(hours=2))
    return event


def _opened(
    sourcing: Sourcing,
    asked: Asked,
    draft: RfqDraft,
    due_at: datetime,
    prices: Mapping[str, Sequence[str]] | None = None,
) -> Event:
    """As `_sealed`, of lines that no catalogue has; ``prices`` by supplier and line."""
    invited = [sourcing.cast.of(key).organisation_id for key in asked.prices]
    with clock.frozen(due_at - 15 * DAY):
        rfq = drafting.create(
            sourcing.session,
            sourcing.buyer,
            RfqDraft(
                header={
                    **draft.header,
                    "title": asked.title,
                    "description": asked.description,
                    "currency": "EUR",
                    "bids_due_at": due_at,
                    "payment_terms_days": 30,
                },
                lots=draft.lots,
                lines=draft.lines,
                criteria=draft.criteria,
                supplier_ids=invited,
            ),
        )
    event = Event(rfq, asked, due_at)
    sourcing.publish(event, due_at - 14 * DAY)
    for number, key in enumerate(asked.prices):
        at = due_at - timedelta(days=1, hours=number)
        sourcing.bid(event, key, at, prices[key] if prices else ())
    sourcing.open(event, due_at + timedelta(hours=1))
    return event


def _line(description: str, pieces: int, price: str, lot: int = 1) -> LineDraft:
    return LineDraft(
        description=description,
        quantity=Quantity(Decimal(pieces), "C62"),
        lot=lot,
        reference_price=Money(Decimal(price), "EUR"),
    )


def _graders(sourcing: Sourcing) -> tuple[Actor, ...]:
    roles = (Role.BUYER, Role.APPROVER, Role.RECEIVER)
    return tuple(sourcing.cast.of(MAIN_BUYER, role) for role in roles)


def _name(sourcing: Sourcing, event: Event, people: Sequence[Actor]) -> None:
    for person in people:
        grading.name(sourcing.session, sourcing.buyer, event.rfq.id, person.person)


def _declare(sourcing: Sourcing, event: Event, people: Sequence[Actor]) -> None:
    for person in people:
        grading.declare(sourcing.session, person, event.rfq.id, Interest.NONE)


def _grade(
    sourcing: Sourcing,
    event: Event,
    person: Actor,
    grades: Mapping[str, Sequence[Sequence[int]]],
    number: int,
) -> None:
    """What this person, the ``number``-th of those in ``grades``, gives each supplier."""
    sheet = grading.sheet(sourcing.session, person, event.rfq.id)
    bids = {offer.supplier_id: offer.bid_id for offer in sheet.offers}
    given = [
        GivenScore(bids[sourcing.cast.of(key).organisation_id], criterion.id, Decimal(by[number]))
        for key, scores in grades.items()
        for criterion, by in zip(sheet.criteria, scores, strict=True)
    ]
    grading.give(sourcing.session, person, event.rfq.id, given)
