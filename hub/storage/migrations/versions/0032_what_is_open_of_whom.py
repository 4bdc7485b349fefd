"""What is open of a kind of one organization's is counted by an index of its own, however much others have open."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_COLUMNS = ["organization_id", "kind", "due_at", "id", "state"]
_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.create_index("work_item_open_whose", "work_item", _COLUMNS, sqlite_where=_OPEN, postgresql_where=_OPEN)
