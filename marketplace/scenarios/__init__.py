"""Award scenarios: who should get what, under which rules, and what each rule costs.

Words. A *scenario* is an objective with *constraints* over the opened bids of one RFQ. It is
*solved* by a job; then it holds an award by line, the bound that the solver proved and what each
constraint costs. An *infeasible* one says which constraints to loosen and how far. A scenario
decides nothing: it can be *proposed*, which fills in the award of the RFQ.

model, rows and solver know neither RFQ nor database; problems builds their problem from the
evaluation of an RFQ.
"""
