"""Changes of a published RFQ: what an addendum says, what it touches, and which bids stand by it.

A bid answers one version of the published terms. What later versions changed of its lines has to be
confirmed by its supplier, line by line; what is untouched stays valid without a word.
"""
