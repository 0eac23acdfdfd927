"""Use cases, one module for each process of the trade."""
