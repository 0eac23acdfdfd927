"""How bids come in: journal, receipts, attempts, and how they lie in the database."""
