"""A bid by spreadsheet: the template, what a filled-in one would change, and keeping it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import Invalid
from marketplace.core.text import Text, _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import alternatives, information_rules
from marketplace.rfq.bids import changes as bid_changes
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.changes import FieldChange, LineChange
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing.envelopes import SealBroken, ServiceKeys
from marketplace.rfq.services import bid_drafts
from marketplace.rfq.sheets import bids as bid_sheets
from marketplace.rfq.sheets import workbook as bid_workbook
from marketplace.rfq.terms.asked import Terms


class ProposalUnreadable(Invalid):
    code = "proposal_unreadable"


@dataclass(frozen=True)
class Template:
    """The spreadsheet of an RFQ. ``version``: of the bid whose draft fills it, 0 without one."""

    rfq_number: str
    version: int
    content: bytes


@dataclass(frozen=True)
class Plan:
    """What a file would make of the draft. ``seen``: the version it was compared with, 0: none."""

    door: Door
    terms: Terms
    before: BidContent
    content: BidContent
    notices: Sequence[Text]
    seen: int

    @property
    def changes(self) -> list[LineChange]:
        return bid_changes.line_changes(self.terms, self.before, self.content)

    @property
    def others(self) -> list[FieldChange]:
        return bid_changes.field_changes(self.terms, self.before, self.content)


@requires(Permission.BID_READ)
def template(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, alternative: int = 0
) -> Template:
    """The spreadsheet of the RFQ, filled with the present draft."""
    door = bid_queries.door(session, actor, rfq_id, alternative)
    terms = Terms.from_json(door.seal.terms)
    information_rules.check_asks_prices(terms)
    alternatives.check_number(terms, alternative)
    blank = bid_workbook.Blank(
        rfq=door.rfq,
        fingerprint=door.seal.fingerprint,
        terms=terms,
        lines=queries.lines_by_id(session, rfq_id),
        draft=bid_vault.read_draft(keys, door) or BidContent(),
        alternative=alternative,
    )
    version = door.bid.version if door.bid else 0
    return Template(door.rfq.number, version, bid_workbook.write(blank))


@requires(Permission.BID_SUBMIT)
def preview(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    data: bytes,
    filename: str,
    alternative: int = 0,
) -> Plan:
    """What the file would make of the draft; nothing is written anywhere."""
    door = bid_queries.door(session, actor, rfq_id, alternative)
    bid_rules.check_takes_bids(door.rfq, clock.now())
    terms = Terms.from_json(door.seal.terms)
    information_rules.check_asks_prices(terms)
    before = bid_vault.read_draft(keys, door) or BidContent()
    alternatives.check_number(terms, alternative)
    published = bid_sheets.Published(rfq_id, door.seal.fingerprint, terms, alternative)
    found = bid_sheets.read(data, filename, published, before)
    content = replace(found.content, documents=before.documents)
    seen = door.bid.version if door.bid else 0
    return Plan(door, terms, before, content, found.notices, seen)


@requires(Permission.BID_SUBMIT)
def keep(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    data: bytes,
    filename: str,
    *,
    alternative: int = 0,
    expected: int | None = None,
) -> tuple[Plan, Bid]:
    """Make the file the draft of the bid; its documents stay. Nothing is submitted.

    expected: the version of the bid that the caller saw. Raises as `bid_sheets.read` does, and
    then writes nothing.
    """
    plan = preview(session, actor, keys, rfq_id, data, filename, alternative)
    seen = plan.seen if expected is None else expected
    bid = bid_drafts.save(
        session, actor, keys, rfq_id, plan.content, alternative=alternative, expected=seen
    )
    return plan, bid


@requires(Permission.BID_SUBMIT)
def keep_shown(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    token: str,
    alternative: int = 0,
) -> Bid:
    """Make the content of a preview the draft, unless the bid was changed since."""
    try:
        content, seen = bid_vault.read_proposal(
            keys, actor.organisation_id, rfq_id, alternative, token
        )
    except SealBroken:
        raise ProposalUnreadable(_("Choose the file again to see what it changes.")) from None
    return bid_drafts.save(
        session, actor, keys, rfq_id, content, alternative=alternative, expected=seen
    )
