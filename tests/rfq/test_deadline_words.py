"""D-10: a buyer in Kyiv and a supplier in Lisbon read one deadline, each in their own words."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from marketplace.notifications.models import Notice
from marketplace.notifications.wording import words_of
from tests.clients import words
from tests.factories.identity import make_actor
from tests.factories.rfq import make_published

DUE_AT = datetime(2027, 3, 10, 10, 0, tzinfo=UTC)


@pytest.fixture
def supplier(session):
    actor = make_actor(session, OrgKind.SUPPLIER)
    session.get_one(Organisation, actor.org_id).time_zone = "Europe/Lisbon"
    session.flush()
    return actor


def test_each_sees_their_time_the_buyers_and_the_instant(session, portal, api, supplier, drain):
    buyer = make_actor(session)
    session.get_one(Organisation, buyer.org_id).time_zone = "Europe/Kyiv"
    rfq = make_published(
        session,
        buyer,
        supplier_ids=[supplier.org_id],
        time_zone="Europe/Kyiv",
        bids_due_at="2027-03-10T12:00",
    ).rfq
    assert rfq.bids_due_at == DUE_AT

    theirs = words(portal(supplier).get(f"/rfqs/{rfq.id}")).replace("\u00a0", " ")
    assert "10 Mar 2027, 10:00 WET (10 Mar 2027, 12:00 EET buyer’s time)" in theirs
    assert "Europe/Kyiv; the deadline is 10 Mar 2027, 10:00 UTC" in theirs
    own = words(portal(buyer).get(f"/rfqs/{rfq.id}")).replace("\u00a0", " ")
    assert "10 Mar 2027, 12:00 EET" in own
    assert "the deadline is 10 Mar 2027, 10:00 UTC" in own
    assert "buyer’s time" not in own

    answer = api(supplier).get(f"/rfqs/{rfq.id}").json
    assert (answer["bids_due_at"], answer["time_zone"]) == ("2027-03-10T10:00:00Z", "Europe/Kyiv")

    drain()
    notice = session.scalars(select(Notice).where(Notice.organisation_id == supplier.org_id)).one()
    until = words_of(notice, "Europe/Lisbon").until
    assert until == "10\u00a0Mar\u00a02027, 10:00\u00a0WET"
