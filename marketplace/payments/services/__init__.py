"""Use cases of payments, one module per process."""
