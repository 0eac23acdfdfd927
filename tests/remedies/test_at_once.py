"""A challenge that arrives in time and an award that becomes final cannot pass each other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from sqlalchemy import text

from marketplace.core import clock, tenancy
from marketplace.core.db import Database
from marketplace.remedies import case_acting
from marketplace.remedies.casework import Words
from marketplace.remedies.rules import AwardChallenged
from marketplace.remedies.services import concluding
from marketplace.remedies.states import CaseKind
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.states import AwardState
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE
from tests.factories.remedies import make_decided

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def test_concluding_waits_for_what_is_being_filed(committed: Settings) -> None:
    worker = Database(committed.database_url, WORKER_ROLE)
    web = Database(committed.database_url, "marketplace_app")
    with worker.transaction() as session:
        decided = make_decided(session)
        rfq_id, award_id = decided.sourcing.rfq.id, decided.award_id
        until = decided.standing.standstill_until
        loser, judge = decided.loser, decided.judge
    assert until is not None
    filed, concluded = Event(), Event()

    def file() -> str:
        with web.transaction() as session:
            tenancy.enter(session, loser.org_id, loser.org_kind)
            case = case_acting.begin(
                session, loser, rfq_id, award_id, CaseKind.CHALLENGE, Words("Wrong"), until
            )
            filed.set()
            _until_somebody_waits(worker, concluded)
            return str(case.id)

    def conclude() -> str:
        filed.wait(30)
        try:
            with web.transaction() as session, clock.frozen(until + timedelta(minutes=1)):
                tenancy.enter(session, judge.org_id, judge.org_kind)
                concluding.conclude(session, judge, rfq_id, award_id)
        except AwardChallenged as refusal:
            return str(refusal.data["challenges"][0]["case_id"])
        finally:
            concluded.set()
        return "final"

    with ThreadPoolExecutor(2) as people:
        answers = [each.result() for each in (people.submit(file), people.submit(conclude))]
    with worker.transaction() as session:
        state = award_queries.standing(session, rfq_id, award_id).state
    web.dispose()
    worker.dispose()
    assert answers[0] == answers[1]
    assert state is AwardState.STANDSTILL


def _until_somebody_waits(database: Database, ended: Event) -> None:
    """Go on once the other transaction stands at the lock, or has passed it."""
    while not ended.wait(0.02):
        with database.transaction() as session:
            if session.scalar(text(WAITING)):
                return
