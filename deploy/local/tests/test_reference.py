"""The reference of settings in docs/operating.md holds what is read outside of the settings classes, too."""

from collections.abc import Iterator, Mapping

from askpanel.expert_runner.models.resolve import ModelEnvironment
from askpanel.local.reference import reference


class Watched(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_every_variable_that_the_choice_of_a_model_reads_is_in_the_reference() -> None:
    environment = Watched()
    ModelEnvironment.of(environment)
    assert "ASKPANEL_MODEL" in environment.asked
    assert {name for name in environment.asked if f"`{name}`" not in reference()} == set()
