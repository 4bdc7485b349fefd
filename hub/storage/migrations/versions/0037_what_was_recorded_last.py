"""What was recorded last of what was made outside of the hub is found without sorting all of it."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("outside_disclosure_recorded", "outside_disclosure", ["recorded_at", "id"])
