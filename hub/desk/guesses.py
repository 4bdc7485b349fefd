"""Which class of information a document is by its name, as a suggestion that a person confirms; never a decision."""

import re
from collections.abc import Mapping

_WORDS: Mapping[str, str] = {
    "counseling_notes": r"counsel\w*[ _-]*note|session[ _-]*note|notas? de (sesi|consej)\w*",
    "psychotherapy_notes": r"psychotherap\w*|psicoterap\w*",
    "mental_health": r"psychiatr\w*|psiquiatr\w*|mental",
    "medications": r"\bmeds?\b|medicat\w*|medicamento\w*|medicaci\w*|\bmar\b|\bdos(e|ing|is)\w*|prescri\w*|recetas?",
    "treatment_plan": r"\bplan\b|problem[ _-]*list|lista de problemas",
    "assessment": r"asam|ansa|cans|assess\w*|evalua\w*|intake|screen\w*|risk|riesgo",
    "tests": r"\blabs?\b|laborator\w*|toxicolog\w*|\buds\b|\btests?\b|results?|resultados?",
    "diagnosis": r"diagn\w*|\bdx\b|icd",
    "demographics": r"face[ _-]*sheet|demograph\w*|member[ _-]*info\w*|datos",
    "attendance": r"attend\w*|asistenc\w*",
    "billing": r"bill\w*|claims?\b|invoice|factura\w*",
    "summary": r"summar\w*|resumen|discharge|\balta\b|progress|progreso|\btoc\b|transition of care|transici\w*",
}  # fmt: skip
"""In the order in which they are tried: what is kept apart by law comes first."""
_TRIED = [(information, re.compile(rf"(?:{words})")) for information, words in _WORDS.items()]


def guess(name: str) -> str:
    """A class of information for a file of this name, in English or Spanish; empty if the name says nothing."""
    words = re.sub(r"[_\-.]+", " ", name.casefold())
    return next((information for information, known in _TRIED if known.search(words)), "")
