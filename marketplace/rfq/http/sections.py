"""Sections of a draft that are saved one by one."""

from collections.abc import Callable
from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.terms import deadlines
from marketplace.web.forms import Form, flash


def save(form: Form, work: Callable[[], object]) -> list[str]:
    """Do the work of a valid form; returns the candidates of a local time that comes twice."""
    candidates: list[str] = []
    if form.valid:
        with form.guard():
            try:
                work()
            except deadlines.AmbiguousLocalTime as refusal:
                candidates = refusal.data["candidates"]
                raise
    return candidates


def done(rfq_id: UUID) -> ResponseReturnValue:
    """Back to the list of sections."""
    flash(_("Saved."))
    return redirect(url_for("rfq_draft.overview", rfq_id=rfq_id), 303)
