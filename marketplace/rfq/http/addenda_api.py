"""Addenda for partners: written, looked at, published; and bids confirmed after one."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask.views import MethodView

from marketplace.rfq.addenda import reading
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.addenda.wanted import Wanted
from marketplace.rfq.asking import queries
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.http.addenda_schemas import (
    AddendumInputSchema,
    AddendumListSchema,
    AddendumSchema,
    ConfirmationSchema,
    wanted_of,
)
from marketplace.rfq.http.bid_http import attempts_kept, service_keys
from marketplace.rfq.http.receipt_schemas import BidReceiptSchema
from marketplace.rfq.services import addenda, confirming
from marketplace.rfq.terms import deadlines
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import arrived_at, current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-addenda",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>",
    description="Changes of a published RFQ, and bids confirmed after them",
)


@blp.route("/addenda")
class Addenda(MethodView):
    @blp.response(200, AddendumListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List addenda, each with its changes; for the buyer also the one being written."""
        session, actor = current_session(), current_actor()
        rfq = queries.get(session, actor, rfq_id)
        return {"items": [_shown(each) for each in reading.addenda(session, actor, rfq)]}

    @blp.idempotent()
    @blp.arguments(AddendumInputSchema)
    @blp.response(201, AddendumSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Write an addendum. The answer shows what it would change; bidders see nothing yet."""
        wanted = read_wanted(rfq_id, data)
        made = addenda.write(current_session(), current_actor(), rfq_id, wanted, data["reason"])
        return _previewed(rfq_id, made)


@blp.route("/addenda/<uuid:addendum_id>")
class OneAddendum(MethodView):
    @blp.response(200, AddendumSchema)
    def get(self, rfq_id: UUID, addendum_id: UUID) -> Shown:
        """Read an addendum with its changes."""
        session, actor = current_session(), current_actor()
        rfq = queries.get(session, actor, rfq_id)
        found = reading.addendum(session, rfq.id, addendum_id)
        is_open = found.published_at is None and rfq.buyer_id == actor.org_id
        return _previewed(rfq_id, found) if is_open else _shown(found)

    @blp.arguments(AddendumInputSchema)
    @blp.response(200, AddendumSchema)
    def put(self, data: dict[str, Any], rfq_id: UUID, addendum_id: UUID) -> Shown:
        """Write an addendum anew that has not been published."""
        written = addenda.rewrite(
            current_session(),
            current_actor(),
            rfq_id,
            addendum_id,
            read_wanted(rfq_id, data),
            data["reason"],
            expected_version(),
        )
        return _previewed(rfq_id, written)

    @blp.response(204)
    def delete(self, rfq_id: UUID, addendum_id: UUID) -> None:
        """Discard an addendum that has not been published."""
        addenda.discard(current_session(), current_actor(), rfq_id, addendum_id, expected_version())


@blp.route("/addenda/<uuid:addendum_id>/publish")
class AddendumPublication(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, AddendumSchema)
    def post(self, rfq_id: UUID, addendum_id: UUID) -> Shown:
        """Make it hold for everybody; the deadline moves as far as bidders need."""
        return _shown(addenda.publish(current_session(), current_actor(), rfq_id, addendum_id))


@blp.route("/bids/<uuid:bid_id>/confirm")
class BidConfirmation(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(ConfirmationSchema)
    @blp.response(200, BidReceiptSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> BidAttempt:
        """Stand by the sealed prices of lines that an addendum touched."""
        with attempts_kept():
            return confirming.confirm(
                current_session(),
                current_actor(),
                service_keys(),
                rfq_id,
                arrived_at(),
                bid_id=bid_id,
                **data,
            )


def read_wanted(rfq_id: UUID, data: dict[str, Any]) -> Wanted:
    """The input as the content of an addendum of this RFQ of the caller's."""
    rfq = queries.get_own(current_session(), current_actor(), rfq_id)
    written = data["bids_due_at"]
    zone = ZoneInfo(rfq.time_zone)
    due_at = deadlines.instant_of(written, zone, "/bids_due_at") if written else None
    return wanted_of({**data, "bids_due_at": due_at})


def _shown(addendum: RfqAddendum) -> Shown:
    return Shown(addendum, (), wanted=None, preview=None)


def _previewed(rfq_id: UUID, addendum: RfqAddendum) -> Shown:
    preview = addenda.preview(current_session(), current_actor(), rfq_id, addendum.id)
    return Shown(addendum, (), preview=preview)
