"""Writes what is derived from the contracts: `python -m askpanel.contracts.generate [--check | --release]`.

    contracts/messages/schemas/<type>.v<version>.json    JSON Schema of each event's data
    contracts/messages/asyncapi.json                     AsyncAPI 3
    contracts/messages/typescript/events.ts              types for TypeScript
    deploy/nats/permissions.conf                         users and rights; passwords from the environment
    deploy/nats/permissions-webhooks.conf                the same, and the user of the webhooks process
    docs/events.md                                       the table between its markers

`--check` writes nothing and exits 1 with a line per stale file. `--release` records today's schemas in
contracts/messages/released.json, and refuses when they would break somebody.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from askpanel.contracts import asyncapi, typescript
from askpanel.contracts.compatibility import breaking_changes, without_words
from askpanel.contracts.documents import event_table, with_generated
from askpanel.contracts.permissions import (
    OPTIONAL_SERVICES,
    SERVICES,
    STEPS,
    authorization,
    password_variable,
)
from askpanel.contracts.schemas import Schema, event_schemas

MESSAGES = Path("contracts/messages")
RELEASED = MESSAGES / "released.json"
SCHEMAS = MESSAGES / "schemas"
GUIDE = Path("docs/events.md")
PERMISSIONS = Path("deploy/nats/permissions.conf")
WITH_WEBHOOKS = Path("deploy/nats/permissions-webhooks.conf")
"""The same with the user of the webhooks process, for where it runs."""


def outputs(root: Path) -> dict[Path, str]:
    """Text of every generated file by its path in the repository."""
    files = {SCHEMAS / f"{key}.json": _json(schema) for key, schema in event_schemas().items()}
    files[MESSAGES / "asyncapi.json"] = _json(asyncapi.document())
    files[MESSAGES / "typescript" / "events.ts"] = typescript.module()
    files[PERMISSIONS] = permissions_file(SERVICES)
    files[WITH_WEBHOOKS] = permissions_file((*SERVICES, *OPTIONAL_SERVICES))
    files[GUIDE] = with_generated((root / GUIDE).read_text(), event_table())
    return files


def permissions_file(services: Sequence[str]) -> str:
    """What a server's configuration includes; every password is a variable of its environment."""
    users = (*services, *STEPS, "admin")
    variables = "\n".join(f"#   {password_variable(user)}" for user in users)
    heading = (
        "# Generated from the contracts by `make generate`. Do not edit; `include` it in the server's\n"
        f"# configuration. The server's environment must hold\n{variables}\n"
        "# in double quotes: the server reads a value as configuration text, 12e3 would be a number.\n"
    )
    return heading + authorization({user: f"${password_variable(user)}" for user in users})


def stale(root: Path) -> list[Path]:
    """Generated files that are missing, differ, or belong to no event any more."""
    wanted = outputs(root)
    changed = [path for path, text in wanted.items() if not _says(root / path, text)]
    return sorted([*changed, *_left(root, wanted)])


def _left(root: Path, wanted: Mapping[Path, str]) -> list[Path]:
    """Schemas of versions that are neither today's nor released."""
    there = {path.relative_to(root) for path in (root / SCHEMAS).glob("*.json")}
    known = released(root)
    return [path for path in there - wanted.keys() if path.stem not in known]


def write(root: Path) -> None:
    """Bring every generated file up to date."""
    wanted = outputs(root)
    for path in _left(root, wanted):
        (root / path).unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if not _says(root / path, text):
            (root / path).write_text(text)


def released(root: Path) -> Mapping[str, Schema]:
    """The structure of every schema that was ever released, by `<type>.v<version>`."""
    file = root / RELEASED
    return json.loads(file.read_text()) if file.exists() else {}


def incompatible(root: Path) -> list[str]:
    """What today's schemas break in released ones, a sentence each."""
    today = event_schemas()
    return [
        f"{key}{change}"
        for key, schema in released(root).items()
        if key in today
        for change in breaking_changes(schema, today[key])
    ]


def release(root: Path) -> None:
    """Record today's schemas beside all earlier ones."""
    known = dict(released(root)) | {key: without_words(schema) for key, schema in event_schemas().items()}
    (root / RELEASED).write_text(_json(dict(sorted(known.items()))))


def main(arguments: list[str] | None = None) -> int:
    """The command; the exit code is its answer."""
    parser = argparse.ArgumentParser(prog="python -m askpanel.contracts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    parser.add_argument("--release", action="store_true", help="record today's schemas as released")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[5], help="the repository")
    options = parser.parse_args(arguments)
    root: Path = options.root
    problems = incompatible(root)
    if problems:
        print("\n".join(["breaks a released schema: give it a new version", *problems]), file=sys.stderr)
        return 1
    if options.check:
        found = stale(root)
        for path in found:
            print(f"stale: {path} (run `make generate`)")
        return 1 if found else 0
    write(root)
    if options.release:
        release(root)
    return 0


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    raise SystemExit(main())
