"""Lists of what is open have indexes of what is open, whatever has been settled in ten years."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None
_OPEN, _CLOSED = "state = 'open'", "state = 'closed'"
_PARTIAL = (
    ("work_item", "work_item_open", _OPEN, ["id"]),
    ("work_item", "work_item_open_due", _OPEN, ["due_at", "id"]),
    ("work_item", "work_item_open_kind", _OPEN, ["kind", "due_at", "id", "organization_id", "state"]),
    ("work_item", "work_item_open_organization", _OPEN, ["organization_id", "due_at", "id", "kind", "state"]),
    ("work_item", "work_item_open_assigned", _OPEN, ["assigned_to", "due_at", "id"]),
    ("work_item", "work_item_unreviewed", "state = 'open' AND escalated_at = 0", ["kind", "created_at"]),
    ("work_item", "work_item_closed", _CLOSED, ["closed_at", "id"]),
    ("work_item", "work_item_closed_kind", _CLOSED, ["kind", "closed_at", "id"]),
    ("work_item", "work_item_closed_organization", _CLOSED, ["organization_id", "closed_at", "id"]),
    ("matter", "matter_open", _OPEN, ["id"]),
    ("matter", "matter_open_kind", _OPEN, ["kind", "id", "organization_id", "state"]),
    ("matter_clock", "matter_clock_running", "met_at IS NULL AND lifted_at IS NULL", ["due_at", "matter_id"]),
)


def upgrade() -> None:
    op.drop_index("work_item_open", "work_item")
    op.drop_index("ix_work_item_organization_id", "work_item")
    op.drop_index("ix_matter_organization_id", "matter")
    op.drop_index("matter_on_register", "matter")
    for table, name, which, columns in _PARTIAL:
        op.create_index(name, table, columns, sqlite_where=sa.text(which), postgresql_where=sa.text(which))
    op.create_index("work_item_clock", "work_item", ["due_at", "closed_at", "state", "organization_id"])
    op.create_index("matter_of_kind", "matter", ["kind", "id"])
    op.create_index("matter_of_organization", "matter", ["organization_id", "state", "id"])
    op.create_index("evidence_of_kind", "evidence", ["kind", "disclosure_id"])
