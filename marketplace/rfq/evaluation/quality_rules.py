"""When prices may be seen and scores changed: quality first, price after, where the RFQ says so."""

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq


class PricesHidden(Conflict):
    code = "prices_hidden"


class QualityLocked(Conflict):
    code = "quality_locked"


class QualityNotLocked(Conflict):
    code = "quality_not_locked"


class PricesSeen(Conflict):
    code = "prices_seen"


class LockReasonRequired(Invalid):
    code = "reason_required"


def prices_hidden(rfq: Rfq) -> bool:
    """Whether the opened bids are still read without their prices, by everybody of the buyer."""
    return rfq.prices_sealed or (rfq.blind_scoring and rfq.quality_locked_at is None)


def check_prices_shown(rfq: Rfq) -> None:
    """Raise PricesHidden where something would tell or need prices."""
    if rfq.prices_sealed:
        raise PricesHidden(_("Prices are sealed apart and have not been opened."))
    if prices_hidden(rfq):
        raise PricesHidden(_("Prices stay hidden until the scores of the quality are locked."))


def check_unlocked(rfq: Rfq) -> None:
    """Raise QualityLocked once the scores are fixed."""
    if rfq.quality_locked_at is not None:
        raise QualityLocked(_("The scores are locked and cannot change any more."))


def check_may_unlock(rfq: Rfq) -> None:
    """Raise unless the scores are locked and no price that was kept from them was seen since."""
    if rfq.quality_locked_at is None:
        raise QualityNotLocked(_("The scores are not locked."))
    if _seen(rfq):
        raise PricesSeen(_("Prices have been seen since. The scores stay as they are."))


def check_lockable(missing: int, reason: str) -> None:
    """Raise LockReasonRequired where scores are missing and nobody says why."""
    if missing and not reason:
        raise LockReasonRequired(
            _("Scores are missing. Give them, or say why they stay out."),
            errors=[FieldError("/reason", "required", _("A reason is needed."))],
            missing_scores=missing,
        )


def quality_actions(rfq: Rfq, *, may_evaluate: bool) -> list[str]:
    """What may be done about the lock now."""
    if not may_evaluate or rfq.state != "opened":
        return []
    if rfq.quality_locked_at is None:
        return ["lock_quality"]
    return [] if _seen(rfq) else ["unlock_quality"]


def _seen(rfq: Rfq) -> bool:
    return rfq.prices_opened_at is not None or (
        rfq.blind_scoring and rfq.prices_seen_at is not None
    )
