"""Many rows at once, for measuring lists and searches; the only part that passes the services by.

The rows are those of finished business: RFQs that ended without an award, orders that are
completed. Every statement writes one table as a whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Size:
    buyers: int = 200
    suppliers: int = 1_000
    rfqs: int = 20_000
    orders: int = 100_000


LINES_PER_RFQ = 3
LINES_PER_ORDER = 2

_ORGANISATIONS = """
    INSERT INTO organisation (name, kind, country, currency, locale, city)
    SELECT initcap(:kind) || ' de série ' || n, :kind, 'FR', 'EUR', 'fr', 'Lyon'
    FROM generate_series(1, :count) n
"""
# Everybody gets a number, so that rows are dealt out evenly and alike at each load.
_NUMBERED = """
    CREATE TEMPORARY TABLE {kind}_numbered ON COMMIT DROP AS
    SELECT id, name, row_number() OVER (ORDER BY created_at, id) - 1 AS place
    FROM organisation WHERE kind = '{kind}'
"""
_RFQS = """
    INSERT INTO rfq (buyer_id, number, title, state, currency, time_zone, source, category_code,
                     open_to_all, published_at, bids_due_at, ended_at, end_reason, changed_at,
                     created_at)
    SELECT b.id, 'RFQ-S-' || lpad(n::text, 6, '0'), 'Consultation de série ' || n, 'unsuccessful',
           'EUR', 'Europe/Paris', 'api', '30190000', true, at, at + interval '10 days',
           at + interval '12 days', 'Sans suite', at, at - interval '1 day'
    FROM generate_series(1, :count) n
    JOIN buyer_numbered b ON b.place = n % :buyers
    CROSS JOIN LATERAL (SELECT CAST(:today AS timestamptz) - n * interval '50 minutes'
                               - interval '20 days' AS at) t
"""
_LOTS = """
    INSERT INTO rfq_lot (rfq_id, number, title, state, ended_at, end_reason)
    SELECT id, 1, title, 'unsuccessful', ended_at, end_reason FROM rfq WHERE number LIKE 'RFQ-S-%'
"""
_RFQ_LINES = """
    INSERT INTO rfq_line (rfq_id, lot_id, number, description, quantity_value, quantity_unit,
                          category_code)
    SELECT l.rfq_id, l.id, n, 'Article de série ' || n, 10 * n, 'C62', '30190000'
    FROM rfq_lot l JOIN rfq r ON r.id = l.rfq_id AND r.number LIKE 'RFQ-S-%'
    CROSS JOIN generate_series(1, :lines) n
"""
_CRITERIA = """
    INSERT INTO rfq_criterion (rfq_id, number, name, kind, weight)
    SELECT id, 1, 'Prix', 'price', 100 FROM rfq WHERE number LIKE 'RFQ-S-%'
"""
_ORDERS = """
    INSERT INTO purchase_order (buyer_id, supplier_id, supplier_name, number, revision, title,
        state, currency, category, note, over_delivery_percent, issue_when_approved,
        payment_terms_days, net, tax, gross, fingerprint, author_ids, submitted_at, approved_at,
        issued_at, acknowledged_at, completed_at, last_movement_at, version, created_at)
    SELECT b.id, s.id, s.name, 'PO-S-' || lpad(n::text, 6, '0'), 1, 'Commande de série ' || n,
           'completed', 'EUR', '30190000', '', 0, true, 30, 150, 30, 180, '', '{}', at, at,
           at + interval '1 hour', at + interval '1 day', at + interval '30 days',
           at + interval '10 days', 1, at
    FROM generate_series(1, :count) n
    JOIN buyer_numbered b ON b.place = n % :buyers
    JOIN supplier_numbered s ON s.place = n % :suppliers
    CROSS JOIN LATERAL (SELECT CAST(:today AS timestamptz) - n * interval '10 minutes'
                               - interval '40 days' AS at) t
"""
_ORDER_LINES = """
    INSERT INTO order_line (order_id, line_no, description, category, quantity, unit, unit_price,
        base_quantity, tax_rate, net, delivery_place, accepted, rejected, returned_accepted,
        returned_rejected, invoiced, cancelled)
    SELECT o.id, n, 'Article de série ' || n, '30190000', 10, 'C62', 7.5, 1, 20, 75, '', 10, 0, 0,
           0, 10, 0
    FROM purchase_order o CROSS JOIN generate_series(1, :lines) n
    WHERE o.number LIKE 'PO-S-%'
"""


def fill(
    session: Session, today: datetime, tell: Callable[[str], None], size: Size | None = None
) -> None:
    """Write the rows; tells what is being written."""
    size = size or Size()
    for kind, count in (("buyer", size.buyers), ("supplier", size.suppliers)):
        session.execute(text(_ORGANISATIONS), {"kind": kind, "count": count})
        session.execute(text(_NUMBERED.format(kind=kind)))
    dealt = {"buyers": size.buyers, "suppliers": size.suppliers, "today": today}
    for words, statement, values in (
        (f"{size.rfqs} RFQs", _RFQS, {"count": size.rfqs}),
        ("their lots", _LOTS, {}),
        ("their lines", _RFQ_LINES, {"lines": LINES_PER_RFQ}),
        ("their criteria", _CRITERIA, {}),
        (f"{size.orders} orders", _ORDERS, {"count": size.orders}),
        ("their lines", _ORDER_LINES, {"lines": LINES_PER_ORDER}),
    ):
        tell(words)
        _run(session, statement, dealt | values)
    session.execute(text("ANALYZE"))


def _run(session: Session, statement: str, values: Mapping[str, object]) -> None:
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    session.execute(text(statement), named)
