"""Whom to believe: anchors per domain and direction, chains up to them, and whether anything in a chain is revoked."""
