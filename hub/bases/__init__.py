"""Bases other than a consent: each typed, each with its evidence, each looked at by a person afterwards or before."""
