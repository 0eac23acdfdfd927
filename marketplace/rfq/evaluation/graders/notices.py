"""What graders and buyers are told: named, bids to score, a conflict."""

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.rfq import GraderConflicted, GraderNamed, RfqOpened
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Role
from marketplace.notifications.kinds import register_kind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.telling import tell_buyer
from marketplace.rfq.evaluation.graders import queries

register_kind(
    "rfq_grader_named",
    title=_("You are a grader: %(title)s"),
    body=_(
        "You were named to score the bids for %(number)s. Declare your interests first: whether"
        " anything ties you to a bidder."
    ),
    button=_("Declare your interests"),
)
register_kind(
    "rfq_bids_to_score",
    title=_("Bids to score: %(title)s"),
    body=_(
        "The bids for %(number)s are open. Score them before the buyer locks the scores. Nobody"
        " sees your scores until then."
    ),
    button=_("Score the bids"),
)
register_kind(
    "rfq_grader_conflicted",
    title=_("A grader has a conflict of interest: %(title)s"),
    body=_(
        "%(name)s has declared a conflict of interest for %(number)s and does not score. You may"
        " name somebody else."
    ),
    button=_("Show the graders"),
)


def tell_grader(session: Session, event: GraderNamed) -> None:
    """The person learns what is expected of them."""
    rfq = session.get_one(Rfq, event.rfq_id)
    tell_buyer(
        session,
        rfq,
        "rfq_grader_named",
        event.named_at,
        page="/graders",
        person_ids=[event.person_id],
    )


def tell_opened(session: Session, event: RfqOpened) -> None:
    """Everybody who scores is called once the bids are open."""
    rfq = session.get_one(Rfq, event.rfq_id)
    people = [each.person_id for each in queries.graders(session, rfq.id) if each.counts]
    if people:
        tell_buyer(
            session,
            rfq,
            "rfq_bids_to_score",
            event.opened_at,
            page="/graders/scores",
            person_ids=people,
        )


def tell_of_conflict(session: Session, event: GraderConflicted) -> None:
    """Buyers may name somebody else."""
    rfq = session.get_one(Rfq, event.rfq_id)
    name = identity_queries.names(session, [event.person_id]).get(event.person_id, "?")
    tell_buyer(
        session,
        rfq,
        "rfq_grader_conflicted",
        event.declared_at,
        page="/graders",
        roles=[Role.BUYER],
        name=name,
    )
