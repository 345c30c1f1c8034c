"""Where a webhook may lead: to a public address, by https, whatever its name resolves to today.

    Forbidden       this address is never asked

The name is resolved once per attempt and the connection goes to the address that was checked, so a name that
changes between check and use (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_URL = 2000
PORTS = frozenset({443, 8443})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


async def resolve(where: Target, *, private: bool) -> str:
    """The address to connect to. Every address of the name must be allowed.

    Raises Forbidden, or OSError when the name does not resolve.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    addresses = [str(info[4][0]).partition("%")[0] for info in found]
    if not private:
        for address in addresses:
            check(ipaddress.ip_address(address))
    return addresses[0]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
