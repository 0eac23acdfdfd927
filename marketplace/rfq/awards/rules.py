"""Whether choices may be awarded: all is ranked, justified and settled, and nobody is ruled out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.awards.choices import AwardInvalid, ChosenLine
from marketplace.rfq.evaluation.ranking import LotRanking
from marketplace.rfq.opening.models import BidUnreadable


class JustificationRequired(Invalid):
    code = "justification_required"


class NamesALoser(Invalid):
    code = "names_a_loser"


class ScoresMissing(Conflict):
    code = "scores_missing"


class CostsMissing(Conflict):
    code = "costs_missing"


class UnreadableBid(Conflict):
    code = "unreadable_bid"


class SupplierIsBlocked(Conflict):
    code = "supplier_blocked"


class AwardHeld(Conflict):
    code = "award_held"


def check_bids_of_suppliers(chosen: Sequence[ChosenLine], supplier_of: Mapping[UUID, UUID]) -> None:
    """Raise AwardInvalid where two bids of one supplier share a line, or have two currencies."""
    currencies: dict[UUID, str] = {}
    if any(
        currencies.setdefault(supplier_of[line.bid_id], line.currency) != line.currency
        for line in chosen
    ):
        detail = _("A decision makes one order for each supplier: choose bids in one currency.")
        raise AwardInvalid(detail, errors=[FieldError("/choices", "two_currencies", detail)])
    won: dict[tuple[UUID, UUID], UUID] = {}
    twice = [
        line.asked.number
        for line in chosen
        if won.setdefault((line.asked.id, supplier_of[line.bid_id]), line.bid_id) != line.bid_id
    ]
    if twice:
        detail = _(
            "Line %(numbers)s goes to two bids of the same supplier. Choose one of them.",
            numbers=", ".join(map(str, dict.fromkeys(twice))),
        )
        raise AwardInvalid(detail, errors=[FieldError("/choices", "supplier_twice", detail)])


def check_minimums(chosen: Iterable[ChosenLine], minimums: Mapping[UUID, Decimal]) -> None:
    """Raise AwardInvalid when a bid gets less than the least order that it takes."""
    given: dict[UUID, Decimal] = {}
    for line in chosen:
        given[line.bid_id] = given.get(line.bid_id, Decimal(0)) + line.total
    below = [bid for bid, total in given.items() if total < minimums.get(bid, Decimal(0))]
    if below:
        detail = _("A bid gets less than its minimum order value. Give it more, or nothing.")
        raise AwardInvalid(
            detail,
            errors=[FieldError("/choices", "below_minimum_order", detail)],
            bid_ids=sorted(str(bid) for bid in below),
        )


def check_decidable(lots: Iterable[LotRanking], chosen: Collection[ChosenLine]) -> None:
    """Raise ScoresMissing while a ranking that the award rests on is not finished."""
    touched = {line.asked.lot_id for line in chosen}
    if any(lot.lot_id in touched and not lot.is_scored for lot in lots):
        raise ScoresMissing(_("Score every bid before you award; the ranking is not final yet."))


def check_costs_known(lots: Iterable[LotRanking], chosen: Collection[ChosenLine]) -> None:
    """Raise CostsMissing while a bid is not ranked only because one of its costs is unknown."""
    touched = {line.asked.lot_id for line in chosen}
    waiting = {
        str(rank.bid_id): list(rank.unknown_costs)
        for lot in lots
        if lot.lot_id in touched
        for rank in lot.ranks
        if rank.unknown_costs and not (rank.missing or rank.partial)
    }
    if waiting:
        raise CostsMissing(
            _("Costs of a bid are unknown. Enter them, or exclude the bid, before you award."),
            bids=waiting,
        )


def check_justified(chosen: Iterable[ChosenLine], justification: str) -> None:
    """Raise JustificationRequired when a line goes to a bid that is not the best."""
    others = [line.asked.number for line in chosen if not line.is_best]
    if others and not justification.strip():
        raise JustificationRequired(
            _("Say why the best bid does not get these lines."),
            errors=[
                FieldError("/justification", "required", _("A reason is needed for this choice."))
            ],
            lines=others,
        )


def check_unreadable_ruled(unreadable: Iterable[BidUnreadable]) -> None:
    """Raise UnreadableBid until the buyer has ruled on every bid that could not be read."""
    waiting = {str(each.bid_id) for each in unreadable if each.ruling is None}
    if waiting:
        raise UnreadableBid(
            _("A bid could not be read. Rule on it before the award."), bid_ids=sorted(waiting)
        )


def check_not_held(held_by: UUID | None) -> None:
    """Raise AwardHeld while a further round may still change the prices."""
    if held_by is not None:
        raise AwardHeld(_("An auction is planned or under way. End it or call it off first."))


def check_not_blocked(winners: Iterable[UUID], blocked: Collection[UUID]) -> None:
    """Raise SupplierIsBlocked when due diligence has ruled a winner out."""
    found = sorted(str(winner) for winner in set(winners) & set(blocked))
    if found:
        raise SupplierIsBlocked(
            _("Due diligence has blocked a supplier that you chose. Choose another bid."),
            supplier_ids=found,
        )


def check_names_no_loser(words: str, losers: Iterable[str], pointer: str = "/reasons") -> None:
    """Raise NamesALoser: what bidders read must not tell who else lost."""
    text = words.casefold()
    if any(name.strip() and name.strip().casefold() in text for name in losers):
        detail = _("Bidders read this: name nobody else who did not win.")
        raise NamesALoser(detail, errors=[FieldError(pointer, NamesALoser.code, detail)])
