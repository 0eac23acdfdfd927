"""The access policy on one page: what may be done, and by whom."""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.errors import NotAllowed
from marketplace.core.text import _, register_labels


class OrgKind(StrEnum):
    BUYER = "buyer"
    SUPPLIER = "supplier"
    OPERATOR = "operator"


class Role(StrEnum):
    ADMIN = "admin"
    REQUESTER = "requester"
    BUYER = "buyer"
    APPROVER = "approver"
    RECEIVER = "receiver"
    SUPPLIER = "supplier"
    OPERATOR = "operator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_MANAGE = "organisation:manage"
    FILE_UPLOAD = "file:upload"
    CATALOG_READ = "catalog:read"
    CATALOG_MANAGE = "catalog:manage"
    RFQ_READ = "rfq:read"
    RFQ_DRAFT = "rfq:draft"
    RFQ_PUBLISH = "rfq:publish"
    RFQ_ANSWER = "rfq:answer"
    RFQ_OPEN = "rfq:open"
    RFQ_EVALUATE = "rfq:evaluate"
    RFQ_AWARD = "rfq:award"
    RFQ_CANCEL = "rfq:cancel"
    CHALLENGE_DECIDE = "challenge:decide"
    QUESTION_ASK = "question:ask"
    BID_READ = "bid:read"
    BID_SUBMIT = "bid:submit"
    APPROVAL_READ = "approval:read"
    APPROVAL_DECIDE = "approval:decide"
    APPROVAL_POLICY_MANAGE = "approval_policy:manage"
    ORDER_READ = "order:read"
    ORDER_DRAFT = "order:draft"
    ORDER_ISSUE = "order:issue"
    ORDER_CANCEL = "order:cancel"
    ORDER_ACKNOWLEDGE = "order:acknowledge"
    RECEIPT_BOOK = "receipt:book"
    INVOICE_READ = "invoice:read"
    INVOICE_SUBMIT = "invoice:submit"
    INVOICE_MATCH = "invoice:match"
    PAYMENT_READ = "payment:read"
    PAYMENT_MAKE = "payment:make"
    SUPPLIER_READ = "supplier:read"
    SUPPLIER_EDIT = "supplier:edit"
    SUPPLIER_REVIEW = "supplier:review"
    SUPPLIER_SCREEN = "supplier:screen"
    SANCTIONS_LOAD = "sanctions:load"
    LOYALTY_READ = "loyalty:read"
    LOYALTY_REDEEM = "loyalty:redeem"
    LOYALTY_MANAGE = "loyalty:manage"
    CUSTOMER_READ = "customer:read"
    CUSTOMER_EDIT = "customer:edit"
    NOTICE_READ = "notice:read"
    EVENT_READ = "event:read"
    AUDIT_READ = "audit:read"
    JOB_READ = "job:read"
    JOB_MANAGE = "job:manage"


P = Permission
_EVERYBODY = frozenset(
    {P.ORGANISATION_READ, P.NOTICE_READ, P.EVENT_READ, P.CATALOG_READ, P.FILE_UPLOAD, P.RFQ_READ}
)
_BUYING_SIDE = _EVERYBODY | {P.ORDER_READ, P.SUPPLIER_READ, P.LOYALTY_READ}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: _EVERYBODY
    | {P.ORGANISATION_MANAGE, P.APPROVAL_POLICY_MANAGE, P.AUDIT_READ, P.LOYALTY_READ},
    Role.REQUESTER: _BUYING_SIDE | {P.RFQ_DRAFT, P.ORDER_DRAFT, P.APPROVAL_READ},
    Role.BUYER: _BUYING_SIDE
    | {
        P.CATALOG_MANAGE, P.RFQ_DRAFT, P.RFQ_PUBLISH, P.RFQ_ANSWER, P.RFQ_OPEN, P.RFQ_EVALUATE,
        P.RFQ_AWARD, P.RFQ_CANCEL, P.CHALLENGE_DECIDE, P.BID_READ, P.ORDER_DRAFT, P.ORDER_ISSUE,
        P.ORDER_CANCEL, P.APPROVAL_READ, P.INVOICE_READ, P.INVOICE_MATCH, P.PAYMENT_READ,
        P.PAYMENT_MAKE, P.SUPPLIER_REVIEW, P.SUPPLIER_SCREEN, P.LOYALTY_REDEEM, P.AUDIT_READ,
    },
    Role.APPROVER: _BUYING_SIDE
    | {
        P.APPROVAL_READ, P.APPROVAL_DECIDE, P.APPROVAL_POLICY_MANAGE, P.BID_READ, P.INVOICE_READ,
        P.CHALLENGE_DECIDE,
        P.INVOICE_MATCH, P.PAYMENT_READ, P.PAYMENT_MAKE, P.AUDIT_READ,
    },
    Role.RECEIVER: _BUYING_SIDE | {P.RECEIPT_BOOK},
    Role.SUPPLIER: _EVERYBODY
    | {
        P.QUESTION_ASK, P.BID_READ, P.BID_SUBMIT, P.ORDER_READ, P.ORDER_ACKNOWLEDGE,
        P.INVOICE_READ, P.INVOICE_SUBMIT, P.PAYMENT_READ, P.SUPPLIER_READ, P.SUPPLIER_EDIT,
        P.CUSTOMER_READ, P.CUSTOMER_EDIT, P.LOYALTY_READ, P.LOYALTY_MANAGE,
    },
    Role.OPERATOR: _EVERYBODY
    | {
        P.SUPPLIER_READ, P.SUPPLIER_REVIEW, P.SUPPLIER_SCREEN, P.SANCTIONS_LOAD, P.JOB_READ,
        P.JOB_MANAGE, P.AUDIT_READ, P.LOYALTY_MANAGE, P.LOYALTY_READ, P.BID_READ,
        P.CATALOG_MANAGE,
    },
    Role.AUDITOR: _EVERYBODY
    | {
        P.AUDIT_READ, P.ORDER_READ, P.INVOICE_READ, P.PAYMENT_READ, P.APPROVAL_READ,
        P.SUPPLIER_READ, P.BID_READ, P.LOYALTY_READ, P.JOB_READ, P.CUSTOMER_READ,
    },
}  # fmt: skip

KIND_ROLES: dict[OrgKind, frozenset[Role]] = {
    OrgKind.BUYER: frozenset(
        {Role.ADMIN, Role.REQUESTER, Role.BUYER, Role.APPROVER, Role.RECEIVER, Role.AUDITOR}
    ),
    OrgKind.SUPPLIER: frozenset({Role.ADMIN, Role.SUPPLIER, Role.AUDITOR}),
    OrgKind.OPERATOR: frozenset({Role.ADMIN, Role.OPERATOR, Role.AUDITOR}),
}

register_labels(
    {
        OrgKind.BUYER: _("Buyer"),
        OrgKind.SUPPLIER: _("Supplier"),
        OrgKind.OPERATOR: _("Operator"),
    }
)
register_labels(
    {
        Role.ADMIN: _("Administrator"),
        Role.REQUESTER: _("Requester"),
        Role.BUYER: _("Buyer"),
        Role.APPROVER: _("Approver (finance)"),
        Role.RECEIVER: _("Receiver"),
        Role.SUPPLIER: _("Supplier"),
        Role.OPERATOR: _("Operator"),
        Role.AUDITOR: _("Auditor"),
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at work for an organisation. ``SYSTEM`` has neither person nor organisation."""

    person_id: UUID | None
    org_id: UUID | None
    org_kind: OrgKind
    name: str = ""
    org_name: str = ""
    roles: frozenset[Role] = frozenset()
    permissions: frozenset[Permission] = field(default=frozenset(), repr=False)
    locale: str = "en"
    time_zone: str = "Europe/Paris"
    currency: str = "EUR"

    @property
    def is_system(self) -> bool:
        return self.person_id is None

    @property
    def organisation_id(self) -> UUID:
        """The organisation; NotAllowed for the system, which has none."""
        if self.org_id is None:
            raise NotAllowed(_("This needs an organisation."))
        return self.org_id

    @property
    def person(self) -> UUID:
        """The person; NotAllowed for the system."""
        if self.person_id is None:
            raise NotAllowed(_("This needs a person."))
        return self.person_id

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


SYSTEM = Actor(
    person_id=None,
    org_id=None,
    org_kind=OrgKind.OPERATOR,
    name="System",
    permissions=frozenset(Permission),
)


def permissions_of(roles: Iterable[Role], scopes: Iterable[str] | None = None) -> frozenset[P]:
    """All that the roles permit; of an API key only what its scopes name (None: everything)."""
    granted: frozenset[P] = frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))
    if scopes is None:
        return granted
    named = frozenset(scopes)
    return frozenset(permission for permission in granted if permission in named)


Args = ParamSpec("Args")
Result = TypeVar("Result")
UseCase = Callable[Concatenate[Session, Actor, Args], Result]


def requires(permission: Permission) -> Callable[[UseCase[Args, Result]], UseCase[Args, Result]]:
    """Let only actors with this permission call the use case; others get NotAllowed."""

    def decorate(use_case: UseCase[Args, Result]) -> UseCase[Args, Result]:
        @functools.wraps(use_case)
        def guarded(
            session: Session, actor: Actor, /, *args: Args.args, **kw: Args.kwargs
        ) -> Result:
            if permission not in actor.permissions:
                raise NotAllowed(
                    _(
                        "Your role does not include this."
                        " Ask an administrator of %(organisation)s.",
                        organisation=actor.org_name or "—",
                    ),
                    permission=str(permission),
                )
            return use_case(session, actor, *args, **kw)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate
