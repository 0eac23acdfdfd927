"""What crosses the API about suspending and resuming an RFQ."""

from marketplace.rfq.http.schemas import DEADLINE
from marketplace.web.fields import TextField
from marketplace.web.schemas import Schema


class SuspendSchema(Schema):
    reason = TextField(required=True, min=1, max=2000, metadata={"description": "Bidders read it."})


class ResumeSchema(Schema):
    bids_due_at = TextField(
        max=40,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Left out: later by the length of the suspension. "
            + DEADLINE["description"]
        },
    )
