"""Opening keys and the ceremony of two officers, for people."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.errors import Conflict, NotAllowed
from marketplace.core.text import _
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.rules import WrongPassphrase
from marketplace.rfq.http import opening_pages
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.http.officer_schemas import (
    OpeningKeyFormSchema,
    ShareInputSchema,
    ShareLossInputSchema,
)
from marketplace.rfq.opening.outage_queries import OutageAtDeadline
from marketplace.rfq.sealing.officers.rules import FourEyesViolation, NotAnOfficer
from marketplace.rfq.services import ceremony, opening_keys
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.forms import Form, flash

key_pages = PageBlueprint("opening_keys", __name__, url_prefix="/settings/opening-key")
pages = PageBlueprint("ceremony", __name__, url_prefix="/rfqs/<uuid:rfq_id>/opening")


@key_pages.route("", methods=["GET", "POST"])
def mine() -> ResponseReturnValue:
    """The key of one's own, and making it."""
    session, actor = current_session(), current_actor()
    posted = request.form if request.method == "POST" else None
    form = Form(OpeningKeyFormSchema, posted)
    if form.valid and form.data["passphrase"] != form.data["repeated"]:
        form.refuse("repeated", _("The passphrases differ."))
    if form.valid:
        with form.guard():
            opening_keys.make(session, actor, form.data["passphrase"])
    if not form.valid:
        found = opening_keys.own(session, actor)
        page = render_template("rfq/opening_key.html", key=found, form=form)
        return page, 422 if posted else 200
    flash(_("Your opening key is made. Keep its passphrase: nobody can recover it."))
    return redirect(url_for("opening_keys.mine"), 303)


@pages.post("/shares")
def give_share(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(ShareInputSchema, request.form)
    if form.valid:
        try:
            take_in_journal()
            with undone_if_refused(), peeking_noted(rfq_id):
                given = ceremony.give_share(
                    session, actor, service_keys(), rfq_id, form.data["passphrase"]
                )
        except OutageAtDeadline:
            return redirect(url_for("rfq_outages.rule", rfq_id=rfq_id), 303)
        except (Conflict, WrongPassphrase, FourEyesViolation, NotAnOfficer) as refusal:
            place = "passphrase" if isinstance(refusal, WrongPassphrase) else ""
            form.refuse(place, refusal.detail)
    if not form.valid:
        return opening_pages.page(_own(rfq_id), share_form=form), 422
    if not given.given:
        flash(_("All bids are open. Each one is exactly what its receipt says."))
        # the escrow person opens, but need not be one who reads bids
        if not actor.may(Permission.BID_READ):
            return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)
    else:
        flash(_("Your share is given. A second person has a quarter of an hour to give theirs."))
    return redirect(url_for("bids.show", rfq_id=rfq_id), 303)


@pages.post("/losses")
def note_loss(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(ShareLossInputSchema, request.form)
    if form.valid:
        with form.guard():
            try:
                ceremony.note_loss(session, actor, rfq_id, **form.data)
            except NotAllowed as refusal:
                form.refuse("", refusal.detail)
    if not form.valid:
        return opening_pages.page(_own(rfq_id), loss_form=form), 422
    flash(_("The loss is noted. The escrow person may give their share now."))
    return redirect(url_for("bids.show", rfq_id=rfq_id), 303)


def _own(rfq_id: UUID) -> Rfq:
    return queries.get_own(current_session(), current_actor(), rfq_id)
