"""Loyalty for partners: programmes, accounts, ledger, redemptions."""

from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView

from marketplace.core import clock
from marketplace.core.pages import Page
from marketplace.loyalty import queries, reading, service, views
from marketplace.loyalty.models import Movement, Programme, Reward
from marketplace.loyalty.schemas import (
    LoyaltyAccountSchema,
    MovementSchema,
    ProgrammeCreateSchema,
    ProgrammeSchema,
    ProgrammeUpdateSchema,
    RedemptionCreateSchema,
    RedemptionSchema,
    RewardCreateSchema,
    RewardSchema,
    VoucherSchema,
)
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.idempotency import HEADER
from marketplace.web.schemas import ListQuerySchema, PageSchema

blp = ApiBlueprint(
    "loyalty", __name__, url_prefix="/loyalty", description="Points for completed orders"
)


@blp.route("/programmes")
class Programmes(MethodView):
    @blp.response(200, PageSchema.of(ProgrammeSchema))
    def get(self) -> Page[views.ProgrammeView]:
        """Programmes with their earning rules and rewards, the platform's first."""
        session, actor = current_session(), current_actor()
        found = reading.programmes(session, actor)
        return Page(views.programme_views(session, actor, found), None)

    @blp.idempotent()
    @blp.arguments(ProgrammeCreateSchema)
    @blp.response(201, ProgrammeSchema)
    def post(self, programme: dict[str, Any]) -> views.ProgrammeView:
        """Open the own programme; it takes the platform's place for orders from this seller."""
        return _view(service.create_programme(current_session(), current_actor(), **programme))


@blp.route("/programmes/<uuid:programme_id>")
class OneProgramme(MethodView):
    @blp.response(200, ProgrammeSchema)
    def get(self, programme_id: UUID) -> views.ProgrammeView:
        """One programme."""
        return _view(reading.programme(current_session(), current_actor(), programme_id))

    @blp.arguments(ProgrammeUpdateSchema)
    @blp.response(200, ProgrammeSchema)
    def patch(self, changes: dict[str, Any], programme_id: UUID) -> views.ProgrammeView:
        """Change the own programme; points already earned keep their expiry."""
        return _view(
            service.update_programme(
                current_session(),
                current_actor(),
                programme_id,
                changes,
                expected_version=expected_version(),
            )
        )


@blp.route("/programmes/<uuid:programme_id>/rewards")
class Rewards(MethodView):
    @blp.idempotent()
    @blp.arguments(RewardCreateSchema)
    @blp.response(201, RewardSchema)
    def post(self, reward: dict[str, Any], programme_id: UUID) -> Reward:
        """Offer a reward."""
        return service.add_reward(current_session(), current_actor(), programme_id, reward)


@blp.route("/programmes/<uuid:programme_id>/rewards/<uuid:reward_id>/withdraw")
class RewardWithdrawal(MethodView):
    @blp.idempotent()
    @blp.response(200, RewardSchema)
    def post(self, programme_id: UUID, reward_id: UUID) -> Reward:
        """Offer a reward no longer."""
        return service.withdraw_reward(current_session(), current_actor(), programme_id, reward_id)


@blp.route("/accounts")
class Accounts(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(LoyaltyAccountSchema))
    def get(self, query: dict[str, Any]) -> Page[views.AccountSummary]:
        """Own accounts; whoever runs a programme sees the accounts in it."""
        page = reading.accounts(current_session(), current_actor(), **query)
        return Page([views.account_summary(view) for view in page.items], page.next_cursor)


@blp.route("/accounts/<uuid:account_id>")
class OneAccount(MethodView):
    @blp.response(200, LoyaltyAccountSchema)
    def get(self, account_id: UUID) -> views.AccountSummary:
        """One account with its balance now."""
        session = current_session()
        account = reading.account(session, current_actor(), account_id)
        [view] = queries.views(session, [account], clock.now())
        return views.account_summary(view)


@blp.route("/accounts/<uuid:account_id>/ledger")
class Ledger(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(MovementSchema))
    def get(self, query: dict[str, Any], account_id: UUID) -> Page[Movement]:
        """Every movement of points, newest first."""
        return reading.ledger(current_session(), current_actor(), account_id, **query)


@blp.route("/accounts/<uuid:account_id>/redemptions")
class Redemptions(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(RedemptionSchema))
    def get(self, query: dict[str, Any], account_id: UUID) -> Page[views.RedemptionView]:
        """Redemptions, newest first."""
        actor = current_actor()
        page = reading.redemptions(current_session(), actor, account_id, **query)
        return Page([views.redemption_view(actor, row) for row in page.items], page.next_cursor)

    @blp.idempotent(required=True)
    @blp.arguments(RedemptionCreateSchema)
    @blp.response(201, RedemptionSchema)
    def post(self, body: dict[str, Any], account_id: UUID) -> views.RedemptionView:
        """Spend points on a reward; the same key never spends twice."""
        actor = current_actor()
        made = service.redeem(
            current_session(), actor, account_id, request_key=request.headers[HEADER], **body
        )
        return views.redemption_view(actor, made)


@blp.route("/accounts/<uuid:account_id>/redemptions/<uuid:redemption_id>/cancel")
class RedemptionCancellation(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, RedemptionSchema)
    def post(self, account_id: UUID, redemption_id: UUID) -> views.RedemptionView:
        """Give back a voucher that was not used; its points return."""
        actor = current_actor()
        done = service.cancel_redemption(current_session(), actor, account_id, redemption_id)
        return views.redemption_view(actor, done)


@blp.route("/vouchers")
class Vouchers(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(VoucherSchema)
    @blp.response(200, RedemptionSchema)
    def post(self, voucher: dict[str, Any]) -> views.RedemptionView:
        """Honour a voucher of the own programme, once."""
        actor = current_actor()
        used = service.use_voucher(current_session(), actor, voucher["code"])
        return views.redemption_view(actor, used)


def _view(programme: Programme) -> views.ProgrammeView:
    [view] = views.programme_views(current_session(), current_actor(), [programme])
    return view
