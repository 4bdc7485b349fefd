"""How long payloads are kept, what holds them longer, and how they are destroyed. See schedule.yaml and LEDGER.md."""
