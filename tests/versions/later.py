"""A service as a later version might be: `python -m tests.versions.later MODULE`.

It is today's code, except that every event it writes has fields and a header that today's code does not know,
at every level, as an additive change would bring them.
"""

import json
import runpy
import sys
from typing import Any, cast

from askpanel.contracts import envelope
from askpanel.contracts.envelope import Recorded

MARK = "from_the_future"
FREE = ("configuration", "metrics", "matrix", "sides")
"""Tables whose keys are data and no fields."""


def with_unknown_fields(node: Any) -> Any:
    """JSON data with a field more in every object of it."""
    if isinstance(node, list):
        return [with_unknown_fields(item) for item in cast("list[Any]", node)]
    if isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        known = {key: value if key in FREE else with_unknown_fields(value) for key, value in fields.items()}
        return known | {MARK: [1]}
    return node


def lengthened(message: tuple[str, dict[str, str], bytes]) -> tuple[str, dict[str, str], bytes]:
    """A message as the later version writes it."""
    subject, headers, body = message
    return subject, headers | {"ce-future": "x"}, json.dumps(with_unknown_fields(json.loads(body))).encode()


def main() -> None:
    """Be the service, with its writing changed before anything that writes is imported."""
    todays = envelope.encode

    def encode(recorded: Recorded) -> tuple[str, dict[str, str], bytes]:
        return lengthened(todays(recorded))

    envelope.encode = encode
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
