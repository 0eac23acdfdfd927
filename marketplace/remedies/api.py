"""What follows an award, for partners."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from marketplace.documents import downloads
from marketplace.remedies import letter_views, reading
from marketplace.remedies.schemas import (
    AwardStandingListSchema,
    AwardStandingSchema,
    LetterListSchema,
    LetterSchema,
    ReasonSchema,
)
from marketplace.remedies.services import concluding, reading_letters
from marketplace.rfq.asking import queries
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "remedies",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>",
    description="Standstill, letters, debriefs and challenges after an award",
)


@blp.route("/awards")
class Awards(MethodView):
    @blp.response(200, AwardStandingListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """How far the awards of an RFQ stand, newest first, for everybody who may see the RFQ."""
        return {"items": reading.standings(current_session(), current_actor(), rfq_id)}


@blp.route("/awards/<uuid:award_id>/conclude")
class Conclusion(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, AwardStandingSchema)
    def post(self, rfq_id: UUID, award_id: UUID) -> Shown:
        """Make the award final after its standstill. A job does so too, within a minute."""
        with peeking_noted(rfq_id):
            done = concluding.conclude(current_session(), current_actor(), rfq_id, award_id)
        return _shown(done)


@blp.route("/awards/<uuid:award_id>/withdraw")
class Withdrawal(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(ReasonSchema)
    @blp.response(200, AwardStandingSchema)
    def post(self, data: dict[str, str], rfq_id: UUID, award_id: UUID) -> Shown:
        """Take the decision back during its standstill: the RFQ is in evaluation again."""
        with peeking_noted(rfq_id):
            done = concluding.withdraw(
                current_session(), current_actor(), rfq_id, award_id, data["reason"]
            )
        return _shown(done)


@blp.route("/letters")
class Letters(MethodView):
    @blp.response(200, LetterListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """The letters about awards, newest first: a bidder's own, or all for the buyer."""
        return {"items": reading_letters.letters(current_session(), current_actor(), rfq_id)}


@blp.route("/letters/<uuid:letter_id>")
class OneLetter(MethodView):
    @blp.response(200, LetterSchema)
    def get(self, rfq_id: UUID, letter_id: UUID) -> Shown:
        """How the bid was judged and who won: nothing of others who did not win."""
        return letter_views.whole(
            reading_letters.letter(current_session(), current_actor(), rfq_id, letter_id)
        )


@blp.route("/letters/<uuid:letter_id>/pdf")
class LetterPaper(MethodView):
    @blp.response(200, content_type="application/pdf")
    def get(self, rfq_id: UUID, letter_id: UUID) -> Response:
        """The letter as it was filed."""
        return downloads.download(
            *reading_letters.paper(current_session(), current_actor(), rfq_id, letter_id)
        )


def _shown(standing: AwardStanding) -> Shown:
    actor = current_actor()
    return reading.shown(standing, queries.get(current_session(), actor, standing.rfq_id), actor)
