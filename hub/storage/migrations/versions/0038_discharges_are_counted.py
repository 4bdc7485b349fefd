"""Discharges are found among all that was handed in, and what was taken back among all visits, by small indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_DISCHARGE = sa.text("kind = 'discharge_notice'")
_RETRACTED = sa.text("retracted_by IS NOT NULL")


def upgrade() -> None:
    op.create_index("submission_discharge", "submission", ["id"], sqlite_where=_DISCHARGE, postgresql_where=_DISCHARGE)
    op.create_index(
        "thread_retracted", "thread", ["submission_id"], sqlite_where=_RETRACTED, postgresql_where=_RETRACTED
    )
