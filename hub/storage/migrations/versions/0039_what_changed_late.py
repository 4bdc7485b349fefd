"""Disclosures that changed long after they were handed in are found by when they changed."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_SQLITE = sa.text("id < printf('%012x', coalesce(concluded_at, intended_at) / 1000 - 60000)")
_POSTGRES = sa.text("id < lpad(to_hex(coalesce(concluded_at, intended_at) / 1000 - 60000), 12, '0')")


def upgrade() -> None:
    op.create_index(
        "disclosure_late",
        "disclosure",
        [sa.text("coalesce(concluded_at, intended_at)")],
        sqlite_where=_SQLITE,
        postgresql_where=_POSTGRES,
    )
