"""Notices to people of the buyer about one event."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity.permissions import Role
from marketplace.notifications.posting import notify
from marketplace.rfq.asking.models import Rfq


def tell_buyer(
    session: Session,
    rfq: Rfq,
    kind: str,
    happened: datetime,
    *,
    page: str,
    roles: Iterable[Role] = (),
    person_ids: Iterable[UUID] = (),
    **params: object,
) -> None:
    """Tell these people once. page: where of the event the notice leads, such as ``/bids``."""
    notify(
        session,
        org_id=rfq.buyer_id,
        roles=roles,
        person_ids=person_ids,
        kind=kind,
        url=f"/rfqs/{rfq.id}{page}",
        params={**rfq.named, **params},
        occurred_at=happened,
        dedupe_key=f"{kind}:{rfq.id}:{happened.isoformat()}",
    )
