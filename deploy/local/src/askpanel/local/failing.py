"""What ends a command, as the one line that is told of it. What is not among `KNOWN` is a bug, and shows as one."""

import errno

import asyncpg
import nats.errors

from askpanel.contracts.archive import Damaged
from askpanel.expert_runner.models.local import LocalModelError
from askpanel.expert_runner.models.resolve import Unusable
from askpanel.expert_runner.models.weights import WeightsError
from askpanel.gateway.readmodel.migrate import MigrationError
from askpanel.gateway.readmodel.replay import NothingProjected
from askpanel.gateway.readmodel.store import SchemaDrift
from askpanel.local import dead, erasing, question, running
from askpanel.local.client import ApiError
from askpanel.local.consumers import NoDurable
from askpanel.local.invocation import command
from askpanel.local.operator import NoServer
from askpanel.local.ports import PortTaken
from askpanel.local.servers.process import ServerError
from askpanel.runtime.errors import LogError
from askpanel.runtime.projection import StoreUnavailable

OURS = (
    ApiError,
    Damaged,
    LocalModelError,
    LogError,
    MigrationError,
    NoDurable,
    NoServer,
    NothingProjected,
    PortTaken,
    ServerError,
    StoreUnavailable,
    Unusable,
    WeightsError,
    dead.NoLetter,
    erasing.EraseRefused,
    question.Unfit,
    running.NoStack,
    running.StackRuns,
    running.UnknownUser,
)
"""Their text is the line."""
KNOWN = (*OURS, asyncpg.PostgresError, asyncpg.InterfaceError, nats.errors.Error, OSError)


def line(error: Exception) -> str:
    """What happened and what to do next, of one of `KNOWN`."""
    again = f"`{command()} doctor` looks at the servers; then give the same command again"
    match error:
        case SchemaDrift():
            return (
                f"the tables are not as expected: `{command()} doctor` says what differs and how to mend it"
            )
        case _ if isinstance(error, OURS):
            return str(error)
        case asyncpg.PostgresError() | asyncpg.InterfaceError():
            # Its first argument only: the detail may quote a row.
            logins = "docs/operating.md, Commands, names the login that a command wants"
            return f"Postgres: {_text(error.args[0] if error.args else error)}: {logins}; {again}"
        case nats.errors.Error():
            return f"NATS: {_text(error)}: {again}"
        case OSError(filename=str(file)):
            return f"{file}: {error.strerror}: see that its folder is there and may be written to"
        case OSError(errno=errno.ENOSPC):
            return (
                "no space is left where this was to be written: make room; then give the same command again"
            )
        case _:
            return f"a server does not answer: {_text(error)}: {again}"


def _text(error: object) -> str:
    """On one line; an expired time has no words."""
    return " ".join(str(error).split()) or type(error).__name__
