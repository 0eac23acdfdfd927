"""Telling who asked that a scenario is ready, apart from the solver: the web does not load it."""

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.scenarios import ScenarioFinished
from marketplace.identity.permissions import SYSTEM
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.scenarios import queries

register_kind(
    "scenario_finished",
    title=_("Scenario ready: %(scenario)s"),
    body=_("The award scenario “%(scenario)s” for %(rfq)s has been worked out."),
    button=_("See the scenario"),
)


def tell_requester(session: Session, event: ScenarioFinished) -> None:
    """Who asked need not wait before the screen."""
    found = queries.find(session, SYSTEM, event.scenario_id)
    if found is None:
        return
    rfq = rfq_queries.get(session, SYSTEM, event.rfq_id)
    notifications.notify(
        session,
        org_id=event.buyer_id,
        kind="scenario_finished",
        url=f"/rfqs/{event.rfq_id}/scenarios/{event.scenario_id}",
        person_ids=[event.requested_by],
        params={"scenario": found.name, "rfq": rfq.number},
        mail=False,
        occurred_at=event.finished_at,
        dedupe_key=f"scenario_finished:{event.scenario_id}:{event.run}",
    )
