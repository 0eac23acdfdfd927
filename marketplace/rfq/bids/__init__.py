"""A bid: what it says, whether that answers what was asked, and what is kept of it."""
