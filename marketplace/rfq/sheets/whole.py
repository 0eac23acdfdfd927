"""The second sheet of a filled-in bid: lots, delivery time, answers and the note to the buyer."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from marketplace.core.money import Money
from marketplace.core.tabular import CellKind, Parsed, Record, Table, values
from marketplace.core.tabular.columns import folded
from marketplace.core.text import Text, _
from marketplace.rfq.bids import offer_rules
from marketplace.rfq.bids.alternatives import LONGEST_NAME
from marketplace.rfq.bids.answer_rules import HINTS
from marketplace.rfq.bids.content import Answer, BidContent
from marketplace.rfq.scoring.answers import canonical, is_readable
from marketplace.rfq.sheets import layout
from marketplace.rfq.sheets.cells import Faults, text_fault
from marketplace.rfq.terms.asked import Criterion, Terms
from marketplace.rfq.terms.offering import OfferKind

HEADER_WITHIN = 20
YES = frozenset({"yes", "oui", "x", "1", "true", "vrai"})
_HEADERS = [
    {folded(name) for name in (column.name, *column.aliases)}
    for column in layout.WHOLE_COLUMNS
    if column.name in layout.WHOLE_REQUIRED
]
NO = frozenset({"no", "non", "0", "false", "faux"})


@dataclass(frozen=True)
class WholeBid:
    """What the bid says as a whole, and what is to be looked at."""

    lot_ids: tuple[UUID, ...]
    delivery_days: int | None
    answers: tuple[Answer, ...]
    note: str
    minimum_order: Money | None = None
    currency: str | None = None
    name: str = ""
    notices: tuple[Text, ...] = ()

    def on(self, content: BidContent) -> BidContent:
        """These lines as a whole bid."""
        return replace(
            content,
            lot_ids=self.lot_ids,
            delivery_days=self.delivery_days,
            answers=self.answers,
            note=self.note,
            minimum_order=self.minimum_order,
            currency=self.currency,
            name=self.name,
        )


def is_whole(table: Table) -> bool:
    """Whether the sheet has the header of the whole bid."""
    return any(
        all(names & {folded(cell.text) for cell in row.cells} for names in _HEADERS)
        for row in table.rows[:HEADER_WITHIN]
    )


def read(parsed: Parsed | None, terms: Terms, draft: BidContent, faults: Faults) -> WholeBid:
    """The fields that the sheet has; every other one as in the draft."""
    kept = WholeBid(
        draft.lot_ids,
        draft.delivery_days,
        draft.answers,
        draft.note,
        draft.minimum_order,
        draft.currency,
        name=draft.name,
    )
    if parsed is None:
        detail = _("The file has prices only: delivery time, note and answers stay as they are.")
        return replace(kept, notices=(detail,))
    faults.add_read(parsed)
    return _Fields(parsed, terms, faults).on(kept)


@dataclass
class _Fields:
    """The rows of the sheet by their keys."""

    parsed: Parsed
    terms: Terms
    faults: Faults
    rows: dict[str, Record] = field(default_factory=dict)

    def on(self, kept: WholeBid) -> WholeBid:
        self._collect()
        currency = self._currency(kept)
        return WholeBid(
            lot_ids=tuple(self._lots(kept)),
            delivery_days=self._days(kept),
            answers=tuple(self._answers(kept)),
            note=self._text(layout.NOTE, kept.note),
            name=self._text(layout.NAME, kept.name, LONGEST_NAME),
            minimum_order=self._minimum(kept, currency),
            currency=currency,
        )

    def _collect(self) -> None:
        known = {layout.NOTE, layout.DELIVERY_DAYS}
        if self.terms.alternatives:
            known.add(layout.NAME)
        if OfferKind.MINIMUM_ORDER in self.terms.allows:
            known.add(layout.MINIMUM_ORDER)
        if self.terms.rates:
            known.add(layout.CURRENCY)
        known |= {f"{layout.LOT}{lot.id}" for lot in self.terms.lots}
        known |= {f"{layout.CRITERION}{criterion.id}" for criterion in self.terms.asked}
        for record in self.parsed.records:
            key = record.get("field") or ""
            if key not in known:
                self._refuse(record, "unknown_field", _("Nothing is asked for here. Clear it."))
            elif key in self.rows:
                self._refuse(record, "duplicate_field", _("This field is listed twice."))
            else:
                self.rows[key] = record

    def _lots(self, kept: WholeBid) -> list[UUID]:
        chosen = []
        for lot in self.terms.lots:
            record = self.rows.get(f"{layout.LOT}{lot.id}")
            said = folded(str(record.get("answer") or "")) if record else ""
            if record is None:
                yes = lot.id in kept.lot_ids
            else:
                yes = said in YES
                if said and said not in YES | NO:
                    self._refuse(record, "not_yes_or_no", _("Write yes or no."))
            if yes:
                chosen.append(lot.id)
        return chosen

    def _days(self, kept: WholeBid) -> int | None:
        record = self.rows.get(layout.DELIVERY_DAYS)
        if record is None:
            return kept.delivery_days
        said = str(record.get("answer") or "").replace(" ", "")
        if not said:
            return None
        if not (said.isascii() and said.isdecimal()) or int(said[:9]) > layout.MAX_DAYS:
            detail = _("Write a whole number of days, at most %(n)s.", n=layout.MAX_DAYS)
            self._refuse(record, "not_a_number_of_days", detail)
            return None
        return int(said)

    def _currency(self, kept: WholeBid) -> str | None:
        """What all amounts of the bid are in; empty: the currency of the RFQ."""
        record = self.rows.get(layout.CURRENCY)
        if record is None:
            return kept.currency
        said = str(record.get("answer") or "").strip().upper() or None
        for error in offer_rules.currency_errors(self.terms, BidContent(currency=said)):
            self._refuse(record, error.code, error.detail)
            return None
        return said

    def _minimum(self, kept: WholeBid, currency: str | None) -> Money | None:
        record = self.rows.get(layout.MINIMUM_ORDER)
        if record is None:
            return kept.minimum_order
        said = str(record.get("answer") or "")
        if not said:
            return None
        try:
            amount = values.number(said)
        except values.BadValue as bad:
            self._refuse(record, bad.code, bad.detail)
            return None
        least = Money(amount, currency or self.terms.currency)
        content = BidContent(minimum_order=least, currency=currency)
        errors = offer_rules.minimum_errors(self.terms, content, complete=False)
        for error in errors:
            self._refuse(record, error.code, error.detail)
        return least

    def _answers(self, kept: WholeBid) -> list[Answer]:
        before = {answer.criterion_id: answer.text for answer in kept.answers}
        said = [
            (criterion, self._answer(criterion, before.get(criterion.id, "")))
            for criterion in self.terms.asked
        ]
        return [
            Answer(criterion.id, canonical(criterion.answer, text))
            for criterion, text in said
            if text
        ]

    def _answer(self, criterion: Criterion, kept: str) -> str:
        key = f"{layout.CRITERION}{criterion.id}"
        text, record = self._text(key, kept), self.rows.get(key)
        if record is not None and text and not is_readable(criterion.answer, text):
            self._refuse(record, "wrong_type", HINTS[criterion.answer.type])
        return text

    def _text(self, key: str, kept: str, longest: int = layout.MAX_TEXT) -> str:
        record = self.rows.get(key)
        if record is None:
            return kept
        text = str(record.get("answer") or "")
        fault = text_fault(text, longest)
        if fault:
            self._refuse(record, *fault)
        return text

    def _refuse(self, record: Record, code: str, detail: Text | str) -> None:
        row = self.parsed.table.rows[record.row - 1]
        index = self.parsed.columns["answer"]
        if row.cell(index).kind is CellKind.EMPTY:
            filled = [i for i, cell in enumerate(row.cells) if cell.kind is not CellKind.EMPTY]
            index = filled[0] if filled else index
        self.faults.add(self.parsed, record.row, index, code, detail)
