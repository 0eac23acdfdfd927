"""From the deadline to readable bids: outages, the closing, verification, minutes, prices apart."""
