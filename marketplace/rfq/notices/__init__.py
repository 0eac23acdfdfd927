"""Who is told what: about an RFQ, about their own bids, by the clock."""
