"""Reads of suppliers. RFQs ask `blocked_ids`, `qualified_ids` and `is_qualified`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, joinedload

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.suppliers.kpi_models import Scorecard
from marketplace.suppliers.models import (
    BankAccount,
    Certificate,
    Decision,
    DueDiligenceCheck,
    DueDiligenceRun,
    Filing,
    SanctionsList,
    Supplier,
)
from marketplace.suppliers.states import BankAccountState, Outcome, SupplierState

WITH_CHECKS = joinedload(DueDiligenceRun.checks)
AWAITING_REVIEW = (SupplierState.REGISTERED, SupplierState.IN_REVIEW)


@dataclass(frozen=True)
class Entry:
    """A row of the directory."""

    supplier: Supplier
    organisation: Organisation
    scorecard: Scorecard | None


@dataclass(frozen=True)
class Filter:
    """What the directory is narrowed down to."""

    containing: str | None = None
    state: SupplierState | None = None
    outcome: Outcome | None = None
    category: str | None = None
    country: str | None = None
    awaiting_review: bool = False


@dataclass(frozen=True)
class SupplierFile:
    """Everything that a supplier has filed."""

    supplier: Supplier
    organisation: Organisation
    accounts: Sequence[BankAccount]
    certificates: Sequence[Certificate]
    filings: Sequence[Filing]


def visible_to(actor: Actor) -> Select[Supplier]:
    """A supplier sees its own file; buyers and the operator see the directory."""
    if actor.org_kind is OrgKind.SUPPLIER:
        return select(Supplier).where(Supplier.id == actor.org_id)
    return select(Supplier)


def get(session: Session, actor: Actor, supplier_id: UUID, *, lock: bool = False) -> Supplier:
    """The supplier, or NotFound: one that the actor may not see does not exist for them.

    Without lock, a supplier that this transaction has read before costs no statement.
    """
    if lock:
        query = visible_to(actor).where(Supplier.id == supplier_id)
        found = session.scalar(query.with_for_update())
    else:
        own = actor.org_kind is not OrgKind.SUPPLIER or supplier_id == actor.org_id
        found = session.get(Supplier, supplier_id) if own else None
    if found is None:
        raise NotFound(_("There is no such supplier."))
    return found


def blocked_ids(session: Session, ids: Iterable[UUID]) -> set[UUID]:
    """Those of these suppliers that may be neither invited nor awarded."""
    wanted = set(ids)
    if not wanted:
        return set()
    return set(
        session.scalars(
            select(Supplier.id).where(
                Supplier.id.in_(wanted), Supplier.state == SupplierState.BLOCKED
            )
        )
    )


def qualified_ids(session: Session, ids: Iterable[UUID] | None = None) -> set[UUID]:
    """All qualified suppliers, or those of the given ones."""
    query = select(Supplier.id).where(Supplier.state == SupplierState.QUALIFIED)
    if ids is not None:
        query = query.where(Supplier.id.in_(set(ids)))
    return set(session.scalars(query))


def is_qualified(session: Session, supplier_id: UUID) -> bool:
    """Whether this supplier is qualified."""
    return bool(qualified_ids(session, [supplier_id]))


def search(
    session: Session,
    actor: Actor,
    narrowed: Filter | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Entry]:
    """A page of the directory by name, each with its latest yearly scorecard."""
    page = paginate(
        session,
        _directory(actor, narrowed or Filter()),
        order=(Organisation.name, Organisation.id),
        cursor=cursor,
        limit=limit,
    )
    ids = [organisation.id for organisation in page.items]
    suppliers = {
        row.id: row for row in session.scalars(select(Supplier).where(Supplier.id.in_(ids)))
    }
    scores = latest_scorecards(session, ids)
    return Page(
        [Entry(suppliers[row.id], row, scores.get(row.id)) for row in page.items],
        page.next_cursor,
    )


def _directory(actor: Actor, narrowed: Filter) -> Select[Organisation]:
    query = identity_queries.directory(OrgKind.SUPPLIER, narrowed.containing).join(
        Supplier, Supplier.id == Organisation.id
    )
    if actor.org_kind is OrgKind.SUPPLIER:
        query = query.where(Supplier.id == actor.org_id)
    wanted = (
        (narrowed.state, Supplier.state == narrowed.state),
        (narrowed.outcome, Supplier.outcome == narrowed.outcome),
        (narrowed.country, Organisation.country == narrowed.country),
        (narrowed.category, Supplier.categories.contains([narrowed.category])),
        (narrowed.awaiting_review, Supplier.state.in_(AWAITING_REVIEW)),
    )
    return query.where(*(condition for value, condition in wanted if value))


def latest_scorecards(session: Session, ids: Iterable[UUID]) -> dict[UUID, Scorecard]:
    """The newest yearly scorecard of each supplier that has one."""
    rows = session.scalars(
        select(Scorecard)
        .where(Scorecard.supplier_id.in_(set(ids)), Scorecard.months == 12)
        .ext(distinct_on(Scorecard.supplier_id))
        .order_by(Scorecard.supplier_id, Scorecard.period.desc(), Scorecard.version.desc())
    )
    return {row.supplier_id: row for row in rows}


def scorecards(session: Session, actor: Actor, supplier_id: UUID) -> Sequence[Scorecard]:
    """The newest version of every period, newest period first."""
    get(session, actor, supplier_id)
    return session.scalars(
        select(Scorecard)
        .where(Scorecard.supplier_id == supplier_id)
        .ext(distinct_on(Scorecard.period, Scorecard.months))
        .order_by(Scorecard.period.desc(), Scorecard.months.desc(), Scorecard.version.desc())
        .limit(48)
    ).all()


def file(session: Session, actor: Actor, supplier_id: UUID) -> SupplierFile:
    """The supplier with its papers, newest first."""
    row = session.execute(
        visible_to(actor)
        .where(Supplier.id == supplier_id)
        .join(Organisation, Organisation.id == Supplier.id)
        .add_columns(Organisation)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such supplier."))
    supplier, organisation = row
    return SupplierFile(
        supplier=supplier,
        organisation=organisation,
        accounts=bank_accounts(session, supplier_id),
        certificates=certificates(session, supplier_id),
        filings=filings(session, supplier_id),
    )


def bank_accounts(session: Session, supplier_id: UUID) -> Sequence[BankAccount]:
    """Every bank account ever proposed, newest first."""
    return session.scalars(
        select(BankAccount)
        .where(BankAccount.supplier_id == supplier_id)
        .order_by(BankAccount.created_at.desc(), BankAccount.id.desc())
    ).all()


def newest_account(accounts: Iterable[BankAccount]) -> BankAccount | None:
    """The account that was confirmed last, cooling or not."""
    confirmed = [a for a in accounts if a.state is BankAccountState.CONFIRMED]
    return max(confirmed, key=lambda a: (a.confirmed_at, a.id), default=None)


def bank_account(
    session: Session, actor: Actor, supplier_id: UUID, account_id: UUID
) -> BankAccount:
    """One bank account, locked for a decision, or NotFound."""
    get(session, actor, supplier_id)
    found = session.scalar(
        select(BankAccount)
        .where(BankAccount.supplier_id == supplier_id, BankAccount.id == account_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound(_("There is no such bank account."))
    return found


def certificates(session: Session, supplier_id: UUID) -> Sequence[Certificate]:
    """Every certificate on file, newest first."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.supplier_id == supplier_id)
        .order_by(Certificate.issued_on.desc(), Certificate.id.desc())
    ).all()


def certificate(
    session: Session, actor: Actor, supplier_id: UUID, certificate_id: UUID
) -> Certificate:
    """One certificate, locked for a change, or NotFound."""
    get(session, actor, supplier_id)
    found = session.scalar(
        select(Certificate)
        .where(Certificate.supplier_id == supplier_id, Certificate.id == certificate_id)
        .with_for_update()
    )
    if found is None:
        raise NotFound(_("There is no such certificate."))
    return found


def filings(session: Session, supplier_id: UUID) -> Sequence[Filing]:
    """Filed figures, newest year first."""
    return session.scalars(
        select(Filing).where(Filing.supplier_id == supplier_id).order_by(Filing.year.desc())
    ).all()


def runs(session: Session, actor: Actor, supplier_id: UUID) -> Sequence[DueDiligenceRun]:
    """The last rounds of checks, newest first, with their checks as far as they are visible."""
    get(session, actor, supplier_id)
    return (
        session.scalars(
            select(DueDiligenceRun)
            .where(DueDiligenceRun.supplier_id == supplier_id)
            .options(WITH_CHECKS)
            .order_by(DueDiligenceRun.created_at.desc(), DueDiligenceRun.id.desc())
            .limit(10)
        )
        .unique()
        .all()
    )


def latest_checks(session: Session, supplier_id: UUID) -> Sequence[DueDiligenceCheck]:
    """The checks of the last finished run."""
    latest = (
        select(DueDiligenceRun.id)
        .where(
            DueDiligenceRun.supplier_id == supplier_id, DueDiligenceRun.completed_at.is_not(None)
        )
        .order_by(DueDiligenceRun.created_at.desc(), DueDiligenceRun.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return session.scalars(
        select(DueDiligenceCheck)
        .where(DueDiligenceCheck.run_id == latest)
        .order_by(DueDiligenceCheck.position)
    ).all()


def decisions(session: Session, supplier_id: UUID) -> Sequence[Decision]:
    """What was decided about the supplier, newest first."""
    return session.scalars(
        select(Decision)
        .where(Decision.supplier_id == supplier_id)
        .order_by(Decision.created_at.desc(), Decision.id.desc())
        .limit(50)
    ).all()


def sanctions_lists(session: Session) -> Sequence[SanctionsList]:
    """Every loaded list, the newest of each source first."""
    return session.scalars(
        select(SanctionsList).order_by(
            SanctionsList.source, SanctionsList.created_at.desc(), SanctionsList.id.desc()
        )
    ).all()
