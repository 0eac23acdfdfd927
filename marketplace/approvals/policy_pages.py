"""The editor of approval policies, and a trial of who would have to approve."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.approvals import queries, reading, rules, service
from marketplace.approvals.models import ApprovalPolicy
from marketplace.approvals.schemas import ApprovalPolicyInputSchema, ApprovalPreviewInputSchema
from marketplace.approvals.states import StepRule
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.identity.permissions import Permission
from marketplace.web import rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("approval_policies", __name__, url_prefix="/settings/approval-policies")

TELLING = ("role", "person_ids")


@pages.get("")
def listing() -> str:
    session, actor = current_session(), current_actor()
    trial = Form(
        ApprovalPreviewInputSchema, request.args if "amount.amount" in request.args else None
    )
    return render_template(
        "approvals/policies.html",
        policies=service.list_policies(session, actor),
        names=queries.deciders(session, actor.organisation_id),
        may_read=actor.may(Permission.APPROVAL_READ),
        trial=trial,
        outcome=_outcome(trial) if trial.valid else None,
    )


@pages.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    initial = {"currency": actor.currency, "priority": 50, "active": True, "steps": [{}]}
    if request.method == "GET":
        return _editor(Form(ApprovalPolicyInputSchema, initial=initial), None)
    form = Form(ApprovalPolicyInputSchema, rows.filled(request.form, "steps", TELLING))
    if rows.ADD_ROW in request.form:
        return _editor(form, None, unfinished=True)
    if form.valid:
        with form.guard():
            service.create_policy(session, actor, reading.policy_draft(form.data))
    if not form.valid:
        return _editor(form, None), 422
    flash(_("The policy holds for everything submitted from now on."))
    return redirect(url_for("approval_policies.listing"), 303)


@pages.route("/<uuid:policy_id>", methods=["GET", "POST"])
def edit(policy_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    found = service.read_policy(session, actor, policy_id)
    if request.method == "GET":
        return _editor(Form(ApprovalPolicyInputSchema, initial=_values(found)), found)
    form = Form(ApprovalPolicyInputSchema, rows.filled(request.form, "steps", TELLING))
    if rows.ADD_ROW in request.form:
        return _editor(form, found, unfinished=True)
    if form.valid:
        draft = reading.policy_draft(form.data)
        with form.guard():
            service.update_policy(session, actor, policy_id, draft, form.version)
    if not form.valid:
        return _editor(form, found), 422
    flash(_("Saved. Requests that already wait keep the steps they were given."))
    return redirect(url_for("approval_policies.listing"), 303)


@pages.post("/<uuid:policy_id>/delete")
def delete(policy_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    service.delete_policy(current_session(), current_actor(), policy_id, version)
    flash(_("The policy is gone."))
    return redirect(url_for("approval_policies.listing"), 303)


def _editor(form: Form, found: ApprovalPolicy | None, *, unfinished: bool = False) -> str:
    """unfinished: the form was sent for another row only, so its errors wait."""
    posted = form.posted
    known = len(form.initial.get("steps", ())) if posted is None else rows.count(posted, "steps")
    if unfinished:
        form.errors.clear()
    names = queries.deciders(current_session(), current_actor().organisation_id)
    return render_template(
        "approvals/policy.html",
        form=form,
        policy=found,
        count=min(known + (1 if unfinished else 0), rules.MAX_STEPS),
        most=rules.MAX_STEPS,
        roles=sorted(rules.DECIDING_ROLES),
        rules=list(StepRule),
        people=list(names.items()),
        may_read=current_actor().may(Permission.APPROVAL_READ),
    )


def _values(policy: ApprovalPolicy) -> dict[str, Any]:
    names = ApprovalPolicyInputSchema().fields
    values = {name: getattr(policy, name) for name in names if name != "steps"}
    steps = [
        {
            "title": step.title,
            "role": step.role,
            "person_ids": [str(person) for person in step.person_ids],
            "rule": step.rule,
        }
        for step in policy.steps
    ]
    return {**values, "version": policy.version, "steps": steps}


def _outcome(trial: Form) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    data = trial.data
    subject = rules.Subject(
        kind=data["subject_kind"],
        id=uuid7(),
        title="",
        url="",
        amount=data["amount"],
        fingerprint="",
        category=data["category"],
        cost_centre=data["cost_centre"],
    )
    route, candidates = service.preview(session, actor, subject, authors=frozenset())
    names = queries.deciders(session, actor.organisation_id)
    return reading.preview_of(route, candidates, names)
