"""A person's own opening key: made once, and freed by their passphrase alone."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.rfq.sealing import seals as sealing
from marketplace.rfq.sealing.officers import keys as share_keys
from marketplace.rfq.sealing.officers import queries
from marketplace.rfq.sealing.officers.models import OpeningKey
from marketplace.rfq.sealing.officers.queries import Colleague


@requires(Permission.RFQ_READ)
def make(session: Session, actor: Actor, passphrase: str) -> OpeningKey:
    """Make the actor's key, in the place of any earlier one; raises WeakPassphrase.

    The passphrase is kept nowhere. Shares that the earlier key holds still open with its own.
    """
    _check_buyer(actor)
    sealing.check_passphrase(passphrase)
    before = queries.present_key(session, actor)
    if before is not None:
        before.replaced_at = clock.now()
        session.flush()
    pair = share_keys.new_opening_key(actor.organisation_id, actor.person, passphrase)
    made = OpeningKey(
        organisation_id=actor.organisation_id,
        person_id=actor.person,
        public_key=pair.public,
        wrapped_private_key=pair.wrapped_private,
    )
    session.add(made)
    session.flush()
    audit.record(
        session,
        actor,
        "opening_key.made",
        ("opening_key", made.id),
        {"public_key": made.public_key.hex(), "replaces": str(before.id) if before else None},
    )
    return made


@requires(Permission.RFQ_READ)
def own(session: Session, actor: Actor) -> OpeningKey | None:
    """The actor's key, if they have made one."""
    _check_buyer(actor)
    return queries.present_key(session, actor)


@requires(Permission.RFQ_READ)
def colleagues(session: Session, actor: Actor) -> Sequence[Colleague]:
    """Who of the actor's organisation can be asked to hold a share."""
    _check_buyer(actor)
    return queries.colleagues(session, actor)


def _check_buyer(actor: Actor) -> None:
    if actor.org_kind is not OrgKind.BUYER:
        raise NotAllowed(_("Opening keys are for people of buying organisations."))
