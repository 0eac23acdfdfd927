"""Sourcing: requests for quotation, questions, sealed bids, evaluation and award.

Words. An *RFQ* asks suppliers for prices; its *lots* are awarded, its *lines* are priced, its
*criteria* are weighed. Suppliers are *invited*, or it is open to all qualified ones. It is
*published* once, *closed* by the clock at its deadline, *opened* by the buyer, then *awarded* or
*unsuccessful*. A *bid* is one supplier's answer, sealed from submission to opening.

The buyer's side stands in models, rules, queries, services.drafting, publishing and questions;
the bidders' side and what follows the deadline in bid_models, sealing, services.bidding, opening,
evaluation and awarding.
"""
