"""Whose a token and an account is, and who gave it out; a proposed release stands with its work item.

What was issued before: an account is its own person's, a token is a system's until somebody says whose it is; who gave
it out is read off the ledger.
"""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None
_GIVEN = {"token.issued": "token", "person.added": "person", "person.reset": "person"}
"""What of the ledger says who gave something out, and the table it stands in."""


def upgrade() -> None:
    for name, kind, none in (
        ("proposed", sa.Text(), ""),
        ("proposed_by", sa.Text(), ""),
        ("proposed_at", sa.BigInteger(), "0"),
    ):
        op.add_column("work_item", sa.Column(name, kind, nullable=False, server_default=none))
    op.execute(
        'UPDATE work_item SET proposed = given.reason, proposed_by = given."by", proposed_at = given.at '
        "FROM work_proposal AS given WHERE given.work_id = work_item.id"
    )
    op.drop_table("work_proposal")
    for table in ("token", "person"):
        op.add_column(table, sa.Column("person", sa.Text(), nullable=False, server_default=""))
        op.add_column(table, sa.Column("given_by", sa.Text(), nullable=False, server_default=""))
        op.create_index(f"ix_{table}_person", table, ["person"])
    op.execute("UPDATE person SET person = id")
    connection = op.get_bind()
    entries = sa.table("ledger_entry", sa.column("id"), sa.column("kind"), sa.column("reference"), sa.column("body"))
    given = sa.select(entries.c.kind, entries.c.reference, entries.c.body).where(entries.c.kind.in_(_GIVEN))
    for kind, reference, body in connection.execute(given.order_by(entries.c.id)).all():
        named = sa.table(_GIVEN[kind], sa.column("id"), sa.column("given_by"))
        by = msgspec.json.decode(body)["by"]
        connection.execute(sa.update(named).where(named.c.id == reference).values(given_by=by))
