"""After the deadline, for partners: opening, comparison, scores, award."""

from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.http import evaluation_views
from marketplace.rfq.http.award_schemas import AwardInputSchema, AwardSchema, UnsuccessfulSchema
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.rfq.http.evaluation_schemas import (
    BidScoresSchema,
    EvaluationSchema,
    OpenBidsSchema,
    OpeningMinutesSchema,
)
from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening.models import RfqOpening, RfqPriceOpening
from marketplace.rfq.services import awarding, evaluation, opening
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "evaluation", __name__, url_prefix="/rfqs", description="Opening, evaluation and award"
)


@blp.route("/<uuid:rfq_id>/opening")
class Opening(MethodView):
    @blp.response(200, OpeningMinutesSchema)
    def get(self, rfq_id: UUID) -> RfqOpening:
        """The signed minutes of the opening."""
        session = current_session()
        queries.get_own(session, current_actor(), rfq_id)
        found = opening_queries.opening(session, rfq_id)
        if found is None:
            raise NotFound(_("The bids have not been opened."))
        return found

    @blp.idempotent(required=True)
    @blp.arguments(OpenBidsSchema)
    @blp.response(201, OpeningMinutesSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> RfqOpening:
        """Open all bids at once, from thirty seconds after the deadline."""
        take_in_journal()
        with peeking_noted(rfq_id):
            return opening.open_bids(
                current_session(), current_actor(), service_keys(), rfq_id, data["passphrase"]
            )


@blp.route("/<uuid:rfq_id>/opening/prices")
class PriceOpening(MethodView):
    @blp.response(200, OpeningMinutesSchema)
    def get(self, rfq_id: UUID) -> RfqPriceOpening:
        """The signed minutes of the second opening: opened prices, and those left sealed."""
        session = current_session()
        queries.get_own(session, current_actor(), rfq_id)
        found = opening_queries.price_opening(session, rfq_id)
        if found is None:
            raise NotFound(_("The prices have not been opened."))
        return found

    @blp.idempotent(required=True)
    @blp.arguments(OpenBidsSchema)
    @blp.response(201, OpeningMinutesSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> RfqPriceOpening:
        """Open prices that are sealed apart, once quality is locked, of bids not excluded."""
        with peeking_noted(rfq_id):
            return opening.open_prices(
                current_session(), current_actor(), service_keys(), rfq_id, data["passphrase"]
            )


@blp.route("/<uuid:rfq_id>/evaluation")
class OneEvaluation(MethodView):
    @blp.response(200, EvaluationSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Compare the opened bids line by line, and rank them by lot."""
        with peeking_noted(rfq_id):
            return evaluation_views.whole(
                evaluation.read(current_session(), current_actor(), rfq_id)
            )


@blp.route("/<uuid:rfq_id>/evaluation/scores")
class Scores(MethodView):
    @blp.idempotent()
    @blp.arguments(BidScoresSchema)
    @blp.response(200, EvaluationSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Give or change scores for the criteria that are not the price."""
        with peeking_noted(rfq_id):
            return evaluation_views.whole(
                evaluation.score(current_session(), current_actor(), rfq_id, data["scores"])
            )


@blp.route("/<uuid:rfq_id>/award")
class OneAward(MethodView):
    @blp.response(200, AwardSchema)
    def get(self, rfq_id: UUID) -> Shown:
        """The newest award that stands; lots may be awarded one after the other."""
        session = current_session()
        queries.get_own(session, current_actor(), rfq_id)
        found = award_queries.award_of(session, rfq_id)
        if found is None:
            raise NotFound(_("There is no award yet."))
        return evaluation_views.award(found)

    @blp.idempotent(required=True)
    @blp.arguments(AwardInputSchema)
    @blp.response(201, AwardSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Award lots and lines. Purchase orders follow; other lots stay open."""
        with peeking_noted(rfq_id):
            decided = awarding.award(
                current_session(), current_actor(), rfq_id, **data, expected=_seen_version()
            )
        return evaluation_views.award(decided)


@blp.route("/<uuid:rfq_id>/awards/<uuid:award_id>")
class AwardOfLots(MethodView):
    @blp.response(200, AwardSchema)
    def get(self, rfq_id: UUID, award_id: UUID) -> Shown:
        """One award that stands, with its lines."""
        session = current_session()
        queries.get_own(session, current_actor(), rfq_id)
        for found in award_queries.awards_of(session, rfq_id):
            if found.id == award_id:
                return evaluation_views.award(found)
        raise NotFound(_("There is no such award."))


@blp.route("/<uuid:rfq_id>/close-unsuccessful")
class Unsuccessful(MethodView):
    @blp.idempotent()
    @blp.arguments(UnsuccessfulSchema)
    @blp.response(204)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> None:
        """End all lots that are still open without an award."""
        with peeking_noted(rfq_id):
            awarding.close_unsuccessful(
                current_session(), current_actor(), rfq_id, **data, expected=_seen_version()
            )


def _seen_version() -> int | None:
    return expected_version() if "If-Match" in request.headers else None
