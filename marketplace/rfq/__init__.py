"""Sourcing: requests for quotation, questions, sealed bids, evaluation and award.

Words. An *RFQ* asks suppliers for prices; its *lots* are awarded, its *lines* are priced, its
*criteria* are weighed. Suppliers are *invited*, or it is open to all qualified ones. It is
*published* once, *closed* by the clock at its deadline, *opened* by the buyer, then *awarded* or
*unsuccessful*. A *bid* is one supplier's answer, sealed from submission to opening.

Each folder is a room of one subject and imports only rooms below it, from ``terms``, which knows
nobody, to ``awards``; above them all ``services`` holds the use cases and ``http`` what crosses
HTTP. docs/architecture.md has the map.
"""
