"""What a seller does about its customers."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.text import _
from marketplace.customers import queries, scoring
from marketplace.customers.models import Customer, Interaction, SegmentRule, SellerSettings
from marketplace.identity.permissions import Actor, Permission, requires

RANGES = ("recency", "frequency", "monetary")


@requires(Permission.CUSTOMER_EDIT)
def log_interaction(
    session: Session, actor: Actor, customer_id: UUID, values: dict[str, Any]
) -> Interaction:
    """Note a call, a visit, a complaint with a customer."""
    customer = queries.get(session, actor, customer_id)
    follow_up = values.get("follow_up_on")
    if follow_up is not None and follow_up < values["held_on"]:
        refuse_all(
            [FieldError("/follow_up_on", "before_start", _("It must lie after the interaction."))]
        )
    interaction = Interaction(
        customer_id=customer.id, seller_id=customer.seller_id, person_id=actor.person_id, **values
    )
    session.add(interaction)
    session.flush()
    audit.record(
        session,
        actor,
        "customer.interaction_logged",
        ("customer", customer.id),
        {"interaction_id": str(interaction.id), "kind": str(interaction.kind)},
    )
    return interaction


@requires(Permission.CUSTOMER_EDIT)
def update_customer(
    session: Session,
    actor: Actor,
    customer_id: UUID,
    changes: dict[str, Any],
    *,
    expected_version: int | None = None,
) -> Customer:
    """Set what it cost to win this customer; None takes the seller's usual cost."""
    customer = queries.get(session, actor, customer_id, lock=True)
    check_version(customer, expected_version)
    if "acquisition_cost" in changes:
        customer.acquisition_cost = changes["acquisition_cost"]
    audit.record(
        session, actor, "customer.updated", ("customer", customer.id), {"fields": sorted(changes)}
    )
    session.flush()
    scoring.rescore(session, customer.seller_id)
    return customer


@requires(Permission.CUSTOMER_EDIT)
def update_settings(
    session: Session,
    actor: Actor,
    changes: dict[str, Any],
    *,
    expected_version: int | None = None,
) -> SellerSettings:
    """Change the assumptions behind lifetime value and work the values out again."""
    settings = queries.settings(session, actor.organisation_id, actor.currency)
    check_version(settings, expected_version)
    is_new = settings.version == 0
    for name in {"relation_years", "acquisition_cost"} & changes.keys():
        setattr(settings, name, changes[name])
    if is_new:
        settings = SellerSettings(
            seller_id=settings.seller_id,
            currency=settings.currency,
            relation_years=settings.relation_years,
            acquisition_cost=settings.acquisition_cost,
        )
        session.add(settings)
    audit.record(
        session,
        actor,
        "customer.settings_updated",
        ("customer_settings", settings.seller_id),
        {name: str(value) for name, value in changes.items()},
    )
    session.flush()
    scoring.rescore(session, settings.seller_id)
    return settings


@requires(Permission.CUSTOMER_EDIT)
def replace_segments(
    session: Session, actor: Actor, rows: Iterable[dict[str, Any]]
) -> list[SegmentRule]:
    """Use an own segment table; none at all returns to the one everybody starts with."""
    seller_id = actor.organisation_id
    rows = list(rows)
    refuse_all(
        [
            FieldError(
                f"/segments/{place}/{name}_to",
                "before_start",
                _("The range must not end before it begins."),
            )
            for place, row in enumerate(rows)
            for name in RANGES
            if row[f"{name}_to"] < row[f"{name}_from"]
        ]
    )
    session.execute(delete(SegmentRule).where(SegmentRule.seller_id == seller_id))
    session.add_all(
        SegmentRule(seller_id=seller_id, position=place, **row)
        for place, row in enumerate(rows, start=1)
    )
    session.flush()
    audit.record(
        session,
        actor,
        "customer.segments_replaced",
        ("customer_settings", seller_id),
        {"segments": [row["code"] for row in rows]},
    )
    scoring.rescore(session, seller_id)
    return queries.segment_table(session, seller_id)
