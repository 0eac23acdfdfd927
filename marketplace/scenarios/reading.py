"""What scenarios are about: the evaluation of an RFQ, and who may win at all."""

from dataclasses import dataclass, fields
from functools import cached_property
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.rfq.ranking import Price
from marketplace.rfq.services import evaluation
from marketplace.rfq.services.evaluation import Evaluation
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
