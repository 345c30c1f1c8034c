"""The NATS of a stack: one server, or a cluster of some on this machine with the log on all of them.

A cluster here is for trying and testing what happens when nodes fail: they share a machine and a disk. Its
files are in `nats-1`, `nats-2`, … beside where those of a single server would be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from askpanel.local.servers import nats, process
from askpanel.local.servers.nats import Membership, NatsServer

NAME = "nats"
SECONDS = 30.0
"""How long a cluster may take to agree on a leader."""

Links = Mapping[str, int]
"""Ports of go-betweens: `1>2` is where node 1 dials node 2, instead of dialling it directly."""


@dataclass(slots=True)
class NatsNodes:
    """Running nodes, in order. `watch` starts again what has ended."""

    data: Path
    access: str
    sync_always: bool
    route_password: str = ""
    links: Links = field(default_factory=dict[str, int])
    nodes: list[NatsServer] = field(default_factory=list[NatsServer])

    def start(self, count: int) -> None:
        """Begin so many nodes and wait until they serve. Raises ServerError; then none is left."""
        try:
            if count == 1:
                self.nodes = [nats.start(self.data / NAME, access=self.access, sync_always=self.sync_always)]
                return
            ports = [self._route_port(number) for number in range(1, count + 1)]
            for number in range(1, count + 1):
                self.nodes.append(self._begin(number, ports))
            for node in self.nodes:
                nats.wait(node, seconds=SECONDS, member=True)
        except BaseException:
            self.stop()
            raise

    @property
    def addresses(self) -> list[str]:
        """`host:port` of every node."""
        return [f"127.0.0.1:{node.port}" for node in self.nodes]

    def url(self, login: str = "") -> str:
        """For clients: every node, with commas between. `login` is `user:password`."""
        return ",".join(f"nats://{login}@{one}" if login else f"nats://{one}" for one in self.addresses)

    def pids(self) -> dict[str, int]:
        """Process ids by name: `nats`, or `nats-1` and so on."""
        return {node.name: node.pid for node in self.nodes}

    def probes(self) -> dict[str, str]:
        """Where each node says whether it is well; not so after a write failed, until it is started again."""
        return {node.name: f"{node.monitoring_url}/healthz" for node in self.nodes}

    def watch(self) -> list[str]:
        """Start again what has ended; its names. A node of a cluster is not waited for."""
        ended = [place for place, node in enumerate(self.nodes) if node.poll() is not None]
        for place in ended:
            self.nodes[place].stop()
            if len(self.nodes) == 1:
                self.nodes = [nats.start(self.data / NAME, access=self.access, sync_always=self.sync_always)]
            else:
                ports = [self._route_port(number) for number in range(1, len(self.nodes) + 1)]
                self.nodes[place] = self._begin(place + 1, ports)
        return [self.nodes[place].name for place in ended]

    def stop(self) -> None:
        """End them all."""
        for node in self.nodes:
            node.stop()
        self.nodes = []

    def _begin(self, number: int, ports: list[int]) -> NatsServer:
        others = [other for other in range(1, len(ports) + 1) if other != number]
        membership = Membership(
            name=f"{NAME}-{number}",
            route_port=ports[number - 1],
            routes=tuple(
                f"127.0.0.1:{self.links.get(f'{number}>{other}', ports[other - 1])}" for other in others
            ),
            password=self.route_password,
            announced=not self.links,
        )
        return nats.start(
            self._home(number), access=self.access, sync_always=self.sync_always, membership=membership
        )

    def _route_port(self, number: int) -> int:
        home = self._home(number)
        home.mkdir(parents=True, exist_ok=True)
        memo = home / "route-port"
        return int(memo.read_text()) if memo.exists() else process.remembered_port(memo)

    def _home(self, number: int) -> Path:
        return self.data / f"{NAME}-{number}"
