"""Consent capture: forms on paper and on the screen, other parties' forms, and what each of them comes to."""
