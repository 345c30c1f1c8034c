"""Where a webhook may lead: to a public address, by https, whatever its name resolves to today.

    Forbidden       this address is never asked

The name is resolved once per attempt and the connection goes to the address that was checked, so a name that
changes between check and use (DNS rebinding) gains nothing.

A lookup cannot be cut short, and a tenant's name server may take as long as the system's resolver waits. So each
has a thread of its own: those of the event loop are few, and connections to NATS wait for them too.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LONGEST_URL = 2000
PORTS = frozenset({443, 8443})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], list[Any]]
"""Blocks until it knows what `socket.getaddrinfo` tells of a host and port. Raises OSError."""


class Forbidden(ValueError):
    """This address is never asked. The text says why, for the endpoint's owner."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL: where to connect (`host` is still a name) and what to ask for."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """With the port where it is not the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.scheme == "https" else 80
        return name if self.port == usual else f"{name}:{self.port}"


def target(url: str, *, private: bool) -> Target:
    """Read a URL. `private` is for a local stack: http, any port and any address. Raises Forbidden."""
    if (
        len(url) > LONGEST_URL
        or not url.isascii()
        or any(ord(mark) <= 0x20 or ord(mark) == 0x7F for mark in url)
    ):
        raise Forbidden(f"must be an ASCII URL of at most {LONGEST_URL} characters without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("is no URL") from None
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise Forbidden("must begin with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise Forbidden("must have a host, and no user, password or fragment")
    if port not in PORTS and not private:
        raise Forbidden(f"may use port {' or '.join(map(str, sorted(PORTS)))} only")
    try:
        parts.hostname.encode("idna")
    except UnicodeError:
        raise Forbidden("has a host that is no name") from None
    literal = _literal(parts.hostname)
    if literal is not None and not private:
        check(literal)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def check(address: Address) -> None:
    """Raise Forbidden unless the whole internet can reach this address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            check(inner)
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        raise Forbidden("leads to an address that is not public")


def system(host: str, port: int) -> list[Any]:
    """As the system's resolver says."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def resolve(where: Target, *, private: bool, look_up: LookUp = system) -> str:
    """The address to connect to. Every address of the name must be allowed.

    Who stops waiting leaves the lookup going on: whoever bounds how many there are waits for its end. Raises
    Forbidden, or OSError when the name does not resolve.
    """
    found = await asyncio.wrap_future(_in_a_thread(look_up, where.host, where.port))
    addresses = [str(info[4][0]).partition("%")[0] for info in found]
    if not private:
        for address in addresses:
            check(ipaddress.ip_address(address))
    return addresses[0]


def _in_a_thread(look_up: LookUp, host: str, port: int) -> Future[list[Any]]:
    """In a daemon, unlike the threads of an executor: a process that ends does not wait for it."""
    found: Future[list[Any]] = Future()
    found.set_running_or_notify_cancel()

    def run() -> None:
        try:
            found.set_result(look_up(host, port))
        except Exception as error:  # noqa: BLE001  (for whoever waits)
            found.set_exception(error)

    threading.Thread(target=run, name="lookup", daemon=True).start()
    return found


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
