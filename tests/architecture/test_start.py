"""What a hub loads to start: every MiB and every tenth of a second here is paid by each process of a county (P8)."""

import subprocess
import sys

import sqlalchemy

from hub.storage import tables

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


def test_no_table_is_mapped_to_objects_that_nobody_asks_for():
    declared = [getattr(tables, name) for name in tables.__all__]
    assert {each.__table__.name for each in declared} == set(declared[0].metadata.tables)
    assert not [each for each in declared if sqlalchemy.inspect(each, raiseerr=False) is not None]


def test_a_table_that_is_not_mapped_stands_for_itself_in_statements():
    within = sqlalchemy.select(tables.Item.id).join(
        tables.Submission, tables.Submission.id == tables.Item.submission_id
    )
    assert "FROM item JOIN submission ON" in str(within)
