"""The keys of an RFQ and what its bids answer to: made once, at publication."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import Invalid
from marketplace.core.text import _
from marketplace.rfq import envelopes
from marketplace.rfq.bid_content import AskedLine, AskedLot, Criterion, Terms
from marketplace.rfq.bid_models import RfqSeal
from marketplace.rfq.models import Rfq, RfqCriterion, RfqLine, RfqLot
from marketplace.rfq.states import CriterionKind

SHORTEST_PASSPHRASE = 12


class WeakPassphrase(Invalid):
    code = "weak_passphrase"


def create_keys(session: Session, rfq: Rfq, passphrase: str | None = None) -> str:
    """Make the seal of an RFQ that is being published; returns the opening passphrase.

    Without a passphrase one is made. It is not kept anywhere: whoever loses it cannot open.
    """
    chosen = envelopes.new_passphrase() if passphrase is None else passphrase
    if len(chosen.strip()) < SHORTEST_PASSPHRASE:
        raise WeakPassphrase(
            _("Choose an opening passphrase of at least %(n)s characters.", n=SHORTEST_PASSPHRASE)
        )
    pair = envelopes.new_key_pair(rfq.id, chosen)
    terms = published_terms(session, rfq).to_json()
    session.add(
        RfqSeal(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            public_key=pair.public,
            wrapped_private_key=pair.wrapped_private,
            fingerprint=envelopes.fingerprint({"rfq_id": str(rfq.id), "terms": terms}),
            terms=terms,
        )
    )
    session.flush()
    return chosen


def published_terms(session: Session, rfq: Rfq) -> Terms:
    """What bids answer to, read from the tables."""
    lots = session.scalars(select(RfqLot).where(RfqLot.rfq_id == rfq.id).order_by(RfqLot.number))
    lines = session.scalars(
        select(RfqLine).where(RfqLine.rfq_id == rfq.id).order_by(RfqLine.number)
    )
    criteria = session.scalars(
        select(RfqCriterion).where(RfqCriterion.rfq_id == rfq.id).order_by(RfqCriterion.number)
    )
    return Terms(
        currency=rfq.currency,
        lots=tuple(AskedLot(lot.id, lot.number, lot.title) for lot in lots),
        lines=tuple(_asked(line) for line in lines),
        criteria=tuple(_criterion(criterion) for criterion in criteria),
    )


def _asked(line: RfqLine) -> AskedLine:
    return AskedLine(
        id=line.id,
        number=line.number,
        lot_id=line.lot_id,
        description=line.description,
        quantity=line.quantity_value,
        unit=line.quantity_unit,
    )


def _criterion(criterion: RfqCriterion) -> Criterion:
    return Criterion(
        id=criterion.id,
        number=criterion.number,
        name=criterion.name,
        is_price=criterion.kind is CriterionKind.PRICE,
        weight=criterion.weight,
        max_score=criterion.max_score,
    )
