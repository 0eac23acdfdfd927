"""History and jobs for partners."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.audit import AuditEvent
from marketplace.core.jobs import Job
from marketplace.core.pages import Page
from marketplace.portal import oversight
from marketplace.portal.schemas import (
    AuditEntrySchema,
    AuditQuerySchema,
    JobQuerySchema,
    JobSchema,
    ProofSchema,
)
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema

audit = ApiBlueprint(
    "audit", __name__, url_prefix="/audit", description="Every change, chained by hash."
)
jobs = ApiBlueprint("jobs", __name__, url_prefix="/jobs", description="The queue of work.")


@audit.route("")
class History(MethodView):
    @audit.arguments(AuditQuerySchema, location="query")
    @audit.response(200, PageSchema.of(AuditEntrySchema))
    def get(self, query: dict[str, Any]) -> Page[AuditEvent]:
        """What the organisation did and what was done to its documents, newest first."""
        return oversight.search_history(current_session(), current_actor(), **query)


@audit.route("/<subject_kind>/<uuid:subject_id>/proof")
class HistoryProof(MethodView):
    @audit.response(200, ProofSchema)
    def get(self, subject_kind: str, subject_id: UUID) -> oversight.Proof:
        """Check that nothing in the document's history was changed or removed."""
        return oversight.verify(current_session(), current_actor(), subject_kind, subject_id)


@jobs.route("")
class Jobs(MethodView):
    @jobs.arguments(JobQuerySchema, location="query")
    @jobs.response(200, PageSchema.of(JobSchema))
    def get(self, query: dict[str, Any]) -> Page[Job]:
        """Jobs, newest first."""
        return oversight.search_jobs(current_session(), current_actor(), **query)


@jobs.route("/<uuid:job_id>")
class JobResource(MethodView):
    @jobs.response(200, JobSchema)
    def get(self, job_id: UUID) -> Job:
        """One job."""
        return oversight.get_job(current_session(), current_actor(), job_id)


@jobs.route("/<uuid:job_id>/retry")
class JobRetry(MethodView):
    @jobs.response(200, JobSchema)
    def post(self, job_id: UUID) -> Job:
        """Give a failed job all its attempts again."""
        return oversight.retry_job(current_session(), current_actor(), job_id)
