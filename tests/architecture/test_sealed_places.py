"""Every table with sealed records is known to the command that rewraps them after a rotation of keys."""

from sqlmodel import SQLModel

from hub.storage import tables
from hub.storage.rewrap import PLACES
from hub.storage.statements import table_of

assert tables


def test_a_rotation_reaches_every_sealed_record() -> None:
    sealed = {name for name, table in SQLModel.metadata.tables.items() if "wrapped_key" in table.columns}
    assert sealed
    assert {table_of(place.model).name for place in PLACES} == sealed
