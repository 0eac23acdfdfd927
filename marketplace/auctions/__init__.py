"""Live reverse auctions: the second stage of an opened RFQ.

Words. An *auction* has *lots*, one after another or in parallel, and in each lot an *entry* per
bidder, which begins with the total of the opened bid. A *bid* lowers an entry (English), takes the
price that is called (Dutch) or stays in at the price that is called (Japanese). A *proxy* is the
lowest price that a bidder lets us bid for them.

Nothing depends on a scheduler: what is open now follows from stored times (`timing`). Every
decision is taken while the auction's row is locked, by the clock of the database and, in that
order, by the sequence of the lot. Each change is an *event* with a number, from which everybody
is shown what they may see (`showing`). The result becomes the prices of the bids (`closing`).
"""
