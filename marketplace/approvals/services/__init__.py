"""Use cases of approvals beside the requests themselves.

delegations: who decides for an approver who is away.
"""
