"""Suppliers: who they are, what was checked, how they perform.

Owns: the supplier's file (profile, certificates, filed figures, bank accounts), sanctions lists,
due diligence runs with their evidence, decisions of reviewers, facts about deliveries and answers
to RFQs, and the scorecards made of them.
Words: a supplier is keyed by its organisation's id. A *run* is one round of due diligence, a
*check* is one of its questions and answers clear, review, block or unknown; *unknown* (no list,
stale figures) is never taken for clear. A *decision* is a person's, with a reason. The overall
outcome follows a veto rule: one block blocks, it is never averaged away.
Read by RFQs: `queries.blocked_ids`, `qualified_ids`, `is_qualified`.
"""
