"""Exports for auditors: rows in constant memory, in four forms, each signed, with the ledger's head of that moment."""
