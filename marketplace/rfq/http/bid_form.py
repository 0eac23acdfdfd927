"""The form of a bid: its first display, keeping it, and what to do when others kept theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.numbers import get_decimal_symbol
from flask import request
from sqlalchemy.exc import IntegrityError

from marketplace.core.errors import DomainError, Stale
from marketplace.core.text import language
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import changes as bid_changes
from marketplace.rfq.bids.bundling import MAX_BUNDLES
from marketplace.rfq.bids.changes import FieldChange, LineChange
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.http.bid_http import service_keys
from marketplace.rfq.scoring.answers import canonical
from marketplace.rfq.services import bid_drafts
from marketplace.rfq.services.bid_drafts import OwnBid
from marketplace.rfq.terms import offering
from marketplace.rfq.terms.asked import Terms
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.forms import Form, whole_number

BREAKS = "breaks"


@dataclass(frozen=True)
class BidConflict:
    """Somebody of the company saved the bid meanwhile: when, as which version, what differs."""

    version: int
    saved_at: datetime | None
    lines: list[LineChange]
    fields: list[FieldChange]


@dataclass(frozen=True)
class Saved:
    """What became of a form: a saved bid, a conflict, or neither where the form has errors."""

    bid: Bid | None = None
    conflict: BidConflict | None = None

    @property
    def status(self) -> int:
        if self.bid is not None:
            return 200
        return 412 if self.conflict else 422


def initial(own: OwnBid) -> dict[str, Any]:
    """The draft as the form's first display; every line of the RFQ has its row."""
    draft = own.draft or BidContent()
    said = {answer.criterion_id: answer.text for answer in draft.answers}
    return {
        "currency": draft.currency or own.terms.currency,
        "name": draft.name,
        "lot_ids": draft.lot_ids,
        "lines": [_row(draft.line_by_id.get(line.id)) for line in own.terms.lines],
        "note": draft.note,
        "delivery_days": draft.delivery_days,
        "minimum_order": draft.minimum_order,
        "bundles": draft.bundles,
        "answers": [
            {"text": canonical(criterion.answer, said.get(criterion.id, ""))}
            for criterion in own.terms.asked
        ],
        "version": own.door.bid.version if own.door.bid else 0,
    }


def blank(terms: Terms) -> dict[str, Any]:
    """A form in which nothing is said yet."""
    return {"currency": terms.currency, "lines": [{} for _line in terms.lines]}


def _row(priced: PricedLine | None) -> dict[str, Any]:
    """A priced line as the row of the form shows it."""
    if priced is None:
        return {}
    return {
        "unit_price": priced.price,
        "note": priced.note,
        "quantity": priced.quantity,
        "breaks": offering.written(priced.breaks, get_decimal_symbol(language())),
    }


def bundle_rows(form: Form) -> int:
    """Those that are filled in, and two more."""
    filled = 0
    for row in range(MAX_BUNDLES):
        names = (f"bundles.{row}.{field}" for field in ("name", "line_ids", "lot_ids"))
        if any(any(form.values(name)) if "_ids" in name else form.value(name) for name in names):
            filled = row + 1
    return min(MAX_BUNDLES, filled + 2)


def save(form: Form, rfq_id: UUID, alternative: int) -> Saved:
    """Keep the form as the draft; reasons against it are put at its fields.

    The version it was filled in for must be the present one, unless the form says over which
    version it is to be saved.
    """
    if not form.valid:
        return Saved()
    session, actor, content = current_session(), current_actor(), form.data["content"]
    over = whole_number(request.form.get("over", ""))
    expected = form.version if over is None else over
    try:
        with undone_if_refused():
            bid = bid_drafts.save(
                session,
                actor,
                service_keys(),
                rfq_id,
                content,
                alternative=alternative,
                expected=expected,
                terms_number=whole_number(request.form.get("terms", "")),
            )
        return Saved(bid)
    except (Stale, IntegrityError):
        # the latter: the first autosave of this very form was quicker
        return _changed_meanwhile(rfq_id, content, alternative)
    except DomainError as refusal:
        _take(form, refusal, form.data["rows"])
        return Saved()


def _changed_meanwhile(rfq_id: UUID, content: BidContent, alternative: int) -> Saved:
    """What differs from the saved draft; where nothing does, the form is saved already."""
    own = bid_drafts.read(
        current_session(), current_actor(), service_keys(), rfq_id, alternative=alternative
    )
    bid, draft = own.door.bid, own.draft or BidContent()
    lines = bid_changes.line_changes(own.terms, draft, content)
    fields = bid_changes.field_changes(own.terms, draft, content)
    if bid is not None and own.draft is not None and not lines and not fields:
        return Saved(bid)
    saved_at = own.door.draft.saved_at if own.door.draft else None
    return Saved(None, BidConflict(bid.version if bid else 0, saved_at, lines, fields))


def _take(form: Form, refusal: DomainError, rows: Mapping[str, Sequence[int]]) -> None:
    """Show the reasons at their fields; lines and bundles are counted by rows of the form."""
    for error in refusal.errors:
        path = error.pointer.strip("/").split("/")
        if path[0] in rows and len(path) > 1:
            path[1] = str(rows[path[0]][int(path[1])])
        # all breaks of a line stand in one field
        if BREAKS in path:
            path = path[: path.index(BREAKS) + 1]
        form.refuse(".".join(path), error.detail)
    if not refusal.errors:
        form.refuse("", refusal.detail)
