"""Bids that their bidders have sealed: the service takes envelopes and never sees what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock_guard
from marketplace.core.errors import FieldError, NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.models import BidVersion
from marketplace.rfq.bids.parts import TECHNICAL_FIELDS
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.opening.unsealed_documents import submitted_with
from marketplace.rfq.receiving import attempts, submission
from marketplace.rfq.receiving import documents as bid_documents
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.receiving.submission import BidChanged, Stored
from marketplace.rfq.sealing.envelopes import Envelope, SealedBid, ServiceKeys
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.bid_states import BID_FLOW


@dataclass(frozen=True)
class SealingFacts:
    """All that a bidder needs to seal the next version of their bid."""

    door: Door
    supplier_id: UUID

    @property
    def number(self) -> int:
        return self.door.bid.number + 1 if self.door.bid else 1

    @property
    def fingerprint(self) -> str:
        return self.door.seal.fingerprint

    @property
    def alternative(self) -> int:
        """Which of the supplier's bids it is; 0: the main one."""
        return self.door.alternative

    @property
    def terms(self) -> Mapping[str, Any]:
        return self.door.seal.terms

    @property
    def empty_content(self) -> Mapping[str, Any]:
        """A bid that says nothing, with every field in its place."""
        return BidContent().to_json()

    @property
    def empty_line(self) -> Mapping[str, Any]:
        """A priced line with every field in its place; those of the bidder's own are to be set."""
        priced = PricedLine(UUID(int=0), Decimal(1), self.door.rfq.currency)
        line: Mapping[str, Any] = BidContent(lines=(priced,)).to_json()["lines"][0]
        return line

    @property
    def technical_fields(self) -> Sequence[str]:
        """What belongs to the technical envelope, where there are two."""
        return sorted(TECHNICAL_FIELDS)


@dataclass(frozen=True)
class SealedVersion:
    """A version as it lies sealed, with the fingerprint of the terms that it is bound to.

    documents: those that were submitted with it.
    """

    version: BidVersion
    fingerprint: str
    alternative: int = 0
    documents: Sequence[UUID] = ()


@dataclass(frozen=True)
class Offered:
    """A version as its bidder has sealed it; for which number, and for which terms.

    documents: those that belong to it, sent before.
    """

    number: int
    terms_number: int
    main: Envelope
    technical: Envelope | None = None
    documents: tuple[UUID, ...] = ()


@requires(Permission.BID_SUBMIT)
def facts(session: Session, actor: Actor, rfq_id: UUID, alternative: int = 0) -> SealingFacts:
    """Keys and binding of the supplier's next version of their bid, or of an alternative."""
    door = bid_queries.door(session, actor, rfq_id, alternative)
    bid_rules.check_client_seals(door.rfq)
    alternatives.check_number(Terms.from_json(door.seal.terms), alternative)
    return SealingFacts(door, actor.organisation_id)


@requires(Permission.BID_SUBMIT)
def submit(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    arrived_at: datetime,
    offered: Offered,
    alternative: int = 0,
) -> Stored:
    """Take a sealed version in the place of any earlier one, and sign its receipt.

    Whether it can be read shows at the opening. Refusals are signed, as in `bidding.submit`.
    """
    arrived_at = clock_guard.in_database_time(session, arrived_at)
    door = bid_queries.door(session, actor, rfq_id, alternative, share=True)
    with attempts.refusals_signed(keys, door, actor, arrived_at):
        bid_rules.check_takes_bids(door.rfq, arrived_at)
        bid_rules.check_client_seals(door.rfq)
        alternatives.check_number(Terms.from_json(door.seal.terms), alternative)
        _check_form(door, offered)
        if door.bid is not None:
            BID_FLOW.next(door.bid.state, "submit")
        binding = bid_vault.next_binding(door, actor.organisation_id, offered.number)
        sealed = SealedBid(offered.main, offered.technical)
        documents = bid_documents.named(session, door, offered.documents)
        stored = submission.store(
            session, actor, keys, door, arrived_at, sealed, binding, documents
        )
        bid_documents.forget_others(session, door, offered.documents)
        return stored


@requires(Permission.BID_READ)
def sealed_version(
    session: Session, actor: Actor, rfq_id: UUID, alternative: int = 0
) -> SealedVersion:
    """The supplier's own last version as it lies sealed, to be read back where its key is."""
    door = bid_queries.door(session, actor, rfq_id, alternative)
    if door.bid is None or not door.bid.number:
        raise NotFound(_("There is no such bid."))
    version = bid_queries.version(session, door.bid.id, door.bid.number)
    answered = bid_queries.terms_version(session, rfq_id, version.terms_number)
    receipt = bid_documents.last_submission(session, door.bid.id)
    documents = submitted_with(receipt.statement) if receipt else {}
    return SealedVersion(version, answered.fingerprint, alternative, [*map(UUID, documents)])


def _check_form(door: Door, offered: Offered) -> None:
    """Number and terms are the present ones, and the envelopes have the form of envelopes."""
    if offered.number != SealingFacts(door, door.rfq.buyer_id).number:
        raise BidChanged(_("Your bid was changed at the same moment elsewhere. Look at it again."))
    if offered.terms_number != door.seal.terms_number:
        raise bid_rules.TermsChanged(
            _("The event was changed meanwhile. Read it again and seal the bid anew.")
        )
    errors = []
    needs_two = door.seal.technical_public_key is not None
    if needs_two != (offered.technical is not None):
        detail = _("Seal as many envelopes as the event has.")
        errors.append(FieldError("/technical", "wrong_envelopes", detail))
    for name, envelope in (("main", offered.main), ("technical", offered.technical)):
        if envelope is not None and not envelope.is_well_formed:
            detail = _("This envelope does not have the sizes of a padded, sealed one.")
            errors.append(FieldError(f"/{name}", "malformed_envelope", detail))
    if errors:
        raise bid_rules.BidInvalid(_("The bid cannot be accepted like this."), errors=errors)
