"""Fixtures that several files use."""

import pytest

from support.moto_ecs import MotoEcs, running_moto
from support.servers import EcsStub


@pytest.fixture
def ecs():
    with EcsStub() as stub:
        yield stub


@pytest.fixture(scope="session")
def moto_url():
    with running_moto() as url:
        yield url


@pytest.fixture(scope="session")
def moto_shop(moto_url) -> MotoEcs:
    return MotoEcs(moto_url)


@pytest.fixture
def moto(moto_shop) -> MotoEcs:
    """An ECS with the shop in it, untouched."""
    moto_shop.reset()
    return moto_shop
