"""Processes are killed here; every effect still happens exactly once."""
