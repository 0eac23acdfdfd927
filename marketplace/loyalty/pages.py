"""The portal's pages about points: mine, their ledger, what they buy; the programme I run."""

from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.loyalty import queries, reading, service, views
from marketplace.loyalty.models import Programme
from marketplace.loyalty.schemas import (
    ProgrammeCreateSchema,
    RedemptionCreateSchema,
    RewardCreateSchema,
    VoucherSchema,
)
from marketplace.loyalty.states import ProgrammeState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("loyalty", __name__, url_prefix="/loyalty")


@pages.get("")
def overview() -> ResponseReturnValue:
    """Points and rewards for buyers; the programme and its accounts for who runs one."""
    session, actor = current_session(), current_actor()
    if actor.may(Permission.LOYALTY_MANAGE):
        return _managed()
    programmes = views.programme_views(session, actor, reading.programmes(session, actor))
    return render_template(
        "loyalty/overview.html",
        accounts=[
            views.account_summary(v) for v in queries.own_accounts(session, actor, clock.now())
        ],
        programmes={programme.id: programme for programme in programmes},
        redeems=actor.may(Permission.LOYALTY_REDEEM),
        request_key=str(uuid4()),
    )


@pages.get("/accounts/<uuid:account_id>")
def account(account_id: UUID) -> str:
    """One account: balance, open lots, vouchers, every movement."""
    session, actor = current_session(), current_actor()
    found = reading.account(session, actor, account_id)
    [view] = queries.views(session, [found], clock.now())
    page = reading.ledger(session, actor, account_id, cursor=request.args.get("cursor"))
    redemptions = reading.redemptions(session, actor, account_id)
    return render_template(
        "loyalty/account.html",
        account=views.account_summary(view),
        holder=identity_queries.organisation(session, found.organisation_id),
        lots=view.lots,
        page=page,
        redemptions=[views.redemption_view(actor, row) for row in redemptions.items],
        is_own=found.organisation_id == actor.org_id,
    )


@pages.post("/accounts/<uuid:account_id>/redemptions")
def redeem(account_id: UUID) -> ResponseReturnValue:
    """Spend points on a reward. The key of the page makes a second click harmless."""
    form = Form(RedemptionCreateSchema, request.form)
    if not form.valid:
        flash(_("Choose a reward."), "warning")
        return redirect(url_for("loyalty.overview"), 303)
    redemption = service.redeem(
        current_session(),
        current_actor(),
        account_id,
        reward_id=form.data["reward_id"],
        request_key=request.form.get("request_key", "")[:100] or str(uuid4()),
    )
    flash(_("Your voucher: %(code)s", code=redemption.code))
    return redirect(url_for("loyalty.account", account_id=account_id), 303)


@pages.post("/accounts/<uuid:account_id>/redemptions/<uuid:redemption_id>/cancel")
def cancel(account_id: UUID, redemption_id: UUID) -> ResponseReturnValue:
    """Give back an unused voucher."""
    service.cancel_redemption(current_session(), current_actor(), account_id, redemption_id)
    flash(_("The voucher is cancelled and its points are back."))
    return redirect(url_for("loyalty.account", account_id=account_id), 303)


@pages.route("/programme", methods=["GET", "POST"])
def programme() -> ResponseReturnValue:
    """Open the own programme, or change it."""
    session, actor = current_session(), current_actor()
    own = _own_programme()
    if request.method == "GET":
        return _settings(Form(ProgrammeCreateSchema, initial=_initial(own)), own)
    form = Form(ProgrammeCreateSchema, _without_empty_rules(request.form))
    if form.valid:
        with form.guard():
            if own is None:
                service.create_programme(session, actor, **form.data)
            else:
                service.update_programme(
                    session, actor, own.id, form.data, expected_version=form.version
                )
    if not form.valid:
        return _settings(form, own), 422
    flash(_("The programme is saved. It counts for orders that complete from now on."))
    return redirect(url_for("loyalty.overview"), 303)


@pages.post("/programme/state")
def switch() -> ResponseReturnValue:
    """Pause the programme or take it up again."""
    own = _own_programme()
    if own is not None:
        paused = own.state is ProgrammeState.ACTIVE
        state = ProgrammeState.PAUSED if paused else ProgrammeState.ACTIVE
        service.update_programme(current_session(), current_actor(), own.id, {"state": state})
        flash(_("The programme is paused.") if paused else _("The programme runs again."))
    return redirect(url_for("loyalty.overview"), 303)


@pages.post("/programme/rewards")
def add_reward() -> ResponseReturnValue:
    """Offer a reward."""
    own = _own_programme()
    form = Form(RewardCreateSchema, request.form)
    if form.valid and own is not None:
        with form.guard():
            service.add_reward(current_session(), current_actor(), own.id, form.data)
    if not form.valid:
        return _managed(reward_form=form), 422
    flash(_("The reward is on offer."))
    return redirect(url_for("loyalty.overview"), 303)


@pages.post("/programme/rewards/<uuid:reward_id>/withdraw")
def withdraw_reward(reward_id: UUID) -> ResponseReturnValue:
    """Offer a reward no longer."""
    own = _own_programme()
    if own is not None:
        service.withdraw_reward(current_session(), current_actor(), own.id, reward_id)
        flash(_("The reward is no longer on offer."))
    return redirect(url_for("loyalty.overview"), 303)


@pages.post("/vouchers")
def use_voucher() -> ResponseReturnValue:
    """Honour a voucher."""
    form = Form(VoucherSchema, request.form)
    if form.valid:
        redemption = service.use_voucher(current_session(), current_actor(), form.data["code"])
        flash(_("Honoured: %(reward)s", reward=redemption.reward_name))
        return redirect(url_for("loyalty.overview"), 303)
    return _managed(voucher_form=form), 422


def _own_programme() -> Programme | None:
    session, actor = current_session(), current_actor()
    own = None if actor.org_kind is OrgKind.OPERATOR else actor.org_id
    return next((p for p in reading.programmes(session, actor) if p.seller_id == own), None)


def _managed(reward_form: Form | None = None, voucher_form: Form | None = None) -> str:
    session, actor = current_session(), current_actor()
    own = _own_programme()
    page = reading.accounts(session, actor, cursor=request.args.get("cursor"))
    holders = identity_queries.organisations(
        session, [view.account.organisation_id for view in page.items]
    )
    return render_template(
        "loyalty/managed.html",
        programme=views.programme_views(session, actor, [own])[0] if own else None,
        page=page,
        holders=holders,
        reward_form=reward_form or Form(RewardCreateSchema),
        voucher_form=voucher_form or Form(VoucherSchema),
        is_operator=actor.org_kind is OrgKind.OPERATOR,
    )


def _initial(own: Programme | None) -> dict[str, Any]:
    if own is None:
        actor = current_actor()
        first = {"from_net": {"amount": "0", "currency": actor.currency}, "points_per_unit": "1"}
        return {"name": actor.org_name, "valid_months": 24, "rules": [first]}
    [view] = views.programme_views(current_session(), current_actor(), [own])
    return {
        "name": own.name,
        "valid_months": own.valid_months,
        "version": own.version,
        "rules": view.rules,
    }


def _without_empty_rules(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """The form less the rows in which nothing but the preset currency stands."""
    filled = {
        name.split(".")[1]
        for name, value in posted.items()
        if name.startswith("rules.") and not name.endswith(".currency") and value.strip()
    }
    kept = [
        (name, value)
        for name, value in posted.items(multi=True)
        if not name.startswith("rules.") or name.split(".")[1] in filled
    ]
    return MultiDict(kept)


def _settings(form: Form, own: Programme | None) -> str:
    rows = len(form.initial.get("rules") or ())
    if form.posted is not None:
        rows = len({name.split(".")[1] for name in form.posted if name.startswith("rules.")})
    return render_template("loyalty/programme.html", form=form, own=own, rows=max(rows, 1) + 1)
