"""The index of leases holds only when they end: a row changes it when it is claimed and when it is settled.

Quick whatever the size of the table: its index has the rows that are leaving just now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    leased = sa.text("lease_until IS NOT NULL")
    op.drop_index("outbox_unsettled", "outbox")
    op.create_index("outbox_leased", "outbox", ["lease_until"], sqlite_where=leased, postgresql_where=leased)
