"""Direct-style secure mail: S/MIME signed, then encrypted, over SMTP with required TLS."""
