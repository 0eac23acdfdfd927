"""Which totals are abnormally low, and what must be settled before one of them wins."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.core.clock import instant
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.evaluation.models import LowPriceInquiry
from marketplace.rfq.evaluation.ranking import LotRanking
from marketplace.rfq.evaluation.states import LowPriceRuling
from marketplace.rfq.scoring.abnormal import Flag, flags


class NotAbnormallyLow(Conflict):
    code = "not_abnormally_low"


class AlreadyAsked(Conflict):
    code = "already_asked"


class JustificationClosed(Conflict):
    code = "justification_closed"


class AwaitingJustification(Conflict):
    code = "awaiting_justification"


class AlreadyRuled(Conflict):
    code = "already_ruled"


class LowPriceUnruled(Conflict):
    code = "low_price_unruled"


class InquiryInvalid(Invalid):
    code = "inquiry_invalid"


@dataclass(frozen=True, slots=True)
class FlaggedTotal:
    """An abnormally low total of a bid in a lot."""

    lot_id: UUID
    bid_id: UUID
    supplier_id: UUID
    flag: Flag
    # in the bid's own currency; the flag compares what it is worth in that of the RFQ
    total: Decimal


def flagged(lots: Iterable[LotRanking]) -> list[FlaggedTotal]:
    """The abnormally low ones of the bids that price a whole lot, lot by lot.

    Bid prices are compared, in the currency of the RFQ: costs beside the price neither cause a flag
    nor hide one, not even where a bid has no place because one of them is unknown.
    """
    found = []
    for lot in lots:
        whole = {rank.bid_id: rank for rank in lot.ranks if not (rank.missing or rank.partial)}
        for bid_id, flag in flags({rank.bid_id: rank.compared for rank in whole.values()}).items():
            rank = whole[bid_id]
            found.append(FlaggedTotal(lot.lot_id, bid_id, rank.supplier_id, flag, rank.total))
    return found


def check_flagged(found: Iterable[FlaggedTotal], bid_id: UUID) -> None:
    """Raise NotAbnormallyLow unless the bid has an abnormally low total."""
    if all(each.bid_id != bid_id for each in found):
        raise NotAbnormallyLow(_("This bid is not abnormally low."))


def check_question(question: str, due_at: datetime, now: datetime) -> None:
    """Raise InquiryInvalid without a question, or with a deadline that has passed."""
    errors = []
    if not question.strip():
        errors.append(FieldError("/question", "required", _("Say what is to be justified.")))
    if due_at <= now:
        errors.append(
            FieldError("/due_at", "in_the_past", _("The deadline must lie in the future."))
        )
    if errors:
        raise InquiryInvalid(_("The bidder cannot be asked like this."), errors=errors)


def check_takes_answer(inquiry: LowPriceInquiry, now: datetime) -> None:
    """Raise JustificationClosed after the deadline and after the ruling."""
    if now > inquiry.due_at or inquiry.outcome is not None:
        raise JustificationClosed(
            _("The time to justify this price is over."), due_at=instant(inquiry.due_at)
        )


def check_may_rule(
    inquiry: LowPriceInquiry, outcome: LowPriceRuling, reason: str, now: datetime
) -> None:
    """Raise while the bidder may still speak for a bid that is to be excluded."""
    if inquiry.outcome is not None:
        raise AlreadyRuled(_("This price has been ruled on already."))
    if not reason.strip():
        raise InquiryInvalid(
            _("Say why."), errors=[FieldError("/reason", "required", _("A reason is needed."))]
        )
    if outcome is LowPriceRuling.EXCLUDED and not was_heard(inquiry, now):
        raise AwaitingJustification(
            _("The bidder may still answer. Exclude the bid after the answer or the deadline."),
            due_at=instant(inquiry.due_at),
        )


def was_heard(inquiry: LowPriceInquiry | None, now: datetime) -> bool:
    """Whether the bidder has answered or let the deadline pass."""
    return inquiry is not None and (inquiry.answered_at is not None or now > inquiry.due_at)


def check_ruled(
    found: Iterable[FlaggedTotal],
    winning: Collection[tuple[UUID, UUID]],
    inquiries: Mapping[UUID, LowPriceInquiry],
) -> None:
    """Raise LowPriceUnruled where a lot goes to an abnormally low bid that nobody accepted.

    winning: lot and bid of everything that is to be awarded.
    """
    open_bids = sorted(
        {
            str(each.bid_id)
            for each in found
            if (each.lot_id, each.bid_id) in winning
            and (
                each.bid_id not in inquiries
                or inquiries[each.bid_id].outcome is not LowPriceRuling.ACCEPTED
            )
        }
    )
    if open_bids:
        raise LowPriceUnruled(
            _("A bid that you chose is abnormally low. Ask its supplier to justify it, and rule."),
            bid_ids=open_bids,
        )
