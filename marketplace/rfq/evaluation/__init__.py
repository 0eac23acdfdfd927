"""Opened bids side by side: scores, ranks and their weak spots, exclusions, abnormal prices."""
