"""Every module that registers kinds of notices: whoever shows notices needs their words."""

from marketplace.approvals import reactions as approvals
from marketplace.auctions import notices as auctions
from marketplace.invoices import reactions as invoices
from marketplace.notifications import reactions as accounts
from marketplace.orders import reactions as orders
from marketplace.payments import reactions as payments
from marketplace.remedies import notices as remedies
from marketplace.rfq.evaluation.graders import notices as graders
from marketplace.rfq.notices import bids, low_prices, rfqs
from marketplace.rfq.notices import clock as clock_notices
from marketplace.rfq.sealing.officers import reactions as officers
from marketplace.scenarios import notices as scenarios
from marketplace.suppliers import notices as suppliers

SPEAKERS = (
    accounts,
    approvals,
    auctions,
    bids,
    clock_notices,
    graders,
    invoices,
    low_prices,
    officers,
    orders,
    payments,
    remedies,
    rfqs,
    scenarios,
    suppliers,
)
