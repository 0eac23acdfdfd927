"""The navigation on one page: which link stands where, and who sees it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from marketplace.core.text import Text, _
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.web.frame import Entry, Group

P = Permission
BUYER, SUPPLIER, OPERATOR = OrgKind.BUYER, OrgKind.SUPPLIER, OrgKind.OPERATOR


@dataclass(frozen=True)
class Link:
    """A page of the main navigation, for these kinds of organisation (all when empty)."""

    path: str
    label: Text
    icon: str
    permission: Permission
    kinds: tuple[OrgKind, ...] = ()


TABLE: tuple[tuple[Text | None, tuple[Link, ...]], ...] = (
    (None, (Link("/", _("Today"), "home", P.NOTICE_READ),)),
    (
        _("Sourcing"),
        (
            Link("/rfqs", _("Sourcing events"), "file-text", P.RFQ_READ, (BUYER, OPERATOR)),
            Link("/rfqs", _("Opportunities"), "file-text", P.RFQ_READ, (SUPPLIER,)),
            Link("/bids", _("My bids"), "send", P.BID_READ, (SUPPLIER,)),
            Link("/auctions", _("Auctions"), "gavel", P.BID_READ, (BUYER, SUPPLIER)),
            Link(
                "/suppliers", _("Suppliers"), "building-store", P.SUPPLIER_READ, (BUYER, OPERATOR)
            ),
            Link(
                "/suppliers/me", _("My company file"), "certificate", P.SUPPLIER_READ, (SUPPLIER,)
            ),
            Link("/catalog", _("Catalogue"), "list-details", P.CATALOG_READ, (BUYER, OPERATOR)),
        ),
    ),
    (
        _("Ordering"),
        (
            Link("/approvals", _("Approvals"), "checks", P.APPROVAL_READ, (BUYER,)),
            Link("/orders", _("Orders"), "shopping-cart", P.ORDER_READ),
            Link("/receipts", _("Deliveries"), "package", P.ORDER_READ, (BUYER,)),
        ),
    ),
    (
        _("Invoices and payments"),
        (
            Link("/invoices", _("Invoices"), "file-invoice", P.INVOICE_READ),
            Link("/payments", _("Payments"), "credit-card", P.PAYMENT_READ),
        ),
    ),
    (
        _("Relations"),
        (
            Link("/customers", _("Customers"), "users", P.CUSTOMER_READ, (SUPPLIER,)),
            Link("/loyalty", _("Loyalty"), "gift", P.LOYALTY_READ),
        ),
    ),
    (
        _("Oversight"),
        (
            Link(
                "/suppliers/sanctions-lists",
                _("Sanctions lists"),
                "scan",
                P.SANCTIONS_LOAD,
                (OPERATOR,),
            ),
            Link(
                "/settings/approval-policies",
                _("Approval policies"),
                "clipboard-check",
                P.APPROVAL_POLICY_MANAGE,
                (BUYER,),
            ),
            Link("/audit", _("History"), "history", P.AUDIT_READ),
            Link("/jobs", _("Jobs"), "server", P.JOB_READ, (OPERATOR,)),
            Link("/settings/profile", _("Settings"), "settings", P.NOTICE_READ),
        ),
    ),
)


def groups_for(actor: Actor) -> list[Group]:
    """The navigation of this actor, with the present page marked."""
    here = _nearest(request.path, [link.path for link in _links(actor)])
    return [
        Group(label, [Entry(link.label, link.path, link.icon, link.path == here) for link in shown])
        for label, links in TABLE
        if (shown := [link for link in links if _is_for(link, actor)])
    ]


def _links(actor: Actor) -> Iterator[Link]:
    return (link for _label, links in TABLE for link in links if _is_for(link, actor))


def _is_for(link: Link, actor: Actor) -> bool:
    fits = not link.kinds or actor.org_kind in link.kinds
    return fits and actor.may(link.permission) and _exists(link.path)


def _exists(path: str) -> bool:
    """Whether this application has such a page: packages may be left out."""
    known: dict[str, bool] = current_app.extensions.setdefault("navigation", {})
    if path not in known:
        try:
            current_app.url_map.bind("").match(path)
            known[path] = True
        except HTTPException:
            known[path] = False
    return known[path]


def _nearest(path: str, candidates: list[str]) -> str:
    """The link whose page this is, or lies below."""
    matching = [c for c in candidates if path == c or (c != "/" and path.startswith(f"{c}/"))]
    own = "/settings/profile" if path.startswith("/settings/") else ""
    return max(matching, key=len, default=own)
