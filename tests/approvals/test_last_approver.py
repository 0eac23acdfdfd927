"""Two approvers remove each other at the same moment: one of them stays (C-03)."""

import threading
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import Database
from marketplace.core.errors import DomainError
from marketplace.identity import queries, service
from marketplace.identity.models import Membership
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE
from tests.factories.identity import make_actor, make_organisation


def test_one_is_refused_and_one_approver_is_left(committed: Settings) -> None:
    database = Database(committed.database_url, WORKER_ROLE)
    with database.transaction() as session:
        company = make_organisation(session)
        first, second = (
            make_actor(session, OrgKind.BUYER, Role.ADMIN, Role.APPROVER, organisation=company)
            for _number in range(2)
        )
        rows = session.execute(select(Membership.person_id, Membership.id))
        ids: dict[UUID | None, UUID] = {row.person_id: row.id for row in rows}
    barrier = threading.Barrier(2)
    codes: list[str] = []

    def remove(actor: Actor, other: Actor) -> None:
        barrier.wait()
        try:
            with database.transaction() as session:
                service.change_member(session, actor, ids[other.person_id], roles=[Role.ADMIN])
            codes.append("ok")
        except DomainError as refusal:
            codes.append(refusal.code)

    threads = [
        threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["last_approver", "ok"]
    with database.transaction() as session:
        assert len(queries.people_in_role(session, company.id, Role.APPROVER)) == 1
    database.dispose()
