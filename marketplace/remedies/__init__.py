"""What follows an award: the standstill, the letters, and what bidders can do about the decision.

Words. An award *stands still* until an instant that everybody knows; then it is *concluded*, which
makes it final and lets orders arise. Until then the buyer can *withdraw* the decision. The clock
decides: what a job or a person does afterwards only makes it visible.

Every bidder has a *letter* about each decision: their own bid in full, of the others the winners.
A *case* is the file of one bidder about one award: a *debrief* (why?) or a *challenge* (it is
wrong). An open challenge holds the award back. Both parties see the file, nobody else.
"""
