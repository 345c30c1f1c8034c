"""The `askpanel` command. Every error is one line that says what to do next, with exit code 1 or 2."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from askpanel.local import answering, asking, dead, listing, question, running, tenant_data
from askpanel.local.client import ApiClient, ApiError
from askpanel.local.demo import TENANTS
from askpanel.local.invocation import command as typed
from askpanel.local.operator import servers
from askpanel.local.ports import free_port
from askpanel.local.settings import LocalSettings
from askpanel.local.stack import WATCH_SECONDS, Stack
from askpanel.local.welcome import how_to_use
from askpanel.runtime.settings import load

SAMPLE = (
    "We built a wearable that detects atrial fibrillation with a new algorithm. "
    "Should we file it as De Novo rather than as 510(k)?"
)
"""A question to support or oppose. An either-or needs its answers named, or nothing can be counted."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(dead.commands, name="dead")
for command in (tenant_data.erase_panel, tenant_data.erase_tenant, tenant_data.export_tenant):
    app.command()(command)
out = Console()
err = Console(stderr=True)

TypeOption = Annotated[
    str, typer.Option("--type", help="structured, open, socratic, adversarial, delphi, hybrid")
]
ExpertsOption = Annotated[
    str | None,
    typer.Option("--experts", help="How many, or agent ids with commas between; default: chosen for you"),
]
AnswersOption = Annotated[
    list[str] | None,
    typer.Option("--option", help="An answer to choose from; give two or more. Without, stances are counted"),
]
TENANT, USER = "acme", "member"
TenantOption = Annotated[str, typer.Option("--tenant", help="A tenant's slug")]
UserOption = Annotated[str, typer.Option("--user", help="owner, admin, member, guest, inactive, invited")]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON line per event on stdout, the whole panel last")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Model string; see docs/models.md")]


@app.command()
def up(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout when ready")] = False,
    model: ModelOption = None,
) -> None:
    """Start NATS, Postgres and every service, and serve until Ctrl-C."""
    with _stack(model, told=_teller(quiet=as_json)) as stack:
        if as_json:
            print(json.dumps(stack.describe()), flush=True)
        else:
            _say_how_to_use(stack)
        _serve(stack, stop=threading.Event())


@app.command()
def run(
    asked: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask")] = SAMPLE,
    once: Annotated[bool, typer.Option("--once", help="End after the panel")] = False,
    panel_type: TypeOption = "structured",
    experts: ExpertsOption = None,
    model: ModelOption = None,
    options: AnswersOption = None,
) -> None:
    """Start everything, ask one question, show the panel, keep serving."""
    body = _body(asked, panel_type, experts or "3", options or [])
    with _stack(model, told=_teller(quiet=False)) as stack:
        completed = threading.Event()
        ended = threading.Event()
        failure: list[str] = []

        def work() -> None:
            try:
                if _ask(_client_of(stack), body, as_json=False):
                    completed.set()
            except ApiError as error:
                failure.append(str(error))
            finally:
                ended.set()

        threading.Thread(target=work, daemon=True).start()
        _serve(stack, stop=ended)
        for line in failure:
            _fail(line)
        if once:
            if not completed.is_set():
                _fail("the panel did not complete")
            return
        _say_how_to_use(stack)
        _serve(stack, stop=threading.Event())


@app.command()
def ask(
    asked: Annotated[str, typer.Argument(metavar="QUESTION")],
    panel_type: TypeOption = "structured",
    experts: ExpertsOption = None,
    options: AnswersOption = None,
    tenant: TenantOption = TENANT,
    user: UserOption = USER,
    as_json: JsonOption = False,
) -> None:
    """Ask the running stack."""
    body = _body(asked, panel_type, experts, options or [])
    client = _client(running.find(load(LocalSettings)), tenant, user)
    if not _ask(client, body, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def watch(
    panel_id: str,
    tenant: TenantOption = TENANT,
    user: UserOption = USER,
    as_json: JsonOption = False,
) -> None:
    """Show a panel that runs or has ended, as `ask` does."""
    panel_id = question.panel_id(panel_id)
    client = _client(running.find(load(LocalSettings)), tenant, user)
    if not asking.watch(client, panel_id, out, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def answer(
    panel_id: str,
    action: Annotated[str, typer.Argument(help="answer, approve, modify or veto")],
    words: Annotated[str, typer.Argument(help="What you say to it")] = "",
    stance: Annotated[str | None, typer.Option(help=", ".join(answering.STANCES))] = None,
    option: Annotated[
        str | None, typer.Option(help="The id of what you choose, where the panel has options")
    ] = None,
    tenant: TenantOption = TENANT,
    user: UserOption = USER,
) -> None:
    """Answer a hybrid panel that waits for a person."""
    panel_id = question.panel_id(panel_id)
    if stance is not None and stance not in answering.STANCES:
        raise question.Unfit(f"--stance {stance}: there are {', '.join(answering.STANCES)}")
    client = _client(running.find(load(LocalSettings)), tenant, user)
    said = answering.answer(client, panel_id, action, words, stance=stance, option=option)
    listing.line(out, said)


@app.command()
def down() -> None:
    """Stop the running stack and wait until it is gone."""
    found = running.find(load(LocalSettings))
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + 40
    while running.is_alive(found.pid):
        if time.monotonic() > deadline:
            _fail(f"the stack (process {found.pid}) is still there after 40 s: end it by hand")
        time.sleep(0.05)
    err.print("stopped", highlight=False)


@app.command()
def token(tenant: TenantOption = TENANT, user: UserOption = USER) -> None:
    """Print a token of a demo user."""
    print(running.find(load(LocalSettings)).token(tenant, user))


@app.command()
def users() -> None:
    """List the demo users with the passwords of this data folder, and where they sign in.

    Through a pipe, with tabs: tenant, tenant id, name for --user, e-mail, password, role, membership.
    """
    found = running.find(load(LocalSettings))
    listing.show_users(out, found.secrets.passwords, {"address": found.auth_url, "anon key": found.anon_key})


@app.command()
def experts(
    query: Annotated[str | None, typer.Argument(help="Words to look for")] = None,
    tenant: TenantOption = TENANT,
    everyone: Annotated[bool, typer.Option("--all", help="Also the plain seats for load tests")] = False,
) -> None:
    """List the expert catalogue. Through a pipe, with tabs: id, name, domain, summary."""
    client = _client(running.find(load(LocalSettings)), tenant)
    known = client.request("GET", "/agents", params={"q": query} if query else {})["agents"]
    agents = [agent for agent in known if everyone or not agent["bench"]]
    if not agents:
        nobody = f"no expert has {query!r} in name, title, summary or tags: `{typed()} experts` lists all"
        _fail(nobody if query else "the catalogue has no experts yet: try again")
    listing.show_experts(out, agents)


@app.command()
def doctor() -> None:
    """Check servers, schema, log and model, and say what to do about what is wrong."""
    from askpanel.local.doctor import examine

    findings = examine()
    for finding in findings:
        mark, style = ("ok", "green") if finding.ok else ("!!", "red")
        out.print(mark, style=style, end=" ")
        listing.line(out, f"{finding.what}: {finding.detail}")
        if finding.fix:
            listing.line(out, f"   → {finding.fix}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def replay(
    restore: Annotated[bool, typer.Option("--restore", help="Put back what differs")] = False,
) -> None:
    """Rebuild the tables from the log beside the live ones and compare them byte for byte."""
    from askpanel.local.replaying import replay_and_report

    if not replay_and_report(servers(), out, restore=restore):
        raise typer.Exit(1)


@app.command()
def archive(
    days: Annotated[
        float, typer.Option("--days", min=0, help="Only panels without an event for so many days")
    ] = 30.0,
) -> None:
    """Move panels that ended long ago from the log to the archive; they are served from there as before."""
    from askpanel.local.archiving import archive as move
    from askpanel.runtime.archive import IN_BOTH

    with out.status(f"copying; panels leave the log {IN_BOTH:g} s after the archive's index names them"):
        report = move(days)
    listing.line(out, str(report))


@app.command()
def reset(
    durable: Annotated[str, typer.Argument(help="orchestrator, orchestrator-timers, expert-runner, …")],
    after: Annotated[
        int | None,
        typer.Option(
            "--after", min=0, help="Take everything after this sequence again; default: what is open"
        ),
    ] = None,
) -> None:
    """Let a consumer of ours start again: from what it has not acknowledged, or from further back."""
    from askpanel.local.consumers import reset as start_again

    listing.line(out, f"{durable} starts again: {start_again(durable, after)} messages wait")


@app.command()
def reader(
    team: Annotated[str, typer.Argument(help="Who reads, e.g. billing")],
    types: Annotated[
        list[str] | None, typer.Option("--type", help="An event type; again for more; none: all")
    ] = None,
) -> None:
    """Let another team read the log: makes its durable, prints its user for NATS' configuration."""
    from askpanel.local.consumers import add_reader

    print(add_reader(team, types or []), end="")


def main() -> None:
    """Entry point: turns what can go wrong with a stack, or with its servers, into one line and exit code 1."""
    from askpanel.local import failing

    try:
        app()
    except failing.KNOWN as error:
        print(f"askpanel: {failing.line(error)}", file=sys.stderr)
        raise SystemExit(1) from None


def _stack(model: str | None, told: Callable[[str], None]) -> running.Announced:
    """The stack, announced in its data folder for the other commands."""
    from askpanel.local.model import prepare

    if model:
        os.environ["ASKPANEL_MODEL"] = model
    settings = load(LocalSettings)
    _leave_on_signals()
    running.refuse_second(settings)
    free_port(settings.port)  # before a model of a gigabyte is fetched for nothing
    choice = prepare(err)
    told(f"model {choice.label.display}: {choice.reason}")
    return running.Announced(Stack(settings, told), model=f"{choice.label.display} ({choice.reason})")


def _serve(stack: Stack, *, stop: threading.Event) -> None:
    """Watch the processes until `stop`; Ctrl-C and SIGTERM leave through SystemExit."""
    while not stop.wait(WATCH_SECONDS):
        for name in stack.watch():
            err.print(f"restarted {name}", style="yellow", highlight=False)


def _leave_on_signals() -> None:
    def leave(number: int, _: Any) -> None:
        raise SystemExit(0 if number == signal.SIGINT else 143)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)


def _body(asked: str, panel_type: str, experts: str | None, options: Sequence[str]) -> dict[str, Any]:
    """What `POST /panels` takes; `agents` may still be a number. Raises Unfit."""
    kind = question.panel_type(panel_type)
    body: dict[str, Any] = {"query": asked, "panel_type": kind, "options": options}
    if experts:
        body["agents"] = question.seats(experts, kind)
    if said := question.remark(asked, kind, options):
        err.print(f"· {said}", style="dim", markup=False, highlight=False, soft_wrap=True)
    return body


def _ask(client: ApiClient, body: dict[str, Any], *, as_json: bool) -> bool:
    if isinstance(size := body.get("agents"), int):
        wanted = {"query": body["query"], "panel_type": body["panel_type"], "size": size}
        proposed = client.request("POST", "/agents/select", json=wanted)
        body = body | {"agents": [seat["agent_id"] for seat in proposed["agents"]]}
    return asking.ask(client, body, out, as_json=as_json)


def _client(found: running.Found, tenant: str, user: str = USER) -> ApiClient:
    given = (
        (name, value)
        for name, value, usual in (("tenant", tenant, TENANT), ("user", user, USER))
        if value != usual
    )
    return ApiClient(
        found.url,
        token=found.token(tenant, user),
        tenant_id=found.tenant(tenant).id,
        options="".join(f" --{name} {value}" for name, value in given),
        reconnects=load(LocalSettings).reconnects,
    )


def _client_of(stack: Stack) -> ApiClient:
    tenant = TENANTS[0]
    user = tenant.user("member")
    return ApiClient(
        stack.url,
        token=stack.token(user.id, user.email),
        tenant_id=tenant.id,
        reconnects=stack.settings.reconnects,
    )


def _teller(*, quiet: bool) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if not quiet:
            err.print(f"· {line}", style="dim", highlight=False)

    return tell


def _say_how_to_use(stack: Stack) -> None:
    first, *lines = how_to_use(stack)
    out.print(f"\n[bold]{first}[/bold]", highlight=False)
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _fail(line: str) -> None:
    print(f"askpanel: {line}", file=sys.stderr)
    raise SystemExit(1)
