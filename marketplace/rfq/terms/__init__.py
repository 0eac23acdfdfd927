"""What an event says, as plain values: kind, lots, criteria, costs, rates; drafted and published.

Nothing here knows a table or a bid.
"""
