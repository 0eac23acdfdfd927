"""How bids earn points: price formulas as data, what is doubtful about them, pre-grading."""
