"""The RFQ with its content in one statement: what API and partners read most."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from marketplace.core.gathering import detached, gathered, objects, table_of
from marketplace.core.text import speak_of
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot

_CONTENT: Mapping[str, type[RfqLot] | type[RfqLine] | type[RfqCriterion]] = {
    "lots": RfqLot,
    "lines": RfqLine,
    "criteria": RfqCriterion,
}
_RFQ = table_of(Rfq)
_COLUMNS = (
    *_RFQ.c,
    *(
        gathered(model, model.rfq_id == Rfq.id, model.number.asc()).label(name)
        for name, model in _CONTENT.items()
    ),
)
_READ: Mapping[OrgKind, Select[tuple[object, ...]]] = {
    kind: select(*_COLUMNS).where(queries.is_visible(kind), Rfq.id == bindparam("rfq_id"))
    for kind in OrgKind
}


def get(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    """The RFQ with lots, lines and criteria as it stands now, or NotFound.

    It belongs to no session: to be shown, not to be changed.
    """
    session.flush()
    wanted = {"rfq_id": rfq_id, "org_id": actor.org_id}
    found = session.connection().execute(_READ[actor.org_kind], wanted).one_or_none()
    if found is None:
        raise queries.no_such_rfq()
    values = dict(found._mapping)
    for name, model in _CONTENT.items():
        values[name] = objects(model, values[name])
    speak_of(values["kind"])
    return detached(Rfq, values)
