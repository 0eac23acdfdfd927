"""Going on in another organisation that one belongs to. Portal only: a key belongs to one."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.identity import authentication
from marketplace.identity.authentication import Place
from marketplace.identity.models import Membership
from marketplace.identity.permissions import Actor, Permission, requires


@requires(Permission.NOTICE_READ)
def change_organisation(
    session: Session, actor: Actor, org_id: UUID, *, token: str
) -> tuple[Place, str]:
    """End this session and open one there; returns the organisation and the new session's token.

    The forms of the former session end with it, so that none acts for the wrong organisation. Each
    side's history tells of its own half alone: where else somebody works is not its business.
    """
    place = _other_place(session, org_id, token)
    subject = ("person", actor.person)
    audit.record(session, actor, "person.organisation_left", subject)
    authentication.sign_out(session, token)
    session.flush()
    new_token = authentication.open_session(session, actor.person, place.org_id, place.org_kind)
    session.execute(
        update(Membership)
        .where(Membership.person_id == actor.person_id, Membership.organisation_id == place.org_id)
        .values(chosen_at=clock.now())
    )
    arrived = authentication.by_token(session, new_token)
    assert arrived is not None  # noqa: S101 - opened just above
    audit.record(session, arrived.actor, "person.organisation_entered", subject)
    session.flush()
    return place, new_token


def _other_place(session: Session, org_id: UUID, token: str) -> Place:
    signed_in = authentication.by_token(session, token)
    others = signed_in.others if signed_in else ()
    for place in others:
        if place.org_id == org_id:
            return place
    raise NotAllowed(_("You are not a member of this organisation."))
