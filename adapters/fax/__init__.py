"""Fax: a cover without personal data, the notice and consent copy, then the documents as class F pages."""
