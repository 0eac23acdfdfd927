"""The use cases of auctions."""
