"""A payment as one reader gets it."""

from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor
from marketplace.payments import rules
from marketplace.payments.models import Payment
from marketplace.web.shown import Shown


def whole(payment: Payment, actor: Actor) -> Shown:
    """The payment with what this actor may do."""
    return Shown(payment, rules.actions_of(actor, payment))


def page(found: Page[Payment], actor: Actor) -> Page[Shown]:
    """A page of payments."""
    return Page([whole(payment, actor) for payment in found.items], found.next_cursor)
