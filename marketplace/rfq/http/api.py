"""RFQs for partners: drafting, publication, deadline, questions."""

from typing import Any, cast
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.http import views
from marketplace.rfq.http.publish_schemas import PublishSchema
from marketplace.rfq.http.question_schemas import (
    QuestionAnswerSchema,
    QuestionInputSchema,
    QuestionListSchema,
    QuestionSchema,
)
from marketplace.rfq.http.schemas import (
    CancelSchema,
    ExtendSchema,
    HeaderSchema,
    PublishedSchema,
    ReadinessSchema,
    RfqInputSchema,
    RfqQuerySchema,
    RfqSchema,
    RfqSummarySchema,
)
from marketplace.rfq.services import drafting, publishing, questions
from marketplace.rfq.terms.drafts import Header, RfqDraft
from marketplace.rfq.terms.states import RfqSource
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfqs",
    __name__,
    url_prefix="/rfqs",
    description="Sourcing events of every kind, RFQs above all: draft to award",
)

_BESIDE_HEADER = ("lots", "lines", "criteria", "sections", "costs", "supplier_ids", "external_ref")


@blp.route("")
class Rfqs(MethodView):
    @blp.arguments(RfqQuerySchema, location="query")
    @blp.response(200, PageSchema.of(RfqSummarySchema))
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List RFQs: own ones, or those that the caller may answer, by deadline."""
        actor = current_actor()
        containing = query.pop("text")
        page = queries.search(current_session(), actor, containing=containing, **query)
        return views.summaries(page, actor)

    @blp.idempotent()
    @blp.arguments(RfqInputSchema)
    @blp.response(201, RfqSchema)
    def post(self, data: dict[str, Any]) -> Shown:
        """Draft an RFQ, with all content or with a title alone."""
        beside = {name: data.pop(name) for name in _BESIDE_HEADER}
        draft = RfqDraft(header=cast(Header, data), source=RfqSource.API, **beside)
        rfq = drafting.create(current_session(), current_actor(), draft)
        return _read(rfq.id)


@blp.route("/<uuid:rfq_id>")
class OneRfq(MethodView):
    @blp.response(200, RfqSchema)
    def get(self, rfq_id: UUID) -> Shown:
        """Read an RFQ with its lots, lines and criteria."""
        return _read(rfq_id)

    @blp.arguments(HeaderSchema)
    @blp.response(200, RfqSchema)
    def patch(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Change fields of a draft."""
        drafting.update(
            current_session(), current_actor(), rfq_id, cast(Header, data), expected_version()
        )
        return _read(rfq_id)


@blp.route("/<uuid:rfq_id>/copy")
class RfqCopy(MethodView):
    @blp.idempotent()
    @blp.response(201, RfqSchema)
    def post(self, rfq_id: UUID) -> Shown:
        """Draft the same again, without dates, questions and bids."""
        return _read(drafting.copy(current_session(), current_actor(), rfq_id).id)


@blp.route("/<uuid:rfq_id>/readiness")
class RfqReadiness(MethodView):
    @blp.response(200, ReadinessSchema)
    def get(self, rfq_id: UUID) -> rules.Readiness:
        """What is missing for the publication, and what to think about."""
        return publishing.check(current_session(), current_actor(), rfq_id).readiness


@blp.route("/<uuid:rfq_id>/publish")
class RfqPublication(MethodView):
    @blp.idempotent(required=True, redact=("opening_passphrase",))
    @blp.arguments(PublishSchema)
    @blp.response(200, PublishedSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Publish a draft. The passphrase of the answer opens the bids and is told this once."""
        actor = current_actor()
        published = publishing.publish(current_session(), actor, rfq_id, **data)
        rfq = queries.get_with_content(current_session(), actor, rfq_id)
        return views.whole(rfq, actor, opening_passphrase=published.opening_passphrase)


@blp.route("/<uuid:rfq_id>/extend")
class RfqExtension(MethodView):
    @blp.idempotent()
    @blp.arguments(ExtendSchema)
    @blp.response(200, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Move the deadline later, for everybody."""
        publishing.extend(current_session(), current_actor(), rfq_id, **data)
        return _read(rfq_id)


@blp.route("/<uuid:rfq_id>/cancel")
class RfqCancellation(MethodView):
    @blp.idempotent()
    @blp.arguments(CancelSchema)
    @blp.response(200, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """End an RFQ without an award."""
        publishing.cancel(current_session(), current_actor(), rfq_id, **data)
        return _read(rfq_id)


@blp.route("/<uuid:rfq_id>/questions")
class Questions(MethodView):
    @blp.response(200, QuestionListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List questions: all for the buyer, answered and own ones for bidders."""
        session, actor = current_session(), current_actor()
        return {"items": views.questions(session, actor, queries.get(session, actor, rfq_id))}

    @blp.idempotent()
    @blp.arguments(QuestionInputSchema)
    @blp.response(201, QuestionSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Ask the buyer. Nobody is told who asked."""
        asked = questions.ask(current_session(), current_actor(), rfq_id, data["body"])
        return views.question(asked, is_own=True)


@blp.route("/<uuid:rfq_id>/questions/<uuid:question_id>/answer")
class Answer(MethodView):
    @blp.idempotent()
    @blp.arguments(QuestionAnswerSchema)
    @blp.response(200, QuestionSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, question_id: UUID) -> Shown:
        """Answer a question to all bidders."""
        answered = questions.answer(
            current_session(), current_actor(), rfq_id, question_id, data["answer"]
        )
        return views.question(answered, is_own=False)


def _read(rfq_id: UUID) -> Shown:
    """What has been written, as the caller reads it now."""
    return views.read(current_session(), current_actor(), rfq_id)
