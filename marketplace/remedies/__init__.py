"""What follows an award: the standstill, and what bidders can do about the decision.

Words. An award *stands still* until an instant that everybody knows; then it is *concluded*, which
makes it final and lets orders arise. Until then the buyer can *withdraw* the decision. The clock
decides: what a job or a person does afterwards only makes it visible.
"""
