"""What suppliers ask to be paid, and whether it is right.

An *invoice* or *credit note* keeps the supplier's own number, line nets and totals: they are
compared with ours, never rewritten. The *match* sets each line against order and accepted goods;
every difference is a *finding*, within the buyer's tolerance or beyond it. An invoice *in variance*
waits for a person of the buyer. A credit note states positive quantities: its kind gives the sign,
once.
"""
