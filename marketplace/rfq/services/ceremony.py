"""The ceremony in which two officers open the bids together, each with their own passphrase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.text import _
from marketplace.events.rfq import EscrowUsed, ShareGiven, ShareLost
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.opening import prices as price_opening
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening import unsealing
from marketplace.rfq.opening.models import RfqOpening, RfqPriceOpening
from marketplace.rfq.opening.unsealing import Opener
from marketplace.rfq.sealing.envelopes import PRICE, TECHNICAL, KeyPair, SealBroken, ServiceKeys
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.sealing.officers import keys as share_keys
from marketplace.rfq.sealing.officers import queries as officer_queries
from marketplace.rfq.sealing.officers import rules
from marketplace.rfq.sealing.officers.keys import SealedShare, SharePlace
from marketplace.rfq.sealing.officers.models import RfqGivenShare
from marketplace.rfq.sealing.officers.queries import Officer
from marketplace.rfq.sealing.officers.shamir import Share
from marketplace.rfq.sealing.officers.states import OfficerPart, OpeningRule
from marketplace.rfq.terms.states import EnvelopeRule


@dataclass(frozen=True)
class Ceremony:
    """How far the opening of an RFQ has come. ``given``: when, by the number of the share.

    ``minutes``, ``price_minutes``: of the openings that are over.
    """

    rfq: Rfq
    officers: Sequence[Officer]
    given: Mapping[int, datetime]
    minutes: RfqOpening | None
    price_minutes: RfqPriceOpening | None

    @property
    def rule(self) -> OpeningRule:
        return OpeningRule.TWO_OF_THREE if self.officers else OpeningRule.ONE

    @property
    def envelope(self) -> str | None:
        """Which one is opened next; None when all are open."""
        if self.minutes is None:
            return TECHNICAL if self.rfq.envelopes is EnvelopeRule.TWO else "whole"
        return PRICE if self.rfq.prices_sealed else None

    @property
    def opens_at(self) -> datetime:
        return bid_rules.deadline_of(self.rfq) + bid_rules.DRAIN

    @property
    def waits_until(self) -> datetime | None:
        """Until when the second share must be given."""
        return min(self.given.values()) + rules.WAITING if self.given else None

    @property
    def awaited(self) -> Sequence[Officer]:
        """Whose share is needed next."""
        return rules.awaited(self.officers, self.given) if self.envelope else []

    @property
    def quorum_available(self) -> bool:
        return not self.officers or len(rules.able(self.officers)) >= share_keys.NEEDED


@requires(Permission.RFQ_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> Ceremony:
    """Who opens this RFQ, who has given their share, and who is awaited."""
    rfq = queries.get_own(session, actor, rfq_id)
    bid_queries.seal(session, rfq_id)
    return _ceremony(session, rfq)


@requires(Permission.RFQ_READ)
def give_share(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, passphrase: str
) -> Ceremony:
    """Bring the actor's share; with the second one all bids are opened in this transaction.

    Where prices are sealed apart, the same is done a second time for them. Raises TooEarly before
    the end, QualityNotLocked before prices, NotAnOfficer, FourEyesViolation, WrongPassphrase,
    QuorumUnavailable, EscrowNotNeeded, and SealMismatch; nothing of the share is kept then.
    """
    stage = _stage(session, actor, rfq_id)
    rfq = stage.rfq
    officers = _officers(session, rfq)
    giver = rules.officer_of(actor, officers)
    waiting = _waiting(session, rfq)
    givers = [each for each in officers if each.row.number in waiting]
    rules.check_other_person(giver, givers)
    _check_no_bidder(session, giver)
    share = _open_share(stage, giver, passphrase)
    _lift_loss(session, actor, giver)
    rules.check_quorum(officers)
    rules.check_escrow_needed(giver, officers)
    if not waiting:
        _keep(session, actor, keys, stage, share)
        return _ceremony(session, rfq)
    private_key = _combined(keys, stage, waiting, share)
    openers = [
        *(_opener(each, waiting[each.row.number].given_at) for each in givers),
        _opener(giver, clock.now()),
    ]
    if stage.opens_prices:
        price_opening.open_prices(session, actor, keys, rfq, private_key, openers)
    else:
        unsealing.open_all(session, actor, keys, rfq, private_key, openers)
    _note_escrow(session, actor, rfq, openers)
    officer_queries.forget_given(session, [rfq.id])
    return _ceremony(session, rfq)


@requires(Permission.RFQ_READ)
def note_loss(
    session: Session, actor: Actor, rfq_id: UUID, person_id: UUID, reason: str
) -> Ceremony:
    """Note that an officer cannot give their share, so that the escrow person may step in.

    The officer says so themselves, or a buyer says it of them. A share that is given after all
    takes this back.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    officers = _officers(session, rfq)
    lost = next((each for each in officers if each.person.id == person_id), None)
    if lost is None:
        raise NotFound(_("This person holds no share of this event."))
    if actor.person != person_id and not actor.may(Permission.RFQ_PUBLISH):
        raise NotAllowed(_("Only a buyer notes this for somebody else."))
    if lost.row.lost_at is None:
        lost.row.lost_at = clock.now()
        lost.row.lost_reason = reason.strip()
        facts = {"officer": str(person_id), "reason": lost.row.lost_reason}
        audit.record(session, actor, "rfq.share_lost", ("rfq", rfq.id), facts)
        outbox.record(
            session,
            ShareLost(
                rfq_id=rfq.id,
                buyer_id=rfq.buyer_id,
                person_id=person_id,
                lost_at=lost.row.lost_at,
                shares_left=len(rules.able(officers)),
            ),
            audience=[rfq.buyer_id],
        )
        session.flush()
    return _ceremony(session, rfq)


@dataclass(frozen=True)
class _Stage:
    """What is opened now, and with which key."""

    rfq: Rfq
    seal: RfqSeal
    opens_prices: bool

    @property
    def is_technical(self) -> bool:
        return not self.opens_prices and self.seal.technical_public_key is not None

    @property
    def public_key(self) -> bytes:
        technical = self.seal.technical_public_key if self.is_technical else None
        return technical or self.seal.public_key

    def place(self, number: int) -> SharePlace:
        return SharePlace(self.rfq.id, self.public_key, number)

    def share_of(self, officer: Officer) -> SealedShare:
        row = officer.row
        if self.is_technical:
            return SealedShare(row.technical_share or b"", row.technical_share_digest or b"")
        return SealedShare(row.sealed_share, row.share_digest)


def _stage(session: Session, actor: Actor, rfq_id: UUID) -> _Stage:
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    if rfq.prices_sealed:
        return _Stage(*price_opening.openable(session, actor, rfq_id), opens_prices=True)
    return _Stage(*unsealing.openable(session, actor, rfq_id), opens_prices=False)


def _officers(session: Session, rfq: Rfq) -> list[Officer]:
    officers = officer_queries.officers(session, rfq.id)
    if not officers:
        raise rules.OnePassphraseOpens(_("One passphrase opens this event; it has no officers."))
    return officers


def _ceremony(session: Session, rfq: Rfq) -> Ceremony:
    waiting = _waiting(session, rfq)
    return Ceremony(
        rfq=rfq,
        officers=officer_queries.officers(session, rfq.id),
        given={number: each.given_at for number, each in waiting.items()},
        minutes=opening_queries.opening(session, rfq.id),
        price_minutes=opening_queries.price_opening(session, rfq.id),
    )


def _waiting(session: Session, rfq: Rfq) -> dict[int, RfqGivenShare]:
    since = clock.now() - rules.WAITING
    return {each.number: each for each in officer_queries.given_since(session, rfq.id, since)}


def _check_no_bidder(session: Session, giver: Officer) -> None:
    if officer_queries.is_bidders_person(session, giver.row.rfq_id, giver.person.id):
        raise rules.FourEyesViolation(
            _("You also belong to a supplier who may bid here. Somebody else must open.")
        )


def _open_share(stage: _Stage, giver: Officer, passphrase: str) -> Share:
    key = giver.key
    pair = KeyPair(key.public_key, key.wrapped_private_key)
    try:
        own = share_keys.free_opening_key(pair, key.organisation_id, key.person_id, passphrase)
        place = stage.place(giver.row.number)
        return share_keys.open_share(stage.share_of(giver), own, place)
    except SealBroken:
        raise bid_rules.WrongPassphrase(
            _("This is not the passphrase of your opening key. Nothing was opened.")
        ) from None


def _lift_loss(session: Session, actor: Actor, giver: Officer) -> None:
    """Whoever brings the share has not lost it."""
    if giver.row.lost_at is not None:
        giver.row.lost_at = giver.row.lost_reason = None
        facts = {"officer": str(giver.person.id)}
        audit.record(session, actor, "rfq.share_found", ("rfq", giver.row.rfq_id), facts)


def _keep(session: Session, actor: Actor, keys: ServiceKeys, stage: _Stage, share: Share) -> None:
    """The first share waits, locked, for the second one."""
    seal = stage.seal
    officer_queries.forget_given(session, [seal.rfq_id])
    now = clock.now()
    session.add(
        RfqGivenShare(
            rfq_id=seal.rfq_id,
            number=share.number,
            buyer_id=seal.buyer_id,
            locked=share_keys.lock_waiting(keys, share, stage.place(share.number)),
            given_at=now,
        )
    )
    facts = {"share": share.number, "waits_until": (now + rules.WAITING).isoformat()}
    audit.record(session, actor, "rfq.share_given", ("rfq", seal.rfq_id), facts)
    outbox.record(
        session,
        ShareGiven(
            rfq_id=seal.rfq_id, buyer_id=seal.buyer_id, person_id=actor.person, given_at=now
        ),
        audience=[seal.buyer_id],
    )
    session.flush()


def _combined(
    keys: ServiceKeys, stage: _Stage, waiting: Mapping[int, RfqGivenShare], share: Share
) -> X25519PrivateKey:
    try:
        shares = [
            share_keys.unlock_waiting(keys, each.locked, stage.place(number))
            for number, each in waiting.items()
        ]
        return share_keys.private_key_of(stage.public_key, [*shares, share])
    except SealBroken:
        raise bid_rules.mismatch(None, None, "share_changed") from None


def _opener(officer: Officer, given_at: datetime) -> Opener:
    return Opener(officer.person.id, str(officer.row.part), given_at)


def _note_escrow(session: Session, actor: Actor, rfq: Rfq, openers: Sequence[Opener]) -> None:
    for each in openers:
        if each.part == OfficerPart.ESCROW:
            facts = {"officer": str(each.person_id)}
            audit.record(session, actor, "rfq.escrow_used", ("rfq", rfq.id), facts)
            outbox.record(
                session,
                EscrowUsed(
                    rfq_id=rfq.id,
                    buyer_id=rfq.buyer_id,
                    person_id=each.person_id,
                    used_at=clock.now(),
                ),
                audience=[rfq.buyer_id],
            )
