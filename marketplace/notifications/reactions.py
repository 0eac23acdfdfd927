"""Letters about accounts: to new members, and to whoever forgot their password."""

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.events.identity import MemberAdded, PasswordForgotten
from marketplace.identity import password_links
from marketplace.identity.models import Organisation, Person
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify

register_kind(
    "member_added",
    title=_("Welcome to %(organisation)s"),
    body=_(
        "%(added_by)s has given you access to the marketplace. Choose a password to begin; the"
        " link works once and for 14 days."
    ),
    button=_("Choose a password"),
    signed=True,
)
register_kind(
    "password_forgotten",
    title=_("Choose another password"),
    body=_(
        "Somebody, hopefully you, asked for this. The link works once and for 4 hours. If it was"
        " not you, there is nothing to do."
    ),
    button=_("Choose a password"),
    signed=True,
)


def invite_member(session: Session, event: MemberAdded) -> None:
    """Send the new member the link to their first password."""
    person = session.get_one(Person, event.person_id)
    link = password_links.link_for(event.org_id, person, password_links.INVITATION_LIFETIME)
    notify(
        session,
        org_id=event.org_id,
        person_ids=[person.id],
        kind="member_added",
        url=link.path,
        params={
            "organisation": session.get_one(Organisation, event.org_id).name,
            "added_by": session.get_one(Person, event.added_by).name,
        },
        dedupe_key=f"member_added:{event.membership_id}",
    )


def send_password_link(session: Session, event: PasswordForgotten) -> None:
    """Send the link to another password, at most once in an hour."""
    person = session.get_one(Person, event.person_id)
    link = password_links.link_for(event.org_id, person, password_links.RESET_LIFETIME)
    notify(
        session,
        org_id=event.org_id,
        person_ids=[person.id],
        kind="password_forgotten",
        url=link.path,
        dedupe_key=f"password_forgotten:{clock.now():%Y-%m-%dT%H}",
    )
