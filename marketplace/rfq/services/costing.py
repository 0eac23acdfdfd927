"""Costs beside the price: named in a draft, and entered for opened bids."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import Conflict, FieldError, Invalid, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries, rows, rules
from marketplace.rfq.asking.editing import editable, touch
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation import cost_queries
from marketplace.rfq.evaluation.cost_models import BidCost
from marketplace.rfq.evaluation.total_costs import Cost, EnteredCost
from marketplace.rfq.terms import cost_terms
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.cost_terms import Costs


class CostsInvalid(Invalid):
    code = "costs_invalid"


class CostAnswered(Conflict):
    code = "cost_answered"


@requires(Permission.RFQ_DRAFT)
def set_costs(
    session: Session, actor: Actor, rfq_id: UUID, costs: Costs, expected: int | None = None
) -> Rfq:
    """Make these the costs of a draft, and what its price is measured by."""
    rfq = editable(session, actor, rfq_id, expected)
    refuse_all(list(cost_terms.faults(costs.terms, "/terms")))
    rows.set_costs(rfq, costs)
    touch(rfq)
    data = {"basis": str(costs.basis), "costs": [each.name for each in costs.terms]}
    audit.record(session, actor, "rfq.costs.changed", ("rfq", rfq.id), data)
    session.flush()
    return rfq


@requires(Permission.RFQ_EVALUATE)
def enter(
    session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, entered: Sequence[EnteredCost]
) -> None:
    """Enter or change costs of an opened bid, each with its reason, until the award.

    An answer of the bidder is not overruled: raises CostAnswered. CostsInvalid names every fault.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "evaluate")
    offer = bid_queries.offer(session, rfq_id, bid_id, priced=False)
    terms = bid_queries.terms(session, rfq_id)
    known = _known(session, offer, terms)
    _check(terms, known, entered)
    changed = [
        each
        for each in entered
        if (known[each.term_id].entered, known[each.term_id].reason)
        != (each.amount.amount, each.reason)
    ]
    if changed:
        _write(session, actor, offer, changed)
        _note(session, actor, offer, known, changed)
    session.flush()
    session.expire_all()


def _known(session: Session, offer: BidOffer, terms: Terms) -> dict[UUID, Cost]:
    found = cost_queries.costs(session, offer.rfq_id, terms, [offer])[offer.bid_id]
    return {each.asked.id: each for each in found}


def _check(terms: Terms, known: Mapping[UUID, Cost], entered: Sequence[EnteredCost]) -> None:
    twice = Counter(each.term_id for each in entered)
    errors = []
    for index, each in enumerate(entered):
        at = f"/costs/{index}"
        if each.term_id not in known:
            detail = _("This is not a cost of the event.")
            errors.append(FieldError(f"{at}/term_id", "unknown_cost", detail))
        if twice[each.term_id] > 1:
            detail = _("This is listed twice.")
            errors.append(FieldError(f"{at}/term_id", "duplicate", detail))
        errors.extend(_amount_faults(terms, each, at))
    if errors:
        raise CostsInvalid(_("These costs cannot be saved."), errors=errors)
    answered = [known[each.term_id] for each in entered if known[each.term_id].is_answered]
    if answered:
        raise CostAnswered(
            _("The bidder has answered this; the answer counts."),
            costs=[each.asked.name for each in answered],
        )


def _amount_faults(terms: Terms, entered: EnteredCost, at: str) -> Iterator[FieldError]:
    if entered.amount.currency != terms.currency:
        yield rules.currency_fault(f"{at}/amount/currency", terms.currency)
    if entered.amount.amount < 0:
        yield FieldError(f"{at}/amount/amount", "too_small", _("A cost is zero or more."))
    if not entered.reason.strip():
        yield FieldError(f"{at}/reason", "required", _("A reason is needed."))


def _write(session: Session, actor: Actor, offer: BidOffer, changed: Sequence[EnteredCost]) -> None:
    statement = insert(BidCost).values(
        [
            {
                "bid_id": offer.bid_id,
                "term_id": each.term_id,
                "rfq_id": offer.rfq_id,
                "buyer_id": offer.buyer_id,
                "amount": each.amount.amount,
                "reason": each.reason.strip(),
                "entered_by": actor.person,
                "entered_at": clock.now(),
            }
            for each in changed
        ]
    )
    names = ("amount", "reason", "entered_by", "entered_at")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["bid_id", "term_id"],
            set_={name: getattr(statement.excluded, name) for name in names},
        )
    )


def _note(
    session: Session,
    actor: Actor,
    offer: BidOffer,
    known: Mapping[UUID, Cost],
    changed: Sequence[EnteredCost],
) -> None:
    audit.record(
        session,
        actor,
        "rfq.costs_entered",
        ("rfq", offer.rfq_id),
        {
            "bid_id": str(offer.bid_id),
            "costs": [
                {
                    "name": known[each.term_id].asked.name,
                    "from": _text(known[each.term_id].entered),
                    "to": str(each.amount.amount),
                    "reason": each.reason.strip(),
                }
                for each in changed
            ],
        },
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"
