"""Several graders of one RFQ: who was named, what they declare, their scores, and the means.

Each scores alone. What others gave is shown to nobody before the scores are locked; then a
criterion counts with the exact mean, and the spread stands beside it.
"""
