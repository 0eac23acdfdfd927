"""What may be awarded: a line to one bid that priced it, with reasons if it is not the best."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.bid_content import AskedLine, Terms
from marketplace.rfq.ranking import Cell, LotRanking


class AwardInvalid(Invalid):
    code = "award_invalid"


class JustificationRequired(Invalid):
    code = "justification_required"


class NamesALoser(Invalid):
    code = "names_a_loser"


class ScoresMissing(Conflict):
    code = "scores_missing"


class SupplierIsBlocked(Conflict):
    code = "supplier_blocked"


@dataclass(frozen=True, slots=True)
class Choice:
    """A lot or a line for a bid. One of lot_id and line_id is given."""

    bid_id: UUID
    lot_id: UUID | None = None
    line_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """A line with the bid that gets it."""

    asked: AskedLine
    bid_id: UUID
    is_best: bool


def chosen_lines(
    terms: Terms,
    cells: Mapping[UUID, Collection[Cell]],
    lots: Iterable[LotRanking],
    choices: Iterable[Choice],
) -> list[ChosenLine]:
    """The lines of the choices; a line's own choice goes before that of its lot.

    Raises AwardInvalid with every reason: unknown lots, lines and bids, lines without a price,
    and anything chosen twice.
    """
    priced = {
        line_id: {cell.bid_id for cell in row if cell.price} for line_id, row in cells.items()
    }
    by_lot: dict[UUID, UUID] = {}
    by_line: dict[UUID, UUID] = {}
    errors: list[FieldError] = []
    for index, choice in enumerate(choices):
        errors.extend(_choice_errors(terms, priced, choice, f"/choices/{index}"))
        target, key = (by_line, choice.line_id) if choice.line_id else (by_lot, choice.lot_id)
        if key is not None and key in target:
            errors.append(
                FieldError(f"/choices/{index}", "chosen_twice", _("This is chosen twice."))
            )
        if key is not None:
            target[key] = choice.bid_id
    if errors or not (by_lot or by_line):
        raise AwardInvalid(_("Choose a bid for at least one lot or line."), errors=errors)
    first = {lot.lot_id: lot.first.bid_id for lot in lots if lot.first}
    return [
        ChosenLine(line, bid_id, _is_best(terms, cells, first, line, bid_id))
        for line in terms.lines
        if (bid_id := by_line.get(line.id) or by_lot.get(line.lot_id))
    ]


def check_decidable(lots: Iterable[LotRanking], chosen: Collection[ChosenLine]) -> None:
    """Raise ScoresMissing while a ranking that the award rests on is not finished."""
    touched = {line.asked.lot_id for line in chosen}
    if any(lot.lot_id in touched and not lot.is_scored for lot in lots):
        raise ScoresMissing(_("Score every bid before you award; the ranking is not final yet."))


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


def _choice_errors(
    terms: Terms, priced: Mapping[UUID, Collection[UUID]], choice: Choice, place: str
) -> Iterable[FieldError]:
    if (choice.lot_id is None) == (choice.line_id is None):
        yield FieldError(place, "lot_or_line", _("Name either a lot or a line."))
        return
    if choice.line_id is not None:
        lines = tuple(line for line in terms.lines if line.id == choice.line_id)
    else:
        lines = tuple(line for line in terms.lines if line.lot_id == choice.lot_id)
    if not lines:
        yield FieldError(place, "unknown_line", _("This is not part of the RFQ."))
    missing = [line.number for line in lines if choice.bid_id not in priced[line.id]]
    if missing:
        yield FieldError(
            f"{place}/bid_id",
            "not_priced",
            _(
                "This bid has no price for line %(numbers)s.",
                numbers=", ".join(map(str, missing)),
            ),
        )


def _is_best(
    terms: Terms,
    cells: Mapping[UUID, Collection[Cell]],
    first: Mapping[UUID, UUID],
    line: AskedLine,
    bid_id: UUID,
) -> bool:
    """Ranked first for the lot, or cheapest at the line where nothing but the price counts."""
    if first.get(line.lot_id) == bid_id:
        return True
    price_alone = all(criterion.is_price for criterion in terms.criteria)
    return price_alone and any(cell.bid_id == bid_id and cell.is_best for cell in cells[line.id])
