"""The live ledger: entries sequenced into the tree, heads signed and published, proofs made, the whole audited.

What needs no database is in `hub.crypto`.
"""
