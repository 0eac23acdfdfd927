"""Officers with opening keys, and RFQs that two of them open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.asking.models import RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.sealing.officers.rules import Appointment
from marketplace.rfq.services import ceremony, opening_keys, publishing
from marketplace.rfq.services.ceremony import Ceremony
from tests.factories.bids import KEYS, Sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq

ANNA, BORIS, CLARA = "anna has a passphrase", "boris has another one", "clara keeps a third"


@dataclass
class Officers:
    """Two openers and an escrow person of one buyer, each with an opening key."""

    anna: Actor
    boris: Actor
    clara: Actor

    @property
    def appointment(self) -> Appointment:
        return Appointment(self.anna.person, self.boris.person, self.clara.person)


def make_officers(session: Session, **emails: str) -> Officers:
    anna = make_actor(session, **_mail(emails, "anna"))
    organisation = session.get_one(Organisation, anna.organisation_id)
    boris = make_actor(session, organisation=organisation, **_mail(emails, "boris"))
    clara = make_actor(
        session, OrgKind.BUYER, Role.AUDITOR, organisation=organisation, **_mail(emails, "clara")
    )
    for actor, passphrase in ((anna, ANNA), (boris, BORIS), (clara, CLARA)):
        opening_keys.make(session, actor, passphrase)
    return Officers(anna, boris, clara)


def make_shared(
    session: Session, officers: Officers, *, suppliers: int = 2, **overrides: Any
) -> Sourcing:
    """An RFQ that two of the officers open, with suppliers who have not bid yet."""
    bidders = [make_actor(session, OrgKind.SUPPLIER) for _number in range(suppliers)]
    ids = [bidder.organisation_id for bidder in bidders]
    rfq = make_rfq(session, officers.anna, supplier_ids=ids, **overrides)
    publishing.publish(session, officers.anna, rfq.id, officers=officers.appointment)

    def of(model: Any) -> list[Any]:
        rows = select(model).where(model.rfq_id == rfq.id).order_by(model.number)
        return list(session.scalars(rows))

    return Sourcing(
        session, officers.anna, rfq, of(RfqLot), of(RfqLine), of(RfqCriterion), bidders, ""
    )


def give(
    sourcing: Sourcing, actor: Actor, passphrase: str, *, at: datetime | None = None
) -> Ceremony:
    """Give the share at this instant, or as soon as it is taken."""
    with clock.frozen(at or sourcing.due_at + timedelta(seconds=30)):
        return ceremony.give_share(sourcing.session, actor, KEYS, sourcing.rfq.id, passphrase)


def _mail(emails: dict[str, str], name: str) -> dict[str, str]:
    return {"email": emails[name]} if name in emails else {}
