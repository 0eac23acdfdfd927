"""Which criteria count in a lot, and for the lots of a bid."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from marketplace.rfq.terms.asked import Criterion, Terms


def of_lot(terms: Terms, lot_id: UUID) -> tuple[Criterion, ...]:
    """The criteria that earn points there, each with its weight in the lot."""
    own = dict(next(lot.weights for lot in terms.lots if lot.id == lot_id))
    if not own:
        return tuple(criterion for criterion in terms.criteria if criterion.counts)
    return tuple(
        replace(criterion, weight=own[criterion.id], section=None, importance=None)
        for criterion in terms.criteria
        if criterion.id in own
    )


def concerning(terms: Terms, lots: Collection[UUID]) -> tuple[Criterion, ...]:
    """What is asked of a bid for these lots: all where no lot weighs for itself, or none is known.

    What is asked for a cost alone is asked of everybody.
    """
    if not lots or not any(lot.weights for lot in terms.lots):
        return terms.asked
    counted = {each.id for lot in terms.lots if lot.id in lots for each in of_lot(terms, lot.id)}
    elsewhere = {each.id for each in terms.judged} - counted
    return tuple(each for each in terms.asked if each.id not in elsewhere)
