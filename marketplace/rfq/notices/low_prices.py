"""Who learns that a price is to be justified, and that it was."""

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.low_prices import LowPriceAnswered, LowPriceAsked
from marketplace.identity.permissions import Role
from marketplace.identity.queries import organisation
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import alternatives

register_kind(
    "low_price_asked",
    title=_("Please justify your price: %(title)s"),
    body=_(
        "%(buyer)s finds your bid for %(number)s unusually low and asks you to justify it until"
        " %(due_at)s. Without an answer the bid may be excluded."
    ),
    button=_("Justify the price"),
)
register_kind(
    "low_price_answered",
    title=_("A low price was justified: %(title)s"),
    body=_("%(supplier)s has answered about the price of its bid for %(number)s. Please rule."),
    button=_("Read and rule"),
)


def tell_bidder(session: Session, event: LowPriceAsked) -> None:
    """The supplier's people are asked."""
    rfq = session.get_one(Rfq, event.rfq_id)
    bid = session.get_one(Bid, event.bid_id)
    notify(
        session,
        org_id=event.supplier_id,
        roles=[Role.SUPPLIER],
        kind="low_price_asked",
        url=f"/rfqs/{rfq.id}/{alternatives.tab_of(bid.alternative)}/justification",
        params={
            **rfq.named,
            "buyer": organisation(session, rfq.buyer_id).name,
            "due_at": event.due_at,
        },
        occurred_at=event.asked_at,
        dedupe_key=f"low_price_asked:{event.bid_id}",
    )


def tell_buyer(session: Session, event: LowPriceAnswered) -> None:
    """The buyer's people can rule."""
    rfq = session.get_one(Rfq, event.rfq_id)
    notify(
        session,
        org_id=event.buyer_id,
        roles=[Role.BUYER],
        kind="low_price_answered",
        url=f"/rfqs/{rfq.id}/low-prices",
        params={
            **rfq.named,
            "supplier": organisation(session, event.supplier_id).name,
        },
        occurred_at=event.answered_at,
        dedupe_key=f"low_price_answered:{event.bid_id}:{event.answered_at.isoformat()}",
    )
