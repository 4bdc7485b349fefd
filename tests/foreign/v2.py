"""HL7 v2 messages of many systems and versions, and what the standard says of each.

The person of most of them is Marisol Quintanar, born 1988-04-11, CIN 01234567A.
"""

from typing import NamedTuple

WHO = "QUINTANAR^MARISOL^ROSA^^^^L||19880411|F"
CIN = "01234567A"


_WREN = "1999999984^OAKES^WREN"
_PV1 = f"PV1|1|I|3W^3001^A^HARBOR^^^^^NORTH||||{_WREN}|||MED||||7|||{_WREN}|IP|V7001^^^HARBOR^VN"


class Foreign(NamedTuple):
    """A message, and what becomes of it: the MSA-1 codes it is owed, the event it tells, the codes for a person."""

    name: str
    raw: bytes
    event: str = "admit"
    acks: tuple[str, ...] = ("AA",)
    review: tuple[str, ...] = ()
    cin: str = CIN
    restricted: bool = False
    said: tuple[str, ...] = ()
    """Stands in what would go on."""
    unsaid: tuple[str, ...] = ()
    """Stands in nothing that would go on."""
    trouble: str = ""


def er7(*segments: str, end: str = "\r", charset: str = "utf-8") -> bytes:
    return "".join(f"{each}{end}" for each in segments).encode(charset)


def _pid(number: str = f"{CIN}^^^MEDI-CAL^MA", rest: str = WHO) -> str:
    return f"PID|1||{number}||{rest}"


def _adt(trigger: str, *more: str, header: str = "", version: str = "2.5.1", pid: str = "", pv1: str = "") -> bytes:
    return er7(
        f"MSH|^~\\&|EPIC|HARBOR|HUB|COUNTY|20260306224500||ADT^{trigger}^ADT_{trigger}|{trigger}7001|P|{version}{header}",
        f"EVN|{trigger}|20260306224500|||ADMCLERK^CLERK^ADMITTING|20260306224000",
        pid or _pid(),
        pv1 or f"{_PV1}{'|' * 25}20260306224000",
        *more,
    )


def _field(segment: str, number: int, value: str) -> str:
    return f"{segment}{'|' * number}{value}"


_VISIT_VIP = f"PV1|1|I|3W^3001^A^HARBOR{'|' * 13}{{}}|||V7001"
_ISO = "MSH|^~\\&|{0}|HARBOR|HUB|COUNTY|20260306224500||{1}|{2}|P|{3}"

EVENTS = (
    Foreign("an admission of a large vendor", _adt("A01"), said=("Where: HARBOR, 3W, 3001, A", "22:40 PST")),
    Foreign(
        "version 2.1 states the trigger in EVN alone",
        er7(
            "MSH|^~\\&|ADT1|HARBOR|LABADT|MCM|198808181126|SECURITY|ADT|MSG00001|P|2.1",
            "EVN|A01|198808181123",
            _pid(),
            "PV1|1|I|2000^2012^01||||004777^FISHER^BEN|||SUR||||2|A0|",
        ),
        said=("1988-08-18",),
    ),
    Foreign(
        "version 2.2 without a structure",
        er7("MSH|^~\\&|REGADT|HARBOR|||199901151015||ADT^A04|22|P|2.2", "EVN|A04|199901151015", _pid(), "PV1|1|E"),
        "visit",
    ),
    Foreign(
        "version 2.3 with trailing fields left out",
        er7("MSH|^~\\&|HIS|HARBOR|HUB|C|199912271408||ADT^A03|C12|P|2.3", "EVN|A03", _pid(), "PV1|1|I"),
        "discharge",
    ),
    Foreign(
        "version 2.3.1 with MSH-7 empty",
        er7("MSH|^~\\&|HIS|HARBOR|HUB|C|||ADT^A01|C13|P|2.3.1", "EVN|A01|20260306", _pid(), "PV1|1|I"),
    ),
    Foreign("version 2.4", _adt("A01", version="2.4")),
    Foreign("version 2.6", _adt("A02", version="2.6"), "transfer"),
    Foreign(
        "version 2.7.1 with a truncation character", _adt("A01", version="2.7.1").replace(b"^~\\&|", b"^~\\&#|", 1)
    ),
    Foreign("version 2.8.2", _adt("A03", version="2.8.2"), "discharge"),
    Foreign("a national version", _adt("A01", version="2.5^FRA^2.10")),
    Foreign("a version nobody has", _adt("A01", version="3.0"), acks=("AR",), event=""),
    Foreign("no version", _adt("A01", version="")),
    Foreign("an outpatient becomes an inpatient", _adt("A06"), said=("Admission notice",)),
    Foreign("an inpatient becomes an outpatient", _adt("A07"), "update"),
    Foreign("a cancelled visit", _adt("A11"), "admit_cancelled", said=("did not take place",)),
    Foreign("a cancelled transfer", _adt("A12"), "transfer_cancelled"),
    Foreign("a cancelled discharge", _adt("A13"), "discharge_cancelled"),
    Foreign(
        "a cancelled visit without its number",
        _adt("A11", pv1="PV1|1|I"),
        "admit_cancelled",
        review=("retraction.unnumbered",),
    ),
    Foreign("lower-case event", _adt("A01").replace(b"ADT^A01^ADT_A01", b"adt^a01")),
    Foreign("EVN-1 differs from MSH-9", _adt("A03").replace(b"EVN|A03", b"EVN|A08"), "discharge"),
    Foreign("EVN-1 empty", _adt("A01").replace(b"EVN|A01", b"EVN|")),
    Foreign("no EVN", b"\r".join(x for x in _adt("A01").split(b"\r") if not x.startswith(b"EVN"))),
    Foreign(
        "an admission of UTC times, by MSH-7",
        _adt("A01")
        .replace(b"|20260306224500||ADT", b"|20260307064500+0000||ADT")
        .replace(b"20260306224000\r", b"20260307064000\r"),
        said=("2026-03-06 22:40 PST",),
    ),
    Foreign(
        "MSH-7 in the county's own winter offset, an event in summer",
        _adt("A01")
        .replace(b"|20260306224500||ADT", b"|20260306224500-0800||ADT")
        .replace(b"20260306224000\r", b"20260706224000\r"),
        said=("2026-07-06 22:40 PDT",),
    ),
    *(
        Foreign(f"{trigger} tells of no visit", _adt(trigger), "none")
        for trigger in ("A05", "A09", "A14", "A16", "A20", "A21", "A25", "A28", "A31", "A38", "A54", "A60")
    ),
    Foreign("an event nobody has", _adt("A77"), "", ("AR",)),
    Foreign("a vendor's own event", _adt("Z01"), "", ("AR",)),
    Foreign("no PID", er7(_ISO.format("A", "ADT^A01", "N1", "2.5"), "EVN|A01", "PV1|1|I"), "", ("AE",)),
    Foreign("no control id", _adt("A01").replace(b"|A017001|", b"||"), "", ("AE",)),
    Foreign("a training message", _adt("A01").replace(b"|P|2.5.1", b"|T|2.5.1"), "", ("AR",)),
    Foreign("a debugging message with a mode", _adt("A01").replace(b"|P|2.5.1", b"|D^T|2.5.1"), "", ("AR",)),
    Foreign("a production message with a mode", _adt("A01").replace(b"|P|2.5.1", b"|P^T|2.5.1")),
    Foreign("a sequence number", _adt("A01", header="|1234")),
    Foreign("a part of a longer message", _adt("A01", "DSC|77^1"), trouble="continued"),
    Foreign("the rest of a longer message", _adt("A01", header="||77^1"), trouble="continued"),
    Foreign(
        "two persons in one message",
        _adt("A01", "PID|2||99^^^HARBOR^MR||OTHER^PERSON||19700101|M"),
        review=("patient.several",),
    ),
    Foreign("Z segments", _adt("A01", "ZPV|1|X^Y~Z", "ZZZ", "ZBE|1|2|3"), unsaid=("X", "Y~Z")),
    Foreign(
        "diagnoses and insurance stay",
        _adt("A01", "DG1|1||F11.20^Opioid dependence^I10", "IN1|1|X|77|SUNRISE"),
        unsaid=("F11", "Opioid", "SUNRISE"),
    ),
    Foreign(
        "a result of a laboratory",
        er7(
            _ISO.format("LAB", "ORU^R01^ORU_R01", "L1", "2.5.1"),
            _pid(),
            "OBR|1||9|24323-8^CMP^LN",
            "OBX|1|NM|2345-7^Glucose^LN||182|mg/dL",
        ),
        "",
        ("AR",),
    ),
    Foreign(
        "a transcription",
        er7(
            _ISO.format("TX", "MDM^T02^MDM_T02", "T1", "2.5.1"), "EVN|T02", _pid(), "TXA|1|DS", "OBX|1|TX|||Secret note"
        ),
        "",
        ("AR",),
    ),
    Foreign(
        "an order of 2.3", er7(_ISO.format("OE", "ORM^O01", "O1", "2.3"), _pid(), "ORC|NW|1", "OBR|1|1"), "", ("AR",)
    ),
    Foreign(
        "a charge", er7(_ISO.format("FIN", "DFT^P03^DFT_P03", "F1", "2.5.1"), "EVN|P03", _pid(), "FT1|1"), "", ("AR",)
    ),
    Foreign("an acknowledgement", er7(_ISO.format("X", "ACK^A01^ACK", "K1", "2.5.1"), "MSA|AA|77"), "", ()),
    Foreign("an order's answer", er7(_ISO.format("X", "ORG^O20^ORG_O20", "K2", "2.5.1"), "MSA|AA|77"), "", ()),
)

WRITING = (
    Foreign("ended by LF", _adt("A01").replace(b"\r", b"\n")),
    Foreign("ended by CRLF", _adt("A01").replace(b"\r", b"\r\n")),
    Foreign("no last line end", _adt("A01").rstrip(b"\r")),
    Foreign("empty lines between", _adt("A01").replace(b"\r", b"\r\r\n")),
    Foreign("a BOM", b"\xef\xbb\xbf" + _adt("A01", header="||||||UNICODE UTF-8")),
    Foreign("white space before MSH", b"\r\n  " + _adt("A01")),
    Foreign("white space before segments", _adt("A01").replace(b"\rPID", b"\r  PID")),
    Foreign("fields beyond the last", _adt("A01").replace(b"\rPV1", b"||||||||||||||||||||||||||||||||||||\rPV1")),
    Foreign(
        "other delimiters",
        _adt("A01")
        .replace(b"^", b"%")
        .replace(b"~", b"*")
        .replace(b"\\", b"/")
        .replace(b"&", b"@")
        .replace(b"|", b"$"),
        said=("HARBOR, 3W, 3001, A",),
    ),
    Foreign("only one encoding character", _adt("A01").replace(b"|^~\\&|", b"|^|", 1)),
    Foreign(
        "accents in UTF-8",
        _adt("A01", header="||||||UNICODE UTF-8", pv1="PV1|1|I|Niños^1").replace(b"Ni\xf1os", "Niños".encode()),
        said=("Niños",),
    ),
    Foreign(
        "accents in 8859/1",
        _adt("A01", header="||||||8859/1", pv1="PV1|1|I|Ni@os^1").replace(b"@", b"\xf1"),
        said=("Niños",),
    ),
    Foreign(
        "accents in 8859/15", _adt("A01", header="||||||8859/15", pv1="PV1|1|I|@^1").replace(b"@", b"\xbd"), said=("œ",)
    ),
    Foreign(
        "accents in Windows-1252",
        _adt("A01", header="||||||WINDOWS-1252", pv1="PV1|1|I|O@B^1").replace(b"@", b"\x92"),
        said=("O\u2019B",),
    ),
    Foreign("accents and no character set", _adt("A01", pv1="PV1|1|I|Ni@os^1").replace(b"@", b"\xf1"), said=("Niños",)),
    Foreign("ASCII stated, UTF-8 sent", _adt("A01", header="||||||ASCII", pv1="PV1|1|I|Niños^1"), said=("Niños",)),
    Foreign("ISO IR6", _adt("A01", header="||||||ISO IR6")),
    Foreign("a set nobody knows, but all ASCII", _adt("A01", header="||||||BIG-5")),
    Foreign("Japanese sets, but all ASCII", _adt("A01", header="||||||~ISO IR87||ISO 2022-1994")),
    Foreign(
        "a set nobody knows, beyond ASCII",
        _adt("A01", header="||||||BIG-5", pv1="PV1|1|I|@").replace(b"@", b"\xa4\xa4"),
        "",
        ("AE",),
        trouble="charset-unknown",
    ),
    Foreign(
        "a shift to another set",
        _adt("A01", header="||||||ISO 2022-1994", pv1="PV1|1|I|@").replace(b"@", b"\x1b$B0l\x1b(B"),
        "",
        ("AE",),
        trouble="charset-unknown",
    ),
    Foreign(
        "not in the set it states",
        _adt("A01", header="||||||UNICODE UTF-8", pv1="PV1|1|I|@").replace(b"@", b"\xf1"),
        "",
        ("AE",),
        trouble="charset-wrong",
    ),
    Foreign("escaped delimiters", _adt("A01", pv1=r"PV1|1|I|A\T\E \F\ B\S\C\R\D\E\E^1"), said=(r"A&E | B^C~D\E",)),
    Foreign("escaped bytes", _adt("A01", pv1=r"PV1|1|I|Ni\XC3B1\os^1"), said=("Niños",)),
    Foreign(
        "an escaped line end makes no line",
        _adt("A01", pv1=r"PV1|1|I|W\X0D\Confidentiality: N\.br\Visit: 9^1"),
        said=("Where: W Confidentiality: N Visit: 9, 1",),
    ),
    Foreign("an escape nobody knows", _adt("A01", pv1=r"PV1|1|I|W\Zfoo\^1"), said=(r"W\Zfoo\, 1",)),
    Foreign("an explicit null", _adt("A01", _field("PD1", 12, '""'), pv1='PV1|1|I|""^""'), unsaid=("Where",)),
    Foreign("highlighting", _adt("A01", pv1=r"PV1|1|I|\H\W1\N\^1"), said=("W1",)),
)

PERSONS = (
    Foreign(
        "the number among many",
        _adt(
            "A01",
            pid=_pid(
                "4001^^^HARBOR&1.2.840.1&ISO^MR~123-45-6789^^^USSSA^SS~01234567A^^^DHCS&2.16.840.1.113883.3.1&ISO^MC"
            ),
        ),
    ),
    Foreign("the number on the card", _adt("A01", pid=_pid("01234567A26183^^^MEDI-CAL^MA"))),
    Foreign("the number in lower case, with a blank", _adt("A01", pid=_pid("01234567 a^^^Medi-Cal^MA"))),
    Foreign("the number in PID-2", _adt("A01", pid=f"PID|1|01234567A^^^MEDI-CAL|4001^^^HARBOR^MR||{WHO}")),
    Foreign("the number in PID-4", _adt("A01", pid=f"PID|1||4001^^^HARBOR^MR|01234567A^^^CIN|{WHO}")),
    Foreign("the number in PID-18", _adt("A01", pid=f"PID|1||4001||{WHO}{'|' * 10}01234567A^^^^MA")),
    Foreign("a social security number is none", _adt("A01", pid=f"PID|1||4001||{WHO}{'|' * 11}01234567A"), cin=""),
    Foreign("a record number that looks like one is none", _adt("A01", pid=_pid("01234567A^^^HARBOR^MR")), cin=""),
    Foreign("an authority by OID that nobody named", _adt("A01", pid=_pid("01234567A^^^&2.16.840.1.99&ISO")), cin=""),
    Foreign(
        "the number on the insurance (IN1-36)",
        _adt("A01", f"IN1|1|MCAL|94|MEDI-CAL{'|' * 13}SEL{'|' * 19}01234567A", pid=_pid("4001")),
    ),
    Foreign(
        "the number on the insurance (IN1-49)",
        _adt("A01", f"IN1|1|X|94|STATE OF CA{'|' * 13}18{'|' * 32}01234567A^^^MEDI-CAL^MA", pid=_pid("4001")),
    ),
    Foreign(
        "the number on a mother's insurance is hers",
        _adt("A01", f"IN1|1|MCAL|94|MEDI-CAL{'|' * 13}MTH{'|' * 19}01234567A", pid=_pid("4001")),
        cin="",
    ),
    Foreign(
        "the number on a private insurance is none",
        _adt("A01", f"IN1|1|X|94|SUNRISE{'|' * 13}SEL{'|' * 19}01234567A", pid=_pid("4001")),
        cin="",
    ),
    Foreign(
        "the legal name after an alias",
        _adt("A01", pid=f"PID|1||{CIN}^^^^MA||ROSE^MARI^^^^^A~QUINTANAR^MARISOL^^^^^L||19880411|F"),
    ),
    Foreign("a name in parts", _adt("A01", pid=f"PID|1||{CIN}^^^^MA||QUINTANAR&&QUINTANAR^MARISOL||19880411|F")),
    Foreign("a birth date with a time", _adt("A01", pid=f"PID|1||{CIN}^^^^MA||QUINTANAR^MARISOL||198804110630|F")),
)

RESTRICTIONS = (
    Foreign("a protected person", _adt("A01", _field("PD1", 12, "Y")), review=("restricted.pd1-12",), restricted=True),
    Foreign("a protected person, unprotected", _adt("A01", _field("PD1", 12, "N"))),
    Foreign("a protected visit", _adt("A01", _field("PV2", 22, "Y")), review=("restricted.pv2-22",), restricted=True),
    Foreign("a VIP", _adt("A01", pv1=_VISIT_VIP.format("VIP")), restricted=True),
    Foreign(
        "a VIP of a code of the house",
        _adt("A01", pv1=_VISIT_VIP.format("C^Confidential^HOUSE")),
        review=("restricted.pv1-16",),
        restricted=True,
    ),
    Foreign(
        "a VIP in words alone",
        _adt("A01", pv1=_VISIT_VIP.format("^Psych confidential")),
        review=("restricted.pv1-16",),
        restricted=True,
    ),
    Foreign(
        "a VIP in the second repetition",
        _adt("A01", pv1=_VISIT_VIP.format("N~CONF")),
        review=("restricted.pv1-16",),
        restricted=True,
    ),
    Foreign(
        "a restricted location",
        _adt("A01", "ARV|1|A|LOC^Location^HL70717|PAT"),
        restricted=True,
        unsaid=("Where", "3W"),
    ),
    Foreign(
        "a restricted subject: its ward would name it",
        _adt("A01", "ARV|1|A|PSY^Psychiatric^HL70717|PAT", pv1="PV1|1|I|PSYCH^1^A^HARBOR|||||||||||||||V7001"),
        restricted=True,
        unsaid=("Where", "PSYCH"),
    ),
    Foreign("a restricted location of an update", _adt("A08", "ARV|1|A|HIV|PAT"), "update", restricted=True),
    Foreign(
        "everything restricted",
        _adt("A03", "ARV|1|A|ALL|PAT"),
        "discharge",
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a restriction in words alone",
        _adt("A01", "ARV|1|A|^No release to plan|PAT"),
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a restriction with instructions",
        _adt("A01", "ARV|1|A|STD|PAT|Call the privacy office"),
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a restriction by label",
        _adt("A01", "ARV|1|A|STD|||| ETH^Substance use^ACT"),
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a restriction of several", _adt("A01", "ARV|1|A|STD~DEM|PAT"), review=("restricted.arv",), restricted=True
    ),
    Foreign(
        "a restriction after PV1", _adt("A01", "NK1|1|X^Y", "ARV|2|U|DEM"), review=("restricted.arv",), restricted=True
    ),
    Foreign("a restriction taken away", _adt("A01", "ARV|1|D|ALL|PAT")),
    Foreign(
        "a restriction of today's last day",
        _adt("A01", "ARV|1|A|DEM|PAT||20260101^20260307"),
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign("a restriction that ended", _adt("A01", "ARV|1|A|DEM|PAT||20250101^20260306"), restricted=True),
    Foreign(
        "a consent with limits",
        _adt("A01", "CON|1|019^DNR^X||||||Ward|Not to my employer||A"),
        review=("restricted.con",),
        restricted=True,
    ),
    Foreign("a refused consent", _adt("A01", _field("CON|1", 10, "R")), review=("restricted.con",), restricted=True),
    Foreign("an active consent", _adt("A01", _field("CON|1", 10, "A")), restricted=True),
    Foreign(
        "a very restricted message",
        _adt("A01", header=f"{'|' * 14}V^very restricted^HL70952"),
        review=("restricted.msh-26",),
        restricted=True,
    ),
    Foreign("a restricted message", _adt("A01", header=f"{'|' * 14}R^Restricted^HL70952|NORDSCLCD"), restricted=True),
    Foreign(
        "handling instructions",
        _adt("A01", header=f"{'|' * 14}R|NOAUTH^no disclosure^HL70953"),
        review=("restricted.msh-27",),
        restricted=True,
    ),
    Foreign(
        "special instructions",
        _adt("A01", header=f"{'|' * 16}Do not forward"),
        review=("restricted.msh-28",),
        restricted=True,
    ),
    Foreign(
        "another hub's notice",
        _adt("A01", header=f"{'|' * 16}42 CFR part 2 prohibits unauthorized use or disclosure of these records."),
        restricted=True,
    ),
    Foreign(
        "special instructions after another hub's notice",
        _adt(
            "A01", header=f"{'|' * 16}42 CFR part 2 prohibits unauthorized disclosure of these records. Not to the plan"
        ),
        review=("restricted.msh-28",),
        restricted=True,
    ),
    Foreign("a normal message", _adt("A01", header=f"{'|' * 14}N")),
    Foreign(
        "a confidential diagnosis",
        _adt("A01", _field("DG1|1", 17, "Y")),
        review=("restricted.dg1-18",),
        restricted=True,
    ),
    Foreign(
        "a restriction with a person's data",
        _adt("A31", _field("PD1", 12, "Y")),
        "none",
        review=("restricted.pd1-12",),
        restricted=True,
    ),
    Foreign(
        "a restriction with a new person's data",
        _adt("A28", "ARV|1|A|ALL"),
        "none",
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign("a label with a person's data tells nobody", _adt("A31", "ARV|1|A|LOC"), "none"),
)

IDENTITIES = (
    Foreign("two record numbers joined", _adt("A40", "MRG|4002^^^HARBOR^MR"), "none", review=("identity.changed",)),
    Foreign(
        "two persons joined",
        _adt("A40", "MRG|09999999B^^^MEDI-CAL^MA||||||ROE^JANE"),
        "none",
        review=("identity.changed",),
    ),
    Foreign(
        "two persons joined, as in 2.3", _adt("A34", "MRG|4002", version="2.3"), "none", review=("identity.changed",)
    ),
    Foreign("a visit moved", _adt("A45", "MRG|4002^^^HARBOR^MR||||V6000"), "none", review=("identity.changed",)),
    Foreign("a record deleted", _adt("A23"), "none", review=("identity.deleted",)),
)

_OMG = er7(
    "MSH|^~\\&||1.3.6.1.4.1.21367.2016.10.1.21^^ISO||^1.3.6.1.4.1.21367.2016.10.1.32^ISO|20161007092857+0000||OMG^O19^OMG_O19|23880|P|2.5.1|||NE|NE|||||360X",
    f"PID|1||{CIN}^^^MEDI-CAL&2.16.840.1.1&ISO^MA||{WHO}",
    "ORC|NW|889342^^1.3.6.1.4.1.21367.2016.10.1.21.15^ISO||||||||||34225PC^Allen^Anthony^M^III^MD",
    "TQ1|1|||||||20161021|R",
    f"OBR|1|889342^^1.3.6.1.4.1.21367.2016.10.1.21.15^ISO||57133-1^Referral note^LN{'|' * 27}R51^Headache^I10",
)
_REF = (
    _ISO.format("CLINIC", "REF^I12^REF_I12", "R7", "2.5.1"),
    "RF1|P^Pending^HL70283|R^Routine|MED|WR||REF-77^HARBOR|20260306|||W^Warm handoff",
    "PRD|RP^Referring^HL70286|DOE^JOHN||||| 1111111112^NPI",
    "PRD|RT^Referred to^HL70286|OAKES^WREN|||||1999999984^NPI",
    _pid(),
    "DG1|1||F11.20^Opioid dependence^I10",
    "PV1|1|O",
)
_DOC = "OBX|{0}|ED|51848-0^Assessment^LN||^application^pdf^{1}^{2}||||||F"
_PDF = "JVBERi0xLjQK"


def _osu(control: str, orc: str, *more: str) -> bytes:
    return er7(
        "MSH|^~\\&||LANTERN||^1.3.6.1.4.1.21367.2016.10.1.32^ISO|20161007092857+0000||OSU^O51^OSU_O51|"
        f"{control}|P|2.5.1|||NE|NE|||||360X",
        _pid(),
        f"ORC|{orc}",
        *more,
    )


def _siu(trigger: str, filler: str, *more: str) -> bytes:
    return er7(
        _ISO.format("SCHED", f"SIU^{trigger}^SIU_S12", f"S{trigger}{filler}", "2.5.1"),
        f"SCH|APPT50007^RHAP||||||DERM^Visit^L|X|30|MIN|^^^20260415140000^^30^MIN|||||8901^W^R|||||8901^W^R||||{filler}|REF-77",
        _pid(),
        "RGS|1",
        "AIS|1||99203^Visit^CPT4|20260415140000|||30|MIN",
    )


REFERRALS = (
    Foreign("a referral of 360X asks for no answer", _OMG, "referral", ()),
    Foreign("a referral of 360X, loosely", _OMG.replace(b"|NE|NE|", b"|||"), "referral", said=("889342", "Headache")),
    Foreign(
        "two orders in one message",
        _OMG.replace(b"|NE|NE|", b"|||") + b"ORC|NW|889343\rOBR|2|889343||X\r",
        "referral",
        review=("referral.several",),
    ),
    Foreign("a referral", er7(*_REF), "referral", said=("Warm handoff", "F11.20"), unsaid=("19880411",)),
    Foreign("a referral changed", er7(*_REF).replace(b"REF^I12^REF_I12", b"REF^I13^REF_I12"), "referral"),
    Foreign("a referral taken back", er7(*_REF).replace(b"REF^I12^REF_I12", b"REF^I14^REF_I12"), "cancelled"),
    Foreign("a referral with a document", er7(*_REF, _DOC.format(1, "Base64", _PDF)), "referral", said=("%PDF-1.4",)),
    Foreign(
        "a document in hex", er7(*_REF, _DOC.format(1, "Hex", "255044462D312E340A")), "referral", said=("%PDF-1.4",)
    ),
    Foreign(
        "a document in plain text",
        er7(*_REF, _DOC.format(1, "A", "Dear colleague")),
        "referral",
        said=("Dear colleague",),
    ),
    Foreign(
        "a document that does not decode",
        er7(*_REF, _DOC.format(1, "Base64", "*bad*")),
        "referral",
        review=("document.unread",),
    ),
    Foreign(
        "a document elsewhere",
        er7(*_REF, "OBX|1|RP|51848-0^A^LN||https://x^SRV^IM^PNG"),
        "referral",
        review=("document.unread",),
    ),
    Foreign(
        "a document whose class nothing says",
        er7(*_REF, _DOC.format(1, "Base64", _PDF).replace("51848-0^Assessment^LN", "DOC^Doc^L")),
        "referral",
        review=("document.unclassed",),
    ),
    Foreign(
        "more documents than are taken",
        er7(*_REF, *(_DOC.format(n, "Base64", _PDF) for n in range(1, 23))),
        "referral",
        review=("document.unread",),
    ),
    Foreign(
        "notes in words",
        er7(*_REF, "OBX|1|TX|NOTE^Note^L||Dose lowered~See again", "NTE|1||Bring the papers~And the keys"),
        "referral",
        review=("document.unclassed",),
        said=("Note: Dose lowered; See again", "Bring the papers", "And the keys"),
    ),
    Foreign(
        "a note after another hub's notice",
        er7(*_REF, "NTE|1||42 CFR part 2 prohibits unauthorized use or disclosure of these records. Call first"),
        "referral",
        review=("document.unclassed",),
        said=("Call first",),
    ),
    Foreign(
        "a plan in words",
        er7(*_REF, "OBX|1|FT|18776-5^Plan^LN||Weekly\\.br\\Group"),
        "referral",
        said=("Plan: Weekly\nGroup",),
    ),
    Foreign("a measured value", er7(*_REF, "OBX|1|NM|11502-2^Test^LN||7|mg"), "referral", said=("Test: 7 mg",)),
    Foreign(
        "a referral narrowed by subject",
        er7(*_REF, "ARV|1|A|HIV|PAT"),
        "referral",
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a referral that hides a place",
        er7(*_REF, "ARV|1|A|LOC|PAT"),
        "referral",
        review=("restricted.arv",),
        restricted=True,
    ),
    Foreign(
        "a referral with a confidential diagnosis",
        er7(*_REF).replace(b"DG1|1||F11.20^Opioid dependence^I10", b"DG1|1||B20^HIV^I10|||||||||||||||Y"),
        "referral",
        review=("restricted.dg1-18",),
        restricted=True,
    ),
    Foreign(
        "an order of a psychiatric patient",
        _OMG.replace(b"|NE|NE|", b"|||").replace(b"^III^MD", b"^III^MD" + b"|" * 16 + b"PSY"),
        "referral",
        review=("restricted.orc-28",),
        restricted=True,
    ),
    Foreign(
        "an order of a drug treatment patient",
        _OMG.replace(b"|NE|NE|", b"|||").replace(b"^III^MD", b"^III^MD" + b"|" * 16 + b"ETH"),
        "referral",
        restricted=True,
    ),
    Foreign("accepted", _osu("1", "OK|REF-77|||IP"), "accepted", ()),
    Foreign("declined with a reason", _osu("2", "UA|REF-77|||CA|||||||||||^No bed"), "declined", (), said=("No bed",)),
    Foreign("confirmed", _osu("3", "SC|REF-77|||SC"), "scheduled", ()),
    Foreign("interim", _osu("4", "SC|REF-77|||A"), "in_progress", ()),
    Foreign(
        "completed with its note",
        _osu("5", "RE|REF-77|||CM", "OBR|1|REF-77||57133-1^^LN", _DOC.format(1, "Base64", _PDF)),
        "completed",
        (),
        said=("%PDF-1.4",),
    ),
    Foreign(
        "the patient is better",
        _osu("6", "CA|889342^^1.3.6^ISO||||||||||34225PC^Allen^Anthony||||^Headache disappeared"),
        "cancelled",
        (),
        said=("Headache disappeared",),
    ),
    Foreign(
        "a status nobody can tell",
        _osu("7", "XX|REF-77|||ZZ").replace(b"|NE|NE|", b"|||"),
        "unclear",
        review=("referral.unclear",),
    ),
    Foreign(
        "a status without a number",
        _osu("8", "OK||||IP").replace(b"|NE|NE|", b"|||"),
        "accepted",
        review=("referral.unnumbered",),
    ),
    Foreign(
        "another hub's report with documents",
        er7(
            _ISO.format("PART2HUB", "ORU^R01^ORU_R01", "H1", "2.5.1"),
            _pid(),
            "ORC|RE|REF-77|||CM",
            "OBR|1|||57133-1^Referral note^LN",
            "OBX|1|FT|PART2-NOTICE^Notice^L||42 CFR part 2",
            _DOC.format(2, "Base64", _PDF),
        ),
        "completed",
        said=("%PDF-1.4",),
        unsaid=("42 CFR",),
    ),
    Foreign(
        "an answer to a referral",
        er7(_ISO.format("X", "RRI^I12^RRI_I12", "A1", "2.5.1"), "MSA|AA|R7", "RF1|A^Accepted||||| REF-77", _pid()),
        "accepted",
        (),
    ),
    Foreign("an appointment", _siu("S12", "Booked"), "scheduled", said=("2026-04-15 14:00 PDT",)),
    Foreign(
        "an appointment on a day",
        _siu("S12", "Booked").replace(b"20260415140000", b"20260415"),
        "scheduled",
        said=("Appointment: 2026-04-15\n",),
        unsaid=("00:00",),
    ),
    Foreign("an appointment moved", _siu("S13", "Booked"), "scheduled"),
    Foreign("an appointment changed", _siu("S14", "Booked"), "scheduled"),
    Foreign("an appointment changed to cancelled", _siu("S14", "Cancelled^Cancelled^HL70278"), "appointment_cancelled"),
    Foreign("an appointment changed to missed", _siu("S14", "Noshow"), "no_show"),
    Foreign("an appointment changed to over", _siu("S14", "Complete"), "in_progress"),
    Foreign("an appointment cancelled", _siu("S15", "Cancelled"), "appointment_cancelled"),
    Foreign("an appointment given up", _siu("S16", "Dc"), "appointment_cancelled"),
    Foreign("an appointment deleted", _siu("S17", "Deleted"), "appointment_cancelled"),
    Foreign("an appointment missed", _siu("S26", "Noshow"), "no_show"),
    Foreign("a slot opened", _siu("S23", "Blocked"), "none"),
    Foreign("a schedule nobody has", _siu("S99", "X"), "", ("AR",)),
)


def _asked(accept: str, application: str, *, wrong: str = "") -> bytes:
    raw = _adt("A01", header=f"|||{accept}|{application}")
    return {
        "": raw,
        "type": raw.replace(b"ADT^A01^ADT_A01", b"ZZZ^A01"),
        "version": raw.replace(b"|P|2.5.1", b"|P|9.9"),
        "no person": raw.replace(b"\rPID|", b"\rZID|"),
        "no trigger": raw.replace(b"ADT^A01^ADT_A01", b"ADT").replace(b"EVN|A01", b"EVN|"),
        "characters": raw.replace(b"|AL|", b"|AL|", 1).replace(b"3W^3001", b"\xf1"),
    }[wrong]


ACKNOWLEDGED = (
    Foreign("commit always", _asked("AL", "NE"), acks=("CA",)),
    Foreign("commit never", _asked("NE", "NE"), acks=()),
    Foreign("commit and application", _asked("AL", "AL"), acks=("CA", "AA")),
    Foreign("application alone", _asked("NE", "AL"), acks=("AA",)),
    Foreign("on error alone, and there is none", _asked("ER", "ER"), acks=()),
    Foreign("on success alone", _asked("SU", "SU"), acks=("CA", "AA")),
    Foreign("a type nobody takes is rejected at the commit", _asked("AL", "NE", wrong="type"), "", ("CR",)),
    Foreign("a version nobody takes is rejected at the commit", _asked("AL", "AL", wrong="version"), "", ("CR",)),
    Foreign("what is not kept is not committed", _asked("AL", "NE", wrong="no person"), "", ("CE",)),
    Foreign(
        "what is not kept is not committed, nor answered twice", _asked("AL", "AL", wrong="no trigger"), "", ("CE",)
    ),
    Foreign("an error where only success is told of", _asked("SU", "NE", wrong="no person"), "", ()),
    Foreign("an error where only errors are told of", _asked("ER", "NE", wrong="no person"), "", ("CE",)),
)

ALL = (*EVENTS, *WRITING, *PERSONS, *RESTRICTIONS, *IDENTITIES, *REFERRALS, *ACKNOWLEDGED)
