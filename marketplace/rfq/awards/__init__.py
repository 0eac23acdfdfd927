"""What becomes of the lots: too few bids, an end without award, or an award and how it goes on."""
