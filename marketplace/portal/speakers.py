"""Every module that registers kinds of notices: whoever shows notices needs their words."""

from marketplace.approvals import reactions as approvals
from marketplace.auctions import notices as auctions
from marketplace.invoices import reactions as invoices
from marketplace.notifications import reactions as accounts
from marketplace.orders import reactions as orders
from marketplace.payments import reactions as payments
from marketplace.remedies import notices as remedies
from marketplace.rfq import bid_reactions as bids
from marketplace.rfq import clock_notices
from marketplace.rfq import low_price_notices as low_prices
from marketplace.rfq import reactions as rfqs
from marketplace.rfq.graders import notices as graders
from marketplace.rfq.officers import reactions as officers
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
