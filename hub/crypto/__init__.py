"""Keys, envelopes at rest, keyed hashes of identifiers, and the ledger tree. No database, no network."""
