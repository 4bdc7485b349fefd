"""What a hub loads to start: every MiB and every tenth of a second here is paid by each process of a county (P8)."""

import subprocess
import sys

SERVING = (
    "import hub.bootstrap, hub.web.app, adapters.api.channel, adapters.fax.channel, adapters.fax.spool\n"
    "import hub.storage.sqlite, sys\n"
    "print(*sys.modules)"
)
LATER = {"PIL", "alembic", "asyncpg", "fontTools", "fpdf", "pypdfium2", "redis"}
LATER |= {"sqlalchemy.dialects.postgresql", "argon2", "jinja2", "pyotp", "segno", "webauthn", "xlsxwriter"}
"""Loaded with the first fax, the first printed form, page or sign-in, a migration, or by a hub of many processes."""


def test_a_hub_in_one_process_starts_without_what_only_faxes_forms_and_many_processes_need():
    ran = subprocess.run([sys.executable, "-c", SERVING], check=True, capture_output=True, text=True)
    loaded = ran.stdout.split()
    assert "aiohttp" in loaded
    assert LATER.isdisjoint(loaded)
