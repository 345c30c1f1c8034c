"""The local model's server process: `python -m askpanel.expert_runner.models.local_server MODEL.gguf …`

Serves Chat Completions on a loopback port the system picks, prints one JSON line `{"base_url": …}` when it
is ready, and ends with its parent: when its standard input closes and, on Linux, by a signal of the
kernel. The key that clients must show comes in the environment, so that no other user of the machine
and no web page can use the model.
"""

import argparse
import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any

KEY_VARIABLE = "ASKPANEL_LOCAL_KEY"
_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """On Linux, ask the kernel to end this process when the one that started it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def threads(cores: int) -> tuple[int, int]:
    """Threads for writing and for reading prompts.

    All threads of a step wait for the slowest. Writing is many short steps, so one core is left to the
    rest of the machine: on 2 busy cores one thread wrote 3-8 tokens/s where two wrote 0.5-1.8.
    """
    return max(1, cores - 1), cores


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Serve a GGUF model on loopback.")
    parser.add_argument("model")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--slot-tokens", type=int, default=2048)
    arguments = parser.parse_args()
    end_with_parent()
    library: Any = importlib.import_module("xllamacpp")
    parameters = library.CommonParams()
    parameters.model.path = arguments.model
    parameters.n_ctx = arguments.slots * arguments.slot_tokens
    parameters.n_parallel = arguments.slots
    parameters.cpuparams.n_threads, parameters.cpuparams_batch.n_threads = threads(os.cpu_count() or 1)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [os.environ[KEY_VARIABLE]]
    parameters.ui = False
    parameters.endpoint_slots = False
    server = library.Server(parameters)
    sys.stdout.write(json.dumps({"base_url": f"{server.listening_address}/v1"}) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
