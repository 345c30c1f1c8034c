"""Embedded nats-server with JetStream on file storage, every write synced before it is acknowledged."""

import contextlib
import http.client
import json
import shutil
import signal
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from askpanel.local.servers import predecessor, process
from askpanel.local.servers.process import Running, ServerMissing

MIB = 1024 * 1024
LARGEST_STORE_BYTES = 4096 * MIB
SHARE_OF_DISK = 0.75
"""A store limit below the disk's size is a clean 503; a full disk is a stuck stream."""

ROUTE_USER = "route"
NOBODY = 1
"""A port where nobody listens."""

_STOPS = ((signal.SIGTERM, 10.0),)


@dataclass(frozen=True, slots=True)
class Membership:
    """One node's place in a cluster: its name, where it takes routes, whom it dials.

    `routes` are addresses `host:port`. `password` is what nodes show one another: on loopback anybody could
    join otherwise. With `announced` false the node tells the others an address where nobody listens, so that
    they meet by their own `routes` alone and whoever stands between can cut them apart.
    """

    name: str
    route_port: int
    routes: tuple[str, ...]
    password: str
    announced: bool = True


@dataclass(frozen=True, slots=True)
class NatsServer(Running):
    """A running server: `url` for clients, `monitoring_url` for /healthz, /varz, /jsz; `config` its file."""

    port: int
    monitoring_port: int
    config: Path

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def monitoring_url(self) -> str:
        return f"http://127.0.0.1:{self.monitoring_port}"


def start(
    data: Path,
    *,
    access: str = "",
    port: int | None = None,
    monitoring_port: int | None = None,
    max_file_store: int | None = None,
    sync_always: bool = True,
    membership: Membership | None = None,
    seconds: float = 20.0,
) -> NatsServer:
    """Start the server of `data` and wait until JetStream answers.

    `access` is text for the end of the configuration: an `authorization` or `accounts` block with the
    users and their permissions; empty lets every local user do everything. `max_file_store` is in
    bytes; by default 4 GiB, or three quarters of the disk if that is less. One node of a cluster is only
    begun: it answers when enough of the others are there (`wait`). Raises ServerError.
    """
    data = data.expanduser().absolute()
    data.mkdir(parents=True, exist_ok=True)
    lock = predecessor.hold(data, "NATS")
    try:
        predecessor.wait_until_gone(data / "nats.pid", str(data), time.monotonic() + seconds)
        limit = max_file_store or store_limit(data)
        server = _begin(data, lock, access, port, monitoring_port, limit, sync_always, membership)
    except BaseException:
        lock.close()
        raise
    if membership is None:
        wait(server, seconds=seconds)
    return server


def wait(server: NatsServer, *, seconds: float = 20.0, member: bool = False) -> None:
    """Wait until JetStream answers; a member of a cluster, until it has a leader and is up to date.

    Raises ServerDied or ServerNotReady; then it is stopped.
    """
    try:
        process.wait_ready(server, lambda: is_healthy(server, member=member), seconds=seconds)
    except BaseException:
        server.lock.close()
        raise


def _begin(
    data: Path,
    lock: TextIO,
    access: str,
    port: int | None,
    monitoring_port: int | None,
    max_file_store: int,
    sync_always: bool,
    membership: Membership | None,
) -> NatsServer:
    chosen = process.remembered_port(data / "port", port)
    monitoring = process.remembered_port(data / "monitoring-port", monitoring_port)
    config = data / "nats.conf"
    config.touch(mode=0o600)  # `access` holds passwords
    config.chmod(0o600)
    config.write_text(
        render_config(
            data=data,
            port=chosen,
            monitoring_port=monitoring,
            max_file_store=max_file_store,
            sync_always=sync_always,
            access=access,
            membership=membership,
        )
    )
    log = data / "nats.log"
    child = process.spawn([str(program()), "-c", str(config)], log=log, ending=signal.SIGTERM)
    name = "nats" if membership is None else membership.name
    return NatsServer(name, child, log, _STOPS, lock, port=chosen, monitoring_port=monitoring, config=config)


def render_config(
    *,
    data: Path,
    port: int,
    monitoring_port: int,
    max_file_store: int,
    sync_always: bool,
    access: str,
    membership: Membership | None = None,
) -> str:
    """The configuration file: what is ours, then `access` as given."""
    # Without sync_interval an acknowledged message may wait two minutes for the disk.
    sync = "always" if sync_always else '"2m"'
    name = "askpanel-local" if membership is None else f"askpanel-{membership.name}"
    return f"""\
server_name: {name}
pid_file: {json.dumps(str(data / "nats.pid"))}
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitoring_port}"
max_payload: 1MB
jetstream {{
  store_dir: {json.dumps(str(data / "jetstream"))}
  max_memory_store: 64MB
  max_file_store: {max_file_store}
  sync_interval: {sync}
}}
{_cluster(membership) if membership else ""}{access}
"""


def _cluster(member: Membership) -> str:
    login = f"{ROUTE_USER}:{member.password}"
    routes = ", ".join(json.dumps(f"nats-route://{login}@{address}") for address in member.routes)
    hidden = "" if member.announced else f'  advertise: "127.0.0.1:{NOBODY}"\n'
    return f"""\
cluster {{
  name: askpanel
  listen: "127.0.0.1:{member.route_port}"
  authorization {{ user: {ROUTE_USER}, password: {json.dumps(member.password)} }}
  routes: [{routes}]
{hidden}}}
"""


def store_limit(data: Path) -> int:
    """Bytes JetStream may use: 4 GiB, or three quarters of what it has plus what is free."""
    used = sum(file.stat().st_size for file in (data / "jetstream").rglob("*") if file.is_file())
    return min(LARGEST_STORE_BYTES, int((shutil.disk_usage(data).free + used) * SHARE_OF_DISK))


def program() -> Path:
    """The nats-server of the wheel (a script of this environment), else of the PATH."""
    installed = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(installed) if installed.exists() else shutil.which("nats-server")
    if found is None:
        raise ServerMissing("nats-server is not installed: run `make setup`")
    return Path(found)


def is_healthy(server: NatsServer, *, member: bool = False) -> bool:
    """Whether JetStream answers; of a member, whether it also has a leader and its streams are current."""
    connection = http.client.HTTPConnection("127.0.0.1", server.monitoring_port, timeout=1)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz" if member else "/healthz?js-enabled-only=true")
        return connection.getresponse().status == 200
    return False
