"""Requests for quotation, taken as far as wanted: published, bid on, opened, scored, awarded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from marketplace.catalog import queries as catalog
from marketplace.catalog.rules import sku_key
from marketplace.core import clock
from marketplace.core.money import Money, Quantity
from marketplace.demo import world
from marketplace.demo.cast import Cast
from marketplace.demo.goods import GOODS, Good
from marketplace.identity.permissions import Role
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.bids.content import Answer, BidContent, PricedLine
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import awarding, bidding, drafting, evaluation, opening, publishing
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.cost_terms import NO_COSTS, Costs
from marketplace.rfq.terms.drafts import Address, CriterionDraft, LineDraft, LotDraft, RfqDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import CriterionKind

PASSPHRASE = "trois tilleuls en fleur"  # noqa: S105 - printed for the RFQ that waits to be opened


@dataclass(frozen=True)
class Asked:
    """What is asked for, of whom. prices: factor on the reference price by supplier; 0: no bid.

    alternatives: by supplier its factor and its name.
    """

    title: str
    description: str
    skus: tuple[str, ...]
    prices: dict[str, str]
    times: int = 4
    quality: dict[str, int] = field(default_factory=dict)
    standstill: int = 0
    allows: tuple[OfferKind, ...] = ()
    minimum_bids: int | None = None
    costs: Costs = NO_COSTS
    # further currencies of bids, with what one euro is worth in them
    rates: tuple[tuple[str, str], ...] = ()
    alternatives: dict[str, tuple[str, str]] = field(default_factory=dict)
    kind: RfqKind = RfqKind.RFQ


@dataclass
class Event:
    """One RFQ on its way."""

    rfq: Rfq
    asked: Asked
    due_at: datetime


class Sourcing:
    """Runs RFQs of the main buyer."""

    def __init__(self, session: Session, cast: Cast, keys: ServiceKeys) -> None:
        self.session = session
        self.cast = cast
        self.keys = keys
        self.buyer = cast.of(world.MAIN_BUYER, Role.BUYER)

    def draft(self, asked: Asked, at: datetime, due_at: datetime) -> Event:
        """A draft that is ready to be published."""
        goods = [good for sku in asked.skus for good in GOODS if good.sku == sku]
        items = catalog.by_sku(self.session, self.buyer, asked.skus)
        lots = list(dict.fromkeys(good.category[:2] for good in goods))
        with clock.frozen(at):
            rfq = drafting.create(
                self.session,
                self.buyer,
                RfqDraft(
                    header={
                        "kind": asked.kind,
                        "title": asked.title,
                        "description": asked.description,
                        "currency": "EUR",
                        "bids_due_at": due_at,
                        "questions_due_at": due_at - timedelta(days=2),
                        "category_code": goods[0].category,
                        "delivery": Address("12 allée des Tilleuls", "69003", "Lyon", "FR"),
                        "payment_terms_days": 30,
                        "standstill_days": asked.standstill,
                        "allows": asked.allows,
                        "minimum_bids": asked.minimum_bids,
                        "rates": [
                            ExchangeRate(code, Decimal(rate), at.date(), "BCE")
                            for code, rate in asked.rates
                        ],
                    },
                    lots=[LotDraft(_lot_title(goods, division)) for division in lots],
                    lines=[
                        LineDraft(
                            description=good.name,
                            quantity=Quantity(Decimal(good.lot * asked.times), good.unit),
                            lot=lots.index(good.category[:2]) + 1,
                            item_id=items[sku_key(good.sku)].id,
                            category_code=good.category,
                            delivery_on=(due_at + timedelta(days=30)).date(),
                            reference_price=Money(good.price, "EUR"),
                            external_ref=good.sku,
                        )
                        for good in goods
                    ],
                    criteria=_criteria(asked.kind),
                    costs=asked.costs,
                    supplier_ids=[self.cast.of(key).organisation_id for key in asked.prices],
                ),
            )
        return Event(rfq, asked, due_at)

    def publish(self, event: Event, at: datetime) -> None:
        with clock.frozen(at):
            publishing.publish(self.session, self.buyer, event.rfq.id, PASSPHRASE)

    def bid(self, event: Event, key: str, at: datetime, by_line: Sequence[str] = ()) -> None:
        """This supplier's sealed bids; no main one where its price is zero.

        by_line: factors of each line in place of one for all.
        """
        asked = event.asked
        if asked.prices[key] != "0":
            self._submit(event, key, at, by_line or [asked.prices[key]])
        if key in asked.alternatives:
            second, name = asked.alternatives[key]
            self._submit(event, key, at, [second], name)

    def _submit(
        self,
        event: Event,
        key: str,
        at: datetime,
        factors: Sequence[str],
        alternative: str = "",
    ) -> None:
        rfq = queries.get_with_content(self.session, self.buyer, event.rfq.id)
        content = BidContent(
            name=alternative,
            lines=tuple(
                PricedLine(line.id, _offered(line, _factor(factors, number), number), "EUR")
                for number, line in enumerate(rfq.lines)
                if not (number == 2 and key == "wallonnes" and len(factors) == 1)
            ),
            note="Prix fermes pour la durée de la commande, franco de port.",
            delivery_days=7 + 3 * list(event.asked.prices).index(key),
            answers=tuple(
                Answer(criterion.id, "Voir notre mémoire technique.")
                for criterion in rfq.criteria
                if criterion.kind is not CriterionKind.PRICE
            ),
        )
        with clock.frozen(at):
            bidding.submit(
                self.session,
                self.cast.of(key),
                self.keys,
                rfq.id,
                at,
                content,
                alternative=int(bool(alternative)),
            )

    def open(self, event: Event, at: datetime) -> None:
        with clock.frozen(at):
            opening.open_bids(self.session, self.buyer, self.keys, event.rfq.id, PASSPHRASE)

    def score(self, event: Event, at: datetime) -> Evaluation:
        """Scores of every bid for the criteria that people judge."""
        names = {self.cast.of(key).organisation_id: key for key in event.asked.prices}
        with clock.frozen(at):
            found = evaluation.read(self.session, self.buyer, event.rfq.id)
            return evaluation.score(
                self.session,
                self.buyer,
                event.rfq.id,
                [
                    GivenScore(
                        offer.bid_id,
                        criterion.id,
                        Decimal(event.asked.quality.get(names[offer.supplier_id], 80)),
                    )
                    for offer in found.offers
                    for criterion in found.terms.judged
                ],
            )

    def award(self, event: Event, compared: Evaluation, at: datetime) -> None:
        """Each lot to the bid that ranks first."""
        with clock.frozen(at):
            awarding.award(
                self.session,
                self.buyer,
                event.rfq.id,
                [Choice(lot.ranks[0].bid_id, lot_id=lot.lot_id) for lot in compared.lots],
            )


def _criteria(kind: RfqKind) -> list[CriterionDraft]:
    """Of an auction the price alone."""
    if kind is RfqKind.AUCTION:
        return [CriterionDraft("Prix", CriterionKind.PRICE, Decimal(100))]
    return [
        CriterionDraft("Prix", CriterionKind.PRICE, Decimal(60)),
        CriterionDraft("Qualité technique", CriterionKind.QUALITY, Decimal(25)),
        CriterionDraft("Délai de livraison", CriterionKind.DELIVERY, Decimal(15)),
    ]


def _factor(factors: Sequence[str], number: int) -> Decimal:
    return Decimal(factors[number % len(factors)])


def _offered(line: RfqLine, factor: Decimal, number: int) -> Decimal:
    """Near the reference price; no two lines alike."""
    reference = line.reference_price or Decimal(10)
    places = Decimal("0.0001") if reference < 1 else Decimal("0.01")
    return (reference * factor * (1 + Decimal(number % 3 - 1) / 100)).quantize(places)


def _lot_title(goods: Sequence[Good], division: str) -> str:
    titles = {"30": "Fournitures et informatique", "39": "Mobilier et entretien",
              "33": "Consommables médicaux", "44": "Câbles et quincaillerie",
              "19": "Sacs", "31": "Appareillage électrique", "18": "Protection",
              "32": "Réseau"}  # fmt: skip
    return titles.get(division, goods[0].name)
