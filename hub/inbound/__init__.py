"""What comes in by mail, fax, HL7 v2 or file: kept first, then understood, and nothing lost.

    intake ─▶ keep (durable, sealed, on the ledger; the sender's system is told) ─▶ settle
                                                       ├─ packet ─▶ `exchange.submit`, in the sender's name
                                                       ├─ proof  ─▶ bound to its delivery and to the ledger
                                                       └─ neither, or in doubt ─▶ waits for a person

`keep` before the acknowledgement, `settle` after it: a sender's system never waits for a decision and never learns one.
"""
