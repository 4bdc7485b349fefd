"""HTTPS delivery: a FHIR message bundle or a sealed envelope, signed (RFC 9421), with a signed
acknowledgement.
"""
