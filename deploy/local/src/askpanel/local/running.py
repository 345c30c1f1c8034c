"""How other commands find a running stack: a file in its data folder, written when it is ready."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from askpanel.local import tokens
from askpanel.local.demo import TENANTS, DemoTenant
from askpanel.local.invocation import command
from askpanel.local.ports import PortTaken
from askpanel.local.secrets import Secrets, load_or_make
from askpanel.local.servers.predecessor import command_line
from askpanel.local.servers.process import ServerInUse
from askpanel.local.settings import LocalSettings
from askpanel.local.stack import Stack


class NoStack(Exception):
    """No stack runs on this data folder."""


class StackRuns(Exception):
    """A stack runs on this data folder already."""


class UnknownUser(Exception):
    """No demo tenant or user of this name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A running stack, as its file tells."""

    pid: int
    pids: dict[str, int]
    port: int
    gateways: list[str]
    auth_url: str
    anon_key: str
    nats_url: str
    database_url: str
    projector_url: str
    migrator_url: str
    data: Path
    secrets: Secrets
    model: str = ""
    """What answers, and why it was chosen; "" where a stack of an older version does not tell."""
    probes: dict[str, str] = field(default_factory=dict[str, str])
    """Where each process says whether it is ready; {} likewise."""

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self.port}"

    def tenant(self, slug: str) -> DemoTenant:
        """By slug. Raises UnknownUser."""
        for tenant in TENANTS:
            if tenant.slug == slug:
                return tenant
        raise UnknownUser(f"no tenant {slug!r}; there are {', '.join(t.slug for t in TENANTS)}")

    def token(self, slug: str, user: str) -> str:
        """A fresh token. Raises UnknownUser."""
        tenant = self.tenant(slug)
        try:
            found = tenant.user(user)
        except KeyError:
            raise UnknownUser(f"no user {user!r}; see `{command()} token --help`") from None
        return tokens.sign(
            self.secrets.jwt, issuer=tokens.issuer(self.port), user_id=found.id, email=found.email
        )


class Announced:
    """A stack that says where it is for as long as it runs."""

    def __init__(self, stack: Stack, *, model: str) -> None:
        self._stack, self._model = stack, model
        self._file = stack.settings.data.absolute() / "stack.json"

    def __enter__(self) -> Stack:
        try:
            stack = self._stack.__enter__()
        except (PortTaken, ServerInUse):
            refuse_second(self._stack.settings)  # it may have begun while we did
            raise
        self.announce()
        stack.restarted = self.announce
        return stack

    def announce(self) -> None:
        """Write where everything is now; again after every restart. Readers see the old file or the new one."""
        stack = self._stack
        told = {
            "pid": os.getpid(),
            "pids": stack.pids(),
            "model": self._model,
            "port": stack.port,
            "gateways": stack.gateways,
            "probes": stack.probes,
            "auth_url": stack.auth_url,
            "anon_key": stack.anon_key,
            "nats_url": stack.nats_url,
            "database_url": stack.database_url,
            "projector_url": stack.projector_url,
            "migrator_url": stack.migrator_url,
        }
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(told))
        draft.rename(self._file)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.unlink(missing_ok=True)
        self._stack.__exit__(kind, error, trace)


def find(settings: LocalSettings) -> Found:
    """The stack that runs on this data folder. Raises NoStack."""
    data = settings.data.absolute()
    told = _told(data / "stack.json")
    if not _is_ours(pid := told.get("pid")):
        raise NoStack(f"no stack runs on {data}: start one with `{command()} up` or `make run`")
    try:
        return Found(data=data, secrets=load_or_make(data), **told)
    except TypeError:
        raise NoStack(
            f"the stack on {data} was started by another version: end it with `kill {pid}`, then start it again"
        ) from None


def _told(file: Path) -> dict[str, Any]:
    """What the file says; {} where there is none, or a loss of power has left it empty or cut off."""
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}


def _is_ours(pid: Any) -> bool:
    """Whether a stack runs under this number, and no other program that has got it since."""
    return isinstance(pid, int) and is_alive(pid) and "askpanel" in (command_line(pid) or "")


def refuse_second(settings: LocalSettings) -> None:
    """Raises StackRuns where one runs on this data folder."""
    try:
        one = find(settings)
    except NoStack:
        return
    raise StackRuns(
        f"this stack runs already (process {one.pid}, {one.url}): end it with `{command()} down`"
    ) from None


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists (a zombie does not count)."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True
