"""The shared load driver with our adapter: our events say when they happened in `at`.

Run by the peers' own interpreter, which has what the driver needs: `python drive_askpanel.py DRIVE.PY ARGS…`.
"""

import runpy
import sys
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any


def load(path: Path) -> ModuleType:
    """The driver as a module, without running it."""
    module = ModuleType("drive")
    module.__dict__.update(runpy.run_path(str(path), run_name="drive"))
    return module


def main() -> int:
    """Drive with the arguments after the driver's path."""
    drive = load(Path(sys.argv[1]))

    class AskPanel(drive.AskPanelAdapter):
        def ts(self, data: dict[str, Any]) -> float | None:
            at = data.get("at")
            return datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp() if at else None

    drive.main.__globals__["ADAPTERS"]["askpanel"] = AskPanel
    sys.argv = [sys.argv[1], *sys.argv[2:]]
    return drive.main() or 0


if __name__ == "__main__":
    sys.exit(main())
