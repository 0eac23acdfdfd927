"""What scenarios are about: the evaluation of an RFQ, and who may win at all."""

from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.rfq.bids.bundling import BundleOffer
from marketplace.rfq.evaluation import offered_prices
from marketplace.rfq.evaluation.ranking import Price
from marketplace.rfq.services import evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.scenarios.model import Objective
from marketplace.scenarios.question import Matter
from marketplace.suppliers import queries as supplier_queries


@dataclass(frozen=True)
class Basis(Evaluation):
    """The evaluation; ``blocked`` are the suppliers whom due diligence has ruled out."""

    blocked: frozenset[UUID] = frozenset()

    @cached_property
    def prices(self) -> dict[tuple[UUID, UUID], Price]:
        """What is asked, by line and bid."""
        return {
            (line_id, cell.bid_id): cell.price
            for line_id, cells in self.cells.items()
            for cell in cells
            if cell.price
        }

    @cached_property
    def matters(self) -> dict[tuple[Objective, Decimal], Matter]:
        """What questions about it are made of, by objective and floor of the score."""
        return {}

    @cached_property
    def known_prices(self) -> dict[tuple[UUID, UUID], Price]:
        """The same with the prices of bids that have been excluded."""
        found = dict(self.prices)
        for each in self.excluded:
            conversion = self.conversions[each.offer.bid_id]
            for line in each.offer.lines:
                asked = self.terms.line_by_id.get(line.rfq_line_id)
                if asked is not None:
                    key = (asked.id, each.offer.bid_id)
                    found[key] = offered_prices.price_of(line, asked, conversion)
        return found

    @cached_property
    def known_bundles(self) -> dict[UUID, tuple[BundleOffer, ...]]:
        """The bundles of every bid, excluded ones too."""
        excluded = (each.offer for each in self.excluded)
        return self.bundles | {
            offer.bid_id: offered_prices.bundles_of(self.terms, offer) for offer in excluded
        }

    @property
    def blocked_bids(self) -> frozenset[UUID]:
        return frozenset(o.bid_id for o in self.offers if o.supplier_id in self.blocked)


def basis(session: Session, actor: Actor, rfq_id: UUID) -> Basis:
    """The evaluation as it stands. Raises Sealed before the opening, PricesHidden before prices."""
    compared = evaluation.read_priced(session, actor, rfq_id)
    bidding = {offer.supplier_id for offer in compared.offers}
    blocked = supplier_queries.blocked_ids(session, bidding)
    own = {each.name: getattr(compared, each.name) for each in fields(compared)}
    return Basis(**own, blocked=frozenset(blocked))
