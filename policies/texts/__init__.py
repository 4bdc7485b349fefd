"""The plain words of decisions: one table for each language, the same keys in each (checked by test).

Sentences are short enough for an eighth-grade reader. `{recipient}`, `{discloser}`, `{purpose}`, `{information}`,
`{consent}`, `{signer}` and `{form}` are filled in; names are those of parties, never of a patient.
"""

from policies.texts import en, es

LANGUAGES = {"en": en.TEXT, "es": es.TEXT}
