"""Consents as FHIR: read leniently, written as IHE PCF (R4); the published rules are in CONSENT.md."""
