"""The keys of an RFQ, made once at publication, and the versions of what its bids answer to."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.shares import Share
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.scoring.answers import FREE_TEXT
from marketplace.rfq.scoring.formulas import USUAL_FORMULA
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.models import RfqSeal, RfqTerms
from marketplace.rfq.sealing.officers import keys as share_keys
from marketplace.rfq.sealing.officers.keys import SealedShare
from marketplace.rfq.sealing.officers.models import OpeningKey, RfqOfficer
from marketplace.rfq.sealing.officers.states import OfficerPart
from marketplace.rfq.terms import cost_terms, criteria_tree, lot_weights
from marketplace.rfq.terms.asked import AskedLine, Conditions, Criterion, Terms
from marketplace.rfq.terms.asked_lots import AskedLot
from marketplace.rfq.terms.cost_terms import AskedCosts
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule

SHORTEST_PASSPHRASE = 12
_AS_STORED = {"populate_existing": True}


class WeakPassphrase(Invalid):
    code = "weak_passphrase"


def create_keys(session: Session, rfq: Rfq, passphrase: str | None = None) -> str:
    """Make the seal of an RFQ that is being published; returns the opening passphrase.

    Without a passphrase one is made. It is not kept anywhere: whoever loses it cannot open.
    """
    chosen = envelopes.new_passphrase() if passphrase is None else passphrase
    check_passphrase(chosen)
    pair = envelopes.new_key_pair(rfq.id, chosen)
    keys = {"public_key": pair.public, "wrapped_private_key": pair.wrapped_private}
    if rfq.envelopes is EnvelopeRule.TWO:
        second = envelopes.new_key_pair(rfq.id, chosen, envelopes.TECHNICAL)
        keys["technical_public_key"] = second.public
        keys["technical_wrapped_key"] = second.wrapped_private
    _add_seal(session, rfq, keys)
    return chosen


def create_shared_keys(
    session: Session, rfq: Rfq, officers: Sequence[tuple[OfficerPart, OpeningKey]]
) -> None:
    """Make the seal of an RFQ whose private key exists in the shares of these three alone."""
    numbered = dict(enumerate(officers, start=1))
    holders = {number: key.public_key for number, (_part, key) in numbered.items()}
    public, shares = share_keys.new_shared_pair(rfq.id, holders)
    technical: bytes | None = None
    second: dict[int, SealedShare] = {}
    if rfq.envelopes is EnvelopeRule.TWO:
        technical, second = share_keys.new_shared_pair(rfq.id, holders)
    _add_seal(session, rfq, {"public_key": public, "technical_public_key": technical})
    for number, (part, key) in numbered.items():
        session.add(
            RfqOfficer(
                rfq_id=rfq.id,
                number=number,
                buyer_id=rfq.buyer_id,
                person_id=key.person_id,
                part=part,
                key_id=key.id,
                sealed_share=shares[number].sealed,
                share_digest=shares[number].digest,
                technical_share=second[number].sealed if second else None,
                technical_share_digest=second[number].digest if second else None,
            )
        )
    session.flush()


def check_passphrase(passphrase: str) -> None:
    """Raise WeakPassphrase for one that is guessed too soon."""
    if len(passphrase.strip()) < SHORTEST_PASSPHRASE:
        detail = _(
            "Choose an opening passphrase of at least %(n)s characters.", n=SHORTEST_PASSPHRASE
        )
        raise WeakPassphrase(
            detail, errors=[FieldError("/passphrase", WeakPassphrase.code, detail)]
        )


def _add_seal(session: Session, rfq: Rfq, keys: Mapping[str, bytes | None]) -> None:
    session.add(next_terms(session, rfq, 1))
    session.flush()
    session.add(
        RfqSeal(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            **keys,
            terms_number=1,
        )
    )
    session.flush()


def next_terms(session: Session, rfq: Rfq, number: int) -> RfqTerms:
    """What the tables ask for now, as this version of the published terms; not yet added."""
    terms = published_terms(session, rfq).to_json()
    return RfqTerms(
        rfq_id=rfq.id,
        number=number,
        buyer_id=rfq.buyer_id,
        terms=terms,
        fingerprint=envelopes.fingerprint({"rfq_id": str(rfq.id), "terms": terms}),
        published_at=clock.now(),
    )


def published_terms(session: Session, rfq: Rfq) -> Terms:
    """What bids answer to, read from the tables: numbers are written as they are stored.

    Lots that were cancelled are not asked for any more.
    """
    session.flush()
    lots = session.scalars(
        select(RfqLot)
        .where(RfqLot.rfq_id == rfq.id, RfqLot.state != LotState.CANCELLED)
        .order_by(RfqLot.number),
        execution_options=_AS_STORED,
    )
    lines = session.scalars(
        select(RfqLine)
        .join(RfqLot, RfqLot.id == RfqLine.lot_id)
        .where(RfqLine.rfq_id == rfq.id, RfqLot.state != LotState.CANCELLED)
        .order_by(RfqLine.number),
        execution_options=_AS_STORED,
    )
    criteria = session.scalars(
        select(RfqCriterion).where(RfqCriterion.rfq_id == rfq.id).order_by(RfqCriterion.number),
        execution_options=_AS_STORED,
    ).all()
    weights = criteria_tree.shares(rfq.sections, [each.place for each in criteria])
    asked_lots = tuple(lots)
    named = {each.name.casefold(): each.id for each in criteria}
    return Terms(
        currency=rfq.currency,
        lots=tuple(
            AskedLot(
                lot.id,
                lot.number,
                lot.title,
                lot.description,
                lot.minimum_bids,
                lot_weights.published(lot.weights, named),
            )
            for lot in asked_lots
        ),
        lines=tuple(_asked(line) for line in lines),
        criteria=tuple(map(_criterion, criteria, weights)),
        allows=frozenset(rfq.offer_kinds),
        conditions=Conditions(rfq.description, rfq.payment_terms_days, _address(rfq)),
        sections=tuple(rfq.sections),
        minimum_bids=rfq.minimum_bids,
        costs=AskedCosts(
            rfq.price_basis,
            cost_terms.published(
                rfq.cost_terms or (),
                {lot.number: lot.id for lot in asked_lots},
                named,
            ),
        ),
        kind=rfq.kind,
        rates=tuple(rfq.rates),
        alternatives=rfq.max_alternatives if OfferKind.ALTERNATIVES in rfq.offer_kinds else 0,
    )


def _address(rfq: Rfq) -> str:
    parts = (
        rfq.delivery_street, rfq.delivery_postal_code, rfq.delivery_city, rfq.delivery_country,
    )  # fmt: skip
    return ", ".join(part for part in parts if part)


def _asked(line: RfqLine) -> AskedLine:
    return AskedLine(
        id=line.id,
        number=line.number,
        lot_id=line.lot_id,
        description=line.description,
        quantity=line.quantity_value,
        unit=line.quantity_unit,
        delivery_place=line.delivery_place,
        delivery_on=line.delivery_on.isoformat() if line.delivery_on else None,
    )


def _criterion(criterion: RfqCriterion, weight: Share) -> Criterion:
    return Criterion(
        id=criterion.id,
        number=criterion.number,
        name=criterion.name,
        is_price=criterion.kind is CriterionKind.PRICE,
        weight=weight,
        max_score=criterion.max_score,
        formula=criterion.formula or USUAL_FORMULA,
        answer=criterion.asked or FREE_TEXT,
        section=criterion.section,
        importance=criterion.importance,
    )
