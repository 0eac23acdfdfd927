"""Decisions about who may hold a share, and who may give theirs now."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid, NotAllowed
from marketplace.core.text import Text, _
from marketplace.identity.permissions import Actor, Permission
from marketplace.rfq.sealing.officers.keys import NEEDED
from marketplace.rfq.sealing.officers.queries import Colleague, Officer
from marketplace.rfq.sealing.officers.states import OfficerPart

# How long a given share waits for the second one.
WAITING = timedelta(minutes=15)


class OfficersInvalid(Invalid):
    code = "officers_invalid"


class NotAnOfficer(NotAllowed):
    code = "not_an_officer"


class FourEyesViolation(NotAllowed):
    code = "four_eyes_violation"
    title = _("Two different people are needed")


class QuorumUnavailable(Conflict):
    code = "quorum_unavailable"
    title = _("Too few shares are left")


class EscrowNotNeeded(Conflict):
    code = "escrow_not_needed"


class TwoOfficersNeeded(Conflict):
    code = "two_officers_needed"


class OnePassphraseOpens(Conflict):
    code = "one_passphrase_opens"


@dataclass(frozen=True, slots=True)
class Appointment:
    """Whom the publisher names."""

    first_opener_id: UUID | None
    second_opener_id: UUID | None
    escrow_id: UUID | None

    def by_field(self) -> Iterator[tuple[str, UUID | None, OfficerPart]]:
        """Field, person and part, in the order of the shares."""
        yield "first_opener_id", self.first_opener_id, OfficerPart.OPENER
        yield "second_opener_id", self.second_opener_id, OfficerPart.OPENER
        yield "escrow_id", self.escrow_id, OfficerPart.ESCROW


def identity_of(email: str) -> str:
    """What two accounts of one mailbox have in common. The same is in `is_bidders_person`."""
    local, _at, domain = email.casefold().partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def appointed(
    appointment: Appointment, colleagues: Sequence[Colleague]
) -> list[tuple[OfficerPart, Colleague]]:
    """The three, in the order of their shares; OfficersInvalid with every reason."""
    known = {colleague.person.id: colleague for colleague in colleagues}
    errors: list[FieldError] = []
    chosen: list[tuple[OfficerPart, Colleague]] = []
    seen: set[str] = set()
    for field, person_id, part in appointment.by_field():
        colleague = known.get(person_id) if person_id else None
        fault = _fault(colleague, part, seen)
        if fault is not None:
            errors.append(FieldError(f"/{field}", *fault))
        if colleague is not None:
            seen.add(identity_of(colleague.person.email))
            chosen.append((part, colleague))
    if errors:
        raise OfficersInvalid(_("These people cannot hold the shares."), errors=errors)
    return chosen


def _fault(
    colleague: Colleague | None, part: OfficerPart, seen: Collection[str]
) -> tuple[str, Text] | None:
    if colleague is None:
        return "unknown_person", _("Choose a person of your organisation.")
    if identity_of(colleague.person.email) in seen:
        return "same_person", _("Each share needs another person.")
    if part is OfficerPart.OPENER and not colleague.may_open:
        return "may_not_open", _("This person's role does not include opening bids.")
    if colleague.key is None:
        words = _("This person has no opening key yet. They make it under Settings, Opening key.")
        return "no_opening_key", words
    return None


def officer_of(actor: Actor, officers: Sequence[Officer]) -> Officer:
    """The officer that the actor is; NotAnOfficer for all others."""
    for officer in officers:
        if officer.person.id == actor.person:
            if officer.row.part is OfficerPart.OPENER and not actor.may(Permission.RFQ_OPEN):
                raise NotAnOfficer(_("Your role no longer includes opening bids."))
            return officer
    raise NotAnOfficer(_("You hold no share of the key of this event."))


def check_other_person(giver: Officer, waiting: Sequence[Officer]) -> None:
    """Raise FourEyesViolation unless whoever has given before is somebody else."""
    identity = identity_of(giver.person.email)
    if any(identity_of(each.person.email) == identity for each in waiting):
        raise FourEyesViolation(
            _("You have given your share already. A second person must give theirs.")
        )


def check_quorum(officers: Sequence[Officer]) -> None:
    """Raise QuorumUnavailable when fewer than two can still give their share."""
    if len(able(officers)) < NEEDED:
        raise QuorumUnavailable(
            _(
                "Two of the three shares are lost, so that nobody can open these bids. If a "
                "passphrase is found again, its owner can still give their share. Otherwise cancel"
                " this event and publish a copy; the bids stay sealed for ever."
            )
        )


def check_escrow_needed(giver: Officer, officers: Sequence[Officer]) -> None:
    """Raise EscrowNotNeeded while both openers can open."""
    if giver.row.part is OfficerPart.ESCROW and not any(
        each.row.lost_at for each in officers if each.row.part is OfficerPart.OPENER
    ):
        raise EscrowNotNeeded(
            _(
                "Both openers hold their shares. First note which of them cannot give it, and why;"
                " then the escrow person may step in."
            )
        )


def able(officers: Sequence[Officer]) -> list[Officer]:
    """Those whose share is not lost."""
    return [each for each in officers if each.row.lost_at is None]


def awaited(officers: Sequence[Officer], given: Mapping[int, datetime]) -> list[Officer]:
    """Who may give their share next: openers first, escrow in the place of a lost one."""
    left = [each for each in able(officers) if each.row.number not in given]
    openers_lost = any(each.row.lost_at for each in officers if each.row.part is OfficerPart.OPENER)
    return [each for each in left if each.row.part is OfficerPart.OPENER or openers_lost]
