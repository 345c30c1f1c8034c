"""The experts this service ships, as data files, and the built-in roles that are no experts.

`experts/` holds the catalogue that is published to every tenant, `bench/` plain seats for load tests (to
be published with the scripted model only), `roles/` the judge, moderator and chair. One TOML file each;
the file's name is the agent id. To change an expert raise its `version`: panels record the one they used.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from askpanel.contracts.catalogue import Expert
from askpanel.expert_runner.prompts.prompt import Speaker


class CatalogueError(Exception):
    """A data file is no valid expert; the message names the file and what is wrong with it."""


def load_catalogue() -> tuple[Expert, ...]:
    """The experts for every tenant, by agent id; raises CatalogueError."""
    return _experts("experts")


def load_bench_experts() -> tuple[Expert, ...]:
    """`expert-0` to `expert-11`, in this order; raises CatalogueError."""
    return tuple(sorted(_experts("bench"), key=lambda expert: int(expert.agent_id.rpartition("-")[2])))


def read_expert(name: str, data: Mapping[str, Any]) -> Expert:
    """One expert from a file's data; `name` is the file's name without its ending. Raises CatalogueError."""
    if unknown := sorted(set(data) - set(Expert.model_fields)):
        raise CatalogueError(f"{name}: unknown field {unknown[0]!r}")
    try:
        expert = Expert.model_validate({**data, "instructions": str(data.get("instructions", "")).strip()})
    except ValidationError as error:
        first = error.errors()[0]
        raise CatalogueError(
            f"{name}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        ) from error
    if expert.agent_id != name:
        raise CatalogueError(f"{name}: its agent_id is {expert.agent_id!r}")
    return expert


@lru_cache(maxsize=2)
def _experts(folder: str) -> tuple[Expert, ...]:
    experts = [read_expert(name, data) for name, data in _data(folder)]
    return tuple(sorted(experts, key=lambda expert: expert.agent_id))


def _roles() -> Iterator[tuple[str, Speaker]]:
    for name, data in _data("roles"):
        yield name, Speaker(name, data["name"], data["title"], data["instructions"].strip())


def _data(folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, content) of every data file of a folder."""
    room: Traversable = files(__name__).joinpath(folder)
    for file in sorted(room.iterdir(), key=lambda entry: entry.name):
        name, dot, ending = file.name.rpartition(".")
        if dot and ending == "toml":
            try:
                yield name, tomllib.loads(file.read_text("utf-8"))
            except tomllib.TOMLDecodeError as error:
                raise CatalogueError(f"{file.name}: {error}") from error


BUILT_IN: Mapping[str, Speaker] = MappingProxyType(dict(_roles()))
"""judge, moderator and chair by their agent ids; they never vote and are not in the catalogue."""
