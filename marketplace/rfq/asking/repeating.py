"""Asking for the same again: an RFQ as the plain values of a new draft."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from uuid import UUID

from marketplace.rfq.asking.models import Rfq, RfqLine, money_of
from marketplace.rfq.terms import lot_weights
from marketplace.rfq.terms.cost_terms import Costs
from marketplace.rfq.terms.drafts import (
    Address,
    CriterionDraft,
    Header,
    LineDraft,
    LotDraft,
    RfqDraft,
)
from marketplace.rfq.terms.rates import without_rates

_LONGEST_TITLE = 200


def draft_of(rfq: Rfq, supplier_ids: list[UUID]) -> RfqDraft:
    """What the RFQ, read with its content, asks for: no dates, documents, bids or references.

    Further currencies come without their rates: those are of their own day.
    """
    numbers = {lot.id: lot.number for lot in rfq.lots}
    position = {number: index for index, number in enumerate(sorted(numbers.values()), start=1)}
    return RfqDraft(
        header=_header_of(rfq),
        lots=[
            LotDraft(
                lot.title,
                lot.description,
                money_of(lot.estimated_value, rfq.currency),
                lot.minimum_bids,
                lot_weights.read(lot.weights),
            )
            for lot in rfq.lots
        ],
        lines=[_line_of(line, position[numbers[line.lot_id]], rfq.currency) for line in rfq.lines],
        criteria=[
            CriterionDraft(
                criterion.name,
                criterion.kind,
                criterion.weight,
                criterion.max_score,
                criterion.formula,
                criterion.asked,
                criterion.section,
                criterion.importance,
            )
            for criterion in rfq.criteria
        ],
        sections=rfq.sections,
        costs=_costs_of(rfq, position),
        supplier_ids=supplier_ids,
        source=rfq.source,
    )


def _costs_of(rfq: Rfq, position: Mapping[int, int]) -> Costs:
    """The costs with the numbers that their lots get."""
    terms = (
        replace(each, lot=None if each.lot is None else position[each.lot])
        for each in rfq.costs.terms
        if each.lot is None or each.lot in position
    )
    return Costs(rfq.price_basis, tuple(terms))


def of_lot(rfq: Rfq, lot_id: UUID, supplier_ids: list[UUID]) -> RfqDraft:
    """The same for one lot alone, under a title that names it."""
    whole = draft_of(rfq, supplier_ids)
    index = next(index for index, lot in enumerate(rfq.lots) if lot.id == lot_id)
    lot = whole.lots[index]
    header = {**whole.header, "estimate": lot.estimate}
    if len(rfq.lots) > 1:
        header["title"] = f"{rfq.title} – {lot.title}"[:_LONGEST_TITLE]
    return replace(
        whole,
        header=cast(Header, header),
        lots=[lot],
        lines=[replace(line, lot=1) for line in whole.lines if line.lot == index + 1],
        criteria=[_for_one_lot(criterion, index) for criterion in whole.criteria],
        costs=Costs(
            whole.costs.basis,
            tuple(
                replace(each, lot=None)
                for each in whole.costs.terms
                if each.lot in (None, index + 1)
            ),
        ),
    )


def _for_one_lot(criterion: CriterionDraft, index: int) -> CriterionDraft:
    """Amounts that the price formula publishes by lot: that of this lot alone."""
    formula = criterion.price_formula
    if formula is None or not formula.references:
        return criterion
    own = formula.references[index : index + 1]
    return replace(criterion, price_formula=replace(formula, references=own))


def _header_of(rfq: Rfq) -> Header:
    return {
        "kind": rfq.kind,
        "title": rfq.title,
        "description": rfq.description,
        "currency": rfq.currency,
        "time_zone": rfq.time_zone,
        "open_to_all": rfq.open_to_all,
        "agreement_ref": rfq.agreement_ref,
        "blind_scoring": rfq.blind_scoring,
        "low_price_check": rfq.low_price_check,
        "envelopes": rfq.envelopes,
        "client_sealing": rfq.client_sealing,
        "category_code": rfq.category_code,
        "delivery": Address(
            rfq.delivery_street,
            rfq.delivery_postal_code,
            rfq.delivery_city,
            rfq.delivery_country,
        ),
        "estimate": rfq.estimate,
        "payment_terms_days": rfq.payment_terms_days,
        "allows": rfq.offer_kinds,
        "rates": without_rates(rfq.rates),
        "max_alternatives": rfq.max_alternatives,
        "standstill_days": rfq.standstill_days,
        "addendum_days": rfq.addendum_days,
        "minimum_bids": rfq.minimum_bids,
    }


def _line_of(line: RfqLine, lot: int, currency: str) -> LineDraft:
    return LineDraft(
        description=line.description,
        quantity=line.quantity,
        lot=lot,
        item_id=line.item_id,
        category_code=line.category_code,
        delivery_place=line.delivery_place,
        reference_price=money_of(line.reference_price, currency),
    )
