"""RFQs as one reader gets them: estimates and reference prices are the buyer's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.pages import Page
from marketplace.core.shares import written
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import queries, reading, rules
from marketplace.rfq.asking.models import Rfq, money_of
from marketplace.rfq.asking.participants import RfqQuestion
from marketplace.rfq.terms.drafts import Address
from marketplace.web.shown import Shown


@dataclass(frozen=True, slots=True)
class InvitedSupplier:
    """An invitation with the name that people know the supplier by."""

    supplier_id: UUID
    supplier_name: str
    invited_at: datetime | None
    seen_at: datetime | None


def summary(rfq: Rfq, actor: Actor, now: datetime) -> Shown:
    """The RFQ in a list."""
    return Shown(rfq, rules.actions_for(rfq, actor, now), state=rfq.state_at(now))


def summaries(page: Page[Rfq], actor: Actor) -> Page[Shown]:
    """A page of RFQs for this reader."""
    now = clock.now()
    return Page([summary(rfq, actor, now) for rfq in page.items], page.next_cursor)


def whole(rfq: Rfq, actor: Actor, **more: object) -> Shown:
    """The RFQ with its content, which has been loaded."""
    now = clock.now()
    is_buyer = rfq.buyer_id == actor.org_id
    weights = rfq.shares
    return Shown(
        rfq,
        rules.actions_for(rfq, actor, now),
        state=rfq.state_at(now),
        estimate=rfq.estimate if is_buyer else None,
        delivery=Address(
            rfq.delivery_street, rfq.delivery_postal_code, rfq.delivery_city, rfq.delivery_country
        ),
        lots=[
            Shown(
                lot,
                (),
                estimate=money_of(lot.estimated_value, rfq.currency) if is_buyer else None,
            )
            for lot in rfq.lots
        ],
        lines=[
            Shown(
                line,
                (),
                reference_price=money_of(line.reference_price, rfq.currency) if is_buyer else None,
            )
            for line in rfq.lines
        ],
        criteria=[
            Shown(
                criterion,
                (),
                share=written(weights[criterion.id]),
                exact_share=str(weights[criterion.id]),
            )
            for criterion in rfq.criteria
        ],
        **more,
    )


def read(session: Session, actor: Actor, rfq_id: UUID) -> Shown:
    """The RFQ with its content, as it stands in the database now."""
    return whole(reading.get(session, actor, rfq_id), actor)


def invited(session: Session, actor: Actor, rfq: Rfq) -> list[InvitedSupplier]:
    """Everybody asked, for the buyer; their own invitation alone, for a supplier."""
    rows = queries.invitations(session, rfq.id)
    if rfq.buyer_id != actor.org_id:
        rows = [row for row in rows if row.supplier_id == actor.org_id and row.invited_at]
    names = identity_queries.organisations(session, [row.supplier_id for row in rows])
    return [
        InvitedSupplier(row.supplier_id, names[row.supplier_id].name, row.invited_at, row.seen_at)
        for row in rows
    ]


def question(asked: RfqQuestion, *, is_own: bool) -> Shown:
    """A question, and whether the reader's organisation asked it."""
    return Shown(asked, (), is_own=is_own)


def questions(session: Session, actor: Actor, rfq: Rfq) -> Sequence[Shown]:
    """What the reader may see of the questions about the RFQ, oldest first."""
    own = queries.own_question_ids(session, actor, rfq.id)
    return [
        question(asked, is_own=asked.id in own) for asked in queries.questions(session, actor, rfq)
    ]
