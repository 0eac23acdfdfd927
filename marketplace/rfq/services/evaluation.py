"""Comparing opened bids and scoring what is not the price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.identity.queries import organisations
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqLot
from marketplace.rfq.awards import lot_queries, round_queries, turnout_queries
from marketplace.rfq.awards.round_rules import Rounds
from marketplace.rfq.awards.turnout_rules import Turnout
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.bundling import BundleOffer
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import (
    cost_queries,
    offered_prices,
    pregrading,
    price_sight,
    quality_rules,
    ranking,
    score_rules,
)
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.graders import giving
from marketplace.rfq.evaluation.graders import queries as grader_queries
from marketplace.rfq.evaluation.graders import rules as grading
from marketplace.rfq.evaluation.graders.rules import Mean, Progress
from marketplace.rfq.evaluation.models import BidExclusion, BidScore
from marketplace.rfq.evaluation.pregrading import Pregrade
from marketplace.rfq.evaluation.ranking import Cell, LotRanking, Offer, Score
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.evaluation.total_costs import Cost
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.rates import Conversion

Scores = dict[tuple[UUID, UUID], BidScore | Mean]


@dataclass(frozen=True)
class ExcludedOffer:
    """A bid that is out of the race, with the ruling."""

    offer: BidOffer
    ruling: BidExclusion


@dataclass(frozen=True)
class Evaluation:
    """Everything that a buyer compares: published terms, offers, matrix and ranking.

    ``offers`` are those in the race. Without ``prices_shown`` they come without lines, and nothing
    is compared or ranked yet. With named graders ``scores`` are their means, and none before the
    lock; ``grading`` tells how far each of them is.
    """

    rfq: Rfq
    terms: Terms
    offers: Sequence[BidOffer]
    suppliers: dict[UUID, Organisation]
    cells: dict[UUID, list[Cell]]
    lots: list[LotRanking]
    scores: Scores
    excluded: Sequence[ExcludedOffer] = ()
    prices_shown: bool = True
    grading: Sequence[Progress] = ()
    missing_scores: int = 0
    rfq_lots: Sequence[RfqLot] = ()
    turnouts: Mapping[UUID, Turnout] = field(default_factory=dict)
    costs: Mapping[UUID, tuple[Cost, ...]] = field(default_factory=dict)
    compared: Sequence[Offer] = ()
    rounds: Rounds = field(default_factory=Rounds)

    @property
    def open_lots(self) -> frozenset[UUID]:
        """The lots that are still to be decided."""
        return frozenset(lot.id for lot in self.rfq_lots if lot.state is LotState.OPEN)

    @property
    def undecided(self) -> Terms:
        """What is asked for and has not been decided."""
        return self.terms.only(self.open_lots)

    @property
    def too_few(self) -> list[Turnout]:
        """The open lots for which fewer suppliers bid than are wanted."""
        return [
            each
            for lot_id, each in self.turnouts.items()
            if each.is_short and lot_id in self.open_lots
        ]

    @cached_property
    def offer_by_id(self) -> dict[UUID, BidOffer]:
        """The bids in the race."""
        return {offer.bid_id: offer for offer in self.offers}

    @cached_property
    def pregrades(self) -> dict[tuple[UUID, UUID], Pregrade]:
        """What the answers of the bids in the race are worth before people look at them."""
        return {
            (each.bid_id, each.criterion.id): each
            for offer in self.offers
            for each in pregrading.of(offer, self.terms)
        }

    @property
    def rulings(self) -> dict[UUID, BidExclusion]:
        """Why each excluded bid is out of the race, by its id."""
        return {each.offer.bid_id: each.ruling for each in self.excluded}

    @property
    def everybody(self) -> list[BidOffer]:
        """The bids in the race, then the excluded ones."""
        return [*self.offers, *(each.offer for each in self.excluded)]

    @cached_property
    def conversions(self) -> dict[UUID, Conversion]:
        """From the currency of each bid into that of the RFQ, excluded ones too."""
        return {each.bid_id: self.terms.conversion(each.currency) for each in self.everybody}

    @property
    def is_mixed(self) -> bool:
        """Whether a bid is in another currency than the RFQ."""
        return any(each.is_needed for each in self.conversions.values())

    def total_of(self, offer: BidOffer) -> Decimal:
        """The sum of what the bid prices, in its own currency."""
        return sum((line.total for line in offer.lines), Decimal(0))

    def missing_of(self, offer: BidOffer) -> list[int]:
        """Numbers of the lines of the RFQ that the bid does not price."""
        priced = {line.rfq_line_id for line in offer.lines}
        return [line.number for line in self.terms.lines if line.id not in priced]

    @property
    def minimums(self) -> dict[UUID, Decimal]:
        """The least order that a bid takes, where it says so, in its own currency."""
        return {
            offer.bid_id: offer.minimum_order
            for offer in self.offers
            if offer.minimum_order is not None
        }

    @cached_property
    def bundles(self) -> dict[UUID, tuple[BundleOffer, ...]]:
        """The bundles of the bids in the race that have some, with their prices."""
        found = {
            offer.bid_id: offered_prices.bundles_of(self.terms, offer) for offer in self.offers
        }
        return {bid_id: bundles for bid_id, bundles in found.items() if bundles}

    def supplier_name(self, supplier_id: UUID) -> str:
        return self.suppliers[supplier_id].name

    def bidder_name(self, bid_id: UUID) -> str:
        """The supplier of a bid, and which of theirs it is."""
        offer = self._known[bid_id]
        return str(offer.bidder(self.supplier_name(offer.supplier_id)))

    @property
    def supplier_of(self) -> dict[UUID, UUID]:
        """Of every bid, excluded ones as well."""
        return {bid_id: offer.supplier_id for bid_id, offer in self._known.items()}

    @property
    def bidders(self) -> dict[UUID, str]:
        """The names of the suppliers in the race, each once however many bids they sent."""
        return {each.supplier_id: self.supplier_name(each.supplier_id) for each in self.offers}

    @cached_property
    def _known(self) -> dict[UUID, BidOffer]:
        return {offer.bid_id: offer for offer in self.everybody}


@requires(Permission.BID_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> Evaluation:
    """The evaluation as it stands. Raises Sealed before the opening."""
    rfq = bid_queries.opened(session, actor, rfq_id)
    return _evaluation(session, actor, rfq)


@requires(Permission.BID_READ)
def read_priced(session: Session, actor: Actor, rfq_id: UUID) -> Evaluation:
    """The evaluation for what needs prices. Raises PricesHidden while they may not be seen."""
    rfq = bid_queries.opened(session, actor, rfq_id)
    quality_rules.check_prices_shown(rfq)
    return _evaluation(session, actor, rfq)


@requires(Permission.BID_READ)
def document(
    session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, document_id: UUID
) -> tuple[SealedDocument, bytes]:
    """A document of an opened bid with its bytes; for the buyer, and for who brought it."""
    bid_queries.check_opened(queries.get(session, actor, rfq_id))
    offer = bid_queries.offer(session, rfq_id, bid_id)
    if actor.org_id not in (offer.buyer_id, offer.supplier_id):
        raise NotFound(_("There is no such document."))
    return bid_vault.opened_document(session, offer, document_id)


@requires(Permission.RFQ_EVALUATE)
def score(session: Session, actor: Actor, rfq_id: UUID, given: Sequence[GivenScore]) -> Evaluation:
    """Give or change scores; raises ScoresInvalid with every reason.

    Where graders are named, only they score (NotAGrader), and each their own.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "evaluate")
    quality_rules.check_unlocked(rfq)
    graders = grader_queries.graders(session, rfq_id)
    if graders:
        giving.give(session, actor, rfq_id, graders, given)
        return _evaluation(session, actor, rfq)
    _check(session, rfq_id, given)
    now = clock.now()
    statement = insert(BidScore).values(
        [
            {
                "bid_id": each.bid_id,
                "criterion_id": each.criterion_id,
                "score": each.score,
                "comment": each.comment,
                "scored_by": actor.person,
                "scored_at": now,
            }
            for each in given
        ]
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["bid_id", "criterion_id"],
            set_={
                "score": statement.excluded.score,
                "comment": statement.excluded.comment,
                "scored_by": statement.excluded.scored_by,
                "scored_at": statement.excluded.scored_at,
            },
            where=(BidScore.score != statement.excluded.score)
            | (BidScore.comment != statement.excluded.comment),
        )
    )
    audit.record(
        session,
        actor,
        "rfq.scored",
        ("rfq", rfq_id),
        {
            "scores": [
                {
                    "bid_id": str(each.bid_id),
                    "criterion_id": str(each.criterion_id),
                    "score": str(each.score),
                }
                for each in given
            ]
        },
    )
    session.flush()
    session.expire_all()
    return _evaluation(session, actor, queries.get_own(session, actor, rfq_id))


def _check(session: Session, rfq_id: UUID, given: Sequence[GivenScore]) -> None:
    criteria = {c.id: c for c in bid_queries.terms(session, rfq_id).judged}
    bid_ids = {bid.id for bid in bid_queries.readable_bids(session, rfq_id)}
    score_rules.check(given, criteria, bid_ids)


def _evaluation(session: Session, actor: Actor, rfq: Rfq) -> Evaluation:
    terms, lots = lot_queries.terms_with_lots(session, rfq.id)
    shown = price_sight.prices_shown(session, actor, rfq)
    everybody = evaluation_queries.ruled_offers(session, rfq.id, priced=shown)
    excluded = [ExcludedOffer(offer, ruling) for offer, ruling in everybody if ruling]
    offers = [offer for offer, ruling in everybody if ruling is None]
    racing = {offer.bid_id for offer in offers}
    grading, scores, missing = _scores(session, rfq, terms, racing)
    priced = offers if shown and terms.asks_prices else ()
    costs = cost_queries.costs(session, rfq.id, terms, offers)
    compared = [_compared(terms, offer, scores, costs) for offer in priced]
    return Evaluation(
        rfq=rfq,
        terms=terms,
        offers=offers,
        suppliers=organisations(session, (offer.supplier_id for offer, _ruling in everybody)),
        cells=ranking.comparison(terms, compared),
        lots=ranking.ranking(terms, compared, final=rfq.quality_locked_at is not None),
        scores=scores,
        excluded=excluded,
        prices_shown=shown,
        grading=grading,
        missing_scores=missing,
        rfq_lots=lots,
        costs=costs,
        compared=ranking.in_order(compared),
        turnouts=turnout_queries.turnouts(session, rfq, terms),
        rounds=round_queries.rounds(session, rfq, racing),
    )


def _scores(
    session: Session, rfq: Rfq, terms: Terms, racing: set[UUID]
) -> tuple[Sequence[Progress], Scores, int]:
    """How far graders are, the scores that may be shown, and how many are missing."""
    criteria = {each.id: each.max_score for each in terms.judged}
    graders = grader_queries.graders(session, rfq.id)
    if not graders:
        single: Scores = {
            (score.bid_id, score.criterion_id): score
            for score in evaluation_queries.scores(session, rfq.id)
            if score.bid_id in racing
        }
        return (), single, len(criteria) * len(racing) - len(single)
    given = grader_queries.scores(session, rfq.id)
    means: Scores = {}
    if rfq.quality_locked_at is not None:
        means.update(grading.means(graders, criteria, racing, given))
    return (
        grading.progress(graders, criteria, racing, given),
        means,
        grading.missing(graders, criteria, racing, given),
    )


def _compared(
    terms: Terms, offer: BidOffer, scores: Scores, costs: Mapping[UUID, tuple[Cost, ...]]
) -> Offer:
    conversion = terms.conversion(offer.currency)
    return Offer(
        bid_id=offer.bid_id,
        supplier_id=offer.supplier_id,
        submitted_at=offer.submitted_at,
        prices={
            line.rfq_line_id: offered_prices.price_of(
                line, terms.line_by_id[line.rfq_line_id], conversion
            )
            for line in offer.lines
            if line.rfq_line_id in terms.line_by_id
        },
        scores={
            criterion_id: Score(given.score, given.comment)
            for (bid_id, criterion_id), given in scores.items()
            if bid_id == offer.bid_id
        },
        bundles=offered_prices.bundles_of(terms, offer),
        costs=costs[offer.bid_id],
        conversion=conversion,
        unconfirmed=offer.unconfirmed,
    )
