"""Delegations for people: who decides for whom, and arranging it."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.approvals import queries
from marketplace.approvals.delegation_rules import DelegationDraft
from marketplace.approvals.schemas import ApprovalDelegationInputSchema
from marketplace.approvals.services import delegations
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Permission
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("approval_delegations", __name__, url_prefix="/settings/approval-delegations")


@pages.route("", methods=["GET", "POST"])
def listing() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        own = str(actor.person_id) if actor.may(Permission.APPROVAL_DECIDE) else None
        return _page(Form(ApprovalDelegationInputSchema, initial={"person_id": own}))
    form = Form(ApprovalDelegationInputSchema, request.form)
    if form.valid:
        with form.guard():
            delegations.delegate(session, actor, DelegationDraft(**form.data))
    if not form.valid:
        return _page(form), 422
    flash(_("Arranged. Both have been told."))
    return redirect(url_for("approval_delegations.listing"), 303)


@pages.post("/<uuid:delegation_id>/revoke")
def revoke(delegation_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    delegations.revoke(current_session(), current_actor(), delegation_id, version)
    flash(_("The delegation has ended. What was decided under it stands."))
    return redirect(url_for("approval_delegations.listing"), 303)


def _page(form: Form) -> str:
    session, actor = current_session(), current_actor()
    found = delegations.list_all(session, actor)
    shown = [id for each in found for id in (each.person_id, each.delegate_id, each.arranged_by)]
    return render_template(
        "approvals/delegations.html",
        form=form,
        delegations=found,
        people=identity_queries.people(session, shown),
        deciders=list(queries.deciders(session, actor.organisation_id).items()),
        may_read=actor.may(Permission.APPROVAL_READ),
    )
