"""The hub. Beside this file lies the path of a packet (`exchange` first), each step a file, and what the steps share.

The path     exchange, intake, contents, packets, decide, decided, seal, outbox, deliver, accompany, intents, record
The values   model, manifest, decisions, ports, errors, context; `bootstrap` wires, `settings` set, `workers` carry out
The truth    storage, crypto, ledger, retention
The law      bases, casebook, choices, explanations, forms (and `policies`, which knows nothing of the hub)
Ways in      web, fhir, smart, inbound, inquiries, cli; ways to hear of it: webhooks, pickup
The people   people, waiting, desk, compliance, sampling
"""
