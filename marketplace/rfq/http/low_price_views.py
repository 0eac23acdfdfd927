"""Abnormally low prices of an RFQ as its buyer reads them."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.identity.permissions import Actor
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.services import evaluation
from marketplace.web.shown import Shown


def read(session: Session, actor: Actor, rfq_id: UUID) -> dict[str, Any]:
    """Flagged totals and what their suppliers were asked. Raises PricesHidden before prices."""
    compared = evaluation.read_priced(session, actor, rfq_id)
    asked = evaluation_queries.inquiries(session, rfq_id)
    return {
        "evaluation": compared,
        "is_checked": compared.rfq.low_price_check,
        "flagged": [
            Shown(
                each,
                (),
                total=Money(each.total, compared.conversions[each.bid_id].currency),
                converted_total=compared.conversions[each.bid_id].shown_beside(each.total),
            )
            for each in low_price_rules.flagged(compared.lots)
        ],
        "inquiries": list(asked.values()),
    }
