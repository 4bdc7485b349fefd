"""Signed webhooks (Standard Webhooks): an organization's own address is told that something happened, by ids alone."""
