"""Installs one service into a folder, as an image holds it: `python install.py SERVICE FOLDER [--extra EXTRA]`.

1. What the service and the members of this workspace that it stands on declare, resolved to the versions of
   `requirements.lock`. 2. Of the lock, only those packages, with their hashes, installed: nothing that the
   lock does not have, in no other build than it has. 3. The members themselves, compiled once.

The folder then holds every import and `packages.txt`, the service's own part of the lock: what an SBOM
must list. Needs uv and uv_build (requirements-bootstrap.lock) beside this interpreter; the image has neither.
"""

import argparse
import compileall
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
SERVICES = ("gateway", "orchestrator", "expert-runner", "consensus", "usage")
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[(?P<extras>[^\]]*)\])?")


class NotInTheLock(Exception):
    """A service needs what `requirements.lock` does not pin: run `make lock`."""


def members() -> dict[str, Path]:
    """The workspace's packages by name."""
    found = [*ROOT.glob("contracts/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    return {_project(path.parent)["name"]: path.parent for path in found}


def closure(member: str, extras: tuple[str, ...] = ()) -> tuple[list[Path], list[str]]:
    """Folders of the members that `member` stands on, itself included, and what they declare from outside."""
    folders: list[Path] = []
    outside: list[str] = []
    for requirement in _declared(members()[member], extras):
        name = _REQUIREMENT.match(requirement)
        assert name is not None
        if name["name"] in members():
            below, more = closure(name["name"], tuple(filter(None, (name["extras"] or "").split(","))))
            folders += below
            outside += more
        else:
            outside.append(requirement)
    return list(dict.fromkeys([*folders, members()[member]])), list(dict.fromkeys(outside))


def pinned(outside: list[str], uv: str) -> str:
    """The blocks of the lock, hashes included, that `outside` resolves to. Raises NotInTheLock."""
    blocks: dict[str, str] = {}
    for name, block in lock_blocks(LOCK.read_text()):  # a package may have one per version of Python
        blocks[name] = blocks.get(name, "") + block
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.in"
        wanted.write_text("\n".join(outside) + "\n")
        command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", str(wanted)]
        command += ["--constraint", str(LOCK), "--python", sys.executable]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    names = [normalised(line.partition("==")[0]) for line in lines]
    if missing := sorted(set(names) - blocks.keys()):
        raise NotInTheLock(f"not in requirements.lock: {', '.join(missing)}")
    return "".join(blocks[name] for name in sorted(names))


def lock_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each package of a lock with its lines."""
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        if "==" in block:
            yield normalised(block.partition("==")[0]), block


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 writes it, without extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0].strip()).lower()


def install(service: str, target: Path, extras: tuple[str, ...] = ()) -> None:
    """Fill `target`; see the module. Raises CalledProcessError, NotInTheLock."""
    uv = str(Path(sys.executable).with_name("uv"))
    folders, outside = closure(f"askpanel-{service}", extras)
    target.mkdir(parents=True, exist_ok=True)
    packages = target / "packages.txt"
    packages.write_text(pinned(outside, uv))
    into = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target)]
    subprocess.run([*into, "--no-deps", "--require-hashes", "-r", str(packages)], check=True)
    subprocess.run([*into, "--no-deps", "--no-build-isolation", *map(str, folders)], check=True)
    compileall.compile_dir(target, quiet=2, workers=0, invalidation_mode=None)


def _project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())["project"]


def _declared(folder: Path, extras: tuple[str, ...]) -> list[str]:
    project = _project(folder)
    optional = project.get("optional-dependencies", {})
    return [*project.get("dependencies", ()), *(part for extra in extras for part in optional[extra])]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("target", type=Path)
    parser.add_argument("--extra", action="append", default=[], help="an optional part: embeddings, local")
    options = parser.parse_args()
    install(options.service, options.target, tuple(options.extra))


if __name__ == "__main__":
    main()
