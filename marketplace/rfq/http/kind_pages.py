"""Choosing the kind of an event: before it is drafted, or while it is a draft."""

from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from marketplace.rfq.asking import queries
from marketplace.rfq.http.schemas import KindFormSchema
from marketplace.rfq.http.sections import done, save
from marketplace.rfq.services import drafting
from marketplace.rfq.terms.kinds import OFFERED, RfqKind, kind_named
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form

pages = PageBlueprint("rfq_kind", __name__, url_prefix="/rfqs")


@pages.get("/kinds")
def choose() -> str:
    return render_template("rfq/kinds.html", offered=OFFERED)


@pages.route("/<uuid:rfq_id>/kind", methods=["GET", "POST"])
def change(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    if request.method == "GET":
        initial = {"kind": rfq.kind, "version": rfq.version}
        form = Form(KindFormSchema, initial=initial)
    else:
        form = Form(KindFormSchema, request.form)
        save(
            form,
            lambda: drafting.update(
                session, actor, rfq_id, {"kind": form.data["kind"]}, form.version
            ),
        )
        if form.valid:
            return done(rfq_id)
    page = render_template("rfq/kind.html", form=form, rfq=rfq, offered=OFFERED)
    return page, 200 if request.method == "GET" else 422


def chosen_kind() -> RfqKind:
    """The kind that the address names, else an RFQ."""
    return kind_named(request.args.get("kind", "")) or RfqKind.RFQ
