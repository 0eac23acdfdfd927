"""Who opens an RFQ together: personal opening keys, the shares of its private key, the ceremony.

The private key of such an RFQ is kept nowhere. It is split into three shares, of which any two give
it back: for two openers and for an escrow person who steps in when one of them cannot. Each share
is encrypted for a key of its person's own, which only that person's passphrase frees.
"""
