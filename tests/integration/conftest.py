"""The scene and the desk that most of these tests stand on; whoever needs another one makes it beside the tests."""

import pytest

from tests.desk import a_desk
from tests.scenes import a_scene


@pytest.fixture
async def scene(migrated_url):
    async with a_scene(migrated_url) as scene:
        yield scene


@pytest.fixture
async def desk(scene):
    async with a_desk(scene.hub) as desk:
        yield desk
