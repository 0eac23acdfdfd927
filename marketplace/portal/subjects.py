"""Where a document is shown that others know only as kind and id, and what its kind is called."""

from uuid import UUID

from marketplace.core.text import Text, _, label
from marketplace.identity.permissions import Actor, Permission

P = Permission
PATHS: dict[str, tuple[Permission, str]] = {
    "rfq": (P.RFQ_READ, "/rfqs/{id}"),
    "award_case": (P.BID_READ, "/cases/{id}"),
    "order": (P.ORDER_READ, "/orders/{id}"),
    "invoice": (P.INVOICE_READ, "/invoices/{id}"),
    "payment": (P.PAYMENT_READ, "/payments/{id}"),
    "supplier": (P.SUPPLIER_READ, "/suppliers/{id}"),
    "approval_request": (P.APPROVAL_READ, "/approvals/{id}"),
    "item": (P.CATALOG_READ, "/catalog/items/{id}"),
    "customer": (P.CUSTOMER_READ, "/customers/{id}"),
    "job": (P.JOB_READ, "/jobs/{id}"),
    "membership": (P.ORGANISATION_MANAGE, "/settings/members/{id}"),
    "organisation": (P.ORGANISATION_READ, "/settings/organisation"),
}

NAMES: dict[str, Text] = {
    "rfq": _("Sourcing event"),
    "bid": _("Bid"),
    "order": _("Order"),
    "receipt": _("Delivery"),
    "invoice": _("Invoice"),
    "payment": _("Payment"),
    "supplier": _("Supplier file"),
    "approval_request": _("Approval"),
    "approval_policy": _("Approval policy"),
    "approval_delegation": _("Delegation"),
    "auction": _("Auction"),
    "award_case": _("Debrief or challenge"),
    "award_scenario": _("Award scenario"),
    "bid_attempt": _("Attempt to submit a bid"),
    "customer": _("Customer"),
    "customer_settings": _("Customer settings"),
    "loyalty_programme": _("Loyalty programme"),
    "loyalty_redemption": _("Redemption of points"),
    "opening_key": _("Opening key"),
    "rfq_question": _("Question"),
    "sanctions_list": _("Sanctions list"),
    "item": _("Catalogue item"),
    "membership": _("Membership"),
    "organisation": _("Organisation"),
    "person": _("Person"),
    "api_key": _("API key"),
    "job": _("Job"),
    "document": _("Document"),
}


def path_of(actor: Actor, kind: str, subject_id: UUID) -> str | None:
    """The page of this document, if its kind has pages and the actor may read them."""
    permission, path = PATHS.get(kind, (None, ""))
    return path.format(id=subject_id) if permission and actor.may(permission) else None


def name_of(kind: str) -> str:
    """The kind in the reader's words."""
    return str(NAMES[kind]) if kind in NAMES else label(kind)
