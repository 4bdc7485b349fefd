"""Fax providers on the Internet: the pages go by HTTPS, the provider dials."""
