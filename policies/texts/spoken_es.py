"""The Spanish of read-backs and of what to do about a fault."""

from policies.texts.spoken import Spoken

CLASSES = {
    "whole": "todo su expediente de tratamiento, menos las notas de consejería",
    "whole_without_mental_health": (
        "todo su expediente de tratamiento, menos las notas de consejería y la salud mental"
    ),
    "summary": "el resumen de su tratamiento",
    "demographics": "su nombre y dirección",
    "attendance": "cuándo viene usted",
    "diagnosis": "su diagnóstico",
    "medications": "sus medicamentos",
    "tests": "los resultados de sus pruebas",
    "assessment": "su evaluación",
    "treatment_plan": "su plan de tratamiento",
    "billing": "sus facturas",
    "counseling_notes": "sus notas de consejería",
    "mental_health": "su salud mental",
    "psychotherapy_notes": "sus notas de psicoterapia",
    "medical": "su atención médica",
    "incident": "lo que pasó en un incidente",
    "abuse_report": "un informe de maltrato",
    "threat_facts": "una amenaza a su vida o salud",
    "cause_of_death": "una causa de muerte",
    "warning": "una advertencia",
    "disclosures": "la lista de quién recibió sus datos",
}
PARTIES = {
    "treating_programs": "los programas que le dan tratamiento",
    "treating_providers": "quienes le dan tratamiento",
    "health_plans": "sus planes de salud",
    "third_party_payers": "quienes pagan su atención",
    "programs_within_200_miles": "los programas de tratamiento a menos de 200 millas",
    "treating_participants": "aquellos de sus miembros que le dan tratamiento",
    "person_at": "{person}, mientras trabaje en {place}",
}
EVENTS = {
    "discharge": "termine su tratamiento",
    "end_of_treatment": "termine su tratamiento",
    "end_of_research": "termine el estudio",
    "final_disposition": "termine su caso en el tribunal",
    "other": "ocurra esto: {event}",
}
SERVICES = {"counseling": "consejería", "methadone": "metadona", "buprenorphine": "buprenorfina"}
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
FRAMES = {
    "and": " y ",
    "day": "{day} de {month} de {year}",
    "instant": "las {hour}:{minute:02} del {day}",
    "until_day": "Hasta el final del {date}",
    "until_instant": "Hasta {date}",
    "until_revoked": "Hasta que usted lo retire",
    "until_event": "Hasta que {event}",
    "to": "a {name}",
    "grant_one": "{until}, {disclosers} puede informar {recipients} sobre {information}, para {purposes}.",
    "grant_many": "{until}, {disclosers} pueden informar {recipients} sobre {information}, para {purposes}.",
    "on_request": "lo que usted pida, menos casos en tribunales, la policía y la supervisión",
    "supervision": "Para la supervisión, solo se informa a quienes deben vigilar su sentencia o libertad.",
    "dual_enrollment": (
        "Para evitar una doble inscripción, solo se informa cuando usted empieza, cambia o deja la atención, "
        "y solo a un registro central o a un programa a menos de 200 millas."
    ),
    "participants": "{names} puede pasarlo solo {participants}.",
    "passed_on": (
        "Quienes deben cumplir HIPAA pueden pasarlo como HIPAA lo permite, pero nunca para usarlo contra usted "
        "en un tribunal."
    ),
    "waits": "Cada vez, una persona lo revisa primero.",
    "stop": (
        "Usted puede parar esto si avisa por escrito a {disclosers}. Una llamada también lo para. "
        "Lo que ya se dijo queda dicho."
    ),
    "stop_later_day": "Usted puede parar esto desde el {date}, si avisa por escrito a {disclosers}.",
    "stop_later_event": "Usted puede parar esto por escrito solo después de que {event}.",
    "starts": "Empieza el {date}, el día en que se firmó.",
    "span_end": "Por quién lo firmó, termina a más tardar el {date}.",
    "span_start": "Por quién lo firmó, empieza el {date}.",
    "span_services": "Es solo sobre esta atención: {services}. Lo firmó un menor sin un adulto.",
    "span_unable": "Es solo para el pago, y solo mientras usted no pueda decidir por su salud. Lo firmó el director.",
    "taken_back": "Usted lo retiró el {date}. No se puede decir nada más.",
    "taken_back_as_to": "En cuanto {names}, usted lo retiró el {date}.",
    "unverified": "Todavía no se puede decir nada. Antes, una persona debe comparar esto con lo que se firmó.",
    "nothing": "Con este formulario no se puede decir nada.",
    "denial": "Usted dijo que no. No se puede decir nada con su permiso, y lo que firmó antes quedó sin efecto.",
    "denial_as_to": "Usted dijo que no. No se puede decir nada {names} con su permiso.",
}
MENDS = {
    "consent.unwritten": "Póngalo por escrito, con firma.",
    "consent.general": "Use el formulario de la Parte 2, o uno que tenga todas sus partes.",
    "consent.missing.patient": "Escriba el nombre completo y la fecha de nacimiento del paciente.",
    "consent.missing.discloser": "Nombre el programa que puede dar el expediente.",
    "consent.missing.information": "Diga qué tipos de información se pueden dar.",
    "consent.missing.recipient": 'Nombre a quien puede recibirlo, o un grupo como "quienes me dan tratamiento".',
    "consent.missing.participants": (
        "Para una red, use su propio formulario. Nombre a sus miembros, o solo a quienes atienden al paciente."
    ),
    "consent.missing.redisclosure_rule": "Use un formulario que diga quién puede pasarlo según HIPAA, y los límites.",
    "consent.missing.purpose": "Diga para qué se usará el expediente.",
    "consent.missing.fundraising_opt_out": "Use un formulario que permita negarse a pedidos de fondos.",
    "consent.missing.revocation": "Use un formulario que diga que se puede retirar, y cómo.",
    "consent.missing.expiry": 'Escriba el día o el hecho en que termina. "Ninguno" vale solo para atención y pago.',
    "consent.missing.signature": "El paciente debe firmar.",
    "consent.missing.date": "Quien firma debe escribir la fecha.",
    "consent.missing.redisclosure_risk": "Use un formulario que diga que el expediente podría pasar a otros.",
    "consent.missing.refusal_consequences": "Use un formulario que diga qué pasa si el paciente no firma.",
    "consent.information_vague": 'Nombre los tipos de información, o escriba "mi expediente completo".',
    "consent.not_patient_initiated": "Escriba el fin verdadero, o anote que el paciente lo pidió.",
    "consent.signer": "Debe firmar el paciente, o quien tenga derecho a firmar por él.",
    "consent.combined": "Use un formulario aparte para las notas de consejería, y otro para tribunales.",
    "consent.conditioned": "Diga al paciente que su atención no depende de esto, y pregunte de nuevo.",
    "consent.false": "Pregunte a quien firmó. Si la fecha o el nombre está mal, que firme uno nuevo.",
    "consent.expired": "Debe firmarse un formulario nuevo.",
    "consent.expiry_unknown": "Averigüe si el hecho ya ocurrió, y anótelo aquí.",
    "consent.revoked": "No lo use. El paciente puede firmar uno nuevo.",
    "scope.patient": "Revise de quién es este formulario.",
    "scope.recipient_ambiguous": "Averigüe a quién se refiere, y elíjalo en la lista.",
    "minor.consent": "El menor debe firmar.",
    "minor.parent_consent": "También debe firmar un padre o una madre.",
    "minor.turned_adult": "El paciente ya es mayor de edad y debe firmar un formulario nuevo.",
    "death.representative": "Debe firmar el representante legal.",
    "capacity.representative": "Debe firmar la persona que nombró el tribunal.",
    "california.form": "Use el formulario para personas sin Medi-Cal.",
    "design.not_modelled": "Pregunte al oficial de privacidad. El sistema no conoce este formulario.",
}
TEXT = Spoken(CLASSES, PARTIES, EVENTS, SERVICES, MONTHS, FRAMES, MENDS)
