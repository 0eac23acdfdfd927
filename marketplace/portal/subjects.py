"""Where a document is shown that others know only as kind and id, and what its kind is called."""

from uuid import UUID

from marketplace.core.text import Text, _, label

PATHS: dict[str, str] = {
    "rfq": "/rfqs/{id}",
    "bid": "/bids/{id}",
    "order": "/orders/{id}",
    "invoice": "/invoices/{id}",
    "payment": "/payments/{id}",
    "supplier": "/suppliers/{id}",
    "approval_request": "/approvals/{id}",
    "item": "/catalog/items/{id}",
    "job": "/jobs/{id}",
    "membership": "/settings/members/{id}",
    "organisation": "/settings/organisation",
    "customer": "/customers/{id}",
}

NAMES: dict[str, Text] = {
    "rfq": _("Request for quotation"),
    "bid": _("Bid"),
    "order": _("Order"),
    "receipt": _("Delivery"),
    "invoice": _("Invoice"),
    "payment": _("Payment"),
    "supplier": _("Supplier file"),
    "approval_request": _("Approval"),
    "approval_policy": _("Approval policy"),
    "bid_attempt": _("Attempt to submit a bid"),
    "customer": _("Customer"),
    "customer_settings": _("Customer settings"),
    "loyalty_programme": _("Loyalty programme"),
    "loyalty_redemption": _("Redemption of points"),
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


def path_of(kind: str, subject_id: UUID) -> str | None:
    """The page of this document, if its kind has pages."""
    path = PATHS.get(kind)
    return path.format(id=subject_id) if path else None


def name_of(kind: str) -> str:
    """The kind in the reader's words."""
    return str(NAMES[kind]) if kind in NAMES else label(kind)
