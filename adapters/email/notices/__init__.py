"""What a mail system says about a mail: disposition notifications (RFC 8098), delivery status (RFC 3464). What follows
from them is the hub's (`hub.inbound.proofs`, `hub.inbound.unanswered`).
"""
