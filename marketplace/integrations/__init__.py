"""Documents of other systems, in and out.

ocds: tenders published after the Open Contracting Data Standard become drafts of RFQs.
"""
