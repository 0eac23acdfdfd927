"""Opening keys and the ceremony of two officers, for partners."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.http.officer_schemas import (
    CeremonySchema,
    ColleagueListSchema,
    OpeningKeyInputSchema,
    OpeningKeySchema,
    ShareInputSchema,
    ShareLossInputSchema,
    as_officer,
)
from marketplace.rfq.sealing.officers.models import OpeningKey
from marketplace.rfq.services import ceremony, opening_keys
from marketplace.rfq.services.ceremony import Ceremony
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session

keys_blp = ApiBlueprint(
    "opening-keys",
    __name__,
    url_prefix="/opening-keys",
    description="The personal keys of those who open bids together",
)
blp = ApiBlueprint(
    "ceremonies", __name__, url_prefix="/rfqs", description="Opening by two of three officers"
)


@keys_blp.route("")
class OpeningKeys(MethodView):
    @keys_blp.response(200, ColleagueListSchema)
    def get(self) -> dict[str, Any]:
        """Colleagues who can be asked to hold a share of the key of an RFQ."""
        return {"items": opening_keys.colleagues(current_session(), current_actor())}


@keys_blp.route("/mine")
class OwnOpeningKey(MethodView):
    @keys_blp.response(200, OpeningKeySchema)
    def get(self) -> OpeningKey:
        """The caller's own opening key."""
        found = opening_keys.own(current_session(), current_actor())
        if found is None:
            raise NotFound(_("You have no opening key yet."))
        return found

    @keys_blp.idempotent(required=True)
    @keys_blp.arguments(OpeningKeyInputSchema)
    @keys_blp.response(201, OpeningKeySchema)
    def post(self, data: dict[str, Any]) -> OpeningKey:
        """Make the caller's opening key, in the place of any earlier one."""
        return opening_keys.make(current_session(), current_actor(), data["passphrase"])


@blp.route("/<uuid:rfq_id>/opening/ceremony")
class OneCeremony(MethodView):
    @blp.response(200, CeremonySchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Who opens, who has given their share, until when, and who is awaited."""
        return _shown(ceremony.read(current_session(), current_actor(), rfq_id))


@blp.route("/<uuid:rfq_id>/opening/shares")
class Shares(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(ShareInputSchema)
    @blp.response(201, CeremonySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Give the caller's share; with the second one all bids are opened at once."""
        take_in_journal()
        with peeking_noted(rfq_id):
            given = ceremony.give_share(
                current_session(), current_actor(), service_keys(), rfq_id, data["passphrase"]
            )
        return _shown(given)


@blp.route("/<uuid:rfq_id>/opening/losses")
class Losses(MethodView):
    @blp.idempotent()
    @blp.arguments(ShareLossInputSchema)
    @blp.response(201, CeremonySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Note that an officer cannot give their share, so that escrow may step in."""
        return _shown(ceremony.note_loss(current_session(), current_actor(), rfq_id, **data))


def _shown(found: Ceremony) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "opens_at": found.opens_at,
        "waits_until": found.waits_until,
        "quorum_available": found.quorum_available,
        "officers": [as_officer(each, found) for each in found.officers],
        "envelope": found.envelope,
        "minutes": found.minutes,
        "price_minutes": found.price_minutes,
    }
