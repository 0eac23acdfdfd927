"""What happens to an RFQ by the clock, and when somebody has to look at it next.

Nothing depends on it: the deadline closes an RFQ, not a job. It only has people told in time.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from marketplace.rfq.terms.states import RfqState

NOTICE = timedelta(hours=24)
# As long as a request may take: whoever arrived in time has been written down by then.
DRAIN = timedelta(seconds=30)


class Moment(StrEnum):
    """What people are told of, each once for its instant."""

    QUESTIONS_CLOSING = "questions_closing"
    DEADLINE_SOON = "deadline_soon"
    BIDS_TO_OPEN = "bids_to_open"


def moments(
    state: RfqState, bids_due_at: datetime | None, questions_due_at: datetime | None
) -> list[tuple[datetime, Moment]]:
    """Every instant of an RFQ like this, the earliest first."""
    if state is not RfqState.PUBLISHED or bids_due_at is None:
        return []
    found = [
        (bids_due_at - NOTICE, Moment.DEADLINE_SOON),
        (bids_due_at + DRAIN, Moment.BIDS_TO_OPEN),
    ]
    if questions_due_at is not None and questions_due_at < bids_due_at:
        found.append((questions_due_at - NOTICE, Moment.QUESTIONS_CLOSING))
    return sorted(found)
