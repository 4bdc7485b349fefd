"""A HylaFAX server on loopback that speaks as hfaxd 6.0.7 does: the replies below were recorded from one.

It keeps jobs and documents, and `line` says what a number's telephone does. Faults name the command at which they
strike: the connection breaks before or after the server obeys, the server refuses, or it obeys and is gone for good.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field

FAILURES = {
    "busy": "Busy signal detected; too many attempts to dial",
    "no-answer": "No answer from remote; too many attempts to dial",
    "voice": "No carrier detected; too many attempts to dial",
    "breaks-on-cover": "Unspecified Transmit Phase C error; too many attempts to send",
    "breaks-on-page-3": "Unspecified Transmit Phase C error; too many attempts to send",
    "converter-broken": "Unexpected failure in the TIFF format checker;\\",
    "blocked": "REJECT: Calls to this number are not permitted",
    "refused-file": "REJECT: Document format is not supported",
}
LETTERS = {
    "PENDING": "P", "READY": "W", "ACTIVE": "R", "SLEEPING": "S", "SUSPENDED": "T", "DONE": "D", "FAILED": "F",
}  # fmt: skip


@dataclass
class Job:
    number: str
    parameters: dict[str, str] = field(default_factory=dict)
    documents: list[bytes] = field(default_factory=list)
    submitted: bool = False
    killed: bool = False
    stopped: bool = False
    asked: int = 0


@dataclass
class FakeHfaxd:
    line: dict[str, str] = field(default_factory=dict)
    password: str = "secret"
    jobs: dict[str, Job] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    drop_before: str = ""
    drop_after: str = ""
    refuse: str = ""
    dies_after: str = ""
    admin: str = "secret2"
    late: int = 0
    """Seconds by which waiting jobs are overdue."""
    forgets: bool = False
    """Whether the scheduler begins no job before it is handed in once more."""
    woken: list[str] = field(default_factory=list)
    corrects: bool = True
    dead: bool = False
    port: int = 0

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        session = _Session(self, reader, writer)
        try:
            if not self.dead:
                await session.run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.jobs = {number: job for number, job in self.jobs.items() if job.submitted}
            for each in (writer, *session.opened):
                each.close()

    def outcome(self, job: Job) -> tuple[str, int, str]:
        """State, confirmed pages and words of a job; a call takes two questions to end."""
        if job.killed:
            return "FAILED", 0, "Job aborted by request"
        if job.stopped or (self.forgets and job.number not in self.woken):
            return "SUSPENDED" if job.stopped else "READY", 0, ""
        what = self.line.get(job.parameters.get("DIALSTRING", ""), "answers")
        if what == "waits":
            return "SLEEPING", 0, "Waiting for modem to come free"
        if job.asked < 2:
            return ("PENDING", "ACTIVE")[job.asked], 0, ""
        if what == "answers":
            return "DONE", 3, ""
        return "FAILED", 2 if what == "breaks-on-page-3" else 0, FAILURES[what]


class _Session:
    def __init__(self, fax: FakeHfaxd, reader, writer):
        self.fax, self.reader, self.writer = fax, reader, writer
        self.job: str | None = None
        self.format = ""
        self.privileged = False
        self.opened: list[asyncio.StreamWriter] = []
        self.data: asyncio.Queue | None = None

    async def run(self):
        await self.say("220 fake server (HylaFAX (tm) Version 6.0.7) ready.")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            if verb == self.fax.drop_before:
                return
            if verb == self.fax.refuse:
                await self.say("460 Failed to submit job: Unable to open scheduler FIFO: No such device or address.")
                continue
            reply = await getattr(self, f"do_{verb.lower()}")(rest)
            self.fax.dead = verb == self.fax.dies_after
            if verb == self.fax.drop_after or self.fax.dead:
                return
            await self.say(reply)
            if verb == "QUIT":
                return

    async def say(self, line):
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def do_user(self, name):
        return f"331 Password required for {name}."

    async def do_pass(self, password):
        return "230 User app logged in." if password == self.fax.password else "530 Login incorrect."

    async def do_tzone(self, _):
        return "200 Using time values in GMT."

    async def do_form(self, name):
        return f"200 Format set to {name}."

    async def do_type(self, kind):
        return {"I": "200 Type set to Image.", "A": "200 Type set to ASCII."}[kind]

    async def do_jobfmt(self, text):
        self.format = text.strip('"')
        return "200 JOBFMT command successful."

    async def do_pasv(self, _):
        self.data = asyncio.Queue()
        listener = await asyncio.start_server(self._opened, "127.0.0.1", 0)
        self.listener = listener
        port = listener.sockets[0].getsockname()[1]
        return f"227 Entering passive mode (127,0,0,1,{port >> 8},{port & 255})"

    def _opened(self, reader, writer):
        self.opened.append(writer)
        self.data.put_nowait((reader, writer))

    async def do_stot(self, _):
        name = f"/tmp/doc{len(self.fax.documents) + 1}.tif"
        await self.say(f"150 FILE: {name} (Opening new data connection).")
        reader, writer = await self.data.get()
        self.fax.documents[name] = await reader.read()
        writer.close()
        self.listener.close()
        return f"226 Transfer complete (FILE: {name})."

    async def do_jnew(self, _):
        self.job = str(len(self.fax.jobs) + 1)
        self.fax.jobs[self.job] = Job(self.job)
        return f"200 New job created: jobid: {self.job} groupid: {self.job}."

    async def do_jparm(self, text):
        name, _, value = text.partition(" ")
        job = self.fax.jobs[self.job]
        if name == "DOCUMENT":
            if value not in self.fax.documents:
                return f"550 {value}: No such file or directory."
            job.documents.append(self.fax.documents[value])
            return f"200 Added document {value} as docq/doc1.tif.1."
        if value:
            job.parameters[name] = value.strip('"')
            return f"213 {name} set to {value}."
        return f"500 JPARM {name}: Parameter not recognized."

    async def do_jsusp(self, number):
        job = self.fax.jobs[number]
        if self.fax.outcome(job)[0] == "ACTIVE":
            return f"460 Failed to suspend job {number}: Unspecified reason (scheduler NAK'd request)."
        job.stopped = True
        return f"200 Job {number} suspended."

    async def do_jsubm(self, number):
        if number:
            return self._again(self.fax.jobs[number])
        job = self.fax.jobs[self.job]
        if not re.fullmatch(r"\+?\d+", job.parameters.get("DIALSTRING", "")):
            return f"504 Cannot submit job {self.job}; null or missing DIALSTRING parameter."
        job.submitted = True
        return f"200 Job {self.job} submitted."

    def _again(self, job):
        if not job.stopped:
            return f"504 Job {job.number} not submitted; use JSUSP first."
        job.stopped = False
        self.fax.woken.append(job.number)
        return f"200 Job {job.number} submitted."

    async def do_job(self, number):
        if number not in self.fax.jobs:
            return f"500 Cannot set job {number}; job does not exist (No such file or directory)."
        self.job = number
        return f"200 Current job: jobid: {number} groupid: {number}."

    async def do_jkill(self, number):
        if number not in self.fax.jobs:
            return f"500 Cannot kill job {number}; job does not exist (No such file or directory)."
        self.fax.jobs[number].killed = True
        return f"200 Job {number} killed."

    async def do_list(self, queue):
        wanted = {"sendq": False, "doneq": True}[queue]
        jobs = [job for job in self.fax.jobs.values() if (self.fax.outcome(job)[0] in {"DONE", "FAILED"}) is wanted]
        rows = []
        for job in jobs:
            state, pages, _ = self.fax.outcome(job)
            letter = LETTERS[state]
            values = {"%j": job.number, "%J": job.parameters.get("JOBINFO", ""), "%a": letter, "%P": f" {pages}:3 "}
            values["%Z"] = str(int(time.time()) - self.fax.late)
            row = self.format
            for field_, value in values.items():
                row = row.replace(field_, value)
            rows.append(row)
            job.asked += 1
        return await self._send(f'150 Opening new data connection for "{queue}".', rows)

    async def do_admin(self, password):
        self.privileged = password == self.fax.admin
        return "230 Administrative privileges established." if self.privileged else "530 Login incorrect."

    async def do_retr(self, path):
        if path.startswith("log/"):
            return await self._log(path)
        job = self.fax.jobs.get(path.removeprefix("doneq/q"))
        if job is None or self.fax.outcome(job)[0] not in {"DONE", "FAILED"}:
            self.listener.close()
            return f"550 {path}: No such file or directory."
        state, pages, words = self.fax.outcome(job)
        rows = [
            f"state:{7 if state == 'DONE' else 8}",
            f"npages:{pages}",
            "totpages:3",
            "totdials:1",
            "tottries:1",
            f"number:{job.parameters['DIALSTRING']}",
            f"jobtag:{job.parameters['JOBINFO']}",
            "signalrate:14400 bit/s",
            "dataformat:2-D MMR",
            f"commid:{int(job.number):08}",
            f"csi:{'707 555 0121' if state == 'DONE' else ''}",
            f"status:{words}",
        ]
        return await self._send(f"150 Opening new data connection for {path} (862 bytes).", rows)

    async def _log(self, path):
        if not self.privileged:
            self.listener.close()
            return f"550 {path}: Operation not permitted."
        used = ["USE error correction mode"] if self.fax.corrects else []
        job = int(path.removeprefix("log/c"))
        rows = [f"SEND FAX: JOB {job} DEST +1 COMMID {job:08}", *used, "SEND begin page"]
        return await self._send(f"150 Opening new data connection for {path} (862 bytes).", rows)

    async def do_quit(self, _):
        return "221 Goodbye."

    async def _send(self, opening, rows):
        await self.say(opening)
        _, writer = await self.data.get()
        writer.write("".join(row + "\r\n" for row in rows).encode())
        writer.close()
        await writer.wait_closed()
        self.listener.close()
        return "226 Transfer complete."
