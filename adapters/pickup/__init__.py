"""Secure pick-up: a neutral notice and a one-time code by mail, the content over the recipient's own connection."""
