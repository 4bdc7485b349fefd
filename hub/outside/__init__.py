"""Disclosures made outside of the hub, by telephone, on paper, face to face: recorded afterwards, judged, corrected.

A record is of a fact, so that no rule refuses it. It stands among the submissions with a row of the queue that never
leaves, so that whatever reads disclosures (log, accounting, registers, retention, holds) reads these too.
"""
