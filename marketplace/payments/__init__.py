"""Money that buyers pay through Stripe, and the books that follow.

A *payment* asks for an amount for a *subject*: a document of another package, known here only as
(kind, id). The buyer pays on the provider's *checkout* page; what really came in is read from the
provider, never believed from a notice. A *notice* is a webhook, kept once. An *issue* is a
difference that a person must look at. The *ledger* is double entry: the postings of an entry add
up to zero, enforced by the database.
"""
