"""`askpanel dead`: look at what services gave up on, have it handled again, or drop it.

A retry publishes nothing: the message still stands on its stream, and a process of the service that gave it
up handles it there (askpanel.runtime.retries). For the projector, which keeps its place and not messages, a
retry writes the message's panel anew from the log. Retry and drop leave a line in stream AUDIT.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, TypeVar

import nats.js.errors
import typer
from nats.aio.client import Client
from rich.console import Console

from askpanel.contracts.subjects import BadSubject, parse
from askpanel.gateway.readmodel.replay import replay
from askpanel.local.invocation import command
from askpanel.local.listing import line, show_rows
from askpanel.local.operator import Servers, connected, servers, who
from askpanel.runtime import letters
from askpanel.runtime.letters import Letter, NotRetried
from askpanel.runtime.log import EventLog

PROJECTOR = "projector"
RETRY_SECONDS = 180.0
ERROR_CHARACTERS = 80
"""Of an error in the list; `dead show` has all of it."""

commands = typer.Typer(no_args_is_help=True, help="Look after messages that could not be processed.")
out = Console()

NumbersArgument = Annotated[list[int] | None, typer.Argument(help="Letters, as `dead list` numbers them")]
AllOption = Annotated[bool, typer.Option("--all", help="Every letter, or every one of --durable")]
DurableOption = Annotated[str | None, typer.Option("--durable", help="Only what this consumer gave up on")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line")]
Result = TypeVar("Result")


class NoLetter(Exception):
    """There is no dead letter of this number, or none was named."""


@commands.command("list")
def list_letters(durable: DurableOption = None, as_json: JsonOption = False) -> None:
    """What was given up on, oldest first; nothing of its content. Through a pipe, with tabs."""
    found = _run(lambda client, _: letters.read_letters(client.jetstream()))
    chosen = [letter for letter in found if durable in (None, letter.durable)]
    if as_json:
        for letter in chosen:
            print(json.dumps(letter.told()))
        return
    names = ("letter", "at (UTC)", "durable", "reason", "message", "error")
    show_rows(out, names, [_cells(letter) for letter in chosen])
    if out.is_terminal:
        line(out, f"{len(chosen)} dead letters")


@commands.command()
def show(
    number: int,
    body: Annotated[bool, typer.Option("--body", help="Also what people and models wrote")] = False,
) -> None:
    """All of one letter as JSON: reason, error, subject, headers; the body only when asked for."""

    async def look(client: Client, _: Servers) -> dict[str, Any]:
        (letter,) = _chosen(await letters.read_letters(client.jetstream()), [number], None, everything=False)
        told = letter.told() | {"headers": dict(letter.headers or {})}
        return told | {"body": letter.body.decode(errors="replace")} if body else told

    print(json.dumps(_run(look), indent=2, ensure_ascii=False))


@commands.command()
def retry(
    numbers: NumbersArgument = None,
    everything: AllOption = False,
    durable: DurableOption = None,
    seconds: Annotated[float, typer.Option("--seconds", help="Patience with each")] = RETRY_SECONDS,
) -> None:
    """Handle messages again, in the order of their streams. Exit code 1 when one could not be."""

    async def work(client: Client, where: Servers) -> bool:
        found = await letters.read_letters(client.jetstream())
        chosen = _chosen(found, numbers or [], durable, everything=everything)
        outcomes = [await _retry(client, where, letter, seconds) for letter in chosen]
        return all(outcomes)

    if not _run(work):
        raise typer.Exit(1)


@commands.command()
def drop(
    because: Annotated[str, typer.Option("--because", help="Why, for the audit")],
    numbers: NumbersArgument = None,
    everything: AllOption = False,
    durable: DurableOption = None,
) -> None:
    """Take letters away for good. The messages stay on their streams; nobody will handle them."""

    async def work(client: Client, _: Servers) -> int:
        found = await letters.read_letters(client.jetstream())
        chosen = _chosen(found, numbers or [], durable, everything=everything)
        for letter in chosen:
            await letters.drop(client.jetstream(), letter, by=who(), because=because)
        return len(chosen)

    line(out, f"dropped {_run(work)}; `{command()} dead history` keeps what and why")


@commands.command()
def history() -> None:
    """What was retried and dropped, by whom and why: a JSON object a line."""
    for entry in _run(lambda client, _: letters.read_audit(client.jetstream())):
        print(json.dumps(entry, ensure_ascii=False))


def _cells(letter: Letter) -> tuple[str, ...]:
    at = letter.at.strftime("%Y-%m-%d %H:%M:%S")
    message = f"{letter.stream} {letter.sequence} {'.'.join(letter.subject.split('.')[:2])}"
    error = " ".join(letter.error.split())[:ERROR_CHARACTERS]
    return str(letter.number), at, letter.durable, letter.reason, message, error


async def _retry(client: Client, where: Servers, letter: Letter, seconds: float) -> bool:
    try:
        if letter.durable == PROJECTOR:
            how = await _project_again(client, where, letter)
        else:
            await letters.retry(client, letter, seconds=seconds)
            how = "handled again"
    except NotRetried as error:
        line(out, f"{letter.number}: {error}", style="red")
        return False
    await letters.settle(client.jetstream(), letter, by=who(), how=how)
    line(out, f"{letter.number}: {how}", style="green")
    return True


async def _project_again(client: Client, where: Servers, letter: Letter) -> str:
    """Write the panel of a message that the projector passed over. Raises NotRetried."""
    try:
        _, panel = parse(letter.subject)
    except BadSubject:
        raise NotRetried(f"{letter.subject!r} is no event of a panel: it can only be dropped") from None
    report = await replay(EventLog(client), where.projector_url, within=panel, restore=True)
    if report.unreadable or report.refused:
        raise NotRetried(
            f"this build still cannot project {report.unreadable + report.refused} events of the panel"
        )
    return f"panel written anew: {len(report.differences)} rows differed"


def _chosen(
    found: list[Letter], numbers: list[int], durable: str | None, *, everything: bool
) -> list[Letter]:
    """The letters meant. Raises NoLetter."""
    if bool(numbers) == everything:
        raise NoLetter("name letters by number, or say --all")
    mine = [letter for letter in found if durable in (None, letter.durable)]
    missing = set(numbers) - {letter.number for letter in mine}
    if missing:
        raise NoLetter(f"no dead letter {', '.join(map(str, sorted(missing)))}: see `{command()} dead list`")
    chosen = [letter for letter in mine if everything or letter.number in numbers]
    return sorted(chosen, key=lambda letter: (letter.stream, letter.sequence))


def _run(work: Callable[[Client, Servers], Coroutine[Any, Any, Result] | Awaitable[Result]]) -> Result:
    async def connect() -> Result:
        where = servers()
        async with connected(where.nats_url) as client:
            return await work(client, where)

    try:
        return asyncio.run(connect())
    except nats.js.errors.NotFoundError:
        raise NoLetter("the streams DEAD and AUDIT are not there: run the bootstrap step") from None
