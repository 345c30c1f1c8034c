"""What it means that NATS does not answer, or not as it should: said once, for everybody who asks it."""

import nats.errors
import nats.js.errors

from askpanel.runtime.errors import LogMisconfigured, LogUnavailable

NO_SUCH_STREAM = 10059
GONE = frozenset({10037, 10057})
"""JetStream's codes for a message that is not there any more."""
CLIENT_ERRORS = (nats.errors.Error, OSError)
"""All that the client raises: JetStream's errors are of the first kind, an expired time of the second."""


class unavailable:
    """Turns what the client raises into LogUnavailable, with `what` in front."""

    def __init__(self, what: str = "") -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, CLIENT_ERRORS):
            raise LogUnavailable(f"{self._what}: {error!r}" if self._what else repr(error)) from error


class unavailable_or_absent(unavailable):
    """As `unavailable`; where there is no stream, LogMisconfigured: waiting does not bring it."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, nats.js.errors.NotFoundError) and error.err_code == NO_SUCH_STREAM:
            raise LogMisconfigured("there is no such stream: run the bootstrap step") from error
        super().__exit__(kind, error, _)
