"""CMS (RFC 5652, 5083, 5084, 5753) for secure mail: written by hand where it is hot, read through asn1crypto."""
