"""Approvals for people: what waits for me, and everything needed to decide on one page."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.approvals import queries, reading, rules, service
from marketplace.approvals.models import ApprovalRequest
from marketplace.approvals.schemas import ApprovalDecisionInputSchema
from marketplace.approvals.states import RequestState, Verdict
from marketplace.core import audit
from marketplace.core.money import Money, Quantity
from marketplace.core.text import Text, _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Permission
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("approvals", __name__, url_prefix="/approvals")

SAID: dict[Verdict, Text] = {
    Verdict.APPROVE: _("Approved."),
    Verdict.REJECT: _("Rejected. The requester has been told why."),
    Verdict.RETURN: _("Sent back with your question."),
}


@pages.get("")
def inbox() -> str:
    session, actor = current_session(), current_actor()
    cursor = request.args.get("cursor")
    show = "all"
    if actor.may(Permission.APPROVAL_DECIDE) and request.args.get("show") != "all":
        show = "mine"
        page = queries.waiting_for(session, actor, cursor=cursor)
    else:
        state = request.args.get("state")
        known = RequestState(state) if state in set(RequestState) else None
        page = queries.search(session, actor, state=known, cursor=cursor)
    return render_template(
        "approvals/inbox.html",
        page=page,
        show=show,
        people=identity_queries.people(session, [each.requested_by for each in page.items]),
        states=list(RequestState),
        may_decide=actor.may(Permission.APPROVAL_DECIDE),
        may_manage=actor.may(Permission.APPROVAL_POLICY_MANAGE),
        waiting=queries.count_waiting(session, actor),
    )


@pages.get("/<uuid:request_id>")
def one(request_id: UUID) -> str:
    found = queries.get(current_session(), current_actor(), request_id)
    return _page(found, Form(ApprovalDecisionInputSchema))


@pages.post("/<uuid:request_id>/decide")
def decide(request_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(ApprovalDecisionInputSchema, request.form)
    if form.valid:
        with form.guard():
            service.decide(session, actor, request_id, **form.data)
    if not form.valid:
        return _page(queries.get(session, actor, request_id), form), 422
    flash(SAID[form.data["verdict"]])
    return redirect(url_for("approvals.inbox"), 303)


def _page(found: ApprovalRequest, form: Form) -> str:
    session, actor = current_session(), current_actor()
    decisions = [decision for step in found.steps for decision in step.decisions]
    spoken = [id for each in decisions for id in (each.person_id, *each.on_behalf_of)]
    delegators = queries.delegators(session, actor)
    open_step = rules.open_step(found)
    named = [person for step in found.steps for person in step.person_ids]
    kind = found.subject_kind
    return render_template(
        "approvals/request.html",
        asked=found,
        form=form,
        lines=[_line(line, found.currency) for line in found.content.get("lines", [])],
        may_decide="decide" in reading.actions_of(actor, found, delegators),
        stood_for=rules.stood_for_at(found, open_step, actor.person, actor.roles, delegators)
        if open_step
        else [],
        own=actor.person_id in {found.requested_by, *found.author_ids},
        people=identity_queries.people(session, [found.requested_by, *spoken, *named, *delegators]),
        verdicts=Verdict,
        last=rules.last_decision(found),
        earlier=[e for e in queries.about(session, actor, kind, found.subject_id) if e != found],
        history=audit.history(session, actor.organisation_id, "approval_request", found.id),
    )


def _line(line: dict[str, Any], currency: str) -> dict[str, Any]:
    """A line of the stored content, with its figures as figures."""
    return {
        "description": line["description"],
        "quantity": Quantity(Decimal(line["quantity"]), line["unit"]),
        "price": Money(Decimal(line["unit_price"]), currency),
        "base_quantity": Decimal(line["base_quantity"]),
        "net": Money(Decimal(line["net"]), currency),
    }
