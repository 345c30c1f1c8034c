"""Embedded PostgreSQL 18: the wheel's programs, our launcher.

The cluster is `<data>/cluster` (or outside, see `placement`), made on the first start. It listens on
127.0.0.1 only, over TCP, and trusts every local user: for development on one's own machine.
Durability is left at its safe defaults; memory and idle work are turned down.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from askpanel.local.servers import placement, predecessor, process
from askpanel.local.servers.process import Account, Running, ServerDied, ServerError

MAJOR = "18"
SUPERUSER = "supabase_admin"
"""As on the platform, where `postgres` is an ordinary role (made by the platform stand-in's SQL)."""

SETTINGS: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a data path may be longer than a socket path can be
    "max_connections": "100",
    "shared_buffers": "32MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "io_method": "sync",  # no three input/output worker processes for a small database
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    # A refused statement may hold a question or an answer: neither it nor its values go to the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
NOT_DURABLE: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests only: a loss of power may destroy the cluster."""

_STOPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))  # SIGTERM would wait for every client


@dataclass(frozen=True, slots=True)
class PostgresServer(Running):
    """A running server: `url()` for a login, `cluster` its data, `moved` why that is not below `data`."""

    port: int
    cluster: Path
    moved: str | None

    def url(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"


def start(
    data: Path, *, port: int | None = None, settings: Mapping[str, str] | None = None, seconds: float = 20.0
) -> PostgresServer:
    """Start the server of `data`, making its cluster on the first call, and wait until it takes clients.

    Survives an earlier `kill -9` of ours or of the server: a stale pid file is removed, a server that
    is still shutting down is waited for. `settings` override SETTINGS. Raises ServerError.
    """
    data = data.expanduser().absolute()
    data.mkdir(parents=True, exist_ok=True)
    lock = predecessor.hold(data, "PostgreSQL")
    try:
        return _start(data.resolve(), lock, port, {**SETTINGS, **(settings or {})}, seconds)
    except BaseException:
        lock.close()
        raise


def _start(
    data: Path, lock: TextIO, port: int | None, settings: Mapping[str, str], seconds: float
) -> PostgresServer:
    account = placement.server_account()
    programs = placement.programs(account)
    home = placement.data_home(data, account)
    cluster = home / "cluster"
    if not cluster.exists():
        _make_cluster(programs, cluster, account, sync=settings["fsync"] == "on")
    _check_version(cluster)
    deadline = time.monotonic() + seconds
    # PostgreSQL checks for itself too, but takes any process that got the old number for a server.
    predecessor.wait_until_gone(cluster / "postmaster.pid", str(cluster), deadline)
    moved = None if home == data else f"`nobody` cannot enter {data}: PostgreSQL's files are in {home}"
    while True:
        chosen = process.remembered_port(data / "port", port)
        child = process.spawn(
            _command(programs, cluster, chosen, settings),
            log=data / "postgres.log",
            ending=signal.SIGINT,
            account=account,
        )
        server = PostgresServer(
            "postgres", child, data / "postgres.log", _STOPS, lock, port=chosen, cluster=cluster, moved=moved
        )
        try:
            process.wait_ready(server, partial(_is_ready, cluster, server.pid), seconds=seconds)
        except ServerDied as died:
            if not _is_passing(str(died)) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return server


def _command(programs: Path, cluster: Path, port: int, settings: Mapping[str, str]) -> list[str]:
    argv = [str(programs / "postgres"), "-D", str(cluster), "-p", str(port)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    return argv


def _is_passing(reason: str) -> bool:
    """Backends outlive a killed postmaster for a moment and hold its memory; a port may be snatched."""
    return "shared memory block" in reason or "Address already in use" in reason


def _make_cluster(programs: Path, cluster: Path, account: Account | None, *, sync: bool) -> None:
    """`initdb` beside the final name, renamed when complete: a killed first start leaves no half cluster."""
    draft = cluster.with_name("cluster.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    if account:
        os.chown(draft, account.uid, account.gid)
    argv = [
        *(str(programs / "initdb"), "-D", str(draft), "-A", "trust", "-U", SUPERUSER, "-E", "UTF8"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        *(() if sync else ("--no-sync",)),
    ]
    made = subprocess.run(
        argv,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=() if account else None,
    )
    if made.returncode:
        raise ServerError(
            f"initdb failed with {made.returncode}: {made.stderr.strip() or made.stdout.strip()}"
        )
    draft.rename(cluster)


def _check_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise ServerError(
            f"{cluster} was made by PostgreSQL {found}, this is {MAJOR}: move it away to start anew"
        )


def _is_ready(cluster: Path, pid: int) -> bool:
    """What `pg_ctl -w` checks: line 1 of postmaster.pid is the child, line 8 its state."""
    with contextlib.suppress(FileNotFoundError):
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
    return False
