"""Each values file is rendered once; a tool that cannot be fetched skips what needs it, with the reason."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.deploy.chart import VARIANTS, Rendered
from tests.deploy.tools import HELM_3, HELM_4, Unavailable, programs, python_of


@pytest.fixture(scope="session")
def helms() -> None:
    """Both majors of helm are there."""
    try:
        for layer in (HELM_4, HELM_3):
            programs(layer)
    except Unavailable as why:
        pytest.skip(str(why))


@pytest.fixture(scope="session")
def validators() -> Callable[[str], str]:
    """The interpreter of an environment of validators, by the name of its lock."""

    def find(lock: str) -> str:
        try:
            return str(python_of(lock))
        except Unavailable as why:
            pytest.skip(str(why))

    return find


@pytest.fixture(scope="session")
def rendered_once(helms: None) -> Callable[[str], Rendered]:
    """A rendered variant by name."""
    return cache(Rendered.of)


@pytest.fixture(params=[*VARIANTS])
def rendered(request: pytest.FixtureRequest, rendered_once: Callable[[str], Rendered]) -> Rendered:
    """Every variant in turn."""
    return rendered_once(request.param)
