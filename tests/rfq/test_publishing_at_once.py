"""Several people publish the same RFQ at the same moment."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from marketplace.core import tenancy
from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.rfq.services import publishing
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE
from tests.factories.identity import make_actor
from tests.factories.rfq import PASSPHRASE, make_rfq, make_supplier

AT_ONCE = 4


def test_one_of_them_does_it_and_one_event_tells_it(committed: Settings) -> None:
    worker = Database(committed.database_url, WORKER_ROLE)
    web = Database(committed.database_url, "marketplace_app")
    with worker.transaction() as session:
        buyer = make_actor(session)
        rfq_id = make_rfq(session, buyer, supplier_ids=[make_supplier(session).id]).id

    def publish(_number: int) -> str:
        try:
            with web.transaction() as session:
                tenancy.enter(session, buyer.org_id, buyer.org_kind)
                publishing.publish(session, buyer, rfq_id, PASSPHRASE)
        except IllegalTransition as refusal:
            return refusal.code
        return "published"

    with ThreadPoolExecutor(AT_ONCE) as people:
        answers = sorted(people.map(publish, range(AT_ONCE)))
    with worker.transaction() as session:
        events = session.scalars(select(OutboxMessage.name)).all()
    web.dispose()
    worker.dispose()
    assert answers == ["illegal_transition"] * (AT_ONCE - 1) + ["published"]
    assert events == ["rfq.published"]
