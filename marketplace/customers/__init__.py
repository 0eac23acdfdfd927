"""Customers of a seller: who buys how often, how recently, for how much, and what was said.

Owns: the customer relation (one seller organisation, one buying organisation), its completed
orders, RFM scores, segments, lifetime value, interactions and the seller's parameters.
Words: a *seller* is a supplier organisation, a *customer* is a buying organisation as this seller
sees it; the same organisation is another customer to another seller.
Orders feed it by `orders.completed`; nothing here decides anything about a bid or an award.
"""
