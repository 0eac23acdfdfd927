"""A small believable world to look at and to try things with; nothing of it is real.

world, goods: who and what there is, as tables. cast: registers them. history: a year of orders,
made by the same use cases that people call, with the clock held at each day. live: what waits for
somebody today. volume: many rows at once, for measuring. seed: loads all of it, once.
"""
