"""Decided RFQs with their letters, debriefs and challenges, made by the use cases themselves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor
from marketplace.remedies import case_acting
from marketplace.remedies.casework import Words
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import CaseAction, CaseKind
from marketplace.rfq.awards.models import AwardStanding
from tests.factories.awards import PRICE_ALONE, decide
from tests.factories.bids import Sourcing, make_opened
from tests.factories.identity import make_actor


@dataclass
class Decided:
    """An RFQ whose first bidder wins; the other bidders lost."""

    session: Session
    sourcing: Sourcing
    standing: AwardStanding
    judge: Actor

    @property
    def winner(self) -> Actor:
        return self.sourcing.suppliers[0]

    @property
    def loser(self) -> Actor:
        return self.sourcing.suppliers[1]

    @property
    def award_id(self) -> UUID:
        return self.standing.award_id

    def begin(
        self, kind: CaseKind, actor: Actor | None = None, body: str = "Why not us?", **over: Any
    ) -> AwardCase:
        """A case that the loser opens now."""
        return case_acting.begin(
            self.session,
            actor or self.loser,
            self.sourcing.rfq.id,
            over.pop("award_id", self.award_id),
            kind,
            Words(body, over.pop("document_ids", ())),
            over.pop("at", clock.now()),
        )

    def act(
        self, case: AwardCase, action: str, actor: Actor | None = None, body: str = "Because."
    ) -> AwardCase:
        """A step of the case, by the second buyer."""
        return case_acting.act(
            self.session,
            actor or self.judge,
            case.id,
            CaseAction(action),
            Words(body),
            clock.now(),
        )


def make_decided(
    session: Session, *, days: int = 10, reasons: str = "", **overrides: Any
) -> Decided:
    """Three bids, the cheapest wins. Letters are sent once the outbox has been drained."""
    sourcing = make_opened(
        session,
        ["10", "1"],
        ["20", "2"],
        ["30", "3"],
        criteria=PRICE_ALONE,
        standstill_days=days,
        **overrides,
    )
    company = session.get_one(Organisation, sourcing.buyer.organisation_id)
    judge = make_actor(session, organisation=company)
    return Decided(session, sourcing, decide(sourcing, 0, reasons=reasons), judge)
