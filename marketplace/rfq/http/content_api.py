"""The parts of an RFQ for partners: lots, lines, criteria, invitations, documents.

Every change names the RFQ's version in If-Match and answers the RFQ with its new version.
"""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from marshmallow import fields

from marketplace.documents import queries as document_queries
from marketplace.documents.schemas import DocumentSchema
from marketplace.rfq.asking import queries
from marketplace.rfq.http import views
from marketplace.rfq.http.criterion_schemas import (
    CriteriaInputSchema,
    CriteriaTreeInputSchema,
    CriterionInputSchema,
    LotWeightsInputSchema,
)
from marketplace.rfq.http.schemas import (
    DocumentsInputSchema,
    InvitationListSchema,
    InvitationsInputSchema,
    LineInputSchema,
    LinesInputSchema,
    LotInputSchema,
    LotsInputSchema,
    RfqSchema,
)
from marketplace.rfq.services import content, inviting, papers
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, LotDraft
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import Schema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-content",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>",
    description="Lots, lines, criteria, invitations and documents of an RFQ",
)


class DocumentListSchema(Schema):
    items = fields.List(fields.Nested(DocumentSchema))


@blp.route("/lots")
class Lots(MethodView):
    @blp.idempotent()
    @blp.arguments(LotsInputSchema)
    @blp.response(201, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Append lots."""
        content.add_lots(current_session(), current_actor(), rfq_id, data["lots"])
        return _read(rfq_id)

    @blp.arguments(LotsInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Replace the lots; those in the same place keep their lines."""
        content.set_lots(
            current_session(), current_actor(), rfq_id, data["lots"], expected_version()
        )
        return _read(rfq_id)


@blp.route("/lots/<uuid:lot_id>")
class OneLot(MethodView):
    @blp.arguments(LotInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, lot: LotDraft, rfq_id: UUID, lot_id: UUID) -> Shown:
        """Write a lot anew."""
        content.change_lot(
            current_session(), current_actor(), rfq_id, lot_id, lot, expected_version()
        )
        return _read(rfq_id)

    @blp.response(200, RfqSchema)
    def delete(self, rfq_id: UUID, lot_id: UUID) -> Shown:
        """Remove an empty lot."""
        content.remove_lot(current_session(), current_actor(), rfq_id, lot_id, expected_version())
        return _read(rfq_id)


@blp.route("/lots/<uuid:lot_id>/weights")
class OneLotsWeights(MethodView):
    @blp.arguments(LotWeightsInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, data: dict[str, Any], rfq_id: UUID, lot_id: UUID) -> Shown:
        """Let a lot weigh the criteria for itself; an empty list: as the RFQ does."""
        session, actor = current_session(), current_actor()
        content.set_lot_weights(session, actor, rfq_id, lot_id, data["weights"], expected_version())
        return _read(rfq_id)


@blp.route("/lines")
class Lines(MethodView):
    @blp.idempotent()
    @blp.arguments(LinesInputSchema)
    @blp.response(201, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Append lines, all or none."""
        content.add_lines(current_session(), current_actor(), rfq_id, data["lines"])
        return _read(rfq_id)

    @blp.arguments(LinesInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Replace the lines."""
        content.set_lines(
            current_session(), current_actor(), rfq_id, data["lines"], expected_version()
        )
        return _read(rfq_id)


@blp.route("/lines/<uuid:line_id>")
class OneLine(MethodView):
    @blp.arguments(LineInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, line: LineDraft, rfq_id: UUID, line_id: UUID) -> Shown:
        """Write a line anew."""
        content.change_line(
            current_session(), current_actor(), rfq_id, line_id, line, expected_version()
        )
        return _read(rfq_id)

    @blp.response(200, RfqSchema)
    def delete(self, rfq_id: UUID, line_id: UUID) -> Shown:
        """Remove a line."""
        content.remove_line(current_session(), current_actor(), rfq_id, line_id, expected_version())
        return _read(rfq_id)


@blp.route("/criteria")
class Criteria(MethodView):
    @blp.idempotent()
    @blp.arguments(CriteriaInputSchema)
    @blp.response(201, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Append criteria."""
        content.add_criteria(current_session(), current_actor(), rfq_id, data["criteria"])
        return _read(rfq_id)

    @blp.arguments(CriteriaTreeInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Replace the criteria and their sections."""
        content.set_criteria(
            current_session(),
            current_actor(),
            rfq_id,
            data["criteria"],
            expected_version(),
            sections=data["sections"],
        )
        return _read(rfq_id)


@blp.route("/criteria/<uuid:criterion_id>")
class OneCriterion(MethodView):
    @blp.arguments(CriterionInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, criterion: CriterionDraft, rfq_id: UUID, criterion_id: UUID) -> Shown:
        """Write a criterion anew."""
        content.change_criterion(
            current_session(),
            current_actor(),
            rfq_id,
            criterion_id,
            criterion,
            expected_version(),
        )
        return _read(rfq_id)

    @blp.response(200, RfqSchema)
    def delete(self, rfq_id: UUID, criterion_id: UUID) -> Shown:
        """Remove a criterion."""
        content.remove_criterion(
            current_session(), current_actor(), rfq_id, criterion_id, expected_version()
        )
        return _read(rfq_id)


@blp.route("/invitations")
class Invitations(MethodView):
    @blp.response(200, InvitationListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List who is asked; suppliers see their own invitation alone."""
        return _invitations(rfq_id)

    @blp.idempotent()
    @blp.arguments(InvitationsInputSchema)
    @blp.response(201, InvitationListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Invite suppliers; inviting twice changes nothing."""
        inviting.invite(current_session(), current_actor(), rfq_id, data["supplier_ids"])
        return _invitations(rfq_id)


@blp.route("/invitations/<uuid:supplier_id>")
class OneInvitation(MethodView):
    @blp.response(200, RfqSchema)
    def delete(self, rfq_id: UUID, supplier_id: UUID) -> Shown:
        """Take a supplier off the list of a draft."""
        inviting.uninvite(
            current_session(), current_actor(), rfq_id, supplier_id, expected_version()
        )
        return _read(rfq_id)


@blp.route("/documents")
class Documents(MethodView):
    @blp.response(200, DocumentListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List the documents that bidders read."""
        return _documents(rfq_id)

    @blp.idempotent()
    @blp.arguments(DocumentsInputSchema)
    @blp.response(201, DocumentListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Attach files that were uploaded before."""
        papers.attach(current_session(), current_actor(), rfq_id, data["document_ids"])
        return _documents(rfq_id)


@blp.route("/documents/<uuid:document_id>")
class OneDocument(MethodView):
    @blp.response(200, RfqSchema)
    def delete(self, rfq_id: UUID, document_id: UUID) -> Shown:
        """Take a document away from a draft."""
        papers.detach(current_session(), current_actor(), rfq_id, document_id, expected_version())
        return _read(rfq_id)


def _read(rfq_id: UUID) -> Shown:
    return views.read(current_session(), current_actor(), rfq_id)


def _invitations(rfq_id: UUID) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    return {"items": views.invited(session, actor, rfq)}


def _documents(rfq_id: UUID) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    rfq = queries.get(session, actor, rfq_id)
    return {"items": document_queries.attached(session, actor, "rfq", rfq.id)}
