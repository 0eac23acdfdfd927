"""Purchase orders: from a draft to goods received, invoiced and paid.

Owns orders, their lines, receipts and returns. Words:

- *Order*: one buyer, one supplier, one currency. It binds from the moment it is *issued*, and is
  never changed afterwards: a change is a new *revision* under the same number, which replaces the
  earlier one when it is issued itself.
- *Content*: supplier, currency, and each line's article, quantity, unit, price and tax rate. An
  approval holds for the content it was given for. A pure decrease (same supplier and currency, no
  new line, no higher quantity or price) keeps it; every other change asks again.
- *Buckets* of a line: ordered, accepted, rejected, returned (from accepted or from rejected),
  invoiced, cancelled. They are counted apart; everything else is derived. Kept is accepted less
  returned from accepted; still to deliver is ordered less cancelled less kept; invoiceable is kept
  less invoiced.
- *Over-delivery*: the sum of everything kept may exceed what was ordered by the order's tolerance
  in per cent (0 by default), not by a piece more. What is beyond it is booked as rejected.
- *Due day* of a line: the day the supplier confirmed, else the day the buyer asked for.
- *Completed*: nothing left to deliver (or closed short), everything kept invoiced, every invoice
  paid.
"""
