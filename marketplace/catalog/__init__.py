"""What is bought: categories that all share, and each buyer's own items.

Category: a code of the Common Procurement Vocabulary (CPV 2008) with its names. Item: a thing or
service that a buyer orders again, under the buyer's own code (*SKU*), with a reference price for
its base quantity. An item is never deleted, only taken out of use.
"""
