"""Envelopes and keys: what bids are sealed with, and the officers who hold the key together."""
