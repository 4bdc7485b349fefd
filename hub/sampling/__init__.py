"""Random samples for audits: drawn by rule, proved by the ledger, handed over as one signed file."""
