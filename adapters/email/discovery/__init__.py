"""Finds the certificate a partner publishes for its address: DNS CERT records, then LDAP (Direct, §5)."""
