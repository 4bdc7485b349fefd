"""An invitation that was replaced opens nothing, not even to somebody who is just following it."""

import pytest

from hub.errors import NotAvailable
from hub.people import accounts, entering
from tests.scenes import a_scene

PASSWORD = "a long and strange password"


async def test_an_invitation_replaced_while_its_password_is_being_kept_sets_none(migrated_url, monkeypatch):
    async with a_scene(migrated_url) as scene:
        lost = await accounts.add(
            scene.hub, email="o@county.example", name="O", roles=("privacy",), organizations=("harbor",), by="harbor/x"
        )
        hashed = entering.passwords.hashed

        async def meanwhile(password):
            await accounts.invite_again(scene.hub, lost.person, by="harbor/x")
            return await hashed(password)

        monkeypatch.setattr(entering.passwords, "hashed", meanwhile)
        with pytest.raises(NotAvailable):
            await entering.accept(scene.hub, lost.code, PASSWORD)
        assert (await accounts.find(scene.hub, lost.person)).password == ""
