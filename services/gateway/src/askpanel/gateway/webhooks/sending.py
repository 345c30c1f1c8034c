"""One request to somebody else's server: to the address that was checked, bounded in time, never redirected."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

from askpanel.gateway.webhooks.addresses import Forbidden, Target, resolve, target

GONE = 410
LONGEST_RETRY_AFTER = 3600.0


class Resolver(Protocol):
    """Gives the one address to connect to, checked. Raises Forbidden or OSError."""

    async def __call__(self, where: Target, *, private: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` None: there was no answer, `error` says why. `final`: another attempt is pointless."""

    status: int | None
    error: str = ""
    took_ms: int = 0
    retry_after: float | None = None
    final: bool = False

    @property
    def delivered(self) -> bool:
        """Only 2xx is success; a redirect is not."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Posts bodies. No connection is kept: one that was verified for a name must not serve another."""

    def __init__(
        self,
        *,
        private: bool,
        seconds: float,
        verify: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._private = private
        self._seconds = seconds
        self._resolver = resolver
        self._http = httpx.AsyncClient(
            verify=verify or True,
            trust_env=False,
            follow_redirects=False,
            timeout=seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def aclose(self) -> None:
        """Let go of what is open."""
        await self._http.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """One attempt; whatever goes wrong is its outcome. The answer's body is not read.

        It ends no sooner than the lookup of the name, which would go on by itself beside that of the next attempt:
        so there are never more lookups, of all or of one tenant, than requests in hand.
        """
        began = time.monotonic()
        try:
            where = target(url, private=self._private)
            address = await self._resolver(where, private=self._private)
            async with asyncio.timeout(self._seconds - (time.monotonic() - began)):
                answer = await self._post(where, address, headers, body)
        except Forbidden as error:
            return Attempt(None, f"the address {error}", _since(began), final=True)
        except (UnicodeError, httpx.InvalidURL) as error:
            return Attempt(None, f"the address is none: {error}"[:300], _since(began), final=True)
        except TimeoutError:
            return Attempt(None, f"no answer within {self._seconds:g} s", _since(began))
        except (httpx.HTTPError, OSError) as error:
            return Attempt(None, f"{type(error).__name__}: {error}"[:300], _since(began))
        retry_after = _seconds(answer.headers.get("retry-after", ""))
        final = answer.status_code == GONE
        error = "" if answer.is_success else f"answered {answer.status_code}"
        return Attempt(answer.status_code, error, _since(began), retry_after, final)

    async def _post(
        self, where: Target, address: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        pinned = f"[{address}]" if ":" in address else address
        request = self._http.build_request(
            "POST",
            f"{where.scheme}://{pinned}:{where.port}{where.path}",
            content=body,
            headers={**headers, "Host": where.host_header},
            extensions={"sni_hostname": where.host},
        )
        answer = await self._http.send(request, stream=True)
        await answer.aclose()
        return answer


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; dates are not honoured."""
    return min(float(text), LONGEST_RETRY_AFTER) if text.isascii() and text.isdigit() else None
