"""Readiness of the gateway: it stands on two sides, the log and the database, and lives with one.

Red until both have answered once, while draining, with both down, and while something stands in the way
that waiting does not cure (a schema that is not ours, a follower that has failed). With one side down it
stays ready: taking it out of service would end every live view, while only the calls that need the lost
side fail.
"""

import asyncio
from collections.abc import Mapping

from prometheus_client import Gauge

from askpanel.runtime.health import Check

SIDE_UP = Gauge("askpanel_gateway_side_up", "Whether a side answered its last check.", ["side"])


class Sides:
    """Asks each side on each probe."""

    def __init__(self, checks: Mapping[str, Check], *, timeout: float = 2.0) -> None:
        self._checks = checks
        self._timeout = timeout
        self._seen: set[str] = set()
        self.draining = False
        self.obstacles: dict[str, str] = {}

    async def report(self) -> tuple[bool, dict[str, str]]:
        """Whether the gateway is ready, and which side is not well, and why."""
        names = list(self._checks)
        answers = await asyncio.gather(*(self._ask(name) for name in names))
        failures = {name: why for name, why in zip(names, answers, strict=True) if why is not None}
        self._seen |= set(names) - set(failures)
        for name in names:
            SIDE_UP.labels(name).set(name not in failures)
        both_seen, one_up = self._seen == set(names), len(failures) < len(names)
        told = {"process": "draining"} if self.draining else {}
        ready = both_seen and one_up and not self.draining and not self.obstacles
        return ready, told | self.obstacles | failures

    async def _ask(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._checks[name]()
        except Exception as error:  # noqa: BLE001  (whatever a check raises is the answer of the probe)
            return f"{type(error).__name__}: {error}"
        return None
