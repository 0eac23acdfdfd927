"""What sourcing announces, from the publication of an RFQ to its award."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class RfqPublished(Event):
    """Open for bids; `supplier_ids` are the invited ones."""

    name: ClassVar[str] = "rfq.published"

    rfq_id: UUID
    buyer_id: UUID
    number: str
    bids_due_at: datetime
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class SuppliersInvited(Event):
    """More suppliers were asked after the publication."""

    name: ClassVar[str] = "rfq.suppliers_invited"

    rfq_id: UUID
    buyer_id: UUID
    invited_at: datetime
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class DeadlineExtended(Event):
    name: ClassVar[str] = "rfq.deadline_extended"

    rfq_id: UUID
    buyer_id: UUID
    previous_due_at: datetime
    bids_due_at: datetime
    extended_at: datetime
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class RfqSuspended(Event):
    """No bids are taken and no deadline passes until it is resumed."""

    name: ClassVar[str] = "rfq.suspended"

    rfq_id: UUID
    buyer_id: UUID
    suspended_at: datetime
    reason: str
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class RfqResumed(Event):
    """Bids are taken again, until a deadline that is later by the suspension at least."""

    name: ClassVar[str] = "rfq.resumed"

    rfq_id: UUID
    buyer_id: UUID
    suspended_at: datetime
    resumed_at: datetime
    bids_due_at: datetime
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class RfqAmended(Event):
    """An addendum holds from now on; `number` is the version of the terms that it made."""

    name: ClassVar[str] = "rfq.amended"

    rfq_id: UUID
    buyer_id: UUID
    addendum_id: UUID
    number: int
    bids_due_at: datetime
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class BidConfirmed(Event):
    """For the supplier's feed alone."""

    name: ClassVar[str] = "rfq.bid_confirmed"

    bid_id: UUID
    rfq_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    confirmed_at: datetime


@event
@dataclass(frozen=True)
class RfqCancelled(Event):
    """`supplier_ids` is empty when the RFQ had not been published."""

    name: ClassVar[str] = "rfq.cancelled"

    rfq_id: UUID
    buyer_id: UUID
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class QuestionAsked(Event):
    """Who asked is not told to anybody."""

    name: ClassVar[str] = "rfq.question_asked"

    question_id: UUID
    rfq_id: UUID
    buyer_id: UUID


@event
@dataclass(frozen=True)
class QuestionAnswered(Event):
    name: ClassVar[str] = "rfq.question_answered"

    question_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class BidSubmitted(Event):
    """For the supplier's feed alone: until the opening nobody else learns that there is a bid."""

    name: ClassVar[str] = "rfq.bid_submitted"

    bid_id: UUID
    rfq_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    submitted_at: datetime


@event
@dataclass(frozen=True)
class BidWithdrawn(Event):
    """For the supplier's feed alone. ``others_stand``: another bid of theirs for the RFQ does."""

    name: ClassVar[str] = "rfq.bid_withdrawn"

    bid_id: UUID
    rfq_id: UUID
    supplier_id: UUID
    buyer_id: UUID
    withdrawn_at: datetime
    others_stand: bool = False


@event
@dataclass(frozen=True)
class RfqOpened(Event):
    name: ClassVar[str] = "rfq.opened"

    rfq_id: UUID
    buyer_id: UUID
    opened_at: datetime


@event
@dataclass(frozen=True)
class AwardDecided(Event):
    """Winners are chosen; the award is final after `standstill_until` at the earliest."""

    name: ClassVar[str] = "rfq.award_decided"

    rfq_id: UUID
    buyer_id: UUID
    award_id: UUID
    winner_ids: tuple[UUID, ...]
    loser_ids: tuple[UUID, ...]
    decided_at: datetime
    standstill_until: datetime | None


@event
@dataclass(frozen=True)
class AwardWithdrawn(Event):
    """The decision was taken back before it was final; `bidder_ids` are all whose bids count."""

    name: ClassVar[str] = "rfq.award_withdrawn"

    rfq_id: UUID
    buyer_id: UUID
    award_id: UUID
    bidder_ids: tuple[UUID, ...]
    withdrawn_at: datetime


@event
@dataclass(frozen=True)
class RfqAwarded(Event):
    """The award is final: what was won can be ordered."""

    name: ClassVar[str] = "rfq.awarded"

    rfq_id: UUID
    buyer_id: UUID
    award_id: UUID
    winner_ids: tuple[UUID, ...]
    loser_ids: tuple[UUID, ...]
    awarded_at: datetime


@event
@dataclass(frozen=True)
class RfqUnsuccessful(Event):
    """Ended without an award; `supplier_ids` are those who had bid."""

    name: ClassVar[str] = "rfq.unsuccessful"

    rfq_id: UUID
    buyer_id: UUID
    supplier_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class GraderNamed(Event):
    """This person scores the bids of the RFQ, after declaring their interests."""

    name: ClassVar[str] = "rfq.grader_named"

    rfq_id: UUID
    buyer_id: UUID
    person_id: UUID
    named_at: datetime


@event
@dataclass(frozen=True)
class GraderConflicted(Event):
    """A grader has declared a conflict of interest, and their scores do not count."""

    name: ClassVar[str] = "rfq.grader_conflicted"

    rfq_id: UUID
    buyer_id: UUID
    person_id: UUID
    declared_at: datetime


@event
@dataclass(frozen=True)
class LotsEnded(Event):
    """Lots were cancelled or end unsuccessful while others go on.

    `supplier_ids`: who bid for them; while bids are `sealed`, who was invited.
    """

    name: ClassVar[str] = "rfq.lots_ended"

    rfq_id: UUID
    buyer_id: UUID
    lot_ids: tuple[UUID, ...]
    outcome: str
    supplier_ids: tuple[UUID, ...]
    sealed: bool
    ended_at: datetime


@event
@dataclass(frozen=True)
class OfficersNamed(Event):
    """These people hold the shares that open the bids."""

    name: ClassVar[str] = "rfq.officers_named"

    rfq_id: UUID
    buyer_id: UUID
    person_ids: tuple[UUID, ...]
    named_at: datetime


@event
@dataclass(frozen=True)
class ShareGiven(Event):
    """The first of two shares is there; the second is awaited for a quarter of an hour."""

    name: ClassVar[str] = "rfq.share_given"

    rfq_id: UUID
    buyer_id: UUID
    person_id: UUID
    given_at: datetime


@event
@dataclass(frozen=True)
class ShareLost(Event):
    """An officer cannot give their share."""

    name: ClassVar[str] = "rfq.share_lost"

    rfq_id: UUID
    buyer_id: UUID
    person_id: UUID
    lost_at: datetime
    shares_left: int


@event
@dataclass(frozen=True)
class EscrowUsed(Event):
    """The escrow person has opened the bids in the place of an opener."""

    name: ClassVar[str] = "rfq.escrow_used"

    rfq_id: UUID
    buyer_id: UUID
    person_id: UUID
    used_at: datetime


@event
@dataclass(frozen=True)
class PricesOpened(Event):
    """The prices that were sealed apart are open, for the bids that are not excluded."""

    name: ClassVar[str] = "rfq.prices_opened"

    rfq_id: UUID
    buyer_id: UUID
    opened_at: datetime


@event
@dataclass(frozen=True)
class RfiConcluded(Event):
    """A request for information is closed with findings, for those who answered it."""

    name: ClassVar[str] = "rfq.concluded"

    rfq_id: UUID
    buyer_id: UUID
    supplier_ids: tuple[UUID, ...]
    concluded_at: datetime


@event
@dataclass(frozen=True)
class BidFoundUnreadable(Event):
    """A bid arrived whole, but what its bidder sealed cannot be read."""

    name: ClassVar[str] = "rfq.bid_unreadable"

    bid_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    found_at: datetime
