"""Use cases of sourcing, one module per step of the trade."""
