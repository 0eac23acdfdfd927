"""What officers and buyers are told about the opening of their RFQ; and what the clock does."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.events.rfq import EscrowUsed, OfficersNamed, ShareGiven, ShareLost
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, Role
from marketplace.notifications.kinds import register_kind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.telling import tell_buyer
from marketplace.rfq.sealing.officers import queries, rules

register_kind(
    "rfq_officer_named",
    title=_("You hold a share: %(title)s"),
    body=_(
        "You are one of three people of whom two open the bids of %(number)s after %(due_at)s."
        " Keep the passphrase of your opening key; nobody can recover it."
    ),
    button=_("Show the event"),
)
register_kind(
    "rfq_share_awaited",
    title=_("Your share is needed now: %(title)s"),
    body=_(
        "%(name)s has given the first share to open the bids of %(number)s. Give yours before"
        " %(until)s, or it has to be given again."
    ),
    button=_("Give your share"),
)
register_kind(
    "rfq_share_lost",
    title=_("A share is lost: %(title)s"),
    body=_(
        "%(name)s cannot give their share of the key of %(number)s. Shares left: %(left)s; two are"
        " needed to open the bids."
    ),
    button=_("Show the opening"),
)
register_kind(
    "rfq_escrow_used",
    title=_("Opened with the escrow share: %(title)s"),
    body=_("%(name)s has opened the bids of %(number)s as escrow, in the place of an opener."),
    button=_("Show the bids"),
)


def tell_officers(session: Session, event: OfficersNamed) -> None:
    """Each of the three learns what they hold."""
    rfq = session.get_one(Rfq, event.rfq_id)
    tell_buyer(
        session,
        rfq,
        "rfq_officer_named",
        event.named_at,
        page="/bids",
        person_ids=event.person_ids,
        due_at=rfq.bids_due_at,
    )


def call_second_officer(session: Session, event: ShareGiven) -> None:
    """Whoever may give the second share is called."""
    rfq = session.get_one(Rfq, event.rfq_id)
    officers = queries.officers(session, rfq.id)
    given = {
        each.row.number: event.given_at for each in officers if each.person.id == event.person_id
    }
    tell_buyer(
        session,
        rfq,
        "rfq_share_awaited",
        event.given_at,
        page="/bids",
        person_ids=[each.person.id for each in rules.awaited(officers, given)],
        name=_name(session, event.person_id),
        until=event.given_at + rules.WAITING,
    )


def tell_of_loss(session: Session, event: ShareLost) -> None:
    """Buyers and the other officers know in time that the escrow share is needed."""
    rfq = session.get_one(Rfq, event.rfq_id)
    tell_buyer(
        session,
        rfq,
        "rfq_share_lost",
        event.lost_at,
        page="/bids",
        roles=[Role.BUYER],
        person_ids=[each.person.id for each in queries.officers(session, rfq.id)],
        name=_name(session, event.person_id),
        left=event.shares_left,
    )


def tell_of_escrow(session: Session, event: EscrowUsed) -> None:
    """Buyers and administrators see that the escrow share was used."""
    rfq = session.get_one(Rfq, event.rfq_id)
    tell_buyer(
        session,
        rfq,
        "rfq_escrow_used",
        event.used_at,
        page="/bids",
        roles=[Role.BUYER, Role.ADMIN],
        name=_name(session, event.person_id),
    )


def forget_waiting_shares(session: Session, _actor: Actor) -> None:
    """Remove given shares for which no second one came in time."""
    queries.forget_given_before(session, clock.now() - rules.WAITING)


def _name(session: Session, person_id: UUID) -> str:
    return identity_queries.names(session, [person_id]).get(person_id, "?")
