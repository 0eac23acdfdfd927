"""What crosses the API about history and jobs."""

from marshmallow import fields

from marketplace.core.jobs import JobKind, JobState
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import ListQuerySchema, Schema


class AuditEntrySchema(Schema):
    id = IdField()
    subject_kind = fields.String()
    subject_id = IdField()
    seq = fields.Integer()
    action = fields.String()
    person_id = IdField(allow_none=True)
    org_id = IdField(allow_none=True)
    at = InstantField()
    data = fields.Dict()
    hash = fields.Function(lambda entry: entry.hash.hex(), metadata={"type": "string"})


class AuditQuerySchema(ListQuerySchema):
    subject_kind = TextField(max=60, load_default=None)
    subject_id = IdField(load_default=None)
    action = TextField(max=80, load_default=None, metadata={"description": "Or its beginning."})
    since = InstantField(load_default=None)


class BrokenLinkSchema(Schema):
    seq = fields.Integer()
    fault = fields.String(metadata={"enum": ["missing", "changed", "cut"]})


class ProofSchema(Schema):
    """Whether the chain of a document's changes is whole."""

    subject_kind = fields.String()
    subject_id = IdField()
    entries = fields.Integer()
    last_hash = fields.String()
    sound = fields.Boolean()
    broken = fields.List(fields.Nested(BrokenLinkSchema))


class JobSchema(Schema):
    id = IdField()
    kind = EnumField(JobKind)
    name = fields.String()
    queue = fields.String()
    state = EnumField(JobState)
    attempts = fields.Integer()
    created_at = InstantField()
    run_at = InstantField()
    done_at = InstantField(allow_none=True)
    error = fields.String(allow_none=True)
    actions = fields.Function(
        lambda job: ["retry"] if job.state is JobState.DEAD else [],
        metadata={"type": "array", "items": {"type": "string"}},
    )


class JobQuerySchema(ListQuerySchema):
    state = EnumField(JobState, load_default=None)
