"""Loyalty: points that buying organisations earn with completed orders and spend on rewards.

Owns: programmes with their earning rules and rewards, accounts, the ledger of points with its
lots, redemptions.
Words: a *programme* is the platform's (the default) or one seller's own, which then takes the
default's place for orders from that seller. An *account* belongs to a buying organisation, never
to a person. A *lot* is what one order earned, with its own expiry; spending takes from the lot
that expires first. The balance is the sum of the open lots at a date: it is never stored.
Benefits never touch a bid's ranking: nothing here is read by evaluation or award.
"""
