"""Bank details: proposed, confirmed by a second person, usable after a cooling period."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import Conflict
from marketplace.core.text import _
from marketplace.events.suppliers import BankAccountProposed
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.suppliers import queries, rules, runs
from marketplace.suppliers.models import BankAccount
from marketplace.suppliers.states import BANK_ACCOUNT_FLOW, BankAccountState, Trigger


class AccountWaiting(Conflict):
    code = "bank_account_waiting"


@requires(Permission.SUPPLIER_EDIT)
def propose(
    session: Session, actor: Actor, supplier_id: UUID, *, holder: str, iban: str
) -> BankAccount:
    """Propose new bank details. Raises Invalid for an IBAN whose structure or digits are wrong.

    The present account stays in use until the new one has been confirmed and has cooled down.
    """
    supplier = queries.get(session, actor, supplier_id, lock=True)
    number = rules.check_numbers({"iban": iban})["iban"] or ""
    _check_none_waiting(session, supplier.id)
    account = BankAccount(
        supplier_id=supplier.id,
        holder=holder,
        iban=number,
        state=BankAccountState.PROPOSED,
        proposed_by=actor.person,
    )
    session.add(account)
    session.flush()
    _note(session, actor, account, "proposed")
    outbox.record(
        session,
        BankAccountProposed(
            supplier_id=supplier.id, account_id=account.id, proposed_by=actor.person
        ),
        audience=[supplier.id],
    )
    return account


@requires(Permission.SUPPLIER_READ)
def confirm(session: Session, actor: Actor, supplier_id: UUID, account_id: UUID) -> BankAccount:
    """A second person of the supplier, or the operator, confirms; the checks are made again."""
    account = _decidable(session, actor, supplier_id, account_id)
    state = BANK_ACCOUNT_FLOW.next(account.state, "confirm")
    rules.check_second_person(account, actor.person)
    now = clock.now()
    account.state = state
    account.confirmed_by = actor.person
    account.confirmed_at = now
    account.usable_from = now + rules.COOLING
    session.flush()
    _note(session, actor, account, "confirmed")
    runs.ask(session, actor, supplier_id, Trigger.CHANGE)
    return account


@requires(Permission.SUPPLIER_READ)
def reject(session: Session, actor: Actor, supplier_id: UUID, account_id: UUID) -> BankAccount:
    """Refuse proposed bank details; whoever proposed them may also take them back."""
    account = _decidable(session, actor, supplier_id, account_id)
    account.state = BANK_ACCOUNT_FLOW.next(account.state, "reject")
    session.flush()
    _note(session, actor, account, "rejected")
    return account


def _decidable(session: Session, actor: Actor, supplier_id: UUID, account_id: UUID) -> BankAccount:
    """The account, for people of the supplier and of the operator; buyers have no say."""
    account = queries.bank_account(session, actor, supplier_id, account_id)
    if actor.org_kind is OrgKind.BUYER:
        raise rules.SamePerson(_("The supplier or the operator decides about bank details."))
    return account


def _check_none_waiting(session: Session, supplier_id: UUID) -> None:
    waiting = session.scalar(
        select(BankAccount.id).where(
            BankAccount.supplier_id == supplier_id, BankAccount.state == BankAccountState.PROPOSED
        )
    )
    if waiting is not None:
        raise AccountWaiting(
            _("Other bank details already wait for a second person. Confirm or refuse them first.")
        )


def _note(session: Session, actor: Actor, account: BankAccount, action: str) -> None:
    audit.record(
        session,
        actor,
        f"supplier.bank_account_{action}",
        ("supplier", account.supplier_id),
        {"account_id": str(account.id)},
        owner_id=account.supplier_id,
    )
