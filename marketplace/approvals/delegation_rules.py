"""Who may stand in for whom, and when. Values in, values out."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from marketplace.approvals.models import ApprovalDelegation
from marketplace.core.errors import Conflict, FieldError, refuse_all
from marketplace.core.text import Text, _

LONGEST = timedelta(days=366)


class AlreadyDelegated(Conflict):
    code = "already_delegated"


class CircularDelegation(Conflict):
    code = "circular_delegation"


class AlreadyRevoked(Conflict):
    code = "already_revoked"


@dataclass(frozen=True)
class DelegationDraft:
    """What somebody asks for; without a person it is about themselves. Both days count."""

    delegate_id: UUID
    first_on: date
    last_on: date
    person_id: UUID | None = None
    reason: str = ""


def check(
    draft: DelegationDraft, person_id: UUID, arranger_id: UUID, deciders: Set[UUID], today: date
) -> None:
    """Raise with every reason why this cannot be arranged.

    deciders: everybody in the organisation who may decide now.
    """
    refuse_all([*_people_gaps(draft, person_id, arranger_id, deciders), *_day_gaps(draft, today)])


def _people_gaps(
    draft: DelegationDraft, person_id: UUID, arranger_id: UUID, deciders: Set[UUID]
) -> Iterator[FieldError]:
    not_an_approver = _("Choose people of your organisation who may approve.")
    if person_id not in deciders:
        yield _at("/person_id", "not_an_approver", not_an_approver)
    if draft.delegate_id not in deciders:
        yield _at("/delegate_id", "not_an_approver", not_an_approver)
    elif draft.delegate_id == person_id:
        yield _at("/delegate_id", "same_person", _("Choose somebody else than the absent person."))
    elif draft.delegate_id == arranger_id:
        # else whoever writes policies could take over another's yes
        detail = _("Nobody arranges to decide for somebody else themselves.")
        yield _at("/delegate_id", "own_delegate", detail)


def _day_gaps(draft: DelegationDraft, today: date) -> Iterator[FieldError]:
    if draft.last_on < draft.first_on:
        yield _at("/last_on", "range", _("The last day is not before the first."))
    elif draft.last_on < today:
        yield _at("/last_on", "past", _("These days are over."))
    elif draft.last_on - draft.first_on >= LONGEST:
        yield _at("/last_on", "too_long", _("Delegate for a year at most."))


def _at(pointer: str, code: str, detail: Text) -> FieldError:
    return FieldError(pointer, code, detail)


def check_free(
    draft: DelegationDraft, person_id: UUID, known: Iterable[ApprovalDelegation]
) -> None:
    """Raise AlreadyDelegated where somebody already decides for the person on one of the days."""
    for each in known:
        overlaps = each.first_on <= draft.last_on and draft.first_on <= each.last_on
        if each.person_id == person_id and each.revoked_at is None and overlaps:
            detail = _("Somebody already decides for this person on these days.")
            raise AlreadyDelegated(
                detail,
                errors=[FieldError("/first_on", AlreadyDelegated.code, detail)],
                delegation_id=str(each.id),
            )


def check_no_circle(
    draft: DelegationDraft, person_id: UUID, known: Iterable[ApprovalDelegation]
) -> None:
    """Raise CircularDelegation where the delegate's own delegations lead back to the person."""
    reached, added = {draft.delegate_id}, True
    meanwhile = [
        each
        for each in known
        if each.revoked_at is None
        and each.first_on <= draft.last_on
        and draft.first_on <= each.last_on
    ]
    while added:
        further = {each.delegate_id for each in meanwhile if each.person_id in reached} - reached
        reached, added = reached | further, bool(further)
    if person_id in reached:
        detail = _("Their own delegation leads back to the absent person. Choose somebody else.")
        raise CircularDelegation(
            detail, errors=[FieldError("/delegate_id", CircularDelegation.code, detail)]
        )


def stands_in(person_id: UUID, delegates: Mapping[UUID, UUID]) -> UUID:
    """Who decides today for this person: whoever is there at the end of the chain.

    delegates: who is away today, with their delegate. A circle, which only two delegations made
    at the same instant could form, ends where it began.
    """
    passed: set[UUID] = set()
    while person_id in delegates and person_id not in passed:
        passed.add(person_id)
        person_id = delegates[person_id]
    return person_id


def check_standing(delegation: ApprovalDelegation) -> None:
    """Raise AlreadyRevoked for one that was ended before."""
    if delegation.revoked_at is not None:
        raise AlreadyRevoked(_("This delegation has already been ended."))
