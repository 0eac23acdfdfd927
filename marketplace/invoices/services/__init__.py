"""Use cases of invoices, one module per process.

drafting: write and send. checking: match, approve, send back. paying: pay, follow payments, refund.
"""
