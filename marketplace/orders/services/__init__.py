"""Use cases of orders, one module per process.

drafting: write, copy and revise. approving: submit, approve, issue. fulfilling: acknowledge,
refuse, cancel, close. receiving: receipts and returns. settling: invoiced, paid, completed.
"""
