"""How an organisation deals with bidders, unless an RFQ says otherwise."""

from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.db import check_version
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.settings_models import SourcingSettings


@requires(Permission.ORGANISATION_READ)
def read(session: Session, actor: Actor) -> SourcingSettings:
    """The settings of the actor's organisation; NotFound for those that do not buy."""
    if actor.org_kind is not OrgKind.BUYER:
        raise NotFound(_("There is nothing to set here for your organisation."))
    return queries.settings(session, actor.organisation_id)


@requires(Permission.ORGANISATION_MANAGE)
def update(
    session: Session,
    actor: Actor,
    *,
    standstill_days: int,
    debrief_days: int,
    dispute_clause: str,
    addendum_days: int = 2,
    expected: int | None = None,
) -> SourcingSettings:
    """Change them, for RFQs written and awards decided from now on."""
    found = read(session, actor)
    check_version(found, expected)
    found.addendum_days = addendum_days
    found.standstill_days = standstill_days
    found.debrief_days = debrief_days
    found.dispute_clause = dispute_clause.strip()
    session.add(found)
    session.flush()
    audit.record(
        session,
        actor,
        "organisation.settings_updated",
        ("organisation", actor.organisation_id),
        {
            "addendum_days": addendum_days,
            "standstill_days": standstill_days,
            "debrief_days": debrief_days,
        },
    )
    return found
