"""`python -m askpanel.local.reference [--check]`: the settings in docs/operating.md, from the classes that read them."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from askpanel.consensus.settings import ConsensusSettings
from askpanel.expert_runner.models.resolve import OLLAMA, PROVIDERS
from askpanel.expert_runner.settings import ExpertRunnerSettings
from askpanel.gateway.migration_job import MigrationSettings
from askpanel.gateway.projector import ProjectorSettings
from askpanel.gateway.settings import GatewaySettings
from askpanel.gateway.webhooks.settings import WebhookSettings
from askpanel.local.settings import LocalSettings
from askpanel.orchestrator.settings import OrchestratorSettings
from askpanel.runtime.archive_job import ArchiveSettings
from askpanel.runtime.bootstrap_job import BootstrapSettings
from askpanel.runtime.settings import ServiceSettings
from askpanel.usage.settings import UsageSettings

PAGE = Path(__file__).parents[5] / "docs" / "operating.md"
BEGIN, END = "<!-- settings: generated -->", "<!-- settings: end -->"
CLASSES: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("every service", ServiceSettings),
    ("gateway", GatewaySettings),
    ("projector", ProjectorSettings),
    ("webhooks (optional)", WebhookSettings),
    ("orchestrator", OrchestratorSettings),
    ("expert-runner", ExpertRunnerSettings),
    ("consensus", ConsensusSettings),
    ("usage", UsageSettings),
    ("migration step", MigrationSettings),
    ("bootstrap step", BootstrapSettings),
    ("archive step", ArchiveSettings),
    ("local stack", LocalSettings),
)
MODEL_ROWS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("ASKPANEL_MODEL",),
        "",
        "Which model answers. None: the first that is found ([in this order](models.md#which-model-is-used)).",
    ),
    *((provider.keys, "", f"Key of {provider.title}.") for provider in PROVIDERS),
    (("ASKPANEL_OPENAI_BASE_URL",), OLLAMA, "An OpenAI-compatible server. Set, it must list a model."),
    (("ASKPANEL_LOCAL_GGUF",), "", "A model file of your own, in place of the demo model."),
)
"""Variables, default and meaning of what the choice of a model reads (`models.resolve`), which no class does."""


def reference() -> str:
    """The tables, one per class; a service's table leaves out what every service has."""
    return "\n\n".join("\n".join(_table(title, settings)) for title, settings in CLASSES)


def _table(title: str, settings: type[BaseSettings]) -> Iterator[str]:
    shared = set(ServiceSettings.model_fields) if settings is not ServiceSettings else set[str]()
    yield f"### {title}\n"
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        if name not in shared or not issubclass(settings, ServiceSettings):
            yield f"| {_variable(name, field)} | {_default(field)} | {field.description or ''} |"
    if settings is ExpertRunnerSettings:
        for names, default, meaning in MODEL_ROWS:
            yield f"| {_either(names)} | {f'`{default}`' if default else '–'} | {meaning} |"


def _variable(name: str, field: FieldInfo) -> str:
    if isinstance(field.validation_alias, AliasChoices):
        return _either(field.validation_alias.choices)
    return f"`ASKPANEL_{name.upper()}`"


def _either(names: Iterable[object]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    text = getattr(value, "get_secret_value", lambda: value)()
    if isinstance(text, tuple):
        text = ",".join(map(str, text))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return f"`{text}`" if text not in (None, "") else "–"


def main() -> int:
    """Write the page, or with --check only say whether it is current."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}\n{reference()}\n{END}{after}"
    if "--check" in sys.argv[1:]:
        if wanted != page:
            print("docs/operating.md is stale: run `make generate`", file=sys.stderr)
        return int(wanted != page)
    PAGE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
