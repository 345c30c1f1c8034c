"""`make bench`: Ask Panel and its peers on the same work, interleaved, as one table of medians.

The scripted model waits as long as the peers' fake one, so what is compared is the system and not a model.
Without the peer rig beside the repository this says so and measures nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.harness.stack import RunningStack, stack

HERE = Path(__file__).parent
RIG = HERE.parents[2] / "shared" / "bench" / "peers"
PEERS_HOME = Path(os.environ.get("PEER_TMP", "/var/tmp/askpanel-peers"))
IDLE_SECONDS = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    options = _options(arguments)
    if not RIG.is_dir():
        print(f"bench: no peer rig at {RIG}: nothing to measure beside", file=sys.stderr)
        return 0
    results = options.out.absolute()
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text("")
    _install_rig()
    for repetition in range(options.repetitions):
        for latency in options.latency:
            print(f"round {repetition + 1} of {options.repetitions}, latency {latency} s", file=sys.stderr)
            _measure_us(latency, options.clients, options.seconds, results, idle=repetition == 0)
            for peer in options.peers:
                _measure_peer(peer, latency, options.clients, results)
    driver = [str(PEERS_HOME / "v/bin/python"), str(RIG / "drive.py"), "--table", str(results)]
    return subprocess.run(driver, check=False).returncode


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 5, 50])
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0, 0.2], help="of the model, in seconds"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="about how long one run of ours takes")
    parser.add_argument("--peers", nargs="*", default=["monolith", "langgraph", "autogen", "dbos"])
    parser.add_argument("--out", type=Path, default=Path(".cache/bench.jsonl"))
    return parser.parse_args(arguments)


def _install_rig() -> None:
    """The rig makes its own environment on first use."""
    print("the peers' environment is made on first use: this can take a minute", file=sys.stderr)
    subprocess.run(["bash", "-c", f'. "{RIG}/lib.sh" && venv'], check=True)


def _measure_us(latency: float, clients: Sequence[int], seconds: float, results: Path, *, idle: bool) -> None:
    with stack(f"scripted:latency={latency:g}") as running:
        _drive(running, latency, 5, 25, None)  # warm up every process
        for count in clients:
            panels = max(20, min(400, int(seconds * count / max(latency, 0.05))))
            _drive(running, latency, count, panels, results)
        if idle:
            _print_idle(running)


def _drive(running: RunningStack, latency: float, clients: int, panels: int, results: Path | None) -> None:
    headers = running.headers()
    command = [
        *(str(PEERS_HOME / "v/bin/python"), str(HERE / "drive_askpanel.py"), str(RIG / "drive.py")),
        *(
            "--base",
            running.url,
            "--adapter",
            "askpanel",
            "--label",
            "ask-panel",
            "--latency",
            f"{latency:g}",
        ),
        *("-c", str(clients), "-n", str(panels)),
        *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
        *(part for name, pid in running.pids().items() for part in ("--proc", f"{name}={pid}")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout.strip():
        raise SystemExit(f"bench: the driver failed: {done.stderr.strip()[-2000:]}")
    if results is not None:
        with results.open("a") as out:
            out.write(done.stdout)
        line = json.loads(done.stdout)
        print(
            f"  ask-panel c={clients}: {line['panels_s']} panels/s, errors {line['errors']}", file=sys.stderr
        )


def _measure_peer(peer: str, latency: float, clients: Sequence[int], results: Path) -> None:
    environment = os.environ | {
        "OUT": str(results),
        "REPS": "1",
        "LATS": f"{latency:g}",
        "CLIENTS": " ".join(map(str, clients)),
        "TRIES": "1",
    }
    done = subprocess.run(
        ["bash", str(RIG / "run.sh"), peer], env=environment, capture_output=True, check=False
    )
    print(f"  {peer}: {'measured' if done.returncode == 0 else 'failed'}", file=sys.stderr)


def _print_idle(running: RunningStack) -> None:
    """CPU of every process while nobody asks, and memory (PSS) of the Python processes."""
    processes = {name: psutil.Process(pid) for name, pid in running.pids().items()}
    before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    time.sleep(IDLE_SECONDS)
    spent = {name: sum(process.cpu_times()[:2]) - before[name] for name, process in processes.items()}
    total = sum(spent.values()) / IDLE_SECONDS * 100
    pss = {
        name: process.memory_full_info().pss / 2**20
        for name, process in processes.items()
        if name not in ("nats", "postgres")
    }
    share = ", ".join(f"{name} {value / IDLE_SECONDS:.2%}" for name, value in spent.items())
    print(f"  idle: {total:.1f} % of a core ({share})", file=sys.stderr)
    print(f"  memory of the Python services (PSS): {sum(pss.values()):.0f} MiB {pss}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
